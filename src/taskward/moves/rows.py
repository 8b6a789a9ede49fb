"""The rows of tasks as they are in the target of a move: what changes, and whose ids members have there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.database.statements import Row, TransactionSteps
from taskward.database.types import to_microseconds
from taskward.moves.statements import MEMBERS_OF_PERSONS, PERSONS_OF_MEMBERS, MovedRows
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.reminders import Reminders

_MICROSECOND: Final = timedelta(microseconds=1)

Values = dict[str, Any]
"""The columns of a row, by name."""


def as_values(moved: MovedRows, rows: Iterable[Row]) -> list[Values]:
    return [dict(zip(moved.names, row, strict=True)) for row in rows]


def as_json(rows: Iterable[Iterable[Any]]) -> str:
    """Returns rows without times as `MovedRows.add` takes them."""
    # An id of the driver is a subclass of UUID, which the writer does not know.
    return orjson.dumps(list(map(tuple, rows)), default=str).decode()


def values_as_json(moved: MovedRows, rows: Iterable[Values]) -> str:
    """Returns rows as `MovedRows.add` takes them."""
    columns = itemgetter(*moved.names)
    return orjson.dumps([columns(row) for row in rows], _plain, orjson.OPT_PASSTHROUGH_DATETIME).decode()


def mentioned(row: Mapping[str, Any]) -> list[str]:
    """Returns the members whom a comment mentions."""
    ids: list[str] = orjson.loads(row["mentions"] or "[]")
    return ids


def after(before: datetime, now: datetime) -> datetime:
    """Returns the time of a change, which is later than that of the last one."""
    return max(now, before + _MICROSECOND)


def fields_with_reminders(row: Values, reminders: Reminders | None) -> Values:
    """Returns the columns that the fields of a task have in another owner, with these reminders.

    The instants are computed anew: the time zone data of the owners may differ for a moment.
    """
    has_reminders = reminders or '"reminders":' in (row["extra"] or "")
    if row["due_utc"] is None and row["start_utc"] is None and not has_reminders:
        return {}
    columns = TaskFields.parse(row["extra"]).replaced(reminders=reminders or None).columns()
    return {name: columns[name] for name in ("extra", "due_utc", "start_utc")}


@dataclass(frozen=True, slots=True)
class Authors:
    """The members of the target who are members of the source, too, or the caller of a private source.

    A private owner has no members, so its tasks name none.
    """

    source: UUID
    target: UUID
    is_from_person: bool
    is_to_person: bool
    caller: UUID | None
    """The caller as a member of the target."""
    _persons: dict[str, str] = field(default_factory=dict)
    _members: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """By person: the member, and whether that one has a role."""

    def read_steps(self, members: Iterable[Any]) -> TransactionSteps[None]:
        """Reads who these members are, in both owners; None is no member."""
        if self.is_from_person or self.is_to_person:
            return
        named = {str(one) for one in members if one}
        if not (unknown := sorted(named - self._persons.keys())):
            return
        found = yield PERSONS_OF_MEMBERS, {"owner": self.source, "ids": [UUID(one) for one in unknown]}
        persons = {str(member): str(person) for member, person in found}
        self._persons.update(dict.fromkeys(unknown, ""), **persons)
        if persons:
            ids = sorted(UUID(one) for one in set(persons.values()))
            for person, member, role in (yield MEMBERS_OF_PERSONS, {"owner": self.target, "ids": ids}):
                self._members[str(person)] = str(member), role is not None

    def columns(self, row: Mapping[str, Any]) -> Values:
        """Returns the columns that name members."""
        if self.is_to_person:
            return {"created_by": None, "updated_by": None, "assigned_to": None}
        if self.is_from_person:
            return {"created_by": self.caller, "updated_by": self.caller, "assigned_to": None}
        author, _ = self._member(row["created_by"])
        assignee, has_role = self._member(row["assigned_to"])
        return {
            "created_by": author,
            "updated_by": self.caller,
            "assigned_to": assignee if has_role else None,
        }

    def columns_of_comment(self, row: Mapping[str, Any]) -> Values:
        """Returns the columns that name members."""
        if self.is_to_person:
            return {"author_id": None, "mentions": None}
        if self.is_from_person:
            return {"author_id": self.caller, "mentions": None}
        mentions = [found for one in mentioned(row) if (found := self._member(one)[0])]
        author, _ = self._member(row["author_id"])
        return {"author_id": author, "mentions": orjson.dumps(mentions).decode() if mentions else None}

    def _member(self, member: Any) -> tuple[str | None, bool]:
        person = self._persons.get(str(member), "")
        return self._members.get(person, (None, False))


def _plain(value: Any) -> Any:
    """Returns what the writer does not know, a time or an id of the driver, as a column."""
    return to_microseconds(value) if isinstance(value, datetime) else str(value)
