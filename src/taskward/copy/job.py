"""Copies all data of one database to another while the service runs on the first.

`Copy.once` copies a snapshot. `Copy.follow` then copies what has changed since, again and again, until the
operator has stopped the service. Both can be interrupted and run again.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from taskward.copy.copied import UNCOUNTED
from taskward.copy.databases import CopyDatabase
from taskward.copy.errors import CopyFailed
from taskward.copy.opening import FROM, check_revision
from taskward.copy.passes import Pass, Progress
from taskward.copy.verification import Verification, Verified
from taskward.database import schema

PAUSE: Final = 1.0
"""Seconds between two passes while it follows, and until writes that were kept back are seen."""

SHORT_PASS: Final = 5.0
"""Seconds. After such a pass the operator may switch; or once the passes do not get much shorter any more."""

LOCK_TIMEOUT: Final = 15.0
"""Seconds to wait for changes in progress. A running service completes interrupted ones within 5."""


class Operator(Protocol):
    """The operator of a copy, at a terminal."""

    def progress(self, label: str) -> AbstractContextManager[Progress]:
        """Shows the progress while the block runs."""

    def print(self, text: str) -> None:
        """Shows a line."""

    async def wait_for_switch(self, seconds: float) -> bool:
        """Returns whether the operator, who has to stop the service before, asks for the switch in that time.

        It reads no input before the first call.
        """


class Copy:
    """A copy between two open databases."""

    def __init__(self, source: CopyDatabase, target: CopyDatabase, operator: Operator) -> None:
        self._source = source
        self._target = target
        self._operator = operator
        self._verification = Verification(source, target)

    async def once(self) -> Sequence[Verified]:
        """Copies a snapshot, verifies each row, and completes the copy."""
        verified = await self._copy_unlocked()
        await self._complete()
        if behind := await self._count_behind():
            self._operator.print(
                f"Since then {behind} users have written to the source, which is not in the copy; "
                "--follow copies that too, into an empty database."
            )
        return verified

    async def follow(self) -> Sequence[Verified]:
        """Copies a snapshot and the changes after it, until the operator asks to switch."""
        await self._copy_unlocked()
        seconds = await self._catch_up()
        self._operator.print(READY.format(seconds=seconds + _pause(seconds)))
        while True:
            if await self._operator.wait_for_switch(_pause(seconds)) and (verified := await self._switch()):
                return verified
            seconds = await self._copy_changes()

    async def _copy_unlocked(self) -> Sequence[Verified]:
        """Copies and verifies a snapshot without changes in progress; waits for one.

        Raises:
            CopyFailed: there is none within `LOCK_TIMEOUT`.

        """
        until = time.monotonic() + LOCK_TIMEOUT
        while (verified := await self._copy_all()) is None:
            await self._wait_unlocked(until)
        return verified

    async def _copy_all(self) -> Sequence[Verified] | None:
        """Copies and verifies a snapshot; returns None if the change of an owner is in progress."""
        async with self._source.snapshot():
            with self._operator.progress("Copying") as progress:
                locked = await Pass(self._source, self._target, progress).run()
            if locked:
                return None
            await self._target.analyze()
            with self._operator.progress("Verifying") as progress:
                return await self._verification.compare_all(progress)

    async def _catch_up(self) -> float:
        """Copies changes until a pass is short, or not much shorter than the last; returns its seconds."""
        before, seconds = math.inf, await self._copy_changes()
        while SHORT_PASS <= seconds <= before / 2:
            await asyncio.sleep(_pause(seconds))
            before, seconds = seconds, await self._copy_changes()
        return seconds

    async def _copy_changes(self) -> float:
        """Copies what has changed since the last pass; returns the seconds that it took."""
        begun = time.monotonic()
        async with self._source.snapshot():
            await self._pass().run()
        return time.monotonic() - begun

    async def _switch(self) -> Sequence[Verified] | None:
        """Copies the last changes while writes wait; completes the copy unless a service still runs.

        What has not changed since it was verified is only counted.
        """
        async with self._source.snapshot(fenced=True):
            check_revision(self._source, await self._source.revision())  # it may be migrated meanwhile
            if locked := await self._pass().run():
                self._operator.print(_incomplete_changes(locked))
                return None
            compared = {table.name: await self._verification.compare_table(table) for table in UNCOUNTED}
            counted = await self._verification.compare_counts()
        await asyncio.sleep(PAUSE)  # a write that was kept back is made now
        if behind := await self._count_behind():
            self._operator.print(STILL_WRITTEN.format(users=behind))
            return None
        await self._complete()
        return [compared.get(one.table, one) for one in counted]

    def _pass(self) -> Pass:
        """Returns a pass that verifies what it copies."""
        return Pass(self._source, self._target, after_batch=self._verification.compare_owners)

    async def _complete(self) -> None:
        await self._target.set_revision(schema.newest_revision())

    async def _count_behind(self) -> int:
        async with self._source.snapshot():
            return await self._verification.count_behind()

    async def _wait_unlocked(self, until: float) -> None:
        if time.monotonic() > until:
            async with self._source.snapshot():
                raise CopyFailed(_incomplete_changes(len(await self._source.locked_owners())))
        await asyncio.sleep(PAUSE)


def _pause(seconds: float) -> float:
    """Returns the seconds to wait after a pass, so that the service has at least half of the machine."""
    return max(PAUSE, seconds)


def _incomplete_changes(users: int) -> str:
    return (
        f"{FROM}: an import or an erasure of {users} users is not complete; start the service on "
        f"{FROM}, which completes it, and try again"
    )


READY: Final = """\
The copy is verified, and {seconds:.1f} s behind the source.
To switch: stop the service on the source; when it has ended, press Enter here.
Ctrl-C stops the copy; the same command continues it."""

STILL_WRITTEN: Final = """\
The source is still written to, by {users} users: a service runs on it. The copy continues.
Stop that service; when it has ended, press Enter here."""
