"""The lists, comments, trash, access tokens, labels, changes and own data of an asynchronous client."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Generic, Literal, TypeAlias, TypeVar, Unpack

from taskward_client import _operations as operations
from taskward_client._async_io import sleep
from taskward_client._async_transport import AsyncTransport
from taskward_client._calls import Tagged
from taskward_client._feed import SILENCE, Event, FeedStream
from taskward_client._operations import KeepOrDelete, ToTrash
from taskward_client.errors import APIError, CursorExpired, NoResponse
from taskward_client.types import (
    ChangeList,
    Comment,
    CommentChanges,
    CommentCount,
    CommentCounts,
    CommentDeleted,
    CommentList,
    CountCommentsQuery,
    CreatedToken,
    Erased,
    Export,
    GetAgendaQuery,
    Import,
    Imported,
    LabelCount,
    LabelList,
    List,
    ListChanges,
    ListChangesQuery,
    ListCommentsQuery,
    ListDeleted,
    ListLabelsQuery,
    ListTrashQuery,
    NewComment,
    NewList,
    NewToken,
    SpaceChangeList,
    Task,
    TaskList,
    TaskPurged,
    Token,
    TokenRevoked,
    TrashedTask,
    TrashList,
    User,
)

_Lists: TypeAlias = list[List]
_Tokens: TypeAlias = list[Token]
Kinds: TypeAlias = Literal[
    "tasks",
    "lists",
    "comments",
    "tasks,lists",
    "lists,tasks",
    "tasks,lists,comments",
    "spaces",
    "tasks,lists,spaces",
    "tasks,lists,comments,spaces",
    "members",
    "space",
    "members,space",
    "tasks,lists,members,space",
    "tasks,lists,comments,members,space",
]
"""`spaces` is of the user's own feed; `members` and `space` are of that of a space."""
Page = TypeVar("Page", ChangeList, SpaceChangeList)


class AsyncLists:
    """The user's lists."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> _Lists:
        """Returns all lists, by position."""
        return await self._transport.send(operations.list_lists())

    async def get(self, list_id: str) -> Tagged[List]:
        """Returns a list."""
        return await self._transport.send(operations.get_list(list_id))

    async def create(self, new: NewList, *, idempotency_key: str | None = None) -> Tagged[List]:
        """Creates a list, once; give a key of your own if you repeat the call yourself."""
        return await self._transport.send(operations.create_list(new, idempotency_key))

    async def create_at(self, list_id: str, new: NewList) -> Tagged[List]:
        """Creates a list with an id of your own, as `tasks.create_at` does."""
        return await self._transport.send(operations.create_list_at(list_id, new))

    async def update(
        self, list_id: str, changes: ListChanges, *, if_match: str | None = None
    ) -> Tagged[List]:
        """Changes the given fields and no others."""
        return await self._transport.send(operations.update_list(list_id, changes, if_match))

    async def patch(self, list_id: str, changes: ListChanges, *, if_match: str | None = None) -> Tagged[List]:
        """Does what `update` does, as a JSON Merge Patch."""
        return await self._transport.send(operations.patch_list(list_id, changes, if_match))

    async def delete(
        self,
        list_id: str,
        *,
        tasks: KeepOrDelete | None = None,
        to: ToTrash | None = None,
        if_match: str | None = None,
    ) -> ListDeleted:
        """Deletes a list; one with tasks only if `tasks` says what becomes of them, else ListNotEmpty.

        With `tasks="delete"`, `to="trash"` puts the tasks into the trash. The list itself is gone.
        """
        return await self._transport.send(operations.delete_list(list_id, tasks, to, if_match))


class AsyncComments:
    """The comments on tasks."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, **query: Unpack[ListCommentsQuery]) -> CommentList:
        """Returns a page of the comments, of one task or of all."""
        return await self._transport.send(operations.list_comments(query))

    async def iterate(self, **query: Unpack[ListCommentsQuery]) -> AsyncIterator[Comment]:
        """Yields the comments, page after page."""
        while True:
            page = await self.list(**query)
            for comment in page["comments"]:
                yield comment
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def counts(self, **query: Unpack[CountCommentsQuery]) -> CommentCounts:
        """Returns a page of the tasks that have comments, each with their number."""
        return await self._transport.send(operations.count_comments(query))

    async def iterate_counts(self, **query: Unpack[CountCommentsQuery]) -> AsyncIterator[CommentCount]:
        """Yields all tasks that have comments, each with their number, page after page."""
        while True:
            page = await self.counts(**query)
            for count in page["counts"]:
                yield count
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def create(self, new: NewComment, *, idempotency_key: str | None = None) -> Tagged[Comment]:
        """Creates a comment on a task, once; give a key of your own if you repeat the call yourself."""
        return await self._transport.send(operations.create_comment(new, idempotency_key))

    async def get(self, comment_id: str) -> Tagged[Comment]:
        """Returns a comment."""
        return await self._transport.send(operations.get_comment(comment_id))

    async def create_at(self, comment_id: str, new: NewComment) -> Tagged[Comment]:
        """Creates a comment with an id of your own, as `tasks.create_at` does."""
        return await self._transport.send(operations.create_comment_at(comment_id, new))

    async def update(
        self, comment_id: str, changes: CommentChanges, *, if_match: str | None = None
    ) -> Tagged[Comment]:
        """Changes the given fields and no others; in a space only the author's own."""
        return await self._transport.send(operations.update_comment(comment_id, changes, if_match))

    async def patch(
        self, comment_id: str, changes: CommentChanges, *, if_match: str | None = None
    ) -> Tagged[Comment]:
        """Does what `update` does, as a JSON Merge Patch."""
        return await self._transport.send(operations.patch_comment(comment_id, changes, if_match))

    async def delete(self, comment_id: str, *, if_match: str | None = None) -> CommentDeleted:
        """Deletes a comment."""
        return await self._transport.send(operations.delete_comment(comment_id, if_match))


