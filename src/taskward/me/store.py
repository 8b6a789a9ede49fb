"""Everything that is stored about the owner it was made for: shown, given out, taken in, erased."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import Depends, Request

from taskward.answers import write_json
from taskward.auth.current_user import CurrentUser, User
from taskward.database import Database
from taskward.database.statements import Row, Steps, Values
from taskward.errors import NotFound
from taskward.idempotency.once import Recording
from taskward.me.models import ImportedTask, user_json
from taskward.me.statements import (
    COUNT,
    COUNT_MANY,
    DROP_TOMBSTONE,
    ERASE,
    INSERT_TASK,
    TASK_IDS,
    TASKS_AFTER,
    TOMBSTONE_IDS,
    USER,
)
from taskward.tasks.models import ID_COLUMN, task_json
from taskward.tasks.statements import DROP_EXPIRED_ANSWERS, KEEP_BATCH_ANSWER
from taskward.tasks.store import folded
from taskward.users.store import owner_values

PAGE: Final = 64
"""Tasks that an export holds in memory at once: at most 0.9 MB."""

TOGETHER: Final = 1000
"""Tasks that an import hands to the database at once."""

_BEFORE_ALL: Final = UUID(int=0)


class MyData:
    """All that is stored about one owner."""

    def __init__(self, database: Database, user: User) -> None:
        self._database = database
        self._user = user

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
        return self._pieces(rows[0] if rows else None, await self._page(_BEFORE_ALL))

    async def count(self) -> int:
        """Give the number of the owner's tasks."""
        return int((await self._database.rows(COUNT, {"owner": self._user.id}))[0][0])

    async def take_in(
        self,
        tasks: Sequence[ImportedTask],
        recording: Recording | None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> bytes:
        """Store what an export gave, all or nothing; give the answer's body.

        `progress` is told from time to time how many tasks have been handed to the database.
        """
        return await self._database.transact(
            lambda: self._import_steps(tasks, recording, progress), long=True
        )

    async def erase(self) -> None:
        """Erase everything: the owner's row, and with it all that hangs on it."""
        await self._database.transact(self._erase_steps, long=True)

    async def _pieces(self, user: Row | None, page: Sequence[Row]) -> AsyncIterator[bytes]:
        separator = b'{"user":' + orjson.dumps(user and user_json(user)) + b',"tasks":['
        while page:
            piece = separator + b",".join(write_json(task_json(row)) for row in page)
            separator = b","
            last = UUID(str(page[-1][ID_COLUMN]))
            page = ()  # so as not to keep it while the client reads
            yield piece
            await asyncio.sleep(0)  # SQLite gives the next page at once, and others have their turn
            page = await self._page(last)
        yield (b"" if separator == b"," else separator) + b"]}"

    async def _page(self, after: UUID) -> Sequence[Row]:
        values = {"owner": self._user.id, "after_id": after, "limit": PAGE}
        return await self._database.rows(TASKS_AFTER, values)

    def _erase_steps(self) -> Steps[None]:
        yield ERASE, {"owner": self._user.id}

    def _import_steps(
        self, tasks: Sequence[ImportedTask], recording: Recording | None, progress: Callable[[int], None]
    ) -> Steps[bytes]:
        owner: Values = {"owner": self._user.id}
        new = yield from self._new_ones(tasks)
        if new:
            values = owner_values(self._user) | {"count": len(new)}
            rows = yield COUNT_MANY, values
            new = yield from self._new_ones(tasks)  # now that nobody else can add to them
            first = rows[0][0] - len(new) + 1
            forgotten = {UUID(str(row[0])) for row in (yield TOMBSTONE_IDS, owner)}
            for start in range(0, len(new), TOGETHER):
                some = enumerate(new[start : start + TOGETHER], first + start)
                stored = [self._row(task, number) for number, task in some]
                yield INSERT_TASK, stored
                if back := [{**owner, "task_id": row["id"]} for row in stored if row["id"] in forgotten]:
                    yield DROP_TOMBSTONE, back
                progress(start + len(stored))
        body = orjson.dumps({"imported": len(new), "skipped": len(tasks) - len(new)})
        if recording is not None:
            kept = {**owner, **recording.values(200, body)}
            yield KEEP_BATCH_ANSWER, kept
            yield DROP_EXPIRED_ANSWERS, kept
        return body

    def _new_ones(self, tasks: Sequence[ImportedTask]) -> Steps[list[ImportedTask]]:
        """Give those that the owner does not have, each id once."""
        rows = yield TASK_IDS, {"owner": self._user.id}
        known = {UUID(str(row[0])) for row in rows}
        new = []
        for task in tasks:
            if known.isdisjoint((task.id, task.kept_id)):
                known.add(task.id)
                known.add(task.kept_id)
                new.append(task)
        return new

    def _row(self, task: ImportedTask, version: int) -> dict[str, Any]:
        return {
            "owner": self._user.id,
            "id": task.kept_id,
            "title": task.title,
            "title_folded": folded(task.title),
            "description": task.description,
            "description_folded": folded(task.description),
            "is_completed": task.is_completed,
            "created_at": task.created_at,
            "updated_at": task.updated_at,
            "version": version,
        }


def _my_data(request: Request, user: CurrentUser) -> MyData:
    return MyData(request.app.state.database, user)


AllMyData = Annotated[MyData, Depends(_my_data)]
"""For a handler: everything about the caller."""
