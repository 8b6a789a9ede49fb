"""Connections that are not read for a while, because their requests were rejected for overload."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

_RESUME_INTERVAL: Final = 0.02


class PausedConnections:
    """Connections that are not read until a given time."""

    def __init__(self) -> None:
        self._until: deque[tuple[float, Callable[[], None]]] = deque()

    def add(self, seconds: float, resume: Callable[[], None]) -> None:
        """Calls `resume` after that many seconds; a later call must not be shorter by more than a tick."""
        loop = asyncio.get_running_loop()
        if not self._until:
            loop.call_later(_RESUME_INTERVAL, self._resume_due)
        self._until.append((loop.time() + seconds, resume))

    def _resume_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._until and self._until[0][0] <= loop.time():
            _, wake = self._until.popleft()
            wake()
        if self._until:
            loop.call_later(_RESUME_INTERVAL, self._resume_due)
