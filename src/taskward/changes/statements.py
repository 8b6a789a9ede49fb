"""The statements of the change feed: current objects of every kind, and tombstones of deleted ones.

The rows of all kinds have the same columns: those of every object, and then as many of each type as any kind
needs. A further kind with the same types makes the feed of the others no wider.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    Column,
    Integer,
    Select,
    Table,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.types import TypeEngine

from taskward.database.functions import any_of, once
from taskward.database.postgres.compiled import DIALECT
from taskward.database.statements import Read, Row
from taskward.database.types import Counter, Ids
from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.users.statements import LAST_RESTORE, OWNER
from taskward.users.tables import USERS

Kinds: TypeAlias = frozenset[str]
"""Entities, by their names for several."""

DEFAULT_KINDS: Final[Kinds] = frozenset({ENTITIES[0].plural})
ALL_KINDS: Final[Kinds] = frozenset(entity.plural for entity in ENTITIES)

_SINCE: Final = once(bindparam("since", type_=Counter))
_LIMIT: Final = once(bindparam("limit", type_=Integer()))
"""Values that PostgreSQL's planner cannot see. If it could, the plan for any values would seem dear, and each
pull of an owner with many tasks would be planned anew, which takes longer than the pull."""

_COMMON: Final = ("id", "user_id", "version")
"""The columns of every object, and of a tombstone, after the number of its source."""

ID: Final = 1 + _COMMON.index("id")
VERSION: Final = 1 + _COMMON.index("version")

_types: list[TypeEngine[Any]] = []
"""The types of the columns that follow. Each kind uses those that it needs."""


def _places(entity: Entity) -> dict[str, int]:
    """Returns the place of each column of an entity, among all that have its type; adds what is missing."""
    taken: dict[str, int] = {}
    for name in entity.record._fields:
        if name in _COMMON:
            continue
        same = [place for place, one in enumerate(_types) if _sql(one) == _sql(entity.table.c[name].type)]
        free = [place for place in same if place not in taken.values()]
        if not free:
            free.append(len(_types))
            _types.append(entity.table.c[name].type)
        taken[name] = free[0]
    return taken


def _sql(type_: TypeEngine[Any]) -> str:
    return type_.compile(DIALECT)


_PLACES: Final = {entity: _places(entity) for entity in ENTITIES}


class Source(NamedTuple):
    """The table of a row: that of an `entity`, or with neither `columns` nor `new` that of its tombstones.

    `columns` returns those of the record from a row, and `new` makes the record of them. Both are written in
    C, because a page has a thousand rows.
    """

    entity: Entity
    columns: Callable[[Row], Any] | None = None
    new: Callable[[Any], Any] | None = None


def _source(entity: Entity) -> Source:
    first = 1 + len(_COMMON)
    places = {name: place for place, name in enumerate(_COMMON, 1)}
    places |= {name: first + place for name, place in _PLACES[entity].items()}
    columns = itemgetter(*(places[name] for name in entity.record._fields))
    return Source(entity, columns, partial(tuple.__new__, entity.record))


SOURCES: Final = [source for entity in ENTITIES for source in (_source(entity), Source(entity))]
"""By the number at the beginning of a row."""


def _present(entity: Entity) -> Select[Any]:
    columns = {place: entity.table.c[name] for name, place in _PLACES[entity].items()}
    return _part(2 * ENTITIES.index(entity), entity.table, entity.table.c.id, columns)


def _deleted(entity: Entity) -> Select[Any]:
    return _part(
        2 * ENTITIES.index(entity) + 1, entity.tombstones, entity.tombstones.c[f"{entity.kind}_id"], {}
    )


def _part(
    number: int, table: Table, object_id: Column[Any], columns: Mapping[int, Column[Any]]
) -> Select[Any]:
    """Selects the rows of one table after the number; columns that it lacks are null.

    Each is ordered and limited separately, so that its index is read only as far as the page needs.
    """
    others = (
        columns.get(place, cast(null(), one)).label(f"column_{place}") for place, one in enumerate(_types)
    )
    return select(
        select(
            literal_column(str(number), Integer()).label("number"),
            object_id.label("id"),
            table.c.user_id,
            table.c.version,
            *others,
        )
        .where(table.c.user_id == OWNER, table.c.version > _SINCE)
        .order_by(table.c.version)
        .limit(_LIMIT)
        .subquery(f"some_{table.name}")
    )


def _changes(kinds: Kinds, *, declared: bool) -> Read:
    chosen = [entity for entity in ENTITIES if entity.plural in kinds]
    changes = union_all(*(part(one) for one in chosen for part in (_present, _deleted))).subquery("changes")
    owner = (
        select(USERS.c.horizon, USERS.c.seq, LAST_RESTORE.label("restore"))
        .where(USERS.c.id == OWNER)
        .subquery("owner")
    )
    return Read(
        f"changes of {' and '.join(entity.plural for entity in chosen)} since a number",
        select(changes, owner)
        .select_from(owner.outerjoin(changes, true()))
        .order_by(changes.c.version)
        .limit(_LIMIT),
        declared=declared,
    )


CHANGES: Final = {
    kinds: _changes(kinds, declared=True)
    for kinds in (*(frozenset({entity.plural}) for entity in ENTITIES), ALL_KINDS)
}
"""The statements of one kind and of all. A row is a change: the number of its `Source`, the id, owner and
version, the other columns; then the horizon, the owner's counter, and the last restore. Without changes there
is one row, with a null number; without an owner there is none."""


@cache
def changes_of(kinds: Kinds) -> Read:
    """Returns the statement of these kinds."""
    return CHANGES.get(kinds) or _changes(kinds, declared=False)


COUNTERS: Final = Read(
    "owners' counters",
    select(USERS.c.id, USERS.c.seq).where(any_of(USERS.c.id, bindparam("owners", type_=Ids()))),
    cross_owner=True,
)
"""Only for owners with streams open in this process."""

RESTORE: Final = Read("last restore", select(LAST_RESTORE.label("restore")))
