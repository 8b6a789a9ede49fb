"""Cross-process change notifications over LISTEN/NOTIFY.

A notification only wakes listeners; the data is read from the tables. Missed notifications are covered by
polling. NOTIFY runs after the commit, in a statement of its own: within the write it would serialise the
commits of all owners.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final
from uuid import UUID, uuid4

from taskward.database.postgres.connector import Connector
from taskward.database.postgres.errors import DRIVER_ERRORS

CHANNEL: Final = "taskward_changes"

NOTIFY: Final = (
    # A notification lost in a server crash is covered by polling, so it does not wait for the disk.
    "SELECT set_config('synchronous_commit', 'off', true), "
    "pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
)

BATCH_WINDOW: Final = 0.02
"""Seconds for which changes are batched into one statement."""

MAX_OWNERS: Final = 200
"""Owners in one message, which is limited to 8000 bytes."""

FLUSH_TIMEOUT: Final = 2.0
"""Seconds to wait at shutdown for queued notifications to be sent."""

POLL_INTERVAL: Final = 0.5
"""Seconds between two polls while not listening."""

POLL_INTERVAL_LISTENING: Final = 5.0
"""Seconds between two polls while listening, and between two checks of an idle connection."""

MAX_RETRY_INTERVAL: Final = 30.0
"""Maximum seconds between two attempts to listen."""

log = logging.getLogger(__name__)


class ChangeNotifier:
    """Notifies the other processes; `name` identifies this one, whose own notifications are ignored."""

    def __init__(self, send: Callable[[list[str]], Awaitable[None]]) -> None:
        self.name = uuid4().hex[:12]
        self._send = send
        self._owners: set[UUID] = set()
        self._flushing: asyncio.Task[None] | None = None

    def notify(self, owners: set[UUID]) -> None:
        """Notifies of changes of these owners, within the batch window."""
        self._owners |= owners
        if self._owners and (self._flushing is None or self._flushing.done()):
            self._flushing = asyncio.create_task(self._flush())

    async def stop(self) -> None:
        """Sends the queued notifications, within the timeout."""
        if self._flushing is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._flushing, FLUSH_TIMEOUT)

    async def _flush(self) -> None:
        while self._owners:
            await asyncio.sleep(BATCH_WINDOW)
            owners, self._owners = self._owners, set()
            await self._send(list(self._payloads(owners)))

    def _payloads(self, owners: set[UUID]) -> Iterator[str]:
        names = [owner.hex for owner in owners]
        for start in range(0, len(names), MAX_OWNERS):
            yield f"{self.name}:{','.join(names[start : start + MAX_OWNERS])}"


class ChangeListener:
    """Receives the notifications of other processes, on a dedicated connection."""

    def __init__(self, connector: Connector, own_name: str, on_change: Callable[[UUID], None]) -> None:
        self._connector = connector
        self._own_name = own_name
        self._on_change = on_change
        self._listening = False
        self._state_changed = asyncio.Event()

    async def wait(self) -> None:
        """Waits until the tables should be checked."""
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_INTERVAL_LISTENING if self._listening else POLL_INTERVAL):
                await self._state_changed.wait()
        self._state_changed.clear()

    async def listen(self) -> None:
        """Listens until cancelled; reconnects when the connection is lost."""
        pause = 1.0
        while True:
            try:
                await self._listen()
            except DRIVER_ERRORS as error:
                log.warning("LISTEN connection lost; polling", extra={"reason": type(error).__name__})
            pause = 1.0 if self._listening else min(2 * pause, MAX_RETRY_INTERVAL)
            self._set_listening(listening=False)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        connection = await self._connector.dedicated()
        if connection is None:
            return
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._received)
            self._set_listening(listening=True)
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_INTERVAL_LISTENING):
                        await lost.wait()
                        return
                await connection.execute("SELECT 1", timeout=POLL_INTERVAL_LISTENING)
        finally:
            connection.terminate()

    def _set_listening(self, *, listening: bool) -> None:
        """Records whether notifications arrive; a poll covers those missed until now."""
        self._listening = listening
        self._state_changed.set()

    def _received(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        name, _, owners = payload.partition(":")
        if name == self._own_name:
            return
        with suppress(ValueError):  # anyone on that server can send to the channel
            for owner in owners.split(","):
                self._on_change(UUID(owner))
