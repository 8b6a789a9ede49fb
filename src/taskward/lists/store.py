"""The lists of one owner; every statement is filtered by that owner."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from taskward.database import OWNED_ROWS, Queries
from taskward.database.statements import T, TransactionSteps
from taskward.http.caller import Owner
from taskward.http.conditional import Versions
from taskward.http.context import Context
from taskward.http.responses import dump_json, write_json_list
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.lists.deletion import TasksOption
from taskward.lists.errors import ListNotFound
from taskward.lists.models import ListChanges, NewList, list_json, list_path
from taskward.lists.statements import GET_LIST, LIST_LISTS
from taskward.lists.steps import ListSteps
from taskward.lists.tables import ListRecord
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.models import To
from taskward.tasks.records import version_tag
from taskward.tasks.statements import COUNTER
from taskward.users.retention import RETENTION, Retention


class ListStore:
    """The lists of one owner, who is fixed for the store's lifetime."""

    def __init__(self, database: Queries, owner: Owner, list_cache: ListCache, retention: Retention) -> None:
        self._database = database
        self._list_cache = list_cache
        self.owner = owner
        self._steps = ListSteps(owner, retention)

    async def tag(self) -> str:
        """Returns the entity tag of all lists, by reading one row."""
        rows = await self._database.rows(COUNTER, {"owner": self.owner.id})
        return f'"{rows[0][0] if rows else 0}-lists"'

    async def body(self) -> bytes:
        """Returns all lists, by position, as a response body."""
        rows = await self._database.rows(LIST_LISTS, {"owner": self.owner.id})
        return await write_json_list("lists", [ListRecord(*row) for row in rows], list_json, {})

    async def get(self, list_id: UUID) -> ListRecord:
        """Returns one list.

        Raises:
            ListNotFound: the owner has no list of that id.

        """
        rows = await self._database.rows(GET_LIST, {"owner": self.owner.id, "list_id": list_id})
        if not rows:
            raise ListNotFound
        return ListRecord(*rows[0])

    async def create(self, new: NewList, record: PendingRecord | None = None) -> ListRecord:
        """Stores a new list, and the owner's row with the first write; with a `record`, also the response.

        Raises:
            ValidationFailed: the owner has too many lists.

        """
        return await self._transact(lambda: self._create_steps(new, record))

    async def create_at(self, list_id: UUID, new: NewList) -> ListRecord:
        """Stores a new list with an id that the client has made.

        Raises:
            PreconditionFailed: the owner has a list of that id.
            Gone: such a list was deleted.
            ValidationFailed: the owner has too many lists.

        """
        return await self._transact(lambda: self._steps.create(new, list_id))

    async def update(
        self, list_id: UUID, changes: ListChanges, versions: Versions | None = None
    ) -> ListRecord:
        """Changes the given fields; with `versions`, only if the list is in one of them.

        Raises:
            ListNotFound: the owner has no such list.
            PreconditionFailed: it is in another version.
            ValidationFailed: the changes do not fit what is stored.

        """
        return await self._transact(lambda: self._steps.update(list_id, changes, versions))

    async def delete(
        self,
        list_id: UUID,
        tasks: TasksOption | None = None,
        versions: Versions | None = None,
        to: To | None = None,
    ) -> None:
        """Deletes a list permanently; with `versions`, only if it is in one of them.

        Raises:
            ListNotFound: the owner has no such list.
            PreconditionFailed: it is in another version.
            ListNotEmpty: there are tasks in it, and `tasks` is None.
            ValidationFailed: its tasks shall go to the trash, and there is none.

        """
        self._steps.retention.check(to_trash=to is not None)  # as of a task: before anything is read
        await self._transact(lambda: self._steps.delete(list_id, versions, tasks, to), long=tasks is not None)

    async def _transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        result = await self._database.transact(steps, long=long)
        self._list_cache.forget(self.owner.id)
        return result

    def _create_steps(self, new: NewList, record: PendingRecord | None) -> TransactionSteps[ListRecord]:
        created = yield from self._steps.create(new)
        if record is not None:
            body = dump_json(list_json(created))
            values = record.values(201, body, list_path(self.owner, created.id))
            values |= {"owner": self.owner.id, "tag": version_tag(created.version)}
            yield from store_response_steps(values)
        return created


def _my_lists(context: Context) -> ListStore:
    parts = context.parts
    return ListStore(parts[OWNED_ROWS], context.owner, parts[LIST_CACHE], parts[RETENTION])


MyLists = Annotated[ListStore, Depends(_my_lists)]
"""For a handler: the caller's lists."""
