"""Reminders in a move: a task of a person has its own, and in a space each member has some for it.

Those of the caller go along, and those of other members end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from taskward.database.statements import TransactionSteps
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.reminders import Reminders
from taskward.tasks.steps.reminder_statements import REMINDED_MEMBERS
from taskward.tasks.steps.reminders import MemberReminders, add_reminders_steps, set_member_reminders_steps
from taskward.users.statements import LOCK_OWNER


@dataclass(frozen=True, slots=True)
class MovedReminders:
    """The reminders of the caller, who is these members of the source and of the target; None: a person."""

    source: UUID
    target: UUID
    member_of_source: UUID | None
    member_of_target: UUID | None

    def read_steps(self, rows: Sequence[Mapping[str, Any]]) -> TransactionSteps[dict[str, Reminders]]:
        """Returns the reminders of the caller for tasks of the source by id, before they are moved."""
        if self.member_of_source is None:
            found = {str(row["id"]): TaskFields.parse(row["extra"]).reminders for row in rows}
            return {task: reminders for task, reminders in found.items() if reminders}
        ids = [str(row["id"]) for row in rows]
        of_members = yield REMINDED_MEMBERS, {"owner": self.source, "ids": ids}
        mine = ((row[0], orjson.loads(row[3])) for row in of_members if self._is_mine(row[1]))
        return {str(task): tuple(reminders) for task, reminders in mine if reminders}

    def store_steps(self, reminders: Mapping[str, Reminders]) -> TransactionSteps[None]:
        """Stores them for the tasks in the target, which a person's tasks have as a field already."""
        if not reminders:
            return
        if self.member_of_target is None:
            zone = (yield LOCK_OWNER, {"owner": self.target})[0][0]
            yield from add_reminders_steps(self.target, list(reminders), zone)
        else:
            member = self.member_of_target
            given = [MemberReminders(task, member, 1, of_task) for task, of_task in reminders.items()]
            yield from set_member_reminders_steps(self.target, given)

    def as_field(self, reminders: Reminders | None) -> Reminders | None:
        """Returns what the field of the task is in the target."""
        return reminders if self.member_of_target is None else None

    def _is_mine(self, member: Any) -> bool:
        return str(member) == str(self.member_of_source)
