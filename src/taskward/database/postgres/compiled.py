"""The statements of stores as SQL for PostgreSQL, with their parameters in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ClauseElement,
    Dialect,
    ScalarSelect,
    bindparam,
    exists,
    select,
    true,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql import visitors

from taskward.database.functions import once
from taskward.database.outbox import mark_owners
from taskward.database.statements import (
    AuthorizedWrite,
    Change,
    Part,
    Read,
    Statement,
    Values,
    Write,
    Written,
    keeping_forms,
)
from taskward.database.types import Flag, Id

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningUpdate

_OWNER: Final = bindparam("owner", type_=Id())
IS_FREE: Final = bindparam("is_free", type_=Flag())
"""Whether a write that its statement authorizes may run; if not, the statement only reads the authority."""

DIALECT: Final[Dialect] = PGDialect_asyncpg()  # type: ignore[no-untyped-call] # SQLAlchemy has none here


@dataclass(frozen=True, eq=False, slots=True)
class CompiledStatement:
    """A compiled statement: its text, and the names and defaults of its parameters in order."""

    sql: str
    names: tuple[tuple[str, Any], ...]
    cross_owner: bool = False
    _defaults: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_defaults", dict(self.names))

    @classmethod
    @keeping_forms
    def compile(cls, statement: Statement) -> "CompiledStatement":
        if isinstance(statement, Write):
            return CompiledWrite.of(statement)
        expression = statement.statement
        cross_owner = isinstance(statement, Read) and statement.cross_owner
        return cls.from_expression(expression, cross_owner=cross_owner)

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
        # The parameters come first and in order, those that are given or not; then other values.
        return list({**self._defaults, **values}.values())[: len(self.names)]

    def arrays(self, several: Sequence[Values]) -> list[Any]:
        """Returns the bound values in order, as an array for each name."""
        return list(map(list, zip(*map(self.arguments, several), strict=True)))

    def for_values(self, values: Values) -> "CompiledStatement":  # noqa: ARG002 - a write has a form for them
        """Returns the form of the statement for these values."""
        return self

    def owner(self, values: Values) -> UUID | None:
        """Returns the owner whose rows it may touch; None for the service's own statements."""
        owner: UUID | None = None if self.cross_owner else values["owner"]
        return owner


@dataclass(frozen=True, eq=False, slots=True)
class CompiledWrite(CompiledStatement):
    """A write without the parts that need a value; `for_values` returns it with those that it has.

    With `marking` each form also marks the owner in the outbox. A form is compiled when it is first used.
    """

    write: Write | None = None
    marking: bool = False

    @classmethod
    @cache
    def of(cls, write: Write, *, marking: bool = False) -> "CompiledWrite":
        form = _with_parts(write, write.parts_for({}), marking=marking)
        return cls(form.sql, form.names, write=write, marking=marking)

    def for_values(self, values: Values) -> CompiledStatement:
        write = cast("Write", self.write)
        return _with_parts(write, write.parts_for(values), marking=self.marking) if write.parts else self

    def for_batch(self, several: Sequence[Values]) -> CompiledStatement:
        """Returns the form for several writes, with the parts that one of them has."""
        write = cast("Write", self.write)
        needed = {part for values in several for part in write.parts_for(values)}
        parts = tuple(part for part in write.parts if part in needed and part.in_batches)
        return _batched(write, parts, marking=self.marking)


@dataclass(frozen=True, eq=False, slots=True)
class CompiledAuthorizedWrite(CompiledStatement):
    """A write with the read of its authority, without the parts that need a value; as `CompiledWrite`."""

    authorized: AuthorizedWrite | None = None
    marking: bool = False
    width: int = 0
    """The number of the last columns, which are those of the authority."""

    @classmethod
    @cache
    def of(cls, authorized: AuthorizedWrite, *, marking: bool = False) -> "CompiledAuthorizedWrite":
        form = _authorized(authorized, authorized.write.parts_for({}), marking=marking)
        width = len(authorized.authority.statement.selected_columns)
        return cls(form.sql, form.names, authorized=authorized, marking=marking, width=width)

    def for_values(self, values: Values) -> CompiledStatement:
        authorized = cast("AuthorizedWrite", self.authorized)
        return _authorized(authorized, authorized.write.parts_for(values), marking=self.marking)


