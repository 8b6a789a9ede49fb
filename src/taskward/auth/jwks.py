"""The provider's keys, kept at hand: tokens are verified without asking anybody, and while it is down.

PyJWT's own client blocks, and asks again on every request while the provider does not answer (see
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
"""Seconds until the keys are fetched again in the background: how long a withdrawn key can outlive itself."""

MAX_STALE = 24 * 3600.0
"""Seconds for which keys serve while no newer ones can be had."""

UNKNOWN_KEY_REFETCH_INTERVAL = 30.0
"""Seconds between two fetches that are made because of a token that no key at hand has signed."""

FIRST_RETRY = 1.0
MAX_RETRY = 30.0
MAX_RETRY_WITHOUT_KEYS = 8.0
"""Seconds between two fetches while the provider does not answer; doubling from first to longest."""

log = logging.getLogger(__name__)


class JWKSClient:
    """The public keys of JWT_JWKS_URL: fetched at the start, kept fresh, and used while they are at hand."""

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
        """A number that changes whenever a key is withdrawn: what was verified before no longer counts."""
        self._current()
        return self._generation

    async def start(self) -> None:
        """Begin to load the keys, and keep them fresh; nobody waits here for the provider."""
        self._refresher = asyncio.create_task(self._refresh())

    async def stop(self) -> None:
        tasks = [task for task in (self._refresher, self._fetching) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._refresher = self._fetching = None

    async def verify(self, token: UnverifiedToken) -> None:
        """Check the signature.

        Raises:
            InvalidToken: no key of the provider has made it.
            ServiceUnavailable: there is no key at hand to tell.

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
        """Give the keys at hand; without any, wait for one fetch, unless the last one failed a moment ago."""
        if self._current() is None and (self._fetching or self._seconds_until_due() <= 0):
            await self._fetch_once()
        ring = self._current()
        if ring is None:
            pause = max(1, math.ceil(self._seconds_until_due()))
            raise ServiceUnavailable(reason="no key set at hand", retry_after=pause)
        return ring

    async def _refetch_for_unknown_key(self) -> bool:
        """Fetch because of a token that no key at hand has signed; say whether that was done."""
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
        """Wait for the fetch under way, or for a new one. Whoever gives up waiting does not stop it."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.wait([self._fetching])

    async def _fetch(self) -> None:
        self._next_try = self._clock.monotonic() + FIRST_RETRY  # whatever happens, not in a tight loop
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
        log.warning("JWT_JWKS_URL: %s; asking again in %d s", why, pause)

    def _current(self) -> KeyRing | None:
        if self._ring and self._clock.monotonic() - self._loaded_at >= MAX_STALE:
            self._ring = None
            self._generation += 1
            log.error("JWT_JWKS_URL: no answer for %d hours; the keys at hand are too old", MAX_STALE / 3600)
        return self._ring

    def _seconds_until_due(self) -> float:
        """Seconds until the next fetch is due."""
        return self._next_try - self._clock.monotonic()

    def _log_entries(self, entries: list[JWKEntry]) -> None:
        """Write what is in the set into the log, once for each change of it."""
        if entries == self._entries:
            return
        for entry in entries:
            if entry.problem:
                log.warning("JWT_JWKS_URL: %s: %s", entry.label, entry.verdict)
        log.info("JWT_JWKS_URL: %d keys in use", sum(1 for entry in entries if entry.key))
