"""The end of memberships among the rows of their persons, whom others have removed.

A person's rows may be locked, for long by an import of their own. So no removal waits for them: the space
alone decides who is a member.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from taskward.database import Queries
from taskward.http.caller import CALLER
from taskward.http.errors import ServiceError
from taskward.http.parts import Key
from taskward.spaces.records import MemberRecord
from taskward.spaces.steps import leave_steps

PATIENCE: Final = 0.5
"""Seconds that a request waits for rows of others."""


class MembershipEndings:
    """Ends memberships, beside the requests if it takes long.

    What the process does not come to, the persons do when they list their spaces.
    """

    def __init__(self, database: Queries) -> None:
        self._database = database
        self._running: set[asyncio.Task[None]] = set()

    async def end(self, space_id: UUID, members: Sequence[MemberRecord]) -> None:
        """Ends the memberships of former members; returns after a while even if that is not done."""
        ending = asyncio.create_task(self._end(space_id, members))
        self._running.add(ending)
        ending.add_done_callback(self._running.discard)
        await asyncio.wait({ending}, timeout=PATIENCE)

    async def stop(self) -> None:
        """Cancels what is not done."""
        running = [*self._running]
        for ending in running:
            ending.cancel()
        if running:
            await asyncio.wait(running)

    async def _end(self, space_id: UUID, members: Sequence[MemberRecord]) -> None:
        CALLER.set(None)  # the service's own work: the rows are not the caller's
        for one in members:
            steps = partial(leave_steps, UUID(str(one.person_id)), space_id, one.joined_at)
            with suppress(ServiceError):
                await self._database.transact(steps)


MEMBERSHIP_ENDINGS: Final = Key[MembershipEndings]("endings of memberships")
