"""The statements of stores as SQL for SQLite, with the conversion of their values and columns."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import BindParameter, Select, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.visitors import replacement_traverse

from taskward.database.several import limit_of, merged
from taskward.database.sqlite import owner_locks
from taskward.database.sqlite.owner_locks import OwnerLocked
from taskward.database.statements import Change, Read, Row, Statement, Values, Write, keeping_forms


class _Compiler(SQLiteCompiler):
    """SQLAlchemy's compiler, with hints like `INDEXED BY` after the name of a table."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:  # noqa: ARG002 - as SQLAlchemy calls it
        return text


_DIALECT: Final = sqlite.dialect(paramstyle="named")
_DIALECT.statement_compiler = _Compiler


Binds: TypeAlias = tuple[tuple[str, Callable[[Any], Any]], ...]
"""The parameters whose values are converted, unless they are null."""


def bound(values: Values, binds: Binds) -> dict[str, Any]:
    """Returns the values of parameters as SQLite takes them."""
    found = {**values}
    for name, bind in binds:
        if name in found and found[name] is not None:
            found[name] = bind(found[name])
    return found


@dataclass(frozen=True, eq=False, slots=True)
class CompiledSql:
    """One SQL statement: its text, its named parameters, and the conversion of its columns."""

    sql: str
    defaults: Mapping[str, Any]
    """All parameters, with the value of each that is not given."""

    binds: Binds
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]

    @classmethod
    def compile(cls, statement: Change | Any) -> "CompiledSql":
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        processors = {
            name: bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            for name, bind in compiled.binds.items()
        }
        binds = tuple((name, bind) for name, bind in processors.items() if bind)
        converters = (
            column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
            for column in statement.exported_columns
        )
        return cls(
            compiled.string,
            bound(compiled.params, binds),
            binds,
            tuple((n, convert) for n, convert in enumerate(converters) if convert),
        )

    def rows(self, connection: sqlite3.Connection, values: Values) -> list[Row]:
        """Runs the statement."""
        return self.rows_of(connection, bound(values, self.binds))

    def rows_of(self, connection: sqlite3.Connection, values: Values) -> list[Row]:
        """Runs the statement with values as SQLite takes them."""
        return self.converted(connection.execute(self.sql, {**self.defaults, **values}).fetchall())

    def cursor(self, connection: sqlite3.Connection, values: Values) -> sqlite3.Cursor:
        """Starts the statement; its rows are as SQLite has them."""
        return connection.execute(self.sql, {**self.defaults, **bound(values, self.binds)})

    def converted(self, rows: list[Row]) -> list[Row]:
        """Converts the columns of rows, in place."""
        if not self.converters:
            return rows
        for number, row in enumerate(rows):
            rows[number] = columns = list(row)
            for n, convert in self.converters:
                if columns[n] is not None:
                    columns[n] = convert(columns[n])
        return rows


@dataclass(frozen=True, eq=False, slots=True)
class SqliteStatement:
    """A statement as SQLite runs it: one of SQL for a read, two or more for a write.

    `guarded` is that of a read outside of a transaction, which fails if its owner is locked.
    """

    statements: tuple[CompiledSql, ...]
    binds: Binds
    """Of all statements; a parameter of a name has the same type in all of them."""

    guarded: CompiledSql
    needs: tuple[str | None, ...] = ()
    """For each part of a write the value without which it is left out."""

    @classmethod
    @keeping_forms
    def compile(cls, statement: Statement) -> "SqliteStatement":
        if isinstance(statement, Write):
            several = tuple(CompiledSql.compile(change) for change in statement.statements())
            binds = {name: bind for one in several for name, bind in one.binds}
            return cls(
                several, tuple(binds.items()), several[0], tuple(part.needs for part in statement.parts)
            )
        single = CompiledSql.compile(statement.statement)
        if isinstance(statement, Read) and not statement.cross_owner:
            guarded = owner_locks.guarded(statement, condition_first(statement))
            return cls((single,), single.binds, CompiledSql.compile(guarded))
        return cls((single,), single.binds, single)

    def run(self, connection: sqlite3.Connection, values: Values) -> Sequence[Row]:
        """Runs all of it in the open transaction; returns the rows of the read or of the change."""
        first, *others = self.statements
        given = bound(values, self.binds)
        rows = first.rows_of(connection, given)
        if not rows or not others:
            return rows
        given["seq"] = rows[0][0]
        change, *parts = others
        rows = change.rows_of(connection, given)
        if rows:
            for part, needed in zip(parts, self.needs, strict=True):
                if needed is None or values.get(needed) is not None:
                    part.rows_of(connection, given)
        return rows


def condition_first(read: Read) -> Select[Any]:
    """Returns the statement of a read, which looks for no row unless its condition holds.

    SQLite evaluates a condition with a subquery for each row that it finds by the others. So the id of the
    owner, by which rows are found, is null unless the condition holds. That stays in its place, too, for rows
    that are found in another way.
    """
    condition = read.only_if
    if condition is None:
        return read.statement

    def of_owner(element: Any, **_: Any) -> Any:
        if element is condition:
            return element  # as it is
        if isinstance(element, BindParameter) and element.key == "owner":
            return select(element).where(condition).scalar_subquery()
        return None

    return cast("Select[Any]", replacement_traverse(read.statement, {}, of_owner))


@dataclass(frozen=True, eq=False, slots=True)
class MergedRead:
    """A guarded read for several owners; it reads no more of their rows than it needs."""

    read: Read
    statement: CompiledSql
    several: Sequence[Values]

    def rows(self, connection: sqlite3.Connection, values: Values) -> list[Row]:  # noqa: ARG002 - a read has one owner's
        """Runs the statement for each owner.

        Raises:
            OwnerLocked: the data of one of them is locked.

        """
        each = (self._of_owner(connection, one) for one in self.several)
        return self.statement.converted(merged(self.read, each, limit_of(self.read, self.several)))

    def _of_owner(self, connection: sqlite3.Connection, values: Values) -> Iterator[Row]:
        try:
            with closing(self.statement.cursor(connection, values)) as cursor:
                yield from cursor
        except sqlite3.OperationalError as error:
            if owner_locks.is_locked_error(error):
                raise OwnerLocked(values["owner"]) from None
            raise
