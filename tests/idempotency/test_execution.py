"""docs/contract.md#concurrency-and-retries: `Idempotency-Key`, by which a repeated POST acts once."""

import asyncio
import string
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Response
from support import (
    DATABASE_ERROR,
    INVALID_REQUEST,
    Person,
    context_for,
    database_of,
    parts_of,
    problems,
    refusal,
    token_for,
)
from support.people import caller_of, same_person
from support.rows import earlier_by

from taskward.database.postgres.database import PostgresDatabase
from taskward.idempotency.errors import IdempotencyKeyReused
from taskward.idempotency.execution import IdempotentExecution
from taskward.tasks import steps

REUSED = (422, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request")
IN_USE = (409, "IDEMPOTENCY_KEY_IN_USE", "A request with this idempotency key is still running")
MALFORMED = {"Idempotency-Key": "Idempotency-Key must be 1-255 visible ASCII characters"}
TASK = b'{"title": "Buy milk"}'
OTHER_TASK = b'{"title": "Buy bread"}'
ONE_DAY = 24 * 3600


async def post(
    person: Person, key: str | None, body: bytes = TASK, headers: dict[str, str] | None = None
) -> httpx.Response:
    keyed = {} if key is None else {"Idempotency-Key": key}
    headers = {"Content-Type": "application/json"} | keyed | (headers or {})
    return await person.http.post("/api/tasks", content=body, headers=headers)


def replayed(answer: httpx.Response) -> bool:
    """Returns whether a response is a stored one; in both cases it must be a 201."""
    assert answer.status_code == 201, answer.text
    assert answer.headers.get("idempotent-replayed", "true") == "true"
    return "idempotent-replayed" in answer.headers


class TestReplay:
    @pytest.mark.parametrize(
        "body",
        [
            TASK,
            b'{"title":"  Gr\xc3\xb6\xc3\x9fe \xf0\x9f\xa5\x9b \\u2028 \\" \\\\ </b>  ","description":""}',
            b'{"title": "a", "description": "b\\n\\tc", "is_completed": true}',
            b' {"title": "a", "id": 5, "user_id": null} ',
        ],
    )
    async def test_a_repeat_gets_the_first_answer_again(self, ann: Person, body: bytes) -> None:
        first = await post(ann, "key", body)
        again = [await post(ann, "key", body) for _ in range(2)]

        assert not replayed(first)
        for answer in again:
            assert replayed(answer)
            assert answer.content == first.content
            for name in ("location", "etag", "content-type", "cache-control"):
                assert answer.headers[name] == first.headers[name]
        assert await ann.tasks() == [first.json()]

    async def test_the_stored_answer_is_the_task_as_it_is_read(self, ann: Person) -> None:
        await post(ann, "key")
        stored = await post(ann, "key")

        read = await ann.http.get(stored.headers["location"])

        assert (read.content, read.headers["etag"]) == (stored.content, stored.headers["etag"])

    async def test_a_repeat_after_a_change_or_a_deletion_still_gets_the_first_answer(
        self, ann: Person
    ) -> None:
        first = await post(ann, "key")
        await ann.http.put(first.headers["location"], json={"title": "Changed"})
        after_the_change = await post(ann, "key")
        await ann.http.delete(first.headers["location"])
        after_the_deletion = await post(ann, "key")

        assert after_the_change.content == after_the_deletion.content == first.content
        assert await ann.tasks() == []

    async def test_a_repeat_changes_nothing(self, ann: Person) -> None:
        await post(ann, "key")
        before = (await ann.http.get("/api/tasks")).headers["etag"]

        await post(ann, "key")
        await post(ann, "key", OTHER_TASK)

        assert (await ann.http.get("/api/tasks")).headers["etag"] == before

    async def test_a_repeat_may_come_with_another_token_and_other_headers(
        self, app: FastAPI, ann: Person
    ) -> None:
        first = await post(ann, "key")
        later = Person(app, ann.sub, email="ann@example.com")
        headers = {"Content-Type": "Application/JSON; charset=utf-8", "X-Request-ID": "b"}

        again = await post(later, "key", headers=headers)

        assert replayed(again)
        assert again.content == first.content
        assert again.headers["x-request-id"] == "b"

    async def test_without_a_key_every_post_acts(self, ann: Person) -> None:
        answers = [await post(ann, None) for _ in range(2)]

        assert [replayed(answer) for answer in answers] == [False, False]
        assert len(await ann.tasks()) == 2


class TestOtherRequests:
    @pytest.mark.parametrize(
        "body",
        [
            OTHER_TASK,
            b'{"title":"Buy milk"}',
            b'{"title": "Buy milk"} ',
            b'{"title": "Buy milk", "is_completed": false}',
        ],
    )
    async def test_a_key_with_other_bytes_is_refused(self, ann: Person, body: bytes) -> None:
        first = await post(ann, "key")

        answer = await post(ann, "key", body)

        assert refusal(answer) == REUSED
        assert await ann.tasks() == [first.json()]
        assert (await post(ann, "key")).content == first.content

    async def test_a_key_of_another_path_is_refused(self, app: FastAPI, ann: Person) -> None:
        """No body is good for two paths today, so this is asked below HTTP."""
        await post(ann, "key")
        context = context_for({"method": "POST", "path": "/api/others"}, parts_of(app))
        context.known_caller, context.body = caller_of(UUID(ann.sub)), TASK

        async def act(_: object) -> Response:
            raise AssertionError("the request is carried out")

        with pytest.raises(IdempotencyKeyReused):
            await IdempotentExecution(context).run("key", act)

    async def test_other_keys_act_of_their_own(self, ann: Person) -> None:
        answers = [await post(ann, key) for key in ("key", "Key", "key.", '"key"', "k")]

        assert not any(replayed(answer) for answer in answers)
        assert len(await ann.tasks()) == 5

    async def test_keys_belong_to_one_user(self, app: FastAPI, ann: Person, bob: Person) -> None:
        mine = await post(ann, "key")
        others = await post(bob, "key")
        other_body = await post(Person(app), "key", OTHER_TASK)

        assert not any(replayed(answer) for answer in (mine, others, other_body))
        assert (await post(ann, "key")).json()["user_id"] == ann.sub
        assert (await post(bob, "key")).json()["user_id"] == bob.sub


class TestKeys:
    @pytest.mark.parametrize(
        "key", ["a", "0", "k" * 255, string.punctuation, "5f9bd178-c338-44ce-bfa5-5f1950c66932", '"8e03978e"']
    )
    async def test_a_key_is_1_to_255_visible_ascii_characters(self, ann: Person, key: str) -> None:
        first, again = await post(ann, key), await post(ann, key)

        assert (replayed(first), replayed(again)) == (False, True)

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "values",
        [
            [b""],
            [b" "],
            [b"k" * 256],
            [b"a b"],
            [b"a\tb"],
            [b"a\x1fb"],
            [b"\x7f"],
            [b"\x00"],
            ["\u00e4".encode()],
            [b"\xe4"],
            [b"a", b"a"],
            [b"a", b"b"],
            [b"", b"a"],
        ],
    )
    async def test_any_other_is_refused(self, ann: Person, values: list[bytes]) -> None:
        headers = [(b"Idempotency-Key", value) for value in values]
        headers.append((b"Content-Type", b"application/json"))

        answer = await ann.http.post("/api/tasks", content=TASK, headers=headers)

        assert problems(answer) == MALFORMED
        assert await ann.tasks() == []

    @pytest.mark.engines("memory")
    async def test_a_bad_key_is_reported_together_with_a_bad_body(self, ann: Person) -> None:
        answer = await post(ann, "a b", b'{"title": ""}')

        assert problems(answer) == MALFORMED | {"title": "Title cannot be empty"}

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    async def test_the_header_means_nothing_to_other_methods(self, ann: Person, method: str) -> None:
        task = await ann.create()
        body: dict[str, Any] = {"json": {"title": "a"}} if method.startswith("P") else {}
        path, headers = f"/api/tasks/{task['id']}", {"Idempotency-Key": "not a key"}

        answer = await ann.http.request(method, path, headers=headers, **body)

        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers


