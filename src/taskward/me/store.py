"""All data of one owner: shown, exported, imported, erased."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple
from uuid import UUID

import orjson
from fastapi import Depends

from taskward.database import OWNED_ROWS, OwnedRows
from taskward.database.statements import Read, Row, TransactionSteps
from taskward.entity import Entity
from taskward.features import ENTITIES, IN_DOCUMENTS
from taskward.http.caller import Owner
from taskward.http.context import Context
from taskward.http.errors import NotFound
from taskward.http.fair_semaphore import FairThreads
from taskward.http.responses import dump_json
from taskward.lists.statements import LIST_LISTS
from taskward.lists.tables import ListRecord
from taskward.me.erasure import erase_steps
from taskward.me.models import user_json
from taskward.me.staging import Staging
from taskward.me.statements import AFTER, COUNT, MEMBERS_AFTER, SET_TIME_ZONE, USER
from taskward.spaces.models import member_json, space_json
from taskward.spaces.recording import Recorder, recorder_of
from taskward.spaces.records import MemberRecord, SpaceRecord
from taskward.spaces.statements import GET_MEMBER_OF_PERSON, GET_SPACE, MEMBERSHIPS_OF
from taskward.tasks.entity import TASK
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.records import task_json, task_record
from taskward.tasks.steps.reminders import move_reminders_steps
from taskward.tokens.models import token_json
from taskward.tokens.statements import TOKENS_AFTER
from taskward.tokens.tables import TokenRecord
from taskward.trash.statements import TRASH_AFTER
from taskward.trash.store import exported_json
from taskward.users.statements import person_values

if TYPE_CHECKING:
    from taskward.me.calendar import CalendarWriter

EXPORT_PAGE: Final = 64
"""Tasks or lists that an export holds in memory at once: at most 1.2 MB."""

CALENDAR_TURN: Final = 8
"""Tasks that are written of one calendar before others have their turn: at most 10 ms, and 3 ms for each time
zone that no calendar has had before."""

_BEFORE_ALL: Final = UUID(int=0)


class _Array(NamedTuple):
    """An array of an export, which is left out if it is empty, unless it is there `always`."""

    name: str
    read: Read
    """Returns the rows after an id, in the order of ids."""
    to_json: Callable[[Row], Mapping[str, Any]]
    always: bool = False


def _objects(entity: Entity) -> _Array:
    def to_json(row: Row) -> Mapping[str, Any]:
        return entity.to_json(entity.record(*row))

    return _Array(entity.plural, AFTER[entity], to_json, always=entity is ENTITIES[0])


_TASKS: Final = _objects(TASK)


def _member_json(row: Row) -> Mapping[str, Any]:
    return member_json(MemberRecord(*row))


_OBJECTS: Final = tuple(map(_objects, IN_DOCUMENTS))
_ARRAYS_OF_SPACE: Final = (_Array("members", MEMBERS_AFTER, _member_json, always=True), *_OBJECTS)
_ARRAYS: Final = (*_OBJECTS, _Array("trash", TRASH_AFTER, exported_json))
_TOKENS: Final = _Array("tokens", TOKENS_AFTER, lambda row: token_json(TokenRecord(*row)))


class MyData:
    """All data of one owner."""

    def __init__(
        self, database: OwnedRows, owner: Owner, list_cache: ListCache, recorder: Recorder | None = None
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._owner = owner
        self._list_cache = list_cache

    async def user(self) -> Row:
        """Returns the owner's row.

        Raises:
            NotFound: the owner has never written.

        """
        rows = await self._database.rows(USER, {"owner": self._owner.id})
        if not rows:
            raise NotFound("User not found")
        return rows[0]

    async def set_time_zone(self, time_zone: str | None) -> Row:
        """Sets the time zone of the owner, and returns the owner's row."""
        return await self._database.transact(lambda: time_zone_steps(self._owner, time_zone), long=True)

    async def export(self) -> AsyncIterator[bytes]:
        """Yields the export in pieces of one JSON document; at most a page is in memory at once.

        The user row and first page are read before the response starts, so a database error is a 500 and not
        a truncated body.
        """
        rows = await self._database.rows(USER, {"owner": self._owner.id})
        arrays = list(_ARRAYS)
        while not (page := await self._page(arrays[0], _BEFORE_ALL)) and not arrays[0].always:
            del arrays[0]
        head = b'{"user":' + orjson.dumps(user_json(rows[0]) if rows else None)
        return self._person_chunks(head, arrays, page, await self._memberships())

    async def space(self) -> SpaceRecord:
        """Returns the owner as a space; raises SpaceNotFound if the caller is no member."""
        rows = await self._database.rows(GET_SPACE, {"owner": self._owner.id})
        return SpaceRecord(*rows[0])

    async def export_space(self, space: SpaceRecord) -> AsyncIterator[bytes]:
        """Yields the export of a space as `export` does; SpaceNotFound once the caller is no member."""
        page = await self._page(_ARRAYS_OF_SPACE[0], _BEFORE_ALL)
        head = b'{"space":' + dump_json(space_json(space))
        return self._space_chunks(head, page)

    async def export_calendar(self, threads: FairThreads, caller: int) -> AsyncIterator[bytes]:
        """Yields the tasks as iCalendar, in pieces as `export` does.

        They are written in `threads`, a few at a time, so that calendars of several callers take turns.
        """
        lists = await self._database.rows(LIST_LISTS, {"owner": self._owner.id})
        tasks = await self._page(_TASKS, _BEFORE_ALL)
        writer = await threads.run(
            caller, _calendar_writer, {str(row[0]): ListRecord(*row).title for row in lists}
        )
        return self._calendar_pieces(threads, caller, writer, tasks)

    async def count(self) -> int:
        """Returns the number of the owner's tasks."""
        return int((await self._database.rows(COUNT, {"owner": self._owner.id}))[0][0])

    def staging(self) -> Staging:
        """Returns an import that stages and publishes tasks."""
        return Staging(self._database, self._owner)

    async def erase(self) -> None:
        """Erases everything, from SQLite's files and from this process's cache too."""
        await self._database.transact(lambda: erase_steps(self._owner.id, self._recorder), long=True)
        self._list_cache.forget(self._owner.id)
        await self._database.scrub()

    async def _person_chunks(
        self, head: bytes, arrays: Sequence[_Array], page: Sequence[Row], spaces: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[bytes]:
        """Yields the export of a person; the page is the first one of the first array."""
        yield head
        async for piece in self._arrays(arrays, page):
            yield piece
        if spaces:
            yield b',"spaces":' + dump_json(spaces)
        async for piece in self._arrays([_TOKENS], await self._page(_TOKENS, _BEFORE_ALL)):
            yield piece
        yield b"}"

    async def _space_chunks(self, head: bytes, page: Sequence[Row]) -> AsyncIterator[bytes]:
        yield head
        async for piece in self._arrays(_ARRAYS_OF_SPACE, page):
            yield piece
        yield b"}"

    async def _arrays(self, arrays: Sequence[_Array], page: Sequence[Row]) -> AsyncIterator[bytes]:
        """Yields the arrays; the page is the first one of the first of them."""
        for array in arrays:
            page = page if array is arrays[0] else await self._page(array, _BEFORE_ALL)
            if page or array.always:
                async for piece in self._pieces(array, page):
                    yield piece
            page = ()

    async def _memberships(self) -> Sequence[Mapping[str, Any]]:
        """Returns the owner as a member of each space, of which there are at most a hundred."""
        spaces = await self._database.rows(MEMBERSHIPS_OF, {"owner": self._owner.id})
        found = []
        for space_id in [UUID(str(row[0])) for row in spaces]:
            values = {"owner": space_id, "person_id": self._owner.id}
            for row in await self._database.rows(GET_MEMBER_OF_PERSON, values):
                member = MemberRecord(*row)
                if member.role is not None:
                    found.append({"space_id": str(space_id), "member": member_json(member)})
        return found

    async def _pieces(self, array: _Array, page: Sequence[Row]) -> AsyncIterator[bytes]:
        """Yields the rows from a page on as an array of JSON."""
        separator = b',"%b":[' % array.name.encode()
        while page:
            piece = separator + b",".join(dump_json(array.to_json(row)) for row in page)
            separator = b","
            last = UUID(str(page[-1][0]))
            page = ()  # frees the page while the client reads
            yield piece
            await asyncio.sleep(0)  # SQLite returns the next page at once; this lets other requests run
            page = await self._page(array, last)
        yield (b"" if separator == b"," else separator) + b"]"

    async def _calendar_pieces(
        self, threads: FairThreads, caller: int, writer: "CalendarWriter", page: Sequence[Row]
    ) -> AsyncIterator[bytes]:
        yield writer.begin()
        while page:
            last = UUID(str(page[-1][0]))
            tasks = [_task_json(row) for row in page]
            page = ()
            for start in range(0, len(tasks), CALENDAR_TURN):
                some = tasks[start : start + CALENDAR_TURN]
                yield await threads.run(caller, writer.tasks, some)
            page = await self._page(_TASKS, last)
        yield writer.end()

    async def _page(self, array: _Array, after: UUID) -> Sequence[Row]:
        values = {"owner": self._owner.id, "after_id": after, "limit": EXPORT_PAGE}
        return await self._database.rows(array.read, values)


def time_zone_steps(owner: Owner, time_zone: str | None) -> TransactionSteps[Row]:
    """Sets the time zone of an owner, and moves the pending reminders; returns the owner's row."""
    values = person_values(owner) | {"time_zone": time_zone, "fields": ["time_zone"]}
    rows = yield SET_TIME_ZONE, values
    yield from move_reminders_steps(owner.id, time_zone)
    return rows[0]


def _task_json(row: Row) -> dict[str, Any]:
    return task_json(task_record(row))


def _calendar_writer(list_titles: dict[str, str]) -> "CalendarWriter":
    from taskward.me.calendar import CalendarWriter  # noqa: PLC0415 - slow to import, and rarely used

    return CalendarWriter(list_titles)


def _my_data(context: Context) -> MyData:
    parts = context.parts
    return MyData(parts[OWNED_ROWS], context.owner, parts[LIST_CACHE], recorder_of(context))


AllMyData = Annotated[MyData, Depends(_my_data)]
"""For a handler: all data of the caller."""
