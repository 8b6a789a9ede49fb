"""The two engines behind one small port."""

from collections.abc import Callable, Sequence
from typing import Protocol

from taskward.database.statements import Read, Row, Steps, T, Values, Write
from taskward.errors import DatabaseError
from taskward.settings import Settings


class Database(Protocol):
    """What a store needs of an engine. Whatever fails below raises `taskward.errors.DatabaseError`."""

    async def start(self) -> None:
        """Open it and bring its schema up to date.

        Where a server cannot be reached, this returns all the same and goes on trying by itself.

        Raises:
            DatabaseUnusable: it can never work like this, and the text says why.

        """

    async def stop(self) -> None:
        """Finish what has been begun, and close it."""

    async def migrate(self) -> str:
        """Bring the schema of a database that is not started up to date; give the revision it is at."""

    async def revision(self) -> str | None:
        """Give the revision that the schema is at, of a database that need not be started; None for none."""

    async def ping(self) -> None:
        """Return if statements can be run now, on the schema that this version needs."""

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        """Run a statement that changes nothing."""

    async def write(self, write: Write, values: Values) -> Row | None:
        """Run one write as one transaction, and return the changed row once it is durable.

        None if there was nothing to change; then nothing is changed.
        """

    async def transact(self, steps: Callable[[], Steps[T]], *, long: bool = False) -> T:
        """Run steps as one transaction and return their result once it is durable.

        A `long` one has a minute, and does not hold up the reads of others.
        """


class AlreadyThere(DatabaseError):
    """A write was undone because a request with the same idempotency key has been answered already."""


class DatabaseUnusable(Exception):
    """The database cannot be used as configured: a corrupt file, a folder that is not there."""


def open_database(settings: Settings) -> Database:
    """Give the database of `DATABASE_URL`, not yet started."""
    if settings.database_url.get_secret_value().startswith("sqlite:"):
        from taskward.database.sqlite import SqliteDatabase  # noqa: PLC0415 - one driver, not two

        return SqliteDatabase(settings.sqlite_path)
    from taskward.database.postgres import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(settings.database_url.get_secret_value(), settings.database_pool_size)
