"""The entries of the activity of a space: what a transaction has changed, by the statements that it ran.

They have names of fields and ids, and no value that a user has written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.activity.statements import DROPPED_AT_ONCE
from taskward.activity.tables import ActivityRecord
from taskward.database.statements import Command, Statement, Values, Write
from taskward.database.types import to_microseconds
from taskward.ids import first_id_at, new_id

ACTIONS: Final = {
    "task.create": "created",
    "task.update": "updated",
    "task.relabel": "updated",
    "task.delete": "deleted",
    "task.trash": "trashed",
    "task.restore": "restored",
    "task.move": "moved_out",
    "list.create": "created",
    "list.update": "updated",
    "list.delete": "deleted",
    "list.move": "moved_out",
    "comment.create": "commented",
    "comment.update": "updated",
    "comment.delete": "deleted",
    "member.join": "joined",
    "member.update": "renamed",
    "member.role": "role_changed",
    "member.remove": "removed",
}
"""The action of an entry by that of a statement; other statements leave none."""

_OF_A_LIST: Final = frozenset({"list.delete", "list.move"})
"""Their entry has the number of the tasks that were deleted after the list, or moved before it."""

_BASE_FIELDS: Final = ("title", "is_completed", "completed_at")
_FIELD_OF: Final = {"add_labels": "labels", "remove_labels": "labels"}
"""The field that a key of a request changes, if that has another name."""
_IDS: Final = ("task_id", "list_id", "comment_id", "member_id")


def of_write(write: Write, values: Values, via: str | None, kept: timedelta) -> dict[str, Any]:
    """Returns the parameters of `OF_WRITE` but the actor, of the entry of a write of one task."""
    action, fields = _action_of_task(str(write.action), values)
    now, entry_id = datetime.now(UTC), new_id()
    drops = entry_id.int % (DROPPED_AT_ONCE // 2) == 0  # so twice as many as are added
    return {
        "activity_kept_from": first_id_at(now - kept) if drops else None,
        "activity_id": entry_id,
        "activity_at": now,
        "activity_action": action,
        "activity_fields": fields,
        "activity_via": via,
    }


def leaves_entry(statement: Statement) -> bool:
    """Returns whether a statement is named in the activity."""
    return isinstance(statement, Write | Command) and statement.action in ACTIONS


@dataclass(slots=True)
class Entries:
    """The entries of one transaction in one space."""

    via: str | None
    actor: UUID | None = None
    _found: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Actions of statements, and the columns of the entries that differ."""

    def add(self, action: str, values: Values, *, arrived: bool = False) -> None:
        """Adds what a command has changed; with `arrived`, as it is in the target of a move."""
        what = "moved_in" if arrived else ACTIONS[action]
        if action == "task.relabel":
            self._relabel(values["count"])
        elif action.startswith("task.") and "ids" in values:
            self._add_several(action, what, values)
        elif action in _OF_A_LIST:
            number = self._pop_moved_tasks() if action == "list.move" else 0
            self._found.append((action, {"action": what, "list_id": values["list_id"], "number": number}))
        else:
            self._found.append((action, self._of_one(action, what, values)))

    def take_rows(self) -> list[Sequence[Any]]:
        """Returns the rows to add, once."""
        now = to_microseconds(datetime.now(UTC))
        found, self._found = self._found, []
        common = {"at": now, "actor_id": self.actor, "via": self.via}
        rows = [{"id": str(new_id())} | common | columns for _, columns in found]
        return [[_plain(row.get(name)) for name in ActivityRecord._fields] for row in rows]

    def _of_one(self, action: str, what: str, values: Values) -> dict[str, Any]:
        columns: dict[str, Any] = {name: values[name] for name in _IDS if values.get(name) is not None}
        kind = action.partition(".")[0]
        if kind != "comment":
            columns = {f"{kind}_id": values[f"{kind}_id"]}
        if kind == "member":
            if self.actor is None:  # who joins
                self.actor = values["member_id"]
            if what == "removed" and str(self.actor) == str(values["member_id"]):
                what = "left"
        elif action == "list.update" and values["fields"] == ["title"]:
            what = "renamed"
        elif what == "updated":
            columns["fields"] = _names(values["fields"])
        return {"action": what, **columns}

    def _add_several(self, action: str, what: str, values: Values) -> None:
        """Adds tasks, or their number to the entry of their list, which was deleted just before."""
        ids: Sequence[UUID] = values["ids"]
        last, columns = self._found[-1] if self._found else ("", {})
        if last == "list.delete" and columns["list_id"] == values.get("list_id"):
            columns["number"] += len(ids)
            return
        fields = {"fields": _names(values["fields"])} if what == "updated" else {}
        self._found += [(action, {"action": what, "task_id": one, **fields}) for one in ids]

    def _relabel(self, count: int) -> None:
        """Adds to the last entry if it is of the same label, whose tasks change in parts."""
        if self._found and self._found[-1][0] == "task.relabel":
            count += self._found.pop()[1]["number"]
        self._found.append(
            ("task.relabel", {"action": "updated", "number": count, "fields": _names(["labels"])})
        )

    def _pop_moved_tasks(self) -> int:
        """Removes the last entries, of tasks that were moved with their list, and returns their number."""
        count = 0
        while self._found and self._found[-1][0].startswith("task."):
            self._found.pop()
            count += 1
        return count


def _action_of_task(action: str, values: Values) -> tuple[str, str | None]:
    if action != "task.update":
        return ACTIONS[action], None
    names = values.get("fields")
    if names is None:
        names = [name for name in _BASE_FIELDS if values.get(name) is not None]
        names += ["description"] * bool(values.get("describes"))
    before, after = values.get("was_completed"), values.get("is_completed")
    if before is not None and after is not None and before != after:
        return ("completed" if after else "reopened"), _names(names)
    return "updated", _names(names)


def _names(names: Iterable[str]) -> str:
    return _json_of(frozenset(names))


@lru_cache(256)
def _json_of(names: frozenset[str]) -> str:
    return orjson.dumps(sorted({_FIELD_OF.get(name, name) for name in names})).decode()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
