"""Everything that is stored about the owner it was made for: shown, given out, taken in, erased."""

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
from taskward.tasks.models import ID_COLUMN, task_json

EXPORT_PAGE: Final = 64
"""Tasks that an export holds in memory at once: at most 0.9 MB."""

_BEFORE_ALL: Final = UUID(int=0)


class MyData:
    """All that is stored about one owner."""

    def __init__(self, database: Database, user: User, lists: ListCache) -> None:
        self._database = database
        self._user = user
        self._lists = lists

    async def user(self) -> Row:
        """Give the owner's row.

        Raises:
            NotFound: the owner has never written.

        """
        rows = await self._database.rows(USER, {"owner": self._user.id})
        if not rows:
            raise NotFound("User not found")
        return rows[0]

    async def export(self) -> AsyncIterator[bytes]:
        """Give the export, as pieces of one JSON document; no more than a page of it is in memory at once.

        What is read at once, and so fails before a piece is given, is the row and the first page.
        """
        rows = await self._database.rows(USER, {"owner": self._user.id})
        return self._chunks(rows[0] if rows else None, await self._page(_BEFORE_ALL))

    async def count(self) -> int:
        """Give the number of the owner's tasks."""
        return int((await self._database.rows(COUNT, {"owner": self._user.id}))[0][0])

    def staging(self) -> Staging:
        """Return what stages and publishes an import."""
        return Staging(self._database, self._user)

    async def erase(self) -> None:
        """Erase everything, from SQLite's files and from the cache of this process too."""
        await self._database.transact(lambda: erase_steps(self._user.id), long=True)
        self._lists.forget(self._user.id)
        await self._database.scrub()

    async def _chunks(self, user: Row | None, page: Sequence[Row]) -> AsyncIterator[bytes]:
        separator = b'{"user":' + orjson.dumps(user and user_json(user)) + b',"tasks":['
        while page:
            piece = separator + b",".join(dump_json(task_json(row)) for row in page)
            separator = b","
            last = UUID(str(page[-1][ID_COLUMN]))
            page = ()  # so as not to keep it while the client reads
            yield piece
            await asyncio.sleep(0)  # SQLite gives the next page at once, and others have their turn
            page = await self._page(last)
        yield (b"" if separator == b"," else separator) + b"]}"

    async def _page(self, after: UUID) -> Sequence[Row]:
        values = {"owner": self._user.id, "after_id": after, "limit": EXPORT_PAGE}
        return await self._database.rows(TASKS_AFTER, values)


def _my_data(request: Request, user: CurrentUser) -> MyData:
    state = request.app.state
    return MyData(state.database, user, state.list_cache)


AllMyData = Annotated[MyData, Depends(_my_data)]
"""For a handler: everything about the caller."""
