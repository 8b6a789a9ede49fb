"""The column types: what each is on PostgreSQL, and in a STRICT table of SQLite.

A row that comes back holds ids as anything whose `str` is the id, times as aware datetimes, flags as bool.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Dialect, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Counter = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer."""

CodePointText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is ordered by code points on both engines."""


class Id(TypeDecorator[UUID]):
    """A UUID; on SQLite the canonical text."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else Uuid()

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return str(value) if dialect.name == "sqlite" and value is not None else value


class Instant(TypeDecorator[datetime]):
    """A moment, to the microsecond; on SQLite the microseconds since 1970."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" and value is not None else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if dialect.name == "sqlite" and value is not None:
            return _EPOCH + timedelta(microseconds=value)
        moment: datetime | None = value
        return moment


class Flag(TypeDecorator[bool]):
    """True or false; on SQLite 1 or 0."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else Boolean()

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:  # noqa: ARG002
        return None if value is None else bool(value)


class Ids(TypeDecorator[list[UUID]]):
    """A list of ids, for `is_one_of`; on SQLite as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(Uuid())

    def process_bind_param(self, value: list[UUID] | None, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" and value is not None else value


class Words(TypeDecorator[list[str]]):
    """A list of words, for `holds_every_word`; on SQLite as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" and value is not None else value
