"""The comments of an import: staged after its tasks, and published after them.

A comment whose task is neither in the document nor one that the owner has is left out, as other references
are that lead nowhere.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.comments.steps import MAX_OF_TASK
from taskward.comments.tables import COMMENT_TOMBSTONES, COMMENTS, TRASH_COMMENTS
from taskward.database import Queries
from taskward.database.json_values import values_of_json
from taskward.database.statements import SPLIT, Command, Read, TransactionSteps
from taskward.database.types import Counter, Id, to_microseconds
from taskward.http.errors import FieldError, ValidationFailed
from taskward.me.import_models import ImportedComment
from taskward.me.import_tables import IMPORT_COMMENTS, IMPORT_TASKS
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER

MAX_ROWS: Final = 200
"""Comments that are changed in one transaction; the largest ones have 20 KiB."""

COLUMNS: Final = ("id", "task_id", "text", "metadata", "created_at", "updated_at")
"""The columns of a staged comment, in the order of the JSON arrays that `STAGE_COMMENTS` takes."""

_AFTER: Final = bindparam("after_id", type_=Id())
_UP_TO: Final = bindparam("up_to_id", type_=Id())
_FIRST: Final = UUID(int=0)


def _is_there(
    table: Table, value: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Returns whether the owner has a row with that id, which is looked up for each value."""
    found = select(table.c.id).where(table.c.user_id == OWNER, table.c.id == value, *conditions)
    return found.scalar_subquery().is_not(None)


def _stage() -> Any:
    given = (*COLUMNS, "given_id")
    values = values_of_json(IMPORT_COMMENTS, given, bindparam("comments", type_=Text()))
    ids = values["id"], values.pop("given_id")
    owned = (_is_there(table, one) for table in (COMMENTS, TRASH_COMMENTS) for one in ids)
    has_task = or_(*(_is_there(table, values["task_id"]) for table in (IMPORT_TASKS, TASKS)))
    rows = select(OWNER, *values.values()).where(has_task, *(~one for one in owned))
    return insert(IMPORT_COMMENTS).from_select(["user_id", *values], rows).on_conflict_do_nothing()


STAGE_COMMENTS: Final = Command("stage comments", _stage(), quiet=True)
NEXT_STAGED_COMMENTS: Final = Read(
    "next staged comments",
    select(IMPORT_COMMENTS.c.id)
    .where(IMPORT_COMMENTS.c.user_id == OWNER, IMPORT_COMMENTS.c.id > _AFTER)
    .order_by(IMPORT_COMMENTS.c.id)
    .limit(bindparam("limit", type_=Integer())),
)


def _overfull() -> Read:
    staged = (
        select(IMPORT_COMMENTS.c.task_id, func.count().label("staged"))
        .where(IMPORT_COMMENTS.c.user_id == OWNER)
        .group_by(IMPORT_COMMENTS.c.task_id)
        .subquery("staged")
    )
    present = (
        select(func.count())
        .where(COMMENTS.c.user_id == OWNER, COMMENTS.c.task_id == staged.c.task_id)
        .scalar_subquery()
    )
    too_many = staged.c.staged + present > MAX_OF_TASK
    return Read("task with too many staged comments", select(staged.c.task_id).where(too_many).limit(1))


OVERFULL: Final = _overfull()

_STAGED: Final = IMPORT_COMMENTS.c.user_id == OWNER
_RANGE: Final = (
    _STAGED,
    IMPORT_COMMENTS.c.id > _AFTER,
    IMPORT_COMMENTS.c.id <= _UP_TO,
)


def _publish() -> Any:
    number = (
        bindparam("first_number", type_=Counter)
        + func.row_number().over(order_by=IMPORT_COMMENTS.c.id)
        - literal_column("1", Integer())
    )
    published = select(OWNER, *(IMPORT_COMMENTS.c[name] for name in COLUMNS), number).where(
        *_RANGE,
        _is_there(TASKS, IMPORT_COMMENTS.c.task_id, _STAGED),
        ~_is_there(TRASH_COMMENTS, IMPORT_COMMENTS.c.id, _STAGED),
    )
    return insert(COMMENTS).from_select(["user_id", *COLUMNS, "version"], published).on_conflict_do_nothing()