class AsyncTrash:
    """The deleted tasks that can be restored."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, **query: Unpack[ListTrashQuery]) -> TrashList:
        """Returns a page of the trash, the newest deletion first."""
        return await self._transport.send(operations.list_trash(query))

    async def iterate(self, **query: Unpack[ListTrashQuery]) -> AsyncIterator[TrashedTask]:
        """Yields everything in the trash, page after page."""
        while True:
            page = await self.list(**query)
            for task in page["tasks"]:
                yield task
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def restore(self, task_id: str, *, idempotency_key: str | None = None) -> Tagged[Task]:
        """Restores a task, and with it all that were deleted with it.

        Raises:
            NotFound: it is not in the trash.

        """
        return await self._transport.send(operations.restore_task(task_id, idempotency_key))

    async def purge(self, task_id: str) -> TaskPurged:
        """Deletes a task in the trash permanently, and with it all that were deleted with it."""
        return await self._transport.send(operations.purge_task(task_id))

    async def empty(self) -> int:
        """Deletes everything in the trash permanently; returns the number of tasks."""
        return await self._transport.send(operations.empty_trash())


class AsyncAccessTokens:
    """The access tokens that the user has made for scripts and agents."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> _Tokens:
        """Returns the tokens without their secrets, the newest first."""
        return await self._transport.send(operations.list_tokens())

    async def create(self, *, idempotency_key: str | None = None, **token: Unpack[NewToken]) -> CreatedToken:
        """Makes a token. Its text is in `token`, in this response only: a repeated one has none."""
        return await self._transport.send(operations.create_token(token, idempotency_key))

    async def revoke(self, token_id: str) -> TokenRevoked:
        """Revokes a token.

        Raises:
            NotFound: there is no such token.

        """
        return await self._transport.send(operations.revoke_token(token_id))

    async def revoke_all(self) -> int:
        """Revokes all tokens; returns their number."""
        return await self._transport.send(operations.revoke_all_tokens())


