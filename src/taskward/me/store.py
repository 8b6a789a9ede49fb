"""All data of one owner: shown, exported, imported, erased."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final
from uuid import UUID

import orjson
from fastapi import Depends, Request

from taskward.auth.current_user import CurrentUser, User
from taskward.database import Database
from taskward.database.statements import Row
from taskward.http.errors import NotFound
from taskward.http.responses import dump_json
from taskward.me.erasure import erase_steps
from taskward.me.models import user_json
from taskward.me.staging import Staging
from taskward.me.statements import COUNT, TASKS_AFTER, USER
from taskward.tasks.list_cache import ListCache
from taskward.tasks.models import task_json
from taskward.tasks.tables import TaskRecord, task_records

EXPORT_PAGE: Final = 64
"""Tasks that an export holds in memory at once: at most 0.9 MB."""

_BEFORE_ALL: Final = UUID(int=0)


class MyData:
    """All data of one owner."""

    def __init__(self, database: Database, user: User, lists: ListCache) -> None:
        self._database = database
        self._user = user
        self._lists = lists

    async def user(self) -> Row:
        """Returns the owner's row.

        Raises:
            NotFound: the owner has never written.

        """
        rows = await self._database.rows(USER, {"owner": self._user.id})
        if not rows:
            raise NotFound("User not found")
        return rows[0]

    async def export(self) -> AsyncIterator[bytes]:
        """Yields the export in pieces of one JSON document; at most a page is in memory at once.

        The user row and first page are read before the response starts, so a database error is a 500 and not
        a truncated body.
        """
        rows = await self._database.rows(USER, {"owner": self._user.id})
        return self._chunks(rows[0] if rows else None, await self._page(_BEFORE_ALL))

    async def count(self) -> int:
        """Returns the number of the owner's tasks."""
        return int((await self._database.rows(COUNT, {"owner": self._user.id}))[0][0])

    def staging(self) -> Staging:
        """Returns an import that stages and publishes tasks."""
        return Staging(self._database, self._user)

    async def erase(self) -> None:
        """Erases everything, from SQLite's files and from this process's cache too."""
        await self._database.transact(lambda: erase_steps(self._user.id), long=True)
        self._lists.forget(self._user.id)
        await self._database.scrub()

    async def _chunks(self, user: Row | None, page: Sequence[TaskRecord]) -> AsyncIterator[bytes]:
        separator = b'{"user":' + orjson.dumps(user and user_json(user)) + b',"tasks":['
        while page:
            piece = separator + b",".join(dump_json(task_json(task)) for task in page)
            separator = b","
            last = UUID(str(page[-1].id))
            page = ()  # frees the page while the client reads
            yield piece
            await asyncio.sleep(0)  # SQLite returns the next page at once; this lets other requests run
            page = await self._page(last)
        yield (b"" if separator == b"," else separator) + b"]}"

    async def _page(self, after: UUID) -> Sequence[TaskRecord]:
        values = {"owner": self._user.id, "after_id": after, "limit": EXPORT_PAGE}
        return task_records(await self._database.rows(TASKS_AFTER, values))


def _my_data(request: Request, user: CurrentUser) -> MyData:
    state = request.app.state
    return MyData(state.database, user, state.list_cache)


AllMyData = Annotated[MyData, Depends(_my_data)]
"""For a handler: all data of the caller."""
