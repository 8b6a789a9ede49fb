"""Authentication by access tokens: its cost, the cache, and the note of a use."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from auth.forge import StoppedClock
from fastapi import FastAPI
from support import Person, database_of, refusal, stored
from support.waiting import run_ready_tasks, until
from tokens.token_support import EXPIRED, INVALID, bearer, make_token, store_token

from taskward.database.statements import Row, Statement, Values
from taskward.http.errors import DatabaseError, InvalidToken, TokenExpired
from taskward.metrics import TOKENS_REFUSED, TOKENS_USED
from taskward.tokens import access
from taskward.tokens.access import CACHE_SECONDS, AccessTokens
from taskward.tokens.statements import FIND_TOKEN
from taskward.tokens.token_text import TokenText

HOUR = 3600.0


class Counting:
    """A database that counts statements, and fails on demand."""

    def __init__(self, app: FastAPI) -> None:
        self._database = database_of(app)
        self.reads: list[tuple[Statement, Values]] = []
        self.writes = 0
        self.error: Exception | None = None

    async def rows(self, read: Any, values: Values) -> Sequence[Row]:
        self.reads.append((read, values))
        if self.error:
            raise self.error
        found: Sequence[Row] = await self._database.rows(read, values)
        return found

    async def transact(self, steps: Any, **options: Any) -> Any:
        self.writes += 1
        if self.error:
            raise self.error
        return await self._database.transact(steps, **options)


class Tokens(AccessTokens):
    """Access tokens beside an app's own, with a clock and a database of their own."""

    def __init__(self, app: FastAPI) -> None:
        self.database = Counting(app)
        self.clock = StoppedClock(datetime.now(UTC).timestamp())
        super().__init__(self.database, self.clock)  # type: ignore[arg-type] # it has what is used of a database

    @property
    def counted(self) -> tuple[Any, Any]:
        samples = self.collect()
        return samples[TOKENS_USED.name][()], samples[TOKENS_REFUSED.name][()]


@pytest_asyncio.fixture
async def tokens(app: FastAPI) -> AsyncIterator[Tokens]:
    one = Tokens(app)
    yield one
    one.database.error = None
    await one.stop()


def other(text: str, **changes: Any) -> bytes:
    """Returns the token with other parts, in the right form."""
    return TokenText.parse(text.encode())._replace(**changes).text


async def test_a_row_is_read_once_in_five_seconds(tokens: Tokens, app: FastAPI, ann: Person) -> None:
    text = (await store_token(app, ann.sub)).encode()

    callers = [await tokens.identify(text) for _ in range(20)]
    tokens.clock.advance(CACHE_SECONDS - 0.001)
    callers.append(await tokens.identify(text))
    assert [statement for statement, _ in tokens.database.reads] == [FIND_TOKEN]
    tokens.clock.advance(0.001)
    callers += await asyncio.gather(*(tokens.identify(text) for _ in range(20)))

    assert len(tokens.database.reads) == 2
    assert {caller.id for caller in callers} == {UUID(ann.sub)}
    assert tokens.counted == (41, 0)


async def test_a_revoked_token_is_accepted_for_five_seconds_at_most(tokens: Tokens, ann: Person) -> None:
    token = await make_token(ann)
    text = token["token"].encode()
    await tokens.identify(text)
    await ann.http.delete(f"/api/tokens/{token['id']}")

    tokens.clock.advance(CACHE_SECONDS - 0.001)
    await tokens.identify(text)
    tokens.clock.advance(0.001)
    for _ in range(3):
        with pytest.raises(InvalidToken):
            await tokens.identify(text)
    assert tokens.counted == (2, 3)


