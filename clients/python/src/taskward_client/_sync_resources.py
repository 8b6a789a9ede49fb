# `make clients` writes this file from _async_resources.py; do not edit it.
"""The lists, comments, trash, access tokens, labels, changes and own data of a synchronous client."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Generic, Literal, TypeAlias, TypeVar, Unpack

from taskward_client import _operations as operations
from taskward_client._calls import Tagged
from taskward_client._feed import SILENCE, Event, FeedStream
from taskward_client._operations import KeepOrDelete, ToTrash
from taskward_client._sync_io import sleep
from taskward_client._sync_transport import Transport
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


class Lists:
    """The user's lists."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> _Lists:
        """Returns all lists, by position."""
        return self._transport.send(operations.list_lists())

    def get(self, list_id: str) -> Tagged[List]:
        """Returns a list."""
        return self._transport.send(operations.get_list(list_id))

    def create(self, new: NewList, *, idempotency_key: str | None = None) -> Tagged[List]:
        """Creates a list, once; give a key of your own if you repeat the call yourself."""
        return self._transport.send(operations.create_list(new, idempotency_key))

    def create_at(self, list_id: str, new: NewList) -> Tagged[List]:
        """Creates a list with an id of your own, as `tasks.create_at` does."""
        return self._transport.send(operations.create_list_at(list_id, new))

    def update(self, list_id: str, changes: ListChanges, *, if_match: str | None = None) -> Tagged[List]:
        """Changes the given fields and no others."""
        return self._transport.send(operations.update_list(list_id, changes, if_match))

    def patch(self, list_id: str, changes: ListChanges, *, if_match: str | None = None) -> Tagged[List]:
        """Does what `update` does, as a JSON Merge Patch."""
        return self._transport.send(operations.patch_list(list_id, changes, if_match))

    def delete(
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
        return self._transport.send(operations.delete_list(list_id, tasks, to, if_match))


class Comments:
    """The comments on tasks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **query: Unpack[ListCommentsQuery]) -> CommentList:
        """Returns a page of the comments, of one task or of all."""
        return self._transport.send(operations.list_comments(query))

    def iterate(self, **query: Unpack[ListCommentsQuery]) -> Iterator[Comment]:
        """Yields the comments, page after page."""
        while True:
            page = self.list(**query)
            yield from page["comments"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def counts(self, **query: Unpack[CountCommentsQuery]) -> CommentCounts:
        """Returns a page of the tasks that have comments, each with their number."""
        return self._transport.send(operations.count_comments(query))

    def iterate_counts(self, **query: Unpack[CountCommentsQuery]) -> Iterator[CommentCount]:
        """Yields all tasks that have comments, each with their number, page after page."""
        while True:
            page = self.counts(**query)
            yield from page["counts"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def create(self, new: NewComment, *, idempotency_key: str | None = None) -> Tagged[Comment]:
        """Creates a comment on a task, once; give a key of your own if you repeat the call yourself."""
        return self._transport.send(operations.create_comment(new, idempotency_key))

    def get(self, comment_id: str) -> Tagged[Comment]:
        """Returns a comment."""
        return self._transport.send(operations.get_comment(comment_id))

    def create_at(self, comment_id: str, new: NewComment) -> Tagged[Comment]:
        """Creates a comment with an id of your own, as `tasks.create_at` does."""
        return self._transport.send(operations.create_comment_at(comment_id, new))

    def update(
        self, comment_id: str, changes: CommentChanges, *, if_match: str | None = None
    ) -> Tagged[Comment]:
        """Changes the given fields and no others; in a space only the author's own."""
        return self._transport.send(operations.update_comment(comment_id, changes, if_match))

    def patch(
        self, comment_id: str, changes: CommentChanges, *, if_match: str | None = None
    ) -> Tagged[Comment]:
        """Does what `update` does, as a JSON Merge Patch."""
        return self._transport.send(operations.patch_comment(comment_id, changes, if_match))

    def delete(self, comment_id: str, *, if_match: str | None = None) -> CommentDeleted:
        """Deletes a comment."""
        return self._transport.send(operations.delete_comment(comment_id, if_match))


class Trash:
    """The deleted tasks that can be restored."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **query: Unpack[ListTrashQuery]) -> TrashList:
        """Returns a page of the trash, the newest deletion first."""
        return self._transport.send(operations.list_trash(query))

    def iterate(self, **query: Unpack[ListTrashQuery]) -> Iterator[TrashedTask]:
        """Yields everything in the trash, page after page."""
        while True:
            page = self.list(**query)
            yield from page["tasks"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def restore(self, task_id: str, *, idempotency_key: str | None = None) -> Tagged[Task]:
        """Restores a task, and with it all that were deleted with it.

        Raises:
            NotFound: it is not in the trash.

        """
        return self._transport.send(operations.restore_task(task_id, idempotency_key))

    def purge(self, task_id: str) -> TaskPurged:
        """Deletes a task in the trash permanently, and with it all that were deleted with it."""
        return self._transport.send(operations.purge_task(task_id))

    def empty(self) -> int:
        """Deletes everything in the trash permanently; returns the number of tasks."""
        return self._transport.send(operations.empty_trash())


class AccessTokens:
    """The access tokens that the user has made for scripts and agents."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> _Tokens:
        """Returns the tokens without their secrets, the newest first."""
        return self._transport.send(operations.list_tokens())

    def create(self, *, idempotency_key: str | None = None, **token: Unpack[NewToken]) -> CreatedToken:
        """Makes a token. Its text is in `token`, in this response only: a repeated one has none."""
        return self._transport.send(operations.create_token(token, idempotency_key))

    def revoke(self, token_id: str) -> TokenRevoked:
        """Revokes a token.

        Raises:
            NotFound: there is no such token.

        """
        return self._transport.send(operations.revoke_token(token_id))

    def revoke_all(self) -> int:
        """Revokes all tokens; returns their number."""
        return self._transport.send(operations.revoke_all_tokens())


class Labels:
    """The labels of the user's tasks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **query: Unpack[ListLabelsQuery]) -> LabelList:
        """Returns a page of the labels in use, each with its number of tasks."""
        return self._transport.send(operations.list_labels(query))

    def iterate(self, **query: Unpack[ListLabelsQuery]) -> Iterator[LabelCount]:
        """Yields all labels in use, page after page."""
        while True:
            page = self.list(**query)
            yield from page["labels"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def rename(self, old: str, new: str, *, idempotency_key: str | None = None) -> int:
        """Renames a label on all tasks that have it, and returns their number."""
        return self._transport.send(operations.rename_label(old, new, idempotency_key))

    def remove(self, label: str, *, idempotency_key: str | None = None) -> int:
        """Removes a label from all tasks that have it, and returns their number."""
        return self._transport.send(operations.remove_label(label, idempotency_key))


class Changes(Generic[Page]):
    """The changes of what belongs to the user, or to a space."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **query: Unpack[ListChangesQuery]) -> Page:
        """Returns the changes since a cursor; without one, from the beginning."""
        page: Page = self._transport.send(operations.list_changes(query))
        return page

    def iterate(self, **query: Unpack[ListChangesQuery]) -> Iterator[Page]:
        """Yields the changes since a cursor, page after page, until there are no more."""
        more = True
        while more:
            page = self.list(**query)
            yield page
            query["since"], more = page["cursor"], page["has_more"]

    def follow(
        self, cursor: str | None = None, *, kinds: Kinds | None = None
    ) -> Generator[Event, None, None]:
        """Yields each change as it is committed, without end: it connects again where it was.

        Close it (`contextlib.closing`) when you stop before its end, which closes the connection.

        `cursor` is that of the last applied change; without it, it begins with everything.

        Raises:
            NotFound: the user is not, or not any more, in the space.
            APIError: the service rejects the request, for instance because the token was revoked.

        """
        feed = FeedStream(cursor, kinds)
        while True:
            failure: APIError | NoResponse | None = None
            try:
                with closing(self._transport.stream(feed.call(), SILENCE)) as parts:
                    for part in parts:
                        yield from feed.receive(part)
            except CursorExpired:
                yield feed.reset()
            except (APIError, NoResponse) as error:
                failure = error
            sleep(feed.wait(failure))


class Me:
    """The user's own data."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self) -> User:
        """Returns the user; NotFound is raised before their first write."""
        return self._transport.send(operations.get_me())

    def update(self, *, time_zone: str | None) -> User:
        """Sets the time zone of the user, such as `Europe/Berlin`."""
        return self._transport.send(operations.patch_me(time_zone))

    def agenda(self, **query: Unpack[GetAgendaQuery]) -> TaskList:
        """Returns a page of the user's open tasks and of those assigned to the user in all spaces."""
        return self._transport.send(operations.get_agenda(query))

    def iterate_agenda(self, **query: Unpack[GetAgendaQuery]) -> Iterator[Task]:
        """Yields all tasks of the agenda, page after page."""
        while True:
            page = self.agenda(**query)
            yield from page["tasks"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def export(self) -> Export:
        """Returns everything that is stored about the user."""
        return self._transport.send(operations.export_me())

    def export_parts(self) -> Generator[bytes, None, None]:
        """Yields the export, as JSON, in parts, however large it is."""
        with closing(self._transport.stream(operations.export_me())) as parts:
            yield from parts

    def export_calendar(self) -> str:
        """Returns the tasks as iCalendar, for other products."""
        return self._transport.send(operations.export_calendar())

    def export_calendar_parts(self) -> Generator[bytes, None, None]:
        """Yields the tasks as iCalendar, in parts, however large it is."""
        with closing(self._transport.stream(operations.export_calendar())) as parts:
            yield from parts

    def import_(self, document: Import | Export | bytes, *, idempotency_key: str | None = None) -> Imported:
        """Imports an export, all or nothing; tasks that the user already has are skipped."""
        return self._transport.send(operations.import_me(document, idempotency_key))

    def erase(self) -> Erased:
        """Erases everything that is stored about the user, permanently."""
        return self._transport.send(operations.erase_me())
