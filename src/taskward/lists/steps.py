"""The writes of one owner's lists, as steps of a transaction.

All checks come before the first change, under the lock of the owner's row: see `TransactionSteps`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from taskward.database.statements import Command, TransactionSteps, Values
from taskward.http.caller import Owner
from taskward.http.conditional import Gone, Versions
from taskward.http.errors import FieldError, PreconditionFailed, ValidationFailed
from taskward.ids import created_at, new_id
from taskward.lists.deletion import ListDeletion, TasksFate, TasksOption
from taskward.lists.errors import ListNotEmpty, ListNotFound
from taskward.lists.models import ListChanges, NewList, list_json
from taskward.lists.ordering import ListSiblings
from taskward.lists.statements import (
    COUNT_LISTS,
    COUNT_TASKS,
    CREATE_LIST,
    FIND_LIST_TOMBSTONE,
    GET_LIST,
    SET_LIST_POSITION,
    UPDATE_LIST,
)
from taskward.lists.tables import ListRecord
from taskward.tasks.fields.metadata import changed_metadata, metadata_json
from taskward.tasks.models import To
from taskward.tasks.positions import default_key
from taskward.tasks.records import version_tag
from taskward.tasks.steps.ordering import NewPosition, position_steps
from taskward.users.retention import Retention
from taskward.users.statements import COUNT_MANY, COUNT_MANY_OF_PERSON, LOCK_OWNER, person_values

MAX_LISTS: Final = 1000
"""Lists of one owner."""

TOO_MANY_LISTS: Final = f"A person has at most {MAX_LISTS} lists"
"""The message of the contract, for a space, too."""


@dataclass(frozen=True, slots=True)
class ListSteps:
    """The writes of one owner; any of them may follow others in one transaction.

    With `versions`, a list is changed only if it is in one of them. They raise as the methods of `ListStore`
    do. If `is_batch`, the error for another version carries the current list, and a deletion is never split.
    """

    owner: Owner
    retention: Retention
    is_batch: bool = False

    def create(self, new: NewList, given_id: UUID | None = None) -> TransactionSteps[ListRecord]:
        """Stores a new list, with the id that the client has made, if any."""
        yield LOCK_OWNER, self._owner
        list_id = given_id or new_id()
        if given_id is not None:
            yield from self._check_free(given_id)
        rows = yield COUNT_LISTS, self._owner
        if rows[0][0] >= MAX_LISTS:
            raise ValidationFailed([FieldError("body", TOO_MANY_LISTS)])
        values = {
            "title": new.title,
            "is_archived": new.is_archived,
            "metadata": metadata_json(new.metadata),
            "created_at": created_at(list_id),
            "now": created_at(list_id) if given_id is None else max(created_at(list_id), datetime.now(UTC)),
            "fields": sorted(new.given()),  # for the audit log
        }
        new_position = yield from self._new_position(new.position, list_id)
        return (yield from self._store(CREATE_LIST, list_id, values, new_position))

    def update(
        self, list_id: UUID, changes: ListChanges, versions: Versions | None
    ) -> TransactionSteps[ListRecord]:
        """Changes the given fields."""
        before = yield from self._matching(list_id, versions)
        given = changes.given()
        values = {
            "title": given.get("title", before.title),
            "is_archived": given.get("is_archived", before.is_archived),
            "metadata": changed_metadata(before.metadata, given),
            "now": datetime.now(UTC),
            "fields": sorted(given),
        }
        new_position = yield from self._new_position(given.get("position", before.position), list_id)
        return (yield from self._store(UPDATE_LIST, list_id, values, new_position))

    def delete(
        self, list_id: UUID, versions: Versions | None, tasks: TasksOption | None, to: To | None = None
    ) -> TransactionSteps[None]:
        """Deletes a list; the tasks in it are deleted, moved to the trash, or kept."""
        deletion = self.retention.deletion(datetime.now(UTC), to_trash=to is not None)
        yield from self._matching(list_id, versions)
        rows = yield COUNT_TASKS, self._values(list_id)
        count = rows[0][0]
        if count and tasks is None:
            raise ListNotEmpty
        fate: TasksFate = "trash" if to else tasks or "keep"
        change = ListDeletion(self.owner.id, list_id, fate, deletion)
        last = yield from self._numbers(count + 1)
        yield from change.steps(count, last, is_split=not self.is_batch)

    @property
    def _owner(self) -> Values:
        return {"owner": self.owner.id}

    def _values(self, list_id: UUID) -> dict[str, Any]:
        return {"owner": self.owner.id, "list_id": list_id}

    def _numbers(self, count: int, *, may_be_first: bool = False) -> TransactionSteps[int]:
        """Takes numbers of the owner's counter; returns the last one."""
        values = {**self._owner, "count": count}
        if may_be_first:
            rows = yield COUNT_MANY_OF_PERSON, values | person_values(self.owner)
        else:
            rows = yield COUNT_MANY, values
        number: int = rows[0][0]
        return number

    def _check_free(self, list_id: UUID) -> TransactionSteps[None]:
        rows = yield GET_LIST, self._values(list_id)
        if rows:
            raise _precondition_failed(ListRecord(*rows[0]), "A list with this id exists", shown=True)
        if (yield FIND_LIST_TOMBSTONE, self._values(list_id)):
            raise Gone("The list was deleted")

    def _matching(self, list_id: UUID, versions: Versions | None) -> TransactionSteps[ListRecord]:
        yield LOCK_OWNER, self._owner
        rows = yield GET_LIST, self._values(list_id)
        if not rows:
            raise ListNotFound
        found = ListRecord(*rows[0])
        if versions is not None and found.version not in versions:
            raise _precondition_failed(
                found, "The list has been changed since it was read", shown=self.is_batch
            )
        return found

    def _new_position(self, position: Any, list_id: UUID) -> TransactionSteps[NewPosition]:
        if position is None:
            return NewPosition(default_key(list_id))
        if isinstance(position, str):
            return NewPosition(position)
        return (yield from position_steps(ListSiblings(self.owner.id, list_id), position))

    def _store(
        self, statement: Command, list_id: UUID, values: Values, new_position: NewPosition
    ) -> TransactionSteps[ListRecord]:
        """Stores a list, and the new positions of the lists that make room for it."""
        last = yield from self._numbers(1 + len(new_position.moved), may_be_first=statement is CREATE_LIST)
        number = last - len(new_position.moved)
        stored = {**values, "position": new_position.position, "version": number}
        rows = yield statement, self._values(list_id) | stored
        for version, (moved, position) in enumerate(new_position.moved.items(), number + 1):
            change = {"position": position, "version": version, "now": values["now"], "fields": ["position"]}
            yield SET_LIST_POSITION, self._values(moved) | change
        return ListRecord(*rows[0])


def _precondition_failed(found: ListRecord, text: str, *, shown: bool) -> PreconditionFailed:
    return PreconditionFailed(version_tag(found.version), text, {"list": list_json(found)} if shown else None)
