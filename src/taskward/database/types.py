"""The column types: what each is on PostgreSQL, and in a STRICT table of SQLite.

A row that comes back holds ids as anything whose `str` is the id, times as aware datetimes, flags as bool.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Dialect, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
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


class forward_only(FunctionElement[datetime]):  # noqa: N801 - it reads as the function that it is
    """`forward_only(now, before)`: now, or just after `before` if the clock has not moved past it."""

    type = Instant()
    inherit_cache = True


@compiles(forward_only, "postgresql")
def _on_postgresql(element: forward_only, compiler: SQLCompiler, **options: Any) -> str:
    now, before = (compiler.process(clause, **options) for clause in element.clauses)
    return f"greatest({now}, {before} + interval '1 microsecond')"


@compiles(forward_only, "sqlite")
def _on_sqlite(element: forward_only, compiler: SQLCompiler, **options: Any) -> str:
    now, before = (compiler.process(clause, **options) for clause in element.clauses)
    return f"max({now}, {before} + 1)"