async def test_five_seconds_count_from_before_the_reading(
    tokens: Tokens, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (await store_token(app, ann.sub)).encode()
    rows = tokens.database.rows

    async def slow(read: Any, values: Values) -> Sequence[Row]:
        found = await rows(read, values)
        tokens.clock.advance(3)
        return found

    monkeypatch.setattr(tokens.database, "rows", slow)
    await tokens.identify(text)
    tokens.clock.advance(2)
    await tokens.identify(text)

    assert len(tokens.database.reads) == 2


async def test_unknown_wrong_and_revoked_cost_one_row_read_each_and_are_answered_alike(
    tokens: Tokens, app: FastAPI, ann: Person, bob: Person
) -> None:
    right = await store_token(app, ann.sub)
    revoked = await store_token(app, ann.sub)
    await tokens.identify(right.encode())
    token_id = TokenText.parse(revoked.encode()).token_id
    await ann.http.delete(f"/api/tokens/{token_id}")
    before = len(tokens.database.reads)

    wrong = [
        revoked.encode(),
        other(right, secret=bytes(32)),
        other(right, token_id=uuid4()),
        other(right, user_id=UUID(bob.sub)),
        other(right, user_id=uuid4()),
    ]
    for text in wrong:
        for _ in range(2):
            with pytest.raises(InvalidToken) as refused:
                await tokens.identify(text)
            assert refused.value.reason == "no such access token"
    assert [statement for statement, _ in tokens.database.reads[before:]] == [FIND_TOKEN] * 10
    answers = [
        await bearer(app, text.decode()).get("/api/tasks", headers={"X-Request-ID": "1"}) for text in wrong
    ]
    assert {(answer.content, str(answer.headers)) for answer in answers} == {
        (answers[0].content, str(answers[0].headers))
    }
    assert refusal(answers[0]) == INVALID


async def test_a_malformed_token_reads_no_row(tokens: Tokens, app: FastAPI, ann: Person) -> None:
    text = (await store_token(app, ann.sub)).encode()
    changed = text[:30] + (b"A" if text[30:31] != b"A" else b"B") + text[31:]

    for wrong in (text[:-1], text + b"x", text[:-6] + b"zzzzzz", changed, b"twp_", b"twx" + text[3:]):
        with pytest.raises(InvalidToken):
            await tokens.identify(wrong)
    assert tokens.database.reads == []


async def test_an_expired_token_is_distinguished_from_a_wrong_one(
    tokens: Tokens, app: FastAPI, ann: Person
) -> None:
    text = await store_token(app, ann.sub, valid_for=HOUR)
    await tokens.identify(text.encode())
    tokens.clock.advance(HOUR + 1)

    with pytest.raises(TokenExpired):
        await tokens.identify(text.encode())
    with pytest.raises(InvalidToken):
        await tokens.identify(other(text, secret=bytes(32)))
    expired = bearer(app, await store_token(app, ann.sub, valid_for=-1))
    assert refusal(await expired.get("/api/me")) == EXPIRED


async def test_a_token_expires_within_the_five_seconds_too(tokens: Tokens, app: FastAPI, ann: Person) -> None:
    text = (await store_token(app, ann.sub, valid_for=3)).encode()
    await tokens.identify(text)
    tokens.clock.advance(3.5)

    with pytest.raises(TokenExpired):
        await tokens.identify(text)


async def test_without_the_database_the_answer_is_500(tokens: Tokens, app: FastAPI, ann: Person) -> None:
    text = (await store_token(app, ann.sub)).encode()
    tokens.database.error = DatabaseError(reason="away")

    results = await asyncio.gather(*(tokens.identify(text) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in results] == [DatabaseError] * 3

    tokens.database.error = None
    assert (await tokens.identify(text)).id == UUID(ann.sub)


async def test_the_cache_is_bounded_and_has_no_secret(
    tokens: Tokens, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MAX_CACHED", 3)
    texts = [(await store_token(app, ann.sub)).encode() for _ in range(5)]
    for text in texts:
        await tokens.identify(text)
    await tokens.identify(texts[-1])
    assert len(tokens.database.reads) == 5
    await tokens.identify(texts[0])
    assert len(tokens.database.reads) == 6

    held = repr(vars(tokens)["_cached"])
    for text in texts:
        parts = TokenText.parse(text)
        assert text.decode() not in held
        assert repr(parts.secret) not in held


async def test_the_hour_of_a_use_is_written_once_and_off_the_path(
    tokens: Tokens, app: FastAPI, ann: Person
) -> None:
    text = await store_token(app, ann.sub, valid_for=3 * HOUR)
    parts = TokenText.parse(text.encode())
    start = tokens.clock.now()
    for _ in range(4):
        await tokens.identify(text.encode())
        await until(lambda: _last_used(app, parts))
        await run_ready_tasks()
        tokens.clock.advance(CACHE_SECONDS)
    first = await _last_used(app, parts)
    assert first == int(start // HOUR * HOUR) * 1_000_000
    writes = tokens.database.writes
    assert writes <= 2  # the hour may end during the test

    tokens.clock.advance(HOUR)
    await tokens.identify(text.encode())

    async def is_later() -> bool:
        return await _last_used(app, parts) > first

    await until(is_later)
    assert tokens.database.writes == writes + 1


async def test_a_use_that_cannot_be_written_fails_no_request(
    tokens: Tokens, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (await store_token(app, ann.sub)).encode()

    async def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError(reason="away")

    monkeypatch.setattr(tokens.database, "transact", fail)
    await tokens.identify(text)
    await tokens.stop()
    assert await _last_used(app, TokenText.parse(text)) == 0


async def test_a_refused_token_is_no_use(tokens: Tokens, app: FastAPI, ann: Person) -> None:
    text = await store_token(app, ann.sub, valid_for=-1)
    with pytest.raises(TokenExpired):
        await tokens.identify(text.encode())
    with pytest.raises(InvalidToken):
        await tokens.identify(other(text, secret=bytes(32)))

    assert tokens.database.writes == 0


async def _last_used(app: FastAPI, parts: TokenText) -> int:
    (row,) = await stored(app, "access_tokens", id=parts.token_id)
    return int(row["last_used_at"] or 0)