PUBLISH_COMMENTS: Final = Command("publish staged comments", _publish(), "comment.import")
"""Numbers the comments of a range of ids from `first_number` on. Repeating it has no effect."""

DROP_COMMENT_TOMBSTONES: Final = Command(
    "drop the tombstones of imported comments",
    delete(COMMENT_TOMBSTONES).where(
        COMMENT_TOMBSTONES.c.user_id == OWNER,
        COMMENT_TOMBSTONES.c.comment_id > _AFTER,
        COMMENT_TOMBSTONES.c.comment_id <= _UP_TO,
        COMMENT_TOMBSTONES.c.comment_id.in_(select(IMPORT_COMMENTS.c.id).where(*_RANGE)),
    ),
    quiet=True,
)
UNSTAGE_COMMENTS: Final = Command(
    "delete staged comments", delete(IMPORT_COMMENTS).where(*_RANGE), quiet=True
)


class ImportComments:
    """The comments of one import."""

    def __init__(self, database: Queries, owner: UUID) -> None:
        self.new = 0
        """The number of staged comments, once they are counted."""
        self._database = database
        self._owner = owner

    def staged_rows(
        self, comments: Sequence[ImportedComment], stored_tasks: Mapping[UUID, UUID]
    ) -> Iterator[str]:
        """Yields comments as the JSON arrays that `STAGE_COMMENTS` takes.

        `stored_tasks` has the id of a task that is stored under another one than its own.
        """
        for start in range(0, len(comments), MAX_ROWS):
            some = comments[start : start + MAX_ROWS]
            rows = [_row(one, stored_tasks.get(one.task_id, one.task_id)) for one in some]
            yield orjson.dumps(rows).decode()

    async def count(self) -> None:
        """Counts those that are staged."""
        self.new, after = 0, _FIRST
        values = {"owner": self._owner, "limit": 1000}
        while ids := await self._database.rows(NEXT_STAGED_COMMENTS, values | {"after_id": after}):
            self.new += len(ids)
            after = UUID(str(ids[-1][0]))
            await asyncio.sleep(0)  # SQLite returns the next page at once; this lets other requests run

    def check_steps(self) -> TransactionSteps[None]:
        """Checks that no task gets too many comments, under the owner's lock.

        Raises:
            ValidationFailed: one does.

        """
        if self.new and (yield OVERFULL, {"owner": self._owner}):
            raise ValidationFailed([FieldError("comments", f"A task has at most {MAX_OF_TASK} comments")])


def comment_copy_steps(owner: UUID, first: int, change: str) -> TransactionSteps[None]:
    """Copies the staged comments to `comments`, numbered from `first` on; `change` is that of the lock."""
    after = _FIRST
    while True:
        values = {"owner": owner, "after_id": after, "limit": MAX_ROWS}
        ids = yield NEXT_STAGED_COMMENTS, values
        if not ids:
            return
        if after != _FIRST:
            yield SPLIT, {"owner": owner, "change": change}
        page = {"owner": owner, "after_id": after, "up_to_id": UUID(str(ids[-1][0]))}
        yield PUBLISH_COMMENTS, {**page, "first_number": first, "count": len(ids)}
        yield DROP_COMMENT_TOMBSTONES, page
        first, after = first + len(ids), page["up_to_id"]


def unstage_comments_steps(owner: UUID) -> TransactionSteps[bool]:
    """Deletes some of the staged comments; returns whether there may be more."""
    ids = yield NEXT_STAGED_COMMENTS, {"owner": owner, "after_id": _FIRST, "limit": MAX_ROWS}
    if ids:
        page = {"owner": owner, "after_id": _FIRST, "up_to_id": UUID(str(ids[-1][0]))}
        yield UNSTAGE_COMMENTS, page
    return len(ids) == MAX_ROWS


def _row(comment: ImportedComment, task_id: UUID) -> tuple[Any, ...]:
    metadata = orjson.dumps(comment.metadata).decode() if comment.metadata else None
    times = to_microseconds(comment.created_at), to_microseconds(comment.updated_at)
    return comment.stored_id, task_id, comment.text, metadata, *times, comment.id
