"""Authentication by access tokens: one row read for each token every few seconds.

Whether a token is unknown, wrong or revoked, it costs the same: the check of its form, one row read and one
comparison.
"""

import asyncio
import hmac
import logging
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from taskward.auth.clock import Clock
from taskward.database import Queries
from taskward.database.statements import command_steps
from taskward.http.caller import Caller, Owner
from taskward.http.errors import DatabaseError, InvalidToken, ServiceUnavailable, TokenExpired
from taskward.http.parts import Key
from taskward.metrics import TOKENS_REFUSED, TOKENS_USED, Samples
from taskward.tokens.reach import reach_of
from taskward.tokens.statements import FIND_TOKEN, NOTE_USE
from taskward.tokens.token_text import TokenText

if TYPE_CHECKING:
    from uuid import UUID

CACHE_SECONDS: Final = 5.0
"""Seconds for which a row is used: the longest time for which a revoked token is accepted."""

MAX_CACHED: Final = 10_000
"""Tokens whose rows are cached; the oldest is evicted."""

MAX_NOTES: Final = 100
"""Uses that are written at the same time; of others the next reading of the row takes care."""

_NO_DIGEST: Final = "0" * 64
"""Compared with where there is no row, so that both take the same time."""

log = logging.getLogger(__name__)


class _CachedToken(NamedTuple):
    """The caller of a right token, and until when its row is used, in monotonic seconds."""

    caller: Caller
    until: float


class AccessTokens:
    """The access tokens, as authentication uses them; the cache holds no secret, but digests of tokens."""

    def __init__(self, database: Queries, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or Clock()
        self._cached: dict[bytes, _CachedToken] = {}
        self._reading: dict[bytes, asyncio.Task[_CachedToken | None]] = {}
        self._notes: dict[UUID, asyncio.Task[None]] = {}
        self._used = 0
        self._refused = 0

    async def identify(self, text: bytes) -> Caller:
        """Returns the caller of an access token.

        Raises:
            InvalidToken: it is malformed, unknown, wrong or revoked.
            TokenExpired: it has expired, and is right in every other respect.
            DatabaseError: its row cannot be read.

        """
        key = sha256(text).digest()
        cached = self._cached.get(key)
        if cached is None or self._clock.monotonic() >= cached.until:
            cached = await self._read(key, text)
        if cached is None:
            self._refused += 1
            raise InvalidToken(reason="no such access token")
        if self._clock.now() >= cached.caller.expires_at:
            self._refused += 1
            raise TokenExpired(reason="the access token has expired")
        self._used += 1
        return cached.caller

    def collect(self) -> Samples:
        """Returns the metrics; callable from any thread."""
        return {TOKENS_USED.name: {(): self._used}, TOKENS_REFUSED.name: {(): self._refused}}

    async def stop(self) -> None:
        """Waits for the notes of use that are being written."""
        if self._notes:
            await asyncio.wait(self._notes.values())

    async def _read(self, key: bytes, text: bytes) -> _CachedToken | None:
        """Reads the row of a token, once for all requests that wait for it."""
        reading = self._reading.get(key)
        if reading is None:
            try:
                token = TokenText.parse(text)
            except InvalidToken:
                self._refused += 1
                raise
            reading = self._reading[key] = asyncio.create_task(self._find(key, token))
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(reading)

    async def _find(self, key: bytes, token: TokenText) -> _CachedToken | None:
        until = self._clock.monotonic() + CACHE_SECONDS  # from before the reading on
        values = {"owner": token.user_id, "token_id": token.token_id}
        rows = await self._database.rows(FIND_TOKEN, values)
        digest = rows[0][0] if rows else _NO_DIGEST
        if not hmac.compare_digest(digest, token.digest) or not rows:
            self._cached.pop(key, None)
            return None
        _, access, spaces, private, expires_at, last_used_at = rows[0]
        reach = reach_of(token.token_id, access, spaces, private)
        caller = Caller(token.user_id, expires_at.timestamp(), Owner(token.user_id), reach)
        cached = _CachedToken(caller, until)
        self._cache(key, cached)
        if self._clock.now() < caller.expires_at:
            self._note_use(token, last_used_at)
        return cached

    def _cache(self, key: bytes, cached: _CachedToken) -> None:
        self._cached.pop(key, None)
        if len(self._cached) >= MAX_CACHED:
            del self._cached[next(iter(self._cached))]
        self._cached[key] = cached

    def _note_use(self, token: TokenText, last_used_at: datetime | None) -> None:
        """Writes the hour of the use, unless it is stored or being written; no request waits for it."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        hour = now.replace(minute=0, second=0, microsecond=0)
        is_stored = last_used_at is not None and last_used_at >= hour
        if is_stored or token.token_id in self._notes or len(self._notes) >= MAX_NOTES:
            return
        note = asyncio.create_task(self._write_use(token, hour))
        self._notes[token.token_id] = note
        note.add_done_callback(lambda _: self._notes.pop(token.token_id, None))

    async def _write_use(self, token: TokenText, hour: datetime) -> None:
        values = {"owner": token.user_id, "token_id": token.token_id, "hour": hour}
        try:
            await self._database.transact(partial(command_steps, NOTE_USE, values))
        except (DatabaseError, ServiceUnavailable) as error:
            log.warning("Noting the use of an access token failed", extra={"reason": error.reason})


ACCESS_TOKENS: Final = Key[AccessTokens]("access tokens")
