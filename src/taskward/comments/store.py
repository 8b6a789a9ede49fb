"""The comments of one owner; every statement is filtered by that owner."""

from collections.abc import Callable
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import Depends

from taskward.comments.errors import CommentNotFound
from taskward.comments.models import (
    ME,
    CommentChanges,
    CommentCountsQuery,
    CommentQuery,
    NewComment,
    comment_json,
    comment_path,
    count_json,
)
from taskward.comments.statements import COUNT_PAGE, GET_COMMENT, PAGES, Shape
from taskward.comments.steps import CommentSteps
from taskward.comments.tables import CommentRecord
from taskward.database import OWNED_ROWS, Queries
from taskward.database.statements import T, TransactionSteps, Values
from taskward.http.caller import Owner
from taskward.http.conditional import Versions, scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import decode_id, encode_id, scope_of
from taskward.http.responses import dump_json, write_json_list
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.records import version_tag
from taskward.tasks.statements import COUNTER, MY_MEMBER_ID
from taskward.users.retention import RETENTION, Retention

_BEFORE_ALL: Final = UUID(int=0)


class CommentListing(NamedTuple):
    """The page that a request asks for: which comments, after which id, and how many."""

    shape: Shape
    task_id: UUID | None
    author_id: UUID | None
    after_id: UUID | None
    limit: int
    scope: bytes
    """Of its cursors."""


class CommentStore:
    """The comments of one owner, who is fixed for the store's lifetime."""

    def __init__(self, database: Queries, owner: Owner, list_cache: ListCache, retention: Retention) -> None:
        self._database = database
        self._list_cache = list_cache
        self.owner = owner
        self._steps = CommentSteps(owner, retention)

    async def listing(self, query: CommentQuery) -> CommentListing:
        """Returns the page that a query asks for.

        Raises:
            ValidationFailed: the cursor is not valid for this owner, sort and filter.

        """
        scope = scope_of(self.owner.id, "comments", query.task_id, query.author, query.sort)
        after = _position(query.cursor, scope)
        author = query.author
        if author == ME:  # of a person they all are
            author = None if self.owner.author is None else await self._my_member_id()
        shape = Shape(
            query.task_id is not None, author is not None, after is not None, query.sort.startswith("-")
        )
        return CommentListing(shape, query.task_id, author, after, query.limit, scope)

    async def tag(self, listing: CommentListing) -> str:
        """Returns the entity tag of a page, by reading one row; read before the page, which may be newer."""
        scope = scope_of(listing.scope, listing.author_id, listing.after_id, listing.limit)
        return scoped_tag(await self._counter(), scope)

    async def body(self, listing: CommentListing) -> bytes:
        """Returns a page of comments as a response body."""
        values: Values = {
            "owner": self.owner.id,
            "task_id": listing.task_id,
            "author_id": listing.author_id,
            "after_id": listing.after_id,
            "limit": listing.limit + 1,
        }
        rows = await self._database.rows(PAGES[listing.shape], values)
        shown = [CommentRecord(*row) for row in rows[: listing.limit]]
        next_cursor = encode_id(shown[-1].id, listing.scope) if len(rows) > listing.limit else None
        return await write_json_list("comments", shown, comment_json, {"next_cursor": next_cursor})

    async def counts_tag(self, query: CommentCountsQuery) -> str:
        """Returns the entity tag of a page of counts, as `tag`; raises as `counts`."""
        after = _position(query.cursor, self._scope_of_counts)
        return scoped_tag(await self._counter(), scope_of(self._scope_of_counts, after, query.limit))

    async def counts(self, query: CommentCountsQuery) -> bytes:
        """Returns a page of the tasks with comments, and how many each has, as a response body.

        Raises:
            ValidationFailed: the cursor is not valid for this owner.

        """
        scope = self._scope_of_counts
        after = _position(query.cursor, scope) or _BEFORE_ALL
        values = {"owner": self.owner.id, "after_id": after, "limit": query.limit + 1}
        rows = await self._database.rows(COUNT_PAGE, values)
        shown = rows[: query.limit]
        next_cursor = encode_id(shown[-1][0], scope) if len(rows) > query.limit else None
        return await write_json_list("counts", shown, count_json, {"next_cursor": next_cursor})

    async def get(self, comment_id: UUID) -> CommentRecord:
        """Returns one comment.

        Raises:
            CommentNotFound: the owner has no comment of that id.

        """
        rows = await self._database.rows(GET_COMMENT, {"owner": self.owner.id, "comment_id": comment_id})
        if not rows:
            raise CommentNotFound
        return CommentRecord(*rows[0])

    async def create(self, new: NewComment, record: PendingRecord | None = None) -> CommentRecord:
        """Stores a new comment; with a `record`, also the response.

        Raises:
            ValidationFailed: there is no such task, it has no room, or who is mentioned is no member.

        """
        return await self._transact(lambda: self._create_steps(new, record))

    async def create_at(self, comment_id: UUID, new: NewComment) -> CommentRecord:
        """Stores a new comment with an id that the client has made.

        Raises:
            PreconditionFailed: the owner has a comment of that id.
            Gone: such a comment was deleted.
            ValidationFailed: as for `create`.

        """
        return await self._transact(lambda: self._steps.create(new, comment_id))

    async def update(
        self, comment_id: UUID, changes: CommentChanges, versions: Versions | None = None
    ) -> CommentRecord:
        """Changes the given fields; with `versions`, only if the comment is in one of them.

        Raises:
            CommentNotFound: the owner has no such comment.
            RoleTooLow: another member wrote it.
            PreconditionFailed: it is in another version.
            ValidationFailed: the changes do not fit what is stored.

        """
        return await self._transact(lambda: self._steps.update(comment_id, changes, versions))

    async def delete(self, comment_id: UUID, versions: Versions | None = None) -> None:
        """Deletes a comment permanently; with `versions`, only if it is in one of them.

        Raises:
            CommentNotFound: the owner has no such comment.
            RoleTooLow: another member wrote it, and the caller is no owner of the space.
            PreconditionFailed: it is in another version.

        """
        await self._transact(lambda: self._steps.delete(comment_id, versions))

    @property
    def _scope_of_counts(self) -> bytes:
        return scope_of(self.owner.id, "counts of comments")

    async def _counter(self) -> int:
        rows = await self._database.rows(COUNTER, {"owner": self.owner.id})
        return int(rows[0][0]) if rows else 0

    async def _my_member_id(self) -> UUID:
        rows = await self._database.rows(MY_MEMBER_ID, {"owner": self.owner.id})
        return UUID(str(rows[0][0]))

    async def _transact(self, steps: Callable[[], TransactionSteps[T]]) -> T:
        result = await self._database.transact(steps)
        self._list_cache.forget(self.owner.id)
        return result

    def _create_steps(self, new: NewComment, record: PendingRecord | None) -> TransactionSteps[CommentRecord]:
        created = yield from self._steps.create(new)
        if record is not None:
            body = dump_json(comment_json(created))
            values = record.values(201, body, comment_path(self.owner, created.id))
            values |= {"owner": self.owner.id, "tag": version_tag(created.version)}
            yield from store_response_steps(values)
        return created


def _position(cursor: str | None, scope: bytes) -> UUID | None:
    return None if cursor is None else decode_id(cursor, scope)


def _my_comments(context: Context) -> CommentStore:
    parts = context.parts
    return CommentStore(parts[OWNED_ROWS], context.owner, parts[LIST_CACHE], parts[RETENTION])


MyComments = Annotated[CommentStore, Depends(_my_comments)]
"""For a handler: the caller's comments."""
