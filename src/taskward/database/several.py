"""Reads of the rows of several owners, merged in the order of the read."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, TypeAlias

from taskward.database.statements import MAX_COMPILED, Read, Row, Values

OfSeveral: TypeAlias = tuple[Read, Sequence[Values]]
"""A read, and its values for each owner. Its `batch_keys` are the values that differ between owners, all of
them ids."""

_FIRST: Final = itemgetter(0)


def merged(read: Read, each: Iterable[Iterable[Row]], limit: int | None) -> list[Row]:
    """Returns the first rows of all owners, of whom each has its rows in order.

    Of the rows of an owner no more are consumed than may be among them.
    """
    if not read.sorted_by or limit is None:
        return [row for rows in each for row in rows]
    place = _place_of(read)
    best: list[tuple[tuple[Any, ...], Row]] = []
    for rows in each:
        last = best[-1][0] if len(best) == limit else None
        for row in rows:
            key = place(row)
            if last is not None and (key < last if read.descending else key > last):
                break
            best.append((key, row))
        best.sort(key=_FIRST, reverse=read.descending)
        del best[limit:]
    return [row for _, row in best]


def limit_of(read: Read, several: Sequence[Values]) -> int | None:
    """Returns how many rows of all owners together are returned; None for all."""
    return None if read.limit_key is None else several[0][read.limit_key]


@lru_cache(MAX_COMPILED)
def _place_of(read: Read) -> Callable[[Row], tuple[Any, ...]]:
    """Returns the function that returns what a row is sorted by."""
    returned = [column.key for column in read.statement.selected_columns]
    places = [returned.index(column.key) for column in read.sorted_by]
    return lambda row: tuple([row[place] for place in places])
