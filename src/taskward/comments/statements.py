"""Every SQL statement on comments, except those of the feed and of the trash."""

from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    Integer,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from taskward.comments.tables import COLUMNS, COMMENT_TOMBSTONES, COMMENTS, TRASH_COMMENTS
from taskward.database.functions import any_of, few, monotonic_now
from taskward.database.statements import Command, Read
from taskward.database.types import CodePointText, Counter, Id, Ids, Instant
from taskward.spaces.tables import MEMBERS
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

_COMMENT_ID: Final = bindparam("comment_id", type_=Id())
_TASK_ID: Final = bindparam("task_id", type_=Id())
_AUTHOR: Final = bindparam("author_id", type_=Id())
_AFTER: Final = bindparam("after_id", type_=Id())
_NOW: Final = bindparam("now", type_=Instant())
_LIMIT: Final = bindparam("limit", type_=Integer())
_VERSION: Final = bindparam("version", type_=Counter)
_MINE: Final = (COMMENTS.c.user_id == OWNER, COMMENTS.c.id == _COMMENT_ID)

_WRITABLE: Final[dict[str, BindParameter[Any]]] = {
    "text": bindparam("text", type_=CodePointText),
    "mentions": bindparam("mentions", type_=Text()),
    "metadata": bindparam("metadata", type_=Text()),
}

GET_COMMENT: Final = Read("get comment", select(*COLUMNS).where(*_MINE), batch_keys=("owner", "comment_id"))


class Shape(NamedTuple):
    """The form of a list: whether of one task, of one author, after a cursor, and the newest first."""

    of_task: bool
    of_author: bool
    has_cursor: bool
    is_descending: bool


def _page(shape: Shape) -> Read:
    found = select(*COLUMNS).where(COMMENTS.c.user_id == OWNER)
    if shape.of_task:
        found = found.where(COMMENTS.c.task_id == _TASK_ID)
        found = found.with_hint(COMMENTS, "INDEXED BY ix_comments_user_id_task_id", "sqlite")
    if shape.of_author:
        found = found.where(COMMENTS.c.author_id == _AUTHOR)
        if not shape.of_task:
            found = found.with_hint(COMMENTS, "INDEXED BY ix_comments_user_id_author_id", "sqlite")
    if shape.has_cursor:
        found = found.where(COMMENTS.c.id < _AFTER if shape.is_descending else COMMENTS.c.id > _AFTER)
    order = COMMENTS.c.id.desc() if shape.is_descending else COMMENTS.c.id
    filters = zip(shape._fields, shape, strict=True)
    name = ", ".join(one.replace("_", " ") for one, is_given in filters if is_given)
    return Read(f"list comments{', ' if name else ''}{name}", found.order_by(order).limit(_LIMIT))


_EITHER: Final = (False, True)
PAGES: Final = {
    shape: _page(shape)
    for shape in (Shape(a, b, c, d) for a in _EITHER for b in _EITHER for c in _EITHER for d in _EITHER)
}
"""By their ids, whose beginning is the time of creation."""


def _counts() -> Read:
    counts = (
        select(COMMENTS.c.task_id, func.count().label("comments"))
        .where(COMMENTS.c.user_id == OWNER, COMMENTS.c.task_id > _AFTER)
        .group_by(COMMENTS.c.task_id)
        .order_by(COMMENTS.c.task_id)
        .limit(_LIMIT)
        .with_hint(COMMENTS, "INDEXED BY ix_comments_user_id_task_id", "sqlite")
        .subquery("counts")
    )
    newest = COMMENTS.alias("newest")
    last_at = (
        select(newest.c.created_at)
        .where(newest.c.user_id == OWNER, newest.c.task_id == counts.c.task_id)
        .order_by(newest.c.id.desc())
        .limit(1)
        .with_hint(newest, "INDEXED BY ix_comments_user_id_task_id", "sqlite")
        .scalar_subquery()
    )
    counted = select(counts.c.task_id, counts.c.comments, last_at.label("last_at"))
    return Read("count comments of tasks", counted.order_by(counts.c.task_id), long=True)


COUNT_PAGE: Final = _counts()
"""The tasks after an id that have comments, how many, and when the newest was made."""

_ROOM: Final = (
    select(func.count()).where(COMMENTS.c.user_id == OWNER, COMMENTS.c.task_id == _TASK_ID).scalar_subquery()
)
FIND_COMMENTED_TASK: Final = Read(
    "find the task of a comment",
    select(TASKS.c.id, _ROOM).where(TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID),
)
"""The task, and the number of its comments, which has a bound."""

FIND_DELETED_COMMENT: Final = Read(
    "find a deleted comment",
    select(USERS.c.id).where(
        USERS.c.id == OWNER,
        exists().where(COMMENT_TOMBSTONES.c.user_id == OWNER, COMMENT_TOMBSTONES.c.comment_id == _COMMENT_ID)
        | exists().where(TRASH_COMMENTS.c.user_id == OWNER, TRASH_COMMENTS.c.id == _COMMENT_ID),
    ),
)
"""Returns a row if there is a tombstone of it, or if it is in the trash with its task."""

MENTIONED_MEMBERS: Final = Read(
    "find mentioned members",
    select(MEMBERS.c.id).where(
        MEMBERS.c.user_id == OWNER,
        MEMBERS.c.role.is_not(None),
        any_of(MEMBERS.c.id, few(bindparam("ids", type_=Ids()))),
    ),
)
CREATE_COMMENT: Final = Command(
    "create comment",
    insert(COMMENTS)
    .values(
        {
            "user_id": OWNER,
            "id": _COMMENT_ID,
            "task_id": _TASK_ID,
            "author_id": _AUTHOR,
            "created_at": bindparam("created_at", type_=Instant()),
            "updated_at": _NOW,
            "version": _VERSION,
        }
        | _WRITABLE
    )
    .returning(*COLUMNS),
    "comment.create",
)
UPDATE_COMMENT: Final = Command(
    "update comment",
    update(COMMENTS)
    .where(*_MINE)
    .values(_WRITABLE | {"updated_at": monotonic_now(_NOW, COMMENTS.c.updated_at), "version": _VERSION})
    .returning(*COLUMNS),
    "comment.update",
)
"""Stores all writable fields, as they are after the change."""

DELETE_COMMENT: Final = Command("delete comment", delete(COMMENTS).where(*_MINE), "comment.delete")
ADD_COMMENT_TOMBSTONE: Final = Command(
    "add a comment's tombstone",
    upsert(COMMENT_TOMBSTONES)
    .values(user_id=OWNER, comment_id=_COMMENT_ID, version=_VERSION, deleted_at=_NOW)
    .on_conflict_do_update(
        index_elements=["user_id", "comment_id"], set_={"version": _VERSION, "deleted_at": _NOW}
    ),
)
