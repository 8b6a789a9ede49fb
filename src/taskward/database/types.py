"""The column types: their form on PostgreSQL, and in a STRICT table of SQLite.

Rows contain ids as objects whose `str` is the id, times as aware datetimes, flags as bool.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Dialect, Integer, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

STRICT: Final[dict[str, Any]] = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""The options of a table."""

WITH_ROWID: Final[dict[str, Any]] = {"sqlite_strict": True}
"""Those of a table with large values: without rowids a search reads whole rows on its way to another one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Processor: TypeAlias = Callable[[Any], Any]
"""Converts a value on its way in or out; a null is not converted on its way out.

A plain function, because SQLAlchemy's usual method, which gets the dialect each time, costs more than the
conversion, and a list of 20 has 60 such values.
"""

Counter = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer."""

Small = SmallInteger().with_variant(Integer, "sqlite")
"""A small number: a priority, a role, a count up to 100."""

CodePointText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text sorted by code points on both engines."""


class Id(TypeDecorator[UUID]):
    """A UUID; on SQLite the canonical text."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else Uuid()

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        return _text_or_none if dialect.name == "sqlite" else None


class Instant(TypeDecorator[datetime]):
    """A time, to the microsecond; on SQLite the microseconds since 1970."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        return to_microseconds if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:  # noqa: ARG002 - as SQLAlchemy calls it
        return from_microseconds if dialect.name == "sqlite" else None


class Flag(TypeDecorator[bool]):
    """True or false; on SQLite 1 or 0."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else Boolean()

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:  # noqa: ARG002 - as SQLAlchemy calls it
        return bool if dialect.name == "sqlite" else None


def _text_or_none(value: UUID | None) -> str | None:
    # A quarter of the time of `str`, which is written in Python.
    return None if value is None else orjson.dumps(value)[1:-1].decode()


def to_microseconds(moment: datetime | None) -> int | None:
    """Returns the microseconds since 1970 of a time, or None."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Returns the time that many microseconds after the beginning of 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _json_or_none(numbers: Sequence[int] | None) -> str | None:
    return None if numbers is None else orjson.dumps(numbers).decode()


class Ids(TypeDecorator[list[UUID]]):
    """A list of ids, for `any_of`; on SQLite as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(Uuid())

    def process_bind_param(self, value: list[UUID] | None, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" and value is not None else value


class Counters(TypeDecorator[Sequence[int]]):
    """Some 64-bit integers, for `any_of`; on SQLite as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(BigInteger())

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        return _json_or_none if dialect.name == "sqlite" else None


class Words(TypeDecorator[list[str]]):
    """A list of words, for `contains_all_words`; on SQLite as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" and value is not None else value
