"""The database port, implemented by the packages `postgres` and `sqlite`."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol
from uuid import UUID

from taskward.database.statements import Read, Row, T, TransactionSteps, Values, Write
from taskward.http.errors import DatabaseError
from taskward.metrics import Samples
from taskward.settings import Settings


class Database(Protocol):
    """The interface between stores and an engine.

    Failures are raised as `taskward.http.errors.DatabaseError`.
    """

    engine: str
    """`postgresql` or `sqlite`."""

    on_change: Callable[[UUID], None]
    """Called with the owner once a change of theirs is durable: each change by this process, and, while
    `poll_hints` is iterated, the notified changes of other processes. A change may be reported twice."""

    async def start(self) -> None:
        """Opens the database and migrates its schema.

        If the server cannot be reached, this returns and retries in the background.

        Raises:
            DatabaseUnusable: the database can never work as configured; the text says why.

        """

    async def stop(self) -> None:
        """Finishes the work in progress, and closes the database."""

    async def migrate(self) -> str:
        """Migrates the schema of a database that is not started; returns its revision."""

    async def revision(self) -> str | None:
        """Returns the revision of the schema, None if there is none. The database need not be started."""

    async def missing_for_rls(self) -> str | None:
        """Returns what `DATABASE_RLS=on` is missing; None if nothing is, or if the engine has no RLS.

        The database need not be started; its schema must be up to date.
        """

    async def ping(self) -> None:
        """Returns if statements can be run now, on an up-to-date schema; raises otherwise."""

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        """Runs a read."""

    async def write(self, write: Write, values: Values) -> Row | None:
        """Runs one write in a transaction, and returns the changed row once it is durable.

        Returns None if no row matched; then nothing is changed.
        """

    async def transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        """Runs steps in one transaction and returns their result once it is durable.

        A `long` one has a minute, and does not block the reads of others. If its steps contain a `Split`, an
        engine may run them as several transactions; other statements of the owner see all or nothing.
        """

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        """Returns the owners, with the name of the change, whose split transaction has no running holder."""

    async def wait_unlocked(self, owner: UUID) -> None:
        """Returns once no split transaction of the owner is in progress, or its holder seems dead."""

    async def scrub(self) -> None:
        """Removes deleted content from the engine's files, as far as the engine would keep it."""

    def poll_hints(self) -> AsyncGenerator[None, None]:
        """Yields whenever the caller should check for changes by other processes.

        That is every few seconds with working notifications, and otherwise at least twice a second. Closing
        the generator frees its resources.
        """

    def collect(self) -> Samples:
        """Returns the metrics; callable from any thread."""


class IdempotencyConflict(DatabaseError):
    """A write was rolled back because a response with the same idempotency key is already stored."""


class DatabaseUnusable(Exception):
    """The database cannot be used as configured: a corrupt file, a missing folder, a missing role."""


def ignore_change(owner: UUID) -> None:
    """Does nothing; the default of `on_change`."""


def open_database(settings: Settings) -> Database:
    """Returns the database of `DATABASE_URL`, not started."""
    if settings.engine == "sqlite":
        from taskward.database.sqlite.database import SqliteDatabase  # noqa: PLC0415 - imports one driver only

        return SqliteDatabase(settings.sqlite_path)
    from taskward.database.postgres.database import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(
        settings.database_url.get_secret_value(), settings.database_pool_size, rls=settings.database_rls
    )
