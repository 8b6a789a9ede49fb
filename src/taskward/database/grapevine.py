"""How processes on one PostgreSQL tell each other whose tasks were changed: NOTIFY and LISTEN.

It wakes and nothing more. What was changed stands in the tables, and whoever hears nothing looks there from
time to time. The telling comes after the commit, in a statement of its own: within the write it would make
the commits of all owners wait for each other.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final
from uuid import UUID, uuid4

from taskward.database.connections import FAILURES, Connections

CHANNEL: Final = "taskward_changes"

NOTIFY: Final = (
    # A message that a crash of the server swallows is missed by nobody, so no disk is waited for.
    "SELECT set_config('synchronous_commit', 'off', true), "
    "pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
)

GATHER: Final = 0.02
"""Seconds for which changes are gathered into one statement."""

MOST_OWNERS: Final = 200
"""In one message, which is at most 8000 bytes."""

LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the tables while nothing can be heard."""

LOOK_EVERY_HEARING: Final = 5.0
"""Seconds between two looks all the same, and the longest that a silent connection goes untested."""

LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts to listen, at most."""

log = logging.getLogger(__name__)


class Crier:
    """Tells the other processes; `name` is that of this one, so that it need not listen to itself."""

    def __init__(self, cry: Callable[[list[str]], Awaitable[None]]) -> None:
        self.name = uuid4().hex[:12]
        self._cry = cry
        self._owners: set[UUID] = set()
        self._telling: asyncio.Task[None] | None = None

    def tell(self, owners: set[UUID]) -> None:
        """Tell of a change to what these owners have, soon."""
        self._owners |= owners
        if self._owners and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        """Finish telling."""
        if self._telling is not None:
            await self._telling

    async def _tell(self) -> None:
        while self._owners:
            await asyncio.sleep(GATHER)
            owners, self._owners = self._owners, set()
            await self._cry(list(self._payloads(owners)))

    def _payloads(self, owners: set[UUID]) -> Iterator[str]:
        names = [owner.hex for owner in owners]
        for start in range(0, len(names), MOST_OWNERS):
            yield f"{self.name}:{','.join(names[start : start + MOST_OWNERS])}"


class Ear:
    """Hears the other processes, on a connection of its own."""

    def __init__(self, connections: Connections, own_name: str, on_change: Callable[[UUID], None]) -> None:
        self._connections = connections
        self._own_name = own_name
        self._on_change = on_change
        self._hears = False
        self._turned = asyncio.Event()

    async def pause(self) -> None:
        """Wait until it is time to look at the tables."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_HEARING if self._hears else LOOK_EVERY):
                await self._turned.wait()
        self._turned.clear()

    async def listen(self) -> None:
        """Listen until cancelled, and again whenever the connection was lost."""
        pause = 1.0
        while True:
            try:
                await self._listen()
            except FAILURES as error:
                log.warning("No word from the other processes", extra={"reason": type(error).__name__})
            pause = 1.0 if self._hears else min(2 * pause, LONGEST_PAUSE)
            self._turn(hears=False)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        connection = await self._connections.apart()
        if connection is None:
            return
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._hear)
            self._turn(hears=True)
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_HEARING):
                        await lost.wait()
                        return
                await connection.execute("SELECT 1", timeout=LOOK_EVERY_HEARING)
        finally:
            connection.terminate()

    def _turn(self, *, hears: bool) -> None:
        """Note whether anything can be heard from now on; what was missed until now is in the tables."""
        self._hears = hears
        self._turned.set()

    def _hear(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        name, _, owners = payload.partition(":")
        if name == self._own_name:
            return
        with suppress(ValueError):  # anybody on that server can say anything
            for owner in owners.split(","):
                self._on_change(UUID(owner))
