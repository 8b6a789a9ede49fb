"""Cache of the provider's public keys: no request per token, and tokens are verified during an outage.

PyJWT's own client blocks, and sends a request for every token while the provider does not respond (see
docs/decisions/0006-own-key-cache.md).
"""

import asyncio
import logging
import math

from taskward.auth.clock import Clock
from taskward.auth.jwk import ALGORITHMS, JWKEntry, JWKSUnusable, KeyRing
from taskward.auth.jwks_fetch import fetch_key_set
from taskward.auth.jws import UnverifiedToken
from taskward.http.errors import InvalidToken, ServiceUnavailable
from taskward.metrics import FETCHES, KEYS, KEYS_AGE, KEYS_FETCHED, Samples

REFRESH_INTERVAL = 60.0
"""Seconds until the keys are fetched again in the background: the longest that a withdrawn key is accepted.
"""

MAX_STALE = 24 * 3600.0
"""Seconds for which cached keys are used during an outage."""

UNKNOWN_KEY_REFETCH_INTERVAL = 25.0
"""Minimum seconds between refetches caused by an unknown key: a new key is accepted within 30 s, also by a
provider that takes the whole FETCH_TIMEOUT."""

FIRST_RETRY = 1.0
MAX_RETRY = 30.0
MAX_RETRY_WITHOUT_KEYS = 8.0
"""Seconds between two fetches while the provider does not respond; doubling from the first to the longest."""

log = logging.getLogger(__name__)


class JWKSClient:
    """The public keys of JWT_JWKS_URL: fetched at start, refreshed in the background, cached."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._ring: KeyRing | None = None
        self._entries: list[JWKEntry] = []
        self._loaded_at = -math.inf
        self._next_try = -math.inf
        self._failures = 0
        self._fetches = {"ok": 0, "failed": 0}
        self._unknown_key_at = -math.inf
        self._generation = 0
        self._fetching: asyncio.Task[None] | None = None
        self._refresher: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """False only until the keys have been loaded for the first time."""
        return self._loaded_at > -math.inf

    @property
    def generation(self) -> int:
        """A number that changes whenever a key is withdrawn, which invalidates earlier verifications."""
        self._current()
        return self._generation

    async def start(self) -> None:
        """Starts loading and refreshing the keys, without waiting for the provider."""
        self._refresher = asyncio.create_task(self._refresh())

    async def stop(self) -> None:
        tasks = [task for task in (self._refresher, self._fetching) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._refresher = self._fetching = None

    async def verify(self, token: UnverifiedToken) -> None:
        """Checks the signature.

        Raises:
            InvalidToken: no key of the provider matches.
            ServiceUnavailable: no keys are cached.

        """
        if token.alg not in ALGORITHMS:
            raise InvalidToken(reason="alg not allowed for the key")
        if not isinstance(token.header.get("kid", ""), str):
            raise InvalidToken(reason="kid is not a string")
        ring = await self._keys_or_fetch()
        try:
            ring.check(token)
        except InvalidToken:
            if not await self._refetch_for_unknown_key():
                raise
            (await self._keys_or_fetch()).check(token)

    def collect(self) -> Samples:
        ring, fetches = self._ring, self._fetches
        samples: dict[str, dict[tuple[str, ...], float]] = {
            KEYS.name: {(): len(ring.keys) if ring else 0},
            KEYS_FETCHED.name: {(): 1 if self.ready and not self._failures else 0},
            FETCHES.name: {(result,): count for result, count in fetches.items()},
        }
        if self.ready:
            samples[KEYS_AGE.name] = {(): self._clock.monotonic() - self._loaded_at}
        return samples

    async def _keys_or_fetch(self) -> KeyRing:
        """Returns the cached keys; without any, waits for one fetch, unless one has just failed."""
        if self._current() is None and (self._fetching or self._seconds_until_due() <= 0):
            await self._fetch_once()
        ring = self._current()
        if ring is None:
            pause = max(1, math.ceil(self._seconds_until_due()))
            raise ServiceUnavailable(reason="no key set is cached", retry_after=pause)
        return ring

    async def _refetch_for_unknown_key(self) -> bool:
        """Fetches because no cached key matches a token; returns whether it did."""
        if self._fetching is None:
            if self._clock.monotonic() - self._unknown_key_at < UNKNOWN_KEY_REFETCH_INTERVAL:
                return False
            self._unknown_key_at = self._clock.monotonic()
        await self._fetch_once()
        return True

    async def _refresh(self) -> None:
        while True:
            if self._seconds_until_due() <= 0:
                await self._fetch_once()
            await self._clock.sleep(self._seconds_until_due())

    async def _fetch_once(self) -> None:
        """Waits for the fetch in progress, or for a new one. A cancelled wait does not cancel the fetch."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.wait([self._fetching])

    async def _fetch(self) -> None:
        self._next_try = self._clock.monotonic() + FIRST_RETRY  # in any case, so that failures do not loop
        try:
            self._on_success(await fetch_key_set(self._url))
        except JWKSUnusable as why:
            self._on_failure(why)
        finally:
            self._fetching = None

    def _on_success(self, entries: list[JWKEntry]) -> None:
        ring = KeyRing([entry.key for entry in entries if entry.key])
        if self._ring and not self._ring.keys <= ring.keys:
            self._generation += 1
        self._log_entries(entries)
        self._ring, self._entries = ring, entries
        self._loaded_at = self._clock.monotonic()
        self._next_try = self._loaded_at + REFRESH_INTERVAL
        self._failures = 0
        self._fetches["ok"] += 1

    def _on_failure(self, why: JWKSUnusable) -> None:
        longest = MAX_RETRY if self._current() else MAX_RETRY_WITHOUT_KEYS
        pause = min(FIRST_RETRY * 2**self._failures, longest)
        self._failures = min(self._failures + 1, 10)
        self._fetches["failed"] += 1
        self._next_try = self._clock.monotonic() + pause
        log.warning("JWT_JWKS_URL: %s; next attempt in %d s", why, pause)

    def _current(self) -> KeyRing | None:
        if self._ring and self._clock.monotonic() - self._loaded_at >= MAX_STALE:
            self._ring = None
            self._generation += 1
            log.error("JWT_JWKS_URL: no response for %d hours; cached keys have expired", MAX_STALE / 3600)
        return self._ring

    def _seconds_until_due(self) -> float:
        """Returns the seconds until the next fetch is due."""
        return self._next_try - self._clock.monotonic()

    def _log_entries(self, entries: list[JWKEntry]) -> None:
        """Logs the entries of the set, once for each change of it."""
        if entries == self._entries:
            return
        for entry in entries:
            if entry.problem:
                log.warning("JWT_JWKS_URL: %s: %s", entry.label, entry.verdict)
        log.info("JWT_JWKS_URL: %d keys in use", sum(1 for entry in entries if entry.key))
