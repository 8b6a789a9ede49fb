"""What the stores ask of a database, in a form that either engine compiles once and runs often.

A statement is a SQLAlchemy expression whose every value is a named `bindparam`. The stores declare theirs
at import; `STATEMENTS` lists all of them, which is how a test can prove that each one is bound to its owner.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Insert, Select, Update
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

T = TypeVar("T")

Change: TypeAlias = Insert | Update | Delete
SideEffect: TypeAlias = Callable[[ColumnElement[int], ColumnElement[bool]], Insert | Delete]
Row: TypeAlias = Sequence[Any]
Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """A statement that changes nothing; `long` if it can take a while, for it looks through texts.

    `each` names the values, all of them ids, in which reads may differ that an engine runs as one; where
    there are none, it runs alone. Such a statement sorts by columns that it gives, if it sorts.

    A `cross_owner` read returns rows of several owners, for the service itself and not for a request. Only
    such a read runs outside of row-level security.
    """

    name: str
    statement: Select[Any]
    long: bool = False
    batch_keys: tuple[str, ...] = ()
    cross_owner: bool = False

    def __post_init__(self) -> None:
        STATEMENTS.append(self)


@dataclass(frozen=True, eq=False, slots=True)
class Write:
    """A change of one owner's: a transaction of two or more statements, in this order.

    1. `touch` counts the write in the owner's row and gives its number; without one, nothing else runs.
    2. `change(number)` changes the row, filtered by owner, and returns it. It must be so written that it
       changes nothing where `number` is null.
    3. each `trace(number, changed)` records that change; what it inserts, it inserts only where `changed`
       is true.

    PostgreSQL runs them as one statement with data-modifying CTEs, `number` being a subquery; SQLite runs
    them one after the other, `number` being the parameter `seq`.
    """

    name: str
    bump: ReturningInsert[Any] | ReturningUpdate[Any]
    change: Callable[[ColumnElement[int]], Change]
    side_effects: tuple[SideEffect, ...] = ()
    action: str | None = None
    """What the audit log calls it."""

    batched: Select[Any] | None = None
    """The same for several at once, of a write that always gives a row; an engine may try it first.

    It gives the rows of those for whom it was done (see `taskward.database.postgres.batching`).
    """

    def __post_init__(self) -> None:
        STATEMENTS.append(self)


@dataclass(frozen=True, eq=False, slots=True)
class Command:
    """A change that is no write of the owner's own: it moves no counter, and runs only within `transact`."""

    name: str
    statement: Change
    action: str | None = None
    """What the audit log calls it; None for what only goes along with a change."""

    quiet: bool = False
    """Whether it changes only rows that nobody sees yet, or any more: then nobody is notified."""

    def __post_init__(self) -> None:
        STATEMENTS.append(self)


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """A place in the steps where an engine may commit and go on in another transaction.

    PostgreSQL ignores it. SQLite has one writer, so there a change of very many rows takes several short
    transactions. From the first split to the end of the steps the owner's data is locked: every other
    statement of that `owner` waits. The values also name the `change`. If the process dies in between, the
    lock remains, and the change has to be completed by steps that begin with `RESUME`.
    """

    name: str
    action: None = None


Statement: TypeAlias = Read | Write | Command

Step: TypeAlias = tuple[Statement | Split, Values | Sequence[Values]]
"""A statement to run; with several values, once for each, and then it gives no rows."""

SPLIT: Final = Split("split")
RESUME: Final = Split("resume")
"""Takes over the lock of an interrupted change. It gives a row if there was one, and none on PostgreSQL."""

TransactionSteps: TypeAlias = Generator[Step, Sequence[Row], T]
"""A whole transaction as a generator: it asks for statements, is sent their rows, and returns the result.

It knows no engine and awaits nothing, so that each engine can run it in its own way, and again from the
start when the server has undone it because of another transaction.
"""


class Rollback(Exception):
    """Raised by steps to undo all that they did; `result` is the transaction's result all the same."""

    def __init__(self, result: Any) -> None:
        super().__init__("undone on purpose")
        self.result = result


def record_owner(owners: set[UUID], statement: Statement, values: Values | Sequence[Values]) -> None:
    """Add the owner whose change a statement of a transaction is; each has one that names its `owner`."""
    if isinstance(statement, Read) or (isinstance(statement, Command) and statement.quiet):
        return
    if isinstance(values, Mapping) and "owner" in values:
        owners.add(values["owner"])


STATEMENTS: Final[list[Statement]] = []
