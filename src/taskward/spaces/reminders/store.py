"""The reminders that the caller has in a space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, NamedTuple, cast
from uuid import UUID

import orjson
from fastapi import Depends

from taskward.database import OWNED_ROWS
from taskward.database.statements import Row, TransactionSteps
from taskward.http.conditional import Versions
from taskward.http.context import Context
from taskward.http.cursors import decode_id, encode_id, scope_of
from taskward.http.errors import PreconditionFailed
from taskward.http.responses import write_json_list
from taskward.spaces.authorization import CallerAsMember, SpaceRows
from taskward.spaces.reminders.models import OwnRemindersQuery, task_json
from taskward.spaces.reminders.statements import ALL_MY_REMINDERS, MY_REMINDERS
from taskward.tasks.errors import TaskNotFound
from taskward.tasks.fields.reminders import Reminders
from taskward.tasks.records import version_tag
from taskward.tasks.steps.reminders import MemberReminders, free_slot_steps, set_member_reminders_steps

_BEFORE_ALL: Final = UUID(int=0)
_NEVER_SET: Final = 1
"""The version of reminders that a member has not set yet."""


class Reminded(NamedTuple):
    """The reminders of a member for a task, in a version."""

    reminders: Reminders
    version: int


@dataclass(frozen=True, slots=True)
class OwnRemindersStore:
    """The reminders that the caller has for tasks of one space."""

    _rows: SpaceRows

    async def get(self, task_id: UUID) -> Reminded:
        """Returns those for a task; raises TaskNotFound."""
        return _reminded(await self._rows.rows(MY_REMINDERS, {**self._owner, "task_id": task_id}))

    async def replace(self, task_id: UUID, reminders: Reminders, versions: Versions | None) -> Reminded:
        """Replaces those for a task; with `versions`, only if they are in one of them.

        Raises:
            TaskNotFound: the space has no such task.
            PreconditionFailed: they are in another version.

        """
        return await self._rows.transact_as(partial(self._replace_steps, task_id, reminders, versions))

    async def body(self, query: OwnRemindersQuery) -> bytes:
        """Returns a page of all of them as a response body; raises ValidationFailed."""
        values = {"after_id": self._position(query.cursor), "limit": query.limit + 1}
        rows = await self._rows.rows(ALL_MY_REMINDERS, {**self._owner, **values})
        shown = rows[: query.limit]
        next_cursor = encode_id(shown[-1][0], self._scope) if len(rows) > query.limit else None
        return await write_json_list("tasks", shown, task_json, {"next_cursor": next_cursor})

    def _replace_steps(
        self, task_id: UUID, reminders: Reminders, versions: Versions | None, me: CallerAsMember
    ) -> TransactionSteps[Reminded]:
        key = {**self._owner, "task_id": task_id, "caller": self._rows.caller}
        before = _reminded((yield MY_REMINDERS, key))
        if versions is not None and before.version not in versions:
            text = "The reminders have been changed since they were read"
            raise PreconditionFailed(version_tag(before.version), text)
        slot = yield from free_slot_steps(self._rows.space_id, task_id, me.member_id)
        given = MemberReminders(task_id, me.member_id, slot, reminders)
        rows = yield from set_member_reminders_steps(self._rows.space_id, [given])
        return Reminded(reminders, rows[0][0])

    @property
    def _owner(self) -> dict[str, Any]:
        return {"owner": self._rows.space_id}

    @property
    def _scope(self) -> bytes:
        return scope_of(self._rows.space_id, self._rows.caller, "own reminders")

    def _position(self, cursor: str | None) -> UUID:
        return _BEFORE_ALL if cursor is None else decode_id(cursor, self._scope)


def _reminded(rows: Sequence[Row]) -> Reminded:
    if not rows:
        raise TaskNotFound
    reminders, version = rows[0]
    if version is None:
        return Reminded((), _NEVER_SET)
    return Reminded(tuple(orjson.loads(reminders)), version)


def _my_reminders(context: Context) -> OwnRemindersStore:
    return OwnRemindersStore(cast("SpaceRows", context.parts[OWNED_ROWS]))


MyReminders = Annotated[OwnRemindersStore, Depends(_my_reminders)]
"""For a handler: the caller's reminders in the space of the request."""
