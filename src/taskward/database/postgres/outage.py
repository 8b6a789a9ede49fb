"""The wait for a database that has just become unreachable.

A planned switchover takes seconds, during which no server accepts connections as the primary. A request that
needs a connection meanwhile waits for the new primary instead of failing. The time counts from the first
failure and not from the request, so that in a longer outage requests fail at once.
"""

import asyncio
from typing import Final

FAILOVER_WAIT: Final = 5.0
"""Seconds from the beginning of an outage for which new connections are retried."""

RETRY_INTERVAL: Final = 0.2
"""Seconds between two attempts to connect."""


class FailoverRetry:
    """Retries a connection that fails, for some seconds from the first failure on."""

    def __init__(self) -> None:
        self._has_connected = False
        self._began: float | None = None

    def end(self) -> None:
        """Records a connection."""
        self._has_connected = True
        self._began = None

    def time_left(self) -> float:
        """Returns the seconds for which connecting is still retried; 0 if there is no outage."""
        if self._began is None:
            return 0.0
        return max(0.0, self._began + FAILOVER_WAIT - _now())

    async def wait_before_retry(self) -> bool:
        """Waits before the next attempt after a failure; returns False if there should be none.

        A database that has never been reached is not waited for: its address is more likely wrong.
        """
        if not self._has_connected:
            return False
        if self._began is None:
            self._began = _now()
        if not (left := self.time_left()):
            return False
        await asyncio.sleep(min(RETRY_INTERVAL, left))
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
