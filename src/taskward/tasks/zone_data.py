"""Computes the stored instants of local times again, after the version of `tzdata` has changed.

Governments change the rules of time zones, and a due date is a local time: its instant moves. One process
does it, in the background, an owner and a page of tasks at a time. Until it is done, a comparison with an
instant may be off by the change.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import orjson

from taskward.database import Queries
from taskward.database.background import BackgroundWork
from taskward.database.statements import Command, Row, TransactionSteps, Values, command_steps
from taskward.database.types import to_microseconds
from taskward.tasks.fields import TaskFields
from taskward.tasks.steps.reminders import move_reminders_steps
from taskward.tasks.zone_data_statements import (
    CLAIM_ZONE_DATA,
    HAS_REMINDERS,
    OWNERS_AFTER,
    RENEW_ZONE_DATA,
    SET_INSTANTS,
    STORE_VERSION,
    STORED_VERSION,
    ZONE_DATA_LEASE,
    ZONED_AFTER,
)
from taskward.time_zones import DATA_VERSION
from taskward.users.statements import COUNT_MANY, LOCK_OWNER

MAX_TASKS: Final = 200
"""Tasks that are computed in one transaction: 3 ms."""

MAX_OWNERS: Final = 500
RENEW_AFTER: Final = 5.0
"""Seconds until a claim is renewed."""

INTERVAL: Final = 5.0
"""Seconds until the next attempt, while another process works or the database fails."""

_FIRST: Final = UUID(int=0)

log = logging.getLogger(__name__)


class ZoneDataUpdate(BackgroundWork):
    """Brings the stored instants to a version of the time zone data."""

    failed = "Cannot compute the instants of dates again yet; retrying"
    crashed = "Computing the instants of dates again crashed; retrying"

    def __init__(
        self, database: Queries, version: str = DATA_VERSION, *, after: BackgroundWork | None = None
    ) -> None:
        super().__init__(INTERVAL, after)
        self._database = database
        self._version = version
        self._held = ZONE_DATA_LEASE.values(uuid4())
        self._renewed_at = 0.0

    async def run(self) -> bool:
        """Computes the instants if necessary; returns whether they are of this version, or of a newer one.

        They are not while another process computes them.
        """
        rows = await self._database.rows(STORED_VERSION, {})
        noted = rows[0][0] if rows else None
        if noted is not None and _order(noted) >= _order(self._version):
            return True
        if not await self._claim(noted or ""):
            return False
        begun, changed = time.monotonic(), 0
        words = {"noted": noted, "version": self._version}
        log.info("The time zone data has changed: computing the instants of dates again", extra=words)
        after = _FIRST
        while owners := await self._database.rows(OWNERS_AFTER, {"after_id": after, "limit": MAX_OWNERS}):
            for (owner,) in owners:
                after = UUID(str(owner))
                changed += await self._update_owner(after)
                if not await self._keep_claim():
                    return False
        await self._transact(STORE_VERSION, {**self._held, "version": self._version})
        seconds = {"tasks": changed, "seconds": round(time.monotonic() - begun, 1)}
        log.info("The instants of dates are those of the new time zone data", extra=words | seconds)
        return True

    async def _update_owner(self, owner: UUID) -> int:
        """Returns the number of tasks whose instants have changed."""
        changed, after = 0, _FIRST
        page: Values = {"owner": owner, "limit": MAX_TASKS}
        while await self._database.rows(ZONED_AFTER, {**page, "after_id": after, "limit": 1}):
            values = {**page, "after_id": after}
            count, after = await self._database.transact(partial(page_steps, values))
            changed += count
        if await self._database.rows(HAS_REMINDERS, page):
            await self._database.transact(lambda: _reminder_steps(owner), long=True)
        return changed

    async def _claim(self, seen: str) -> bool:
        self._renewed_at = time.monotonic()
        return bool(await self._transact(CLAIM_ZONE_DATA, {**self._held, "seen": seen}))

    async def _keep_claim(self) -> bool:
        """Renews the claim from time to time; returns whether it still is this process's."""
        if time.monotonic() - self._renewed_at < RENEW_AFTER:
            return True
        self._renewed_at = time.monotonic()
        return bool(await self._transact(RENEW_ZONE_DATA, self._held))

    async def _transact(self, command: Command, values: Values) -> Sequence[Row]:
        return await self._database.transact(lambda: command_steps(command, values))


def page_steps(values: Values) -> TransactionSteps[tuple[int, UUID]]:
    """Computes the instants of the next tasks of an owner; returns how many changed, and the last id."""
    yield LOCK_OWNER, values
    rows = yield ZONED_AFTER, values
    changed = [one for row in rows for one in [_computed(row)] if one is not None]
    if changed:  # lists that compare instants have changed, so their tags must change too
        yield COUNT_MANY, {"owner": values["owner"], "count": 1}
        yield SET_INSTANTS, {**values, "tasks": orjson.dumps(changed).decode()}
    return len(changed), UUID(str(rows[-1][0])) if rows else values["after_id"]


def _computed(row: Row) -> tuple[str, Any, Any] | None:
    """Returns a task with its instants, if they are not those that are stored."""
    task_id, extra, due, start = row
    columns = TaskFields.parse(extra).columns()
    if (columns["due_utc"], columns["start_utc"]) == (due, start):
        return None
    return str(task_id), to_microseconds(columns["due_utc"]), to_microseconds(columns["start_utc"])


def _reminder_steps(owner: UUID) -> TransactionSteps[None]:
    locked = yield LOCK_OWNER, {"owner": owner}
    if locked:
        yield from move_reminders_steps(owner, locked[0][0], keeps_passed=True)


def _order(version: str) -> list[int]:
    """Returns a version like 2026.1 for comparison."""
    return [int(part) for part in version.split(".") if part.isdecimal()]
