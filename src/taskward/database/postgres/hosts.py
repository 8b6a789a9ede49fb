"""Connects to the PostgreSQL server of a URL, or to one of several hosts.

The driver has one timeout for all hosts of a URL: it never asks the second one if the first is silent. So
each host is an attempt of its own. The next attempt starts when one has failed, or has not succeeded within
`STAGGER` (as in RFC 8305, Happy Eyeballs), and the first that succeeds is used. The host that was connected
to last is tried first. A host that failed is tried again as long as another one is silent.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg

from taskward.settings.database_url import Host, PostgresUrl

STAGGER: Final = 0.5
"""Seconds after which the next host is tried too."""


class HostConnector:
    """Makes connections to the first host that can be used; `hosts` has the last good one first."""

    def __init__(self, url: str) -> None:
        self._url = PostgresUrl.parse(url)
        self._dsn = "postgresql:///?" + urlencode(self._url.options)
        self._abandoned: set[asyncio.Task[Any]] = set()
        self.hosts = self._url.hosts

    async def connect(self, timeout: float, **options: Any) -> Any:  # noqa: ASYNC109 - the driver's own argument
        """Returns a new connection, made within `timeout` seconds.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError: no host can
                be connected to.

        """
        if len(self.hosts) == 1:
            return await self.connect_to(self.hosts[0], timeout, **options)
        async with asyncio.timeout(timeout):
            return await self._connect_to_any(timeout, options)

    async def connect_to(self, host: Host, timeout: float, **options: Any) -> Any:  # noqa: ASYNC109 - the driver's own argument
        """Returns a new connection to that host."""
        return await asyncpg.connect(
            self._dsn,
            host=host.name,
            port=host.port,
            user=self._url.user,
            password=self._url.password,
            database=self._url.database,
            timeout=timeout,
            **options,
        )

    async def _connect_to_any(self, timeout: float, options: dict[str, Any]) -> Any:  # noqa: ASYNC109 - the driver's own argument
        untried = deque(self.hosts)
        failed: list[Host] = []
        attempts: dict[asyncio.Task[Any], Host] = {}
        errors: list[BaseException] = []
        try:
            while untried or attempts:
                if untried:
                    host = untried.popleft()
                    attempts[asyncio.create_task(self.connect_to(host, timeout, **options))] = host
                pause = STAGGER if untried or failed else None
                done, _ = await asyncio.wait(attempts, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if not (done or untried):  # another host is silent: the standby may have become the primary
                    untried.extend(failed)
                    failed.clear()
                for attempt in [attempt for attempt in attempts if attempt in done]:
                    host = attempts.pop(attempt)
                    if (error := attempt.exception()) is None:
                        self._prefer(host)
                        return attempt.result()
                    errors.append(error)
                    failed.append(host)
        finally:
            self._abandon(attempts)
        raise min(errors, key=_rank)

    def _prefer(self, host: Host) -> None:
        if host != self.hosts[0]:
            self.hosts = (host, *(other for other in self.hosts if other != host))

    def _abandon(self, attempts: Iterable[asyncio.Task[Any]]) -> None:
        for attempt in attempts:
            attempt.cancel()
            self._abandoned.add(attempt)
            attempt.add_done_callback(self._drop)

    def _drop(self, attempt: asyncio.Task[Any]) -> None:
        self._abandoned.discard(attempt)
        if not attempt.cancelled() and attempt.exception() is None:
            attempt.result().terminate()


def _rank(error: BaseException) -> int:
    """Returns 0 for the error that best explains why no host can be used."""
    if isinstance(error, asyncpg.PostgresError):
        return 0
    return 1 if isinstance(error, asyncpg.TargetServerAttributeNotMatched) else 2