class TestRefusals:
    """A request that was refused leaves its key free."""

    async def test_a_key_of_a_refused_request_is_free(self, app: FastAPI, ann: Person) -> None:
        too_large = b'{"title": "%b"}' % (b"x" * 70_000)
        expired = {"Authorization": f"Bearer {token_for(ann.sub, exp=1)}"}
        assert (await post(ann, "key", b'{"title": ""}')).status_code == 400
        assert refusal(await post(ann, "key", b"{")) == INVALID_REQUEST
        assert refusal(await post(ann, "key", headers={"Content-Type": "text/plain"})) == INVALID_REQUEST
        assert (await post(ann, "key", too_large)).status_code == 413
        assert (await post(ann, "key", headers=expired)).status_code == 401
        assert await keys_of(app, ann) == set()

        assert not replayed(await post(ann, "key"))
        assert len(await ann.tasks()) == 1

    async def test_a_key_reused_in_vain_still_holds_for_its_first_request(self, ann: Person) -> None:
        first = await post(ann, "key")
        await post(ann, "key", b'{"title": ""}')
        await post(ann, "key", OTHER_TASK)

        assert (await post(ann, "key")).content == first.content


class TestOneTransaction:
    """The key is stored in the transaction of the write."""

    async def test_a_write_that_fails_leaves_no_key(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = UUID((await post(ann, None)).json()["id"])
        with monkeypatch.context() as patch:
            patch.setattr(steps, "new_id", lambda: taken)
            assert refusal(await post(ann, "key")) == DATABASE_ERROR

        assert await keys_of(app, ann) == set()
        assert not replayed(await post(ann, "key"))
        assert len(await ann.tasks()) == 2

    async def test_a_key_that_cannot_be_stored_undoes_the_write(
        self, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As it is when another process answers the same request between the look and the write."""
        first = await post(ann, "key")
        before = (await ann.http.get("/api/tasks")).headers["etag"]
        looks = look_late(monkeypatch)

        again = await post(ann, "key")

        assert len(looks) == 2
        assert replayed(again)
        assert again.content == first.content
        assert await ann.tasks() == [first.json()]
        assert (await ann.http.get("/api/tasks")).headers["etag"] == before

    async def test_a_key_that_came_first_with_other_bytes_undoes_the_write(
        self, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = await post(ann, "key")
        looks = look_late(monkeypatch)

        assert refusal(await post(ann, "key", OTHER_TASK)) == REUSED
        assert len(looks) == 2
        assert await ann.tasks() == [first.json()]


class TestExpiry:
    async def test_a_key_holds_for_24_hours(self, app: FastAPI, ann: Person) -> None:
        first = await post(ann, "key")
        await age_keys(app, ann, seconds=ONE_DAY - 60)

        again = await post(ann, "key")

        assert replayed(again)
        assert again.content == first.content

    async def test_after_24_hours_a_key_acts_anew(self, app: FastAPI, ann: Person) -> None:
        first = await post(ann, "key")
        await age_keys(app, ann, seconds=ONE_DAY)

        anew = await post(ann, "key", OTHER_TASK)
        again = await post(ann, "key", OTHER_TASK)

        assert (replayed(anew), replayed(again)) == (False, True)
        assert (again.content, again.headers["etag"]) == (anew.content, anew.headers["etag"])
        assert await ann.tasks() == [anew.json(), first.json()]
        assert await keys_of(app, ann) == {"key"}

    async def test_a_replay_does_not_prolong_a_key(self, app: FastAPI, ann: Person) -> None:
        await post(ann, "key")
        await age_keys(app, ann, seconds=ONE_DAY // 2)
        halfway = await post(ann, "key")
        await age_keys(app, ann, seconds=ONE_DAY // 2)

        assert replayed(halfway)
        assert not replayed(await post(ann, "key"))

    async def test_a_keyed_write_tidies_up_the_owners_expired_keys(
        self, app: FastAPI, ann: Person, bob: Person
    ) -> None:
        for person in (ann, bob):
            await post(person, "old")
            await post(person, "older")
            await age_keys(app, person, seconds=ONE_DAY)
        await post(ann, "yesterday's")
        await age_keys(app, ann, seconds=ONE_DAY - 60)

        await post(ann, "new")

        assert await keys_of(app, ann) == {"yesterday's", "new"}
        assert await keys_of(app, bob) == {"old", "older"}


class TestAtOnce:
    """Of equal requests at the same time, one acts."""

    async def test_while_the_first_is_running_a_repeat_is_a_conflict(
        self, app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reached, go = hold_writes(app, monkeypatch)
        running_first = asyncio.create_task(post(ann, "key"))
        await reached.wait()

        answers = [await post(ann, "key"), await post(ann, "key", OTHER_TASK)]
        go.set()
        first = await running_first

        for answer in answers:
            assert refusal(answer) == IN_USE
            assert int(answer.headers["retry-after"]) >= 1
        assert not replayed(first)
        assert replayed(await post(ann, "key"))
        assert not replayed(await post(bob, "key"))

    async def test_a_running_request_delays_no_other_key_and_no_other_user(
        self, app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            reached, go = hold_writes(app, patch)
            held = asyncio.create_task(post(ann, "key"))
            await reached.wait()

        others = [await post(ann, "other"), await post(bob, "key")]
        assert not held.done()
        go.set()

        assert [replayed(answer) for answer in [*others, await held]] == [False, False, False]

    async def test_a_client_that_went_away_leaves_its_key_to_its_next_try(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            reached, _ = hold_writes(app, patch)
            gone = asyncio.create_task(post(ann, "key"))
            await reached.wait()
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)

        assert not replayed(await post(ann, "key"))
        assert len(await ann.tasks()) == 1

    async def test_of_50_equal_requests_one_makes_the_task(self, ann: Person) -> None:
        for n in range(5):
            answers = await asyncio.gather(*(post(ann, f"key-{n}") for _ in range(50)))

            assert_one_acted(answers)
            assert len(await ann.tasks()) == n + 1

    async def test_of_50_equal_requests_to_two_apps_one_makes_the_task(
        self, two_apps: tuple[FastAPI, FastAPI]
    ) -> None:
        one, other = same_person(two_apps)
        for n in range(5):
            answers = await asyncio.gather(*(post((one, other)[m % 2], f"key-{n}") for m in range(50)))

            assert_one_acted(answers)
            assert len(await one.tasks()) == n + 1

    async def test_two_apps_that_write_at_the_same_time_act_once(
        self, two_apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, other = same_person(two_apps)

        answers = await at_once(two_apps, monkeypatch, post(one, "key"), post(other, "key"))

        assert sorted(replayed(answer) for answer in answers) == [False, True]
        assert answers[0].content == answers[1].content
        assert answers[0].headers["etag"] == answers[1].headers["etag"]
        assert await other.tasks() == [answers[0].json()]

    async def test_two_apps_that_get_other_bytes_for_one_key_act_once(
        self, two_apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, other = same_person(two_apps)

        answers = await at_once(two_apps, monkeypatch, post(one, "key"), post(other, "key", OTHER_TASK))

        [done] = [answer for answer in answers if answer.status_code == 201]
        [refused] = [answer for answer in answers if answer.status_code != 201]
        assert not replayed(done)
        assert refusal(refused) == REUSED
        assert await one.tasks() == [done.json()]


async def at_once(
    apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch, *requests: Awaitable[httpx.Response]
) -> list[httpx.Response]:
    """Sends a request to each app, and lets both write once both have found the key unused."""
    with monkeypatch.context() as patch:
        held = [hold_writes(app, patch) for app in apps]
        answers = asyncio.gather(*requests)
        for reached, _ in held:
            await reached.wait()
        for _, go in held:
            go.set()
        return await answers


def assert_one_acted(answers: list[httpx.Response]) -> None:
    """Asserts that one request created the task; all others got its response, or 409."""
    told = [answer for answer in answers if answer.status_code == 201]
    assert [replayed(answer) for answer in told].count(False) == 1
    assert len({(answer.content, answer.headers["etag"], answer.headers["location"]) for answer in told}) == 1
    assert all(refusal(answer) == IN_USE for answer in answers if answer not in told)


def hold_writes(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Delays every write: the first event shows that one has arrived, the second releases them."""
    reached, go = asyncio.Event(), asyncio.Event()
    write: Callable[..., Awaitable[Any]] = database_of(app).write

    async def held(*arguments: Any) -> Any:
        reached.set()
        await go.wait()
        return await write(*arguments)

    monkeypatch.setattr(database_of(app), "write", held)
    return reached, go


def look_late(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Lets the next request's first lookup find nothing; returns the list of all lookups."""
    look = IdempotentExecution._find_response
    looks: list[Any] = []

    async def late(once: IdempotentExecution, recording: Any) -> Any:
        looks.append(recording)
        return None if len(looks) == 1 else await look(once, recording)

    monkeypatch.setattr(IdempotentExecution, "_find_response", late)
    return looks


async def sql(app: FastAPI, statement: str) -> list[tuple[Any, ...]]:
    """Runs a statement past the service."""
    database = database_of(app)
    if isinstance(database, PostgresDatabase):
        async with database.pool.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(statement)]
    rows: list[tuple[Any, ...]] = database.writer.execute(statement).fetchall()
    return rows


async def keys_of(app: FastAPI, person: Person) -> set[str]:
    rows = await sql(
        app,
        f"SELECT key FROM idempotency_keys WHERE user_id = '{person.sub}'",  # noqa: S608 - an id of ours
    )
    return {key for (key,) in rows}


async def age_keys(app: FastAPI, person: Person, *, seconds: int) -> None:
    """Makes the used keys older."""
    await sql(
        app,
        f"UPDATE idempotency_keys SET created_at = {earlier_by(app, 'created_at', seconds)} "  # noqa: S608 - as above
        f"WHERE user_id = '{person.sub}'",
    )
