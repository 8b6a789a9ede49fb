"""Reads of the rows of several owners, merged in the order of the read."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from taskward.database.statements import MAX_COMPILED, Read, Row, Values

OfSeveral: TypeAlias = tuple[Read, Sequence[Values]]
"""A read, and its values for each owner. Its `batch_keys` are the values that differ between owners, all of
them ids; if it is sorted, all columns are in the same direction, and it returns them."""

_FIRST: Final = itemgetter(0)


class _Order(NamedTuple):
    """The columns that a read is sorted by, by their number among those that it returns."""

    columns: tuple[int, ...]
    is_descending: bool

    def key(self, row: Row) -> tuple[Any, ...]:
        return tuple([row[column] for column in self.columns])


def merged(read: Read, each: Iterable[Iterable[Row]], limit: int | None) -> list[Row]:
    """Returns the first rows of all owners, of whom each has its rows in order.

    Of the rows of an owner no more are consumed than may be among them.
    """
    order = _order_of(read)
    if not order.columns or limit is None:
        return [row for rows in each for row in rows]
    best: list[tuple[tuple[Any, ...], Row]] = []
    for rows in each:
        last = best[-1][0] if len(best) == limit else None
        for row in rows:
            key = order.key(row)
            if last is not None and (key < last if order.is_descending else key > last):
                break
            best.append((key, row))
        best.sort(key=_FIRST, reverse=order.is_descending)
        del best[limit:]
    return [row for _, row in best]


def limit_of(read: Read, several: Sequence[Values]) -> int | None:
    """Returns how many rows of all owners together are returned; None for all."""
    return None if read.limit_key is None else several[0][read.limit_key]


@lru_cache(MAX_COMPILED)
def _order_of(read: Read) -> _Order:
    names = [getattr(column, "name", None) for column in read.statement.selected_columns]
    clauses = [str(clause).rpartition(".")[2] for clause in read.statement._order_by_clauses]  # noqa: SLF001 - there is no public accessor
    columns = tuple(names.index(clause.removesuffix(" DESC")) for clause in clauses)
    return _Order(columns, any(clause.endswith(" DESC") for clause in clauses))
