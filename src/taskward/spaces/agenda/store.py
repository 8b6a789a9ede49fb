"""The open tasks of one person: their own, and those that are assigned to them in their spaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from fastapi import Depends

from taskward.database import DATABASE, OWNED_ROWS, RowsOfSeveral
from taskward.database.statements import Row
from taskward.http.conditional import scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import INVALID_CURSOR, scope_of
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import write_json_list
from taskward.http.roles import Role
from taskward.spaces.agenda.query import AgendaPosition, AgendaQuery
from taskward.spaces.agenda.statements import MEMBER_AND_COUNTER, agenda_list
from taskward.spaces.store import MySpacesStore
from taskward.tasks.records import task_json
from taskward.tasks.sorts import key_of
from taskward.tasks.statements import COUNTER
from taskward.tasks.tables import TaskRecord, columns_after_task, task_records


class _Space(NamedTuple):
    """A space of the caller: its counter, and the caller as its member; ids as the database has them."""

    id: UUID | str
    counter: int
    member_id: UUID | str


@dataclass(frozen=True)
class Owners:
    """The owners of the tasks of an agenda at one time: the caller, and the spaces that they are in."""

    person: UUID
    counter: int
    """That of the caller as a person."""
    spaces: Sequence[_Space]

    def tag(self, query: AgendaQuery) -> str:
        """Returns the entity tag of a page as long as no owner's counter moves."""
        counters = [(one.id, one.counter) for one in self.spaces]
        return scoped_tag(
            self.counter, scope_of(query.scope(self.person), query.cursor, query.limit, counters)
        )


class _Listed(NamedTuple):
    """A task, and the values that it is sorted by."""

    place: tuple[str, str, str]
    key: str | None
    task: TaskRecord


_PLACE: Final = attrgetter("place")


@dataclass(frozen=True)
class Agenda:
    """The agenda of one caller. Each owner's rows are read at one moment, not all at the same one."""

    _rows: RowsOfSeveral
    _spaces: MySpacesStore

    async def owners(self) -> Owners:
        """Reads the counter of each owner, of the spaces that the caller is a member of."""
        ids = await self._spaces.ids()
        asked = [{"owner": one, "caller": self._person} for one in ids]
        own, found = await self._rows.rows_of_several(
            [(COUNTER, [{"owner": self._person}]), (MEMBER_AND_COUNTER, asked)]
        )
        return Owners(self._person, own[0][0] if own else 0, [_Space(*row) for row in found])

    def check_cursor(self, query: AgendaQuery) -> AgendaPosition | None:
        """Returns the position of the query's cursor, if it has one.

        Raises:
            ValidationFailed: the cursor is not valid for this caller, sort and filter.

        """
        if query.cursor is None:
            return None
        position = query.read_cursor(self._person)
        if position is None or position.values(self._person) is None:
            raise ValidationFailed([FieldError("cursor", INVALID_CURSOR)])
        return position

    async def body(self, query: AgendaQuery, position: AgendaPosition | None, owners: Owners) -> bytes:
        """Returns a page as the body of a response."""
        listed = await self._listed(query, position, owners)
        page, next_cursor = listed[: query.limit], None
        if len(listed) > query.limit:
            last = page[-1]
            task_id, owner = (UUID(str(one)) for one in (last.task.id, last.task.user_id))
            next_cursor = query.write_cursor(self._person, last.key, task_id, owner)
        return await write_json_list(
            "tasks", [one.task for one in page], task_json, {"next_cursor": next_cursor}
        )

    async def _listed(
        self, query: AgendaQuery, position: AgendaPosition | None, owners: Owners
    ) -> list[_Listed]:
        """Returns one task more than the page has, if there are as many."""
        has_cursor = position is not None
        reads = [
            agenda_list(query.sort, query.conditions, has_cursor=has_cursor, in_space=in_space)
            for in_space in (False, True)
        ]
        values = {**query.values, "caller": self._person, "least_role": Role.VIEWER}
        own = [_values_of(owners.person, values, position)]
        shared = [
            {**_values_of(one.id, values, position), "assigned_to": one.member_id} for one in owners.spaces
        ]
        found = await self._rows.rows_of_several(list(zip(reads, (own, shared), strict=True)))
        has_key = key_of(query.sort).column is not None
        listed = [_listed(row, has_key=has_key) for rows in found for row in rows]
        return sorted(listed, key=_PLACE, reverse=query.sort.startswith("-"))

    @cached_property
    def _person(self) -> UUID:
        return self._spaces.caller.id


def _values_of(
    owner: UUID | str, values: Mapping[str, Any], position: AgendaPosition | None
) -> dict[str, Any]:
    continued = None if position is None else position.values(UUID(str(owner)))
    return {**values, "owner": owner, **(continued or {})}


def _listed(row: Row, *, has_key: bool) -> _Listed:
    (task,) = task_records([row])
    key = columns_after_task(row)[-1] if has_key else None
    return _Listed((key or "", str(task.id), str(task.user_id)), key, task)


def _my_agenda(context: Context) -> Agenda:
    return Agenda(context.parts[DATABASE], MySpacesStore(context.parts[OWNED_ROWS], context.caller))


MyAgenda = Annotated[Agenda, Depends(_my_agenda)]
"""For a handler: the agenda of the caller."""
