"""The statements of the change feed: current objects of every kind, and tombstones of deleted ones.

The rows of one statement have the same columns: those of every object, and then as many of each type as any
entity needs, and any other kind that is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    ColumnElement,
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
from taskward.entity import FeedKind
from taskward.features import ENTITIES, FEED_KINDS, OF_PERSONS, OF_SPACES
from taskward.users.statements import LAST_RESTORE, OWNER
from taskward.users.tables import USERS

Kinds: TypeAlias = frozenset[str]
"""Kinds of objects, by their `plural`."""

DEFAULT_KINDS: Final[Kinds] = frozenset({ENTITIES[0].plural})

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


def _places(kind: FeedKind) -> dict[str, int]:
    """Returns the place of each column of a kind, among all that have its type; adds what is missing."""
    taken: dict[str, int] = {}
    for name, column in kind.columns_by_field().items():
        if name in _COMMON:
            continue
        same = [place for place, one in enumerate(_types) if _sql(one) == _sql(column.type)]
        free = [place for place in same if place not in taken.values()]
        if not free:
            free.append(len(_types))
            _types.append(column.type)
        taken[name] = free[0]
    return taken


def _sql(type_: TypeEngine[Any]) -> str:
    return type_.compile(DIALECT)


_PLACES: Final = {kind: _places(kind) for kind in FEED_KINDS}
_WIDTH: Final = 1 + max(place for entity in ENTITIES for place in _PLACES[entity].values())
"""Columns after the common ones, at least."""


class Source(NamedTuple):
    """The source of a row: an object of a `kind`, or with neither `columns` nor `new` a deletion of one.

    `columns` returns those of the record from a row, and `new` makes the record of them. Both are written in
    C, because a page has a thousand rows.
    """

    kind: FeedKind
    columns: Callable[[Row], Any] | None = None
    new: Callable[[Any], Any] | None = None


def _source(kind: FeedKind) -> Source:
    first = 1 + len(_COMMON)
    places = {name: place for place, name in enumerate(_COMMON, 1)}
    places |= {name: first + place for name, place in _PLACES[kind].items()}
    columns = itemgetter(*(places[name] for name in kind.record._fields))
    return Source(kind, columns, partial(tuple.__new__, kind.record))


SOURCES: Final = [source for kind in FEED_KINDS for source in (_source(kind), Source(kind))]
"""By the number at the beginning of a row."""


def _parts(kind: FeedKind, width: int) -> Iterator[Select[Any]]:
    """Yields the part of the objects, and that of the deletions if there can be any."""
    table, number, columns_by_field = kind.table, 2 * FEED_KINDS.index(kind), kind.columns_by_field()
    columns = {place: columns_by_field[name] for name, place in _PLACES[kind].items()}
    present = _part(number, table, columns_by_field["id"], columns, width)
    if kind.rows is not None:
        present = present.select_from(kind.rows).where(USERS.c.id == OWNER)
    if kind.tombstones is not None:
        gone = _part(number + 1, kind.tombstones, kind.tombstones.c[f"{kind.kind}_id"], {}, width)
        yield from (_page(present, table.name), _page(gone, kind.tombstones.name))
    elif kind.has_ended is not None:
        gone = _part(number + 1, table, columns_by_field["id"], {}, width).where(kind.has_ended)
        yield _page(present.where(~kind.has_ended), table.name)
        yield _page(gone, f"ended_{table.name}")
    else:
        yield _page(present, table.name)


def _part(
    number: int,
    table: Table,
    object_id: ColumnElement[Any],
    columns: Mapping[int, ColumnElement[Any]],
    width: int,
) -> Select[Any]:
    """Selects the rows of one table after the number; columns that it lacks are null."""
    others = (
        columns.get(place, cast(null(), one)).label(f"column_{place}")
        for place, one in enumerate(_types[:width])
    )
    return (
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
    )


def _page(part: Select[Any], name: str) -> Select[Any]:
    """Orders and limits each part by itself, so that its index is read only as far as the page needs."""
    return select(part.subquery(f"some_{name}"))


def _changes(kinds: Kinds, *, declared: bool) -> Read:
    chosen = [kind for kind in FEED_KINDS if kind.plural in kinds]
    width = max(_WIDTH, *(1 + place for kind in chosen for place in _PLACES[kind].values()))
    changes = union_all(*(part for kind in chosen for part in _parts(kind, width))).subquery("changes")
    owner = (
        select(USERS.c.horizon, USERS.c.seq, LAST_RESTORE.label("restore"))
        .where(USERS.c.id == OWNER)
        .subquery("owner")
    )
    return Read(
        f"changes of {' and '.join(kind.plural for kind in chosen)} since a number",
        select(changes, owner)
        .select_from(owner.outerjoin(changes, true()))
        .order_by(changes.c.version)
        .limit(_LIMIT),
        declared=declared,
    )


_BY_THEMSELVES: Final = tuple(entity for entity in ENTITIES if entity.goes_with is None)
_DECLARED: Final[tuple[Kinds, ...]] = (
    *(frozenset({entity.plural}) for entity in _BY_THEMSELVES),
    *(
        frozenset(kind.plural for kind in kinds)
        for kinds in (_BY_THEMSELVES, ENTITIES, OF_PERSONS, OF_SPACES)
    ),
)
CHANGES: Final = {kinds: _changes(kinds, declared=True) for kinds in _DECLARED}
"""The statements of one entity, of all of them, and of all kinds of an owner.

A row is a change: the number of its `Source`, the id, owner and version, the other columns; then the horizon,
the owner's counter, and the last restore. Without changes there is one row, with a null number; without an
owner there is none."""


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