@cache
def _authorized(authorized: AuthorizedWrite, parts: tuple[Part, ...], *, marking: bool) -> CompiledStatement:
    return CompiledStatement.from_expression(as_authorized_statement(authorized, parts, marking=marking))


@cache
def _with_parts(write: Write, parts: tuple[Part, ...], *, marking: bool) -> CompiledStatement:
    return CompiledStatement.from_expression(as_single_statement(write, parts, marking=marking))


@cache
def _batched(write: Write, parts: tuple[Part, ...], *, marking: bool) -> CompiledStatement:
    return CompiledStatement.from_expression(as_batched_statement(write, parts, marking=marking))


def as_batched_statement(write: Write, parts: tuple[Part, ...], *, marking: bool = False) -> Any:
    """Returns the statement of a batch; with `marking` it also marks the owners in the outbox."""
    if write.batched is None:
        raise TypeError(f"{write.name} has no form for a batch")
    batched = write.batched(parts)
    return (
        batched.statement.add_cte(mark_owners(batched.owners).cte("marked")) if marking else batched.statement
    )


def as_single_statement(write: Write, parts: tuple[Part, ...] | None = None, *, marking: bool = False) -> Any:
    """Combines the steps of a write into one statement: each is a CTE, and the change is returned.

    Without `parts` it has all. With `marking` it also marks the owner in the outbox.
    """
    parts = write.parts if parts is None else parts
    owner = write.bump.cte("owner")
    if not parts:
        change: Change = write.change(_number(owner))
        return change.add_cte(owner, *_marks(owner, marking=marking))
    changed, others = _changes(write, owner, parts)
    return select(changed).add_cte(owner, *_marks(owner, marking=marking), *others)


def as_authorized_statement(
    authorized: AuthorizedWrite, parts: tuple[Part, ...] | None = None, *, marking: bool = False
) -> Any:
    """Combines a write and the read of its authority, as `as_single_statement`.

    It returns a row if there is an authority: the columns of the change, which are null without one, and
    those of the authority. The author is a value of the statement.
    """
    write = authorized.write
    parts = write.parts if parts is None else parts
    authority = authorized.authority.statement.cte("authority")
    author = select(next(iter(authority.c))).scalar_subquery()

    def author_for(element: ClauseElement, **_: Any) -> ClauseElement | None:
        if isinstance(element, CTE):
            return element  # not a copy of it
        is_author = isinstance(element, BindParameter) and element.key in authorized.authors
        return author if is_author else None

    owner = cast("ReturningUpdate[Any]", write.bump).where(once(IS_FREE)).cte("owner")
    changed, others = _changes(
        write, owner, parts, lambda change: visitors.replacement_traverse(change, {}, author_for)
    )
    returned = select(*changed.c, *authority.c).select_from(authority.outerjoin(changed, true()))
    return returned.add_cte(owner, *_marks(owner, marking=marking), *others)


def _changes(
    write: Write, owner: CTE, parts: tuple[Part, ...], adapted: Callable[[Any], Any] = lambda change: change
) -> tuple[CTE, list[CTE]]:
    """Returns the change of a write and those of its parts, `adapted`, after that of the owner's row."""
    changed = adapted(write.change(_number(owner))).cte("changed")
    written = Written(_number(owner), exists(select(changed)))
    others = [adapted(part.change(written)).cte(f"part_{n}") for n, part in enumerate(parts)]
    return changed, others


def _number(owner: CTE) -> ScalarSelect[int]:
    return select(owner.c.seq).scalar_subquery()


def _marks(owner: CTE, *, marking: bool) -> list[CTE]:
    return [mark_owners(select(_OWNER, owner.c.seq)).cte("marked")] if marking else []
