"""The statements of stores as SQL for PostgreSQL, with their parameters in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Dialect, bindparam, exists, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from taskward.database.outbox import mark_owners
from taskward.database.statements import (
    MAX_COMPILED,
    BatchedWrite,
    Change,
    Read,
    Statement,
    Values,
    Write,
)
from taskward.database.types import Id

_OWNER: Final = bindparam("owner", type_=Id())
DIALECT: Final[Dialect] = PGDialect_asyncpg()  # type: ignore[no-untyped-call] # SQLAlchemy has none here


@dataclass(frozen=True, eq=False, slots=True)
class CompiledStatement:
    """A compiled statement: its text, and the names and defaults of its parameters in order."""

    sql: str
    names: tuple[tuple[str, Any], ...]
    cross_owner: bool = False

    @classmethod
    @lru_cache(maxsize=MAX_COMPILED)
    def compile(cls, statement: Statement) -> "CompiledStatement":
        expression = as_single_statement(statement) if isinstance(statement, Write) else statement.statement
        cross_owner = isinstance(statement, Read) and statement.cross_owner
        return cls.from_expression(expression, cross_owner=cross_owner)

    @classmethod
    @cache
    def compile_marking(cls, write: Write) -> "CompiledStatement":
        """Compiles a write that also marks its owner in the outbox."""
        return cls.from_expression(as_single_statement(write, marking=True))

    @classmethod
    @cache
    def compile_batched(cls, batched: BatchedWrite, *, marking: bool = False) -> "CompiledStatement":
        return cls.from_expression(as_batched_statement(batched, marking=marking))

    @classmethod
    def from_expression(
        cls, expression: Any, *, cross_owner: bool = False, dialect: Dialect = DIALECT
    ) -> "CompiledStatement":
        compiled = expression.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        names = tuple((name, compiled.params[name]) for name in compiled.positiontup or ())
        return cls(compiled.string, names, cross_owner)

    def arguments(self, values: Values, overrides: Values | None = None) -> list[Any]:
        """Returns the bound values in order; `overrides` take precedence over `values`."""
        if overrides:
            values = {**values, **overrides}
        return [values.get(name, default) for name, default in self.names]

    def arrays(self, several: Sequence[Values]) -> list[Any]:
        """Returns the bound values in order, as an array for each name."""
        return [[values.get(name, default) for values in several] for name, default in self.names]

    def owner(self, values: Values) -> UUID | None:
        """Returns the owner whose rows it may touch; None for the service's own statements."""
        owner: UUID | None = None if self.cross_owner else values["owner"]
        return owner


def as_batched_statement(batched: BatchedWrite, *, marking: bool = False) -> Any:
    """Returns the statement of a batch; with `marking` it also marks the owners in the outbox."""
    return (
        batched.statement.add_cte(mark_owners(batched.owners).cte("marked")) if marking else batched.statement
    )


def as_single_statement(write: Write, *, marking: bool = False) -> Any:
    """Combines the steps of a write into one statement: each is a CTE, and the change is returned.

    With `marking` it also marks the owner in the outbox.
    """
    owner = write.bump.cte("owner")
    number = select(owner.c.seq).scalar_subquery()
    change: Change = write.change(number)
    marked = [mark_owners(select(_OWNER, owner.c.seq)).cte("marked")] if marking else []
    if not write.side_effects:
        return change.add_cte(owner, *marked)
    changed = change.cte("changed")
    traces = [
        trace(number, exists(select(changed))).cte(f"trace_{n}") for n, trace in enumerate(write.side_effects)
    ]
    return select(changed).add_cte(owner, *marked, *traces)
