"""The writes of one owner's comments, as steps of a transaction.

All checks come before the first change, under the lock of the owner's row: see `TransactionSteps`. A comment
takes a number of the owner's counter as its version, and leaves its task as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.comments.errors import CommentNotFound
from taskward.comments.models import NO_MEMBER, NOTHING_GIVEN, CommentChanges, NewComment, comment_json
from taskward.comments.statements import (
    ADD_COMMENT_TOMBSTONE,
    CREATE_COMMENT,
    DELETE_COMMENT,
    FIND_COMMENTED_TASK,
    FIND_DELETED_COMMENT,
    GET_COMMENT,
    MENTIONED_MEMBERS,
    UPDATE_COMMENT,
)
from taskward.comments.tables import COMMENT_TOMBSTONES, CommentRecord
from taskward.database.statements import TransactionSteps, Values
from taskward.http.caller import Owner
from taskward.http.conditional import Gone, Versions
from taskward.http.errors import FieldError, PreconditionFailed, ValidationFailed
from taskward.http.roles import Role
from taskward.ids import created_at, new_id
from taskward.spaces.errors import RoleTooLow
from taskward.tasks.fields.metadata import changed_metadata, metadata_json
from taskward.tasks.records import version_tag
from taskward.tasks.steps.checks import check_all_steps
from taskward.tasks.steps.several import first_number_steps
from taskward.tasks.tombstones import drop_expired_steps
from taskward.users.retention import Retention
from taskward.users.statements import LOCK_OWNER

MAX_OF_TASK: Final = 1000
"""Comments on one task."""

_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class CommentSteps:
    """The writes of one owner; any of them may follow others in one transaction.

    With `versions`, a comment is changed only if it is in one of them. They raise as the methods of
    `CommentStore` do. If `is_batch`, the error for another version carries the current comment.
    """

    owner: Owner
    retention: Retention
    is_batch: bool = False

    def create(self, new: NewComment, given_id: UUID | None = None) -> TransactionSteps[CommentRecord]:
        """Stores a new comment, with the id that the client has made, if any."""
        yield LOCK_OWNER, self._owner
        comment_id = given_id or new_id()
        if given_id is not None:
            yield from self._check_free(given_id)
        yield from check_all_steps(self._check_room(new.task_id), self._check_mentions(new.mentions or ()))
        made = created_at(comment_id)
        values = {
            "task_id": new.task_id,
            "author_id": self.owner.written_by,
            "text": new.text,
            "mentions": _ids_json(new.mentions or ()),
            "metadata": metadata_json(new.metadata),
            "created_at": made,
            "now": made if given_id is None else max(made, datetime.now(UTC)),
            "version": (yield from first_number_steps(self.owner.id, 1)),
            "fields": sorted(new.given()),  # for the audit log
        }
        return CommentRecord(*(yield CREATE_COMMENT, self._values(comment_id) | values)[0])

    def update(
        self, comment_id: UUID, changes: CommentChanges, versions: Versions | None
    ) -> TransactionSteps[CommentRecord]:
        """Changes the given fields."""
        yield LOCK_OWNER, self._owner
        before = yield from self._found(comment_id)
        if not self._is_author(before):
            raise RoleTooLow(_READING | ({"DELETE"} if self._may_delete_any else set()))
        self._check_version(before, versions)
        if changes.given_task_id not in (None, UUID(str(before.task_id))):
            raise _invalid("task_id", "A comment stays with its task")
        if not (given := changes.given()):
            raise _invalid("body", NOTHING_GIVEN)
        metadata = changed_metadata(before.metadata, given)
        mentions = before.mentions
        if "mentions" in given:
            yield from self._check_mentions(given["mentions"], known=orjson.loads(mentions or "[]"))
            mentions = _ids_json(given["mentions"])
        values = {
            "task_id": before.task_id,  # for the activity
            "text": given.get("text", before.text),
            "mentions": mentions,
            "metadata": metadata,
            "now": datetime.now(UTC),
            "version": (yield from first_number_steps(self.owner.id, 1)),
            "fields": sorted(given),
        }
        return CommentRecord(*(yield UPDATE_COMMENT, self._values(comment_id) | values)[0])

    def delete(
        self, comment_id: UUID, versions: Versions | None, _option: Any = None, _to: Any = None
    ) -> TransactionSteps[None]:
        """Deletes a comment for good."""
        deletion = self.retention.deletion(datetime.now(UTC), to_trash=False)
        yield LOCK_OWNER, self._owner
        found = yield from self._found(comment_id)
        if not (self._is_author(found) or self._may_delete_any):
            raise RoleTooLow(_READING)
        self._check_version(found, versions)
        number = yield from first_number_steps(self.owner.id, 1)
        values = self._values(comment_id) | {"version": number, "now": deletion.now, "task_id": found.task_id}
        yield DELETE_COMMENT, values
        yield ADD_COMMENT_TOMBSTONE, values
        yield from drop_expired_steps(self.owner.id, COMMENT_TOMBSTONES, 1, deletion.tombstones_since)

    @property
    def _owner(self) -> Values:
        return {"owner": self.owner.id}

    @property
    def _may_delete_any(self) -> bool:
        return self.owner.author is None or self.owner.author.role == Role.OWNER

    def _is_author(self, comment: CommentRecord) -> bool:
        return self.owner.author is None or str(comment.author_id) == str(self.owner.written_by)

    def _values(self, comment_id: UUID) -> dict[str, Any]:
        return {"owner": self.owner.id, "comment_id": comment_id}

    def _check_free(self, comment_id: UUID) -> TransactionSteps[None]:
        rows = yield GET_COMMENT, self._values(comment_id)
        if rows:
            raise _precondition_failed(CommentRecord(*rows[0]), "A comment with this id exists", shown=True)
        if (yield FIND_DELETED_COMMENT, self._values(comment_id)):
            raise Gone("The comment was deleted")

    def _check_room(self, task_id: UUID) -> TransactionSteps[None]:
        rows = yield FIND_COMMENTED_TASK, {**self._owner, "task_id": task_id}
        if not rows:
            raise _invalid("task_id", "Task not found")
        if rows[0][1] >= MAX_OF_TASK:
            raise _invalid("task_id", f"A task has at most {MAX_OF_TASK} comments")

    def _check_mentions(self, given: Iterable[UUID], known: Iterable[str] = ()) -> TransactionSteps[None]:
        """Checks that the mentioned are members; those that are stored are not checked again."""
        unknown = [one for one in map(str, given) if one not in known]
        if not unknown:
            return
        members: set[str] = set()
        if self.owner.author is not None:
            rows = yield MENTIONED_MEMBERS, {**self._owner, "ids": unknown}
            members = {str(row[0]) for row in rows}
        problems = [
            FieldError(f"mentions.{number}", NO_MEMBER)
            for number, one in enumerate(map(str, given))
            if one in unknown and one not in members
        ]
        if problems:
            raise ValidationFailed(problems)

    def _found(self, comment_id: UUID) -> TransactionSteps[CommentRecord]:
        rows = yield GET_COMMENT, self._values(comment_id)
        if not rows:
            raise CommentNotFound
        return CommentRecord(*rows[0])

    def _check_version(self, found: CommentRecord, versions: Versions | None) -> None:
        if versions is not None and found.version not in versions:
            text = "The comment has been changed since it was read"
            raise _precondition_failed(found, text, shown=self.is_batch)


def _precondition_failed(found: CommentRecord, text: str, *, shown: bool) -> PreconditionFailed:
    current = {"comment": comment_json(found)} if shown else None
    return PreconditionFailed(version_tag(found.version), text, current)


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed([FieldError(field, message)])


def _ids_json(ids: Iterable[UUID]) -> str | None:
    """Returns ids as they are stored, each once."""
    texts = list(dict.fromkeys(map(str, ids)))
    return orjson.dumps(texts).decode() if texts else None