class AsyncLabels:
    """The labels of the user's tasks."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, **query: Unpack[ListLabelsQuery]) -> LabelList:
        """Returns a page of the labels in use, each with its number of tasks."""
        return await self._transport.send(operations.list_labels(query))

    async def iterate(self, **query: Unpack[ListLabelsQuery]) -> AsyncIterator[LabelCount]:
        """Yields all labels in use, page after page."""
        while True:
            page = await self.list(**query)
            for label in page["labels"]:
                yield label
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def rename(self, old: str, new: str, *, idempotency_key: str | None = None) -> int:
        """Renames a label on all tasks that have it, and returns their number."""
        return await self._transport.send(operations.rename_label(old, new, idempotency_key))

    async def remove(self, label: str, *, idempotency_key: str | None = None) -> int:
        """Removes a label from all tasks that have it, and returns their number."""
        return await self._transport.send(operations.remove_label(label, idempotency_key))


class AsyncChanges(Generic[Page]):
    """The changes of what belongs to the user, or to a space."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, **query: Unpack[ListChangesQuery]) -> Page:
        """Returns the changes since a cursor; without one, from the beginning."""
        page: Page = await self._transport.send(operations.list_changes(query))
        return page

    async def iterate(self, **query: Unpack[ListChangesQuery]) -> AsyncIterator[Page]:
        """Yields the changes since a cursor, page after page, until there are no more."""
        more = True
        while more:
            page = await self.list(**query)
            yield page
            query["since"], more = page["cursor"], page["has_more"]

    async def follow(
        self, cursor: str | None = None, *, kinds: Kinds | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yields each change as it is committed, without end: it connects again where it was.

        Close it (`contextlib.aclosing`) when you stop before its end, which closes the connection.

        `cursor` is that of the last applied change; without it, it begins with everything.

        Raises:
            NotFound: the user is not, or not any more, in the space.
            APIError: the service rejects the request, for instance because the token was revoked.

        """
        feed = FeedStream(cursor, kinds)
        while True:
            failure: APIError | NoResponse | None = None
            try:
                async with aclosing(self._transport.stream(feed.call(), SILENCE)) as parts:
                    async for part in parts:
                        for event in feed.receive(part):
                            yield event
            except CursorExpired:
                yield feed.reset()
            except (APIError, NoResponse) as error:
                failure = error
            await sleep(feed.wait(failure))


class AsyncMe:
    """The user's own data."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> User:
        """Returns the user; NotFound is raised before their first write."""
        return await self._transport.send(operations.get_me())

    async def update(self, *, time_zone: str | None) -> User:
        """Sets the time zone of the user, such as `Europe/Berlin`."""
        return await self._transport.send(operations.patch_me(time_zone))

    async def agenda(self, **query: Unpack[GetAgendaQuery]) -> TaskList:
        """Returns a page of the user's open tasks and of those assigned to the user in all spaces."""
        return await self._transport.send(operations.get_agenda(query))

    async def iterate_agenda(self, **query: Unpack[GetAgendaQuery]) -> AsyncIterator[Task]:
        """Yields all tasks of the agenda, page after page."""
        while True:
            page = await self.agenda(**query)
            for task in page["tasks"]:
                yield task
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def export(self) -> Export:
        """Returns everything that is stored about the user."""
        return await self._transport.send(operations.export_me())

    async def export_parts(self) -> AsyncGenerator[bytes, None]:
        """Yields the export, as JSON, in parts, however large it is."""
        async with aclosing(self._transport.stream(operations.export_me())) as parts:
            async for part in parts:
                yield part

    async def export_calendar(self) -> str:
        """Returns the tasks as iCalendar, for other products."""
        return await self._transport.send(operations.export_calendar())

    async def export_calendar_parts(self) -> AsyncGenerator[bytes, None]:
        """Yields the tasks as iCalendar, in parts, however large it is."""
        async with aclosing(self._transport.stream(operations.export_calendar())) as parts:
            async for part in parts:
                yield part

    async def import_(
        self, document: Import | Export | bytes, *, idempotency_key: str | None = None
    ) -> Imported:
        """Imports an export, all or nothing; tasks that the user already has are skipped."""
        return await self._transport.send(operations.import_me(document, idempotency_key))

    async def erase(self) -> Erased:
        """Erases everything that is stored about the user, permanently."""
        return await self._transport.send(operations.erase_me())
