"""The ports of the database, one for each kind of code that uses it; `postgres` and `sqlite` implement them.

Failures are raised as `taskward.http.errors.DatabaseError`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

from taskward.database.observers import Observer
from taskward.database.several import OfSeveral
from taskward.database.statements import (
    Authorize,
    AuthorizedWrite,
    Read,
    Row,
    T,
    TransactionSteps,
    Values,
    Write,
)
from taskward.http.errors import DatabaseError
from taskward.http.parts import Key
from taskward.metrics import Samples


class Queries(Protocol):
    """The port of stores: statements, and transactions of several."""

    async def rows(self, read: Read, values: Values, /) -> Sequence[Row]:
        """Runs a read."""

    async def write(self, write: Write, values: Values, /) -> Row | None:
        """Runs one write in a transaction, and returns the changed row once it is durable.

        Returns None if no row matched; then nothing is changed.
        """

    async def transact(
        self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False, owners: Sequence[UUID] = ()
    ) -> T:
        """Runs steps in one transaction and returns their result once it is durable.

        A `long` one has a minute on PostgreSQL, and shares no transaction with others on SQLite. If its steps
        contain a `Split`, an engine may run them as several transactions; other statements of the owner see
        all or nothing. Steps that change rows of several `owners` name them, in the order in which they lock
        the owners' rows; it must be the same in all transactions: persons before spaces, each by id.
        While they hold the first one, they wait a second at most for another.

        Raises:
            ServiceUnavailable: others have one of several owners for too long; nothing is done.

        """


class LargeChanges(Protocol):
    """The port for changes of very many rows, which may take several transactions."""

    async def wait_unlocked(self, owner: UUID) -> None:
        """Returns once no split transaction of the owner is in progress, or its holder seems dead."""

    async def scrub(self) -> None:
        """Removes deleted content from the engine's files, as far as the engine would keep it."""


class OwnedRows(Queries, LargeChanges, Protocol):
    """The ports of stores: the rows of the one owner of a request."""


OWNED_ROWS: Final = Key[OwnedRows]("owned rows")
"""The rows that stores use: the database, and for a route of a space `SpaceRows` in its place."""


class SharedRows(OwnedRows, Protocol):
    """The ports of what authorizes the requests on the rows of a space."""

    async def write_authorized(
        self, authorized: AuthorizedWrite, values: Values, authorize: Authorize
    ) -> Row | None:
        """Reads the authority of a write, and runs the write; raises what `authorize` raises.

        Who is refused waits for no lock and no queue of the owner, and sees the same statements for every
        owner. No row: as of `write`.
        """


async def authorize_and_write(
    rows: Queries, authorized: AuthorizedWrite, values: Values, authorize: Authorize
) -> Row | None:
    """Implements `SharedRows.write_authorized` by two statements."""
    authors = authorize(await rows.rows(authorized.authority, values))
    return await rows.write(authorized.write, {**values, **authors})


class RowsOfSeveral(Protocol):
    """The port of reads over several owners."""

    async def rows_of_several(self, asked: Sequence[OfSeveral], /) -> Sequence[Sequence[Row]]:
        """Runs reads one after the other, each for several owners, as one long read of the caller.

        Returns the rows of each, merged in its order and to its limit. Each owner's rows are of one moment,
        and the statement for each owner names that owner.
        """


class Interruptions(Protocol):
    """The port of the recovery of split transactions."""

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        """Returns the owners, with the name of the change, whose split transaction has no running holder."""


class ChangeHints(Protocol):
    """The port of event streams: when to check for changes."""

    on_change: Callable[[UUID], None]
    """Called with the owner once a change of theirs is durable: each change by this process, and, while
    `poll_hints` is iterated, the notified changes of other processes. A change may be reported twice."""

    def poll_hints(self) -> AsyncGenerator[None, None]:
        """Yields whenever the caller should check for changes by other processes.

        That is every few seconds with working notifications, and otherwise at least twice a second. Closing
        the generator frees its resources.
        """


class Administration(Protocol):
    """The port of the command line; the database need not be started."""

    async def migrate(self) -> str:
        """Migrates the schema and returns its revision."""

    async def revision(self) -> str | None:
        """Returns the revision of the schema, None if there is none."""

    async def missing_for_rls(self) -> str | None:
        """Returns what `DATABASE_RLS=on` is missing; None if nothing is, or if the engine has no RLS.

        The schema must be up to date.
        """


class Lifecycle(Protocol):
    """The port of the app, which runs the database."""

    async def start(self) -> None:
        """Opens the database and migrates its schema.

        If the server cannot be reached, this returns and retries in the background.

        Raises:
            DatabaseUnusable: the database can never work as configured; the text says why.

        """

    async def stop(self) -> None:
        """Finishes the work in progress, and closes the database."""

    async def ping(self) -> None:
        """Returns if statements can be run now, on an up-to-date schema; raises otherwise."""


class Monitoring(Protocol):
    """The port of metrics, tracing and the audit log."""

    engine: str
    """`postgresql` or `sqlite`."""

    observers: list[Observer]
    """They observe each operation. They are added before the database is started."""

    def collect(self) -> Samples:
        """Returns the metrics; callable from any thread."""


class Database(
    SharedRows, RowsOfSeveral, Interruptions, ChangeHints, Administration, Lifecycle, Monitoring, Protocol
):
    """All of a database, as the app sees it. Others ask for the ports that they need."""


DATABASE: Final = Key[Database]("database")


class ConnectionLost(DatabaseError):
    """The connection was lost; whether the statement was executed is unknown."""


class IdempotencyConflict(DatabaseError):
    """A write was rolled back because a response with the same idempotency key is already stored."""


class DatabaseUnusable(Exception):
    """The database cannot be used as configured: a corrupt file, a missing folder, a missing role."""


def ignore_change(owner: UUID) -> None:
    """Does nothing; the default of `on_change`."""
