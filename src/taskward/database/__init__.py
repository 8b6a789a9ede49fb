"""The two engines behind one small port."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol
from uuid import UUID

from taskward.database.statements import Read, Row, T, TransactionSteps, Values, Write
from taskward.http.errors import DatabaseError
from taskward.metrics import Samples
from taskward.settings import Settings


class Database(Protocol):
    """What a store needs of an engine. Whatever fails below raises `taskward.http.errors.DatabaseError`."""

    engine: str
    """`postgresql` or `sqlite`."""

    on_change: Callable[[UUID], None]
    """Called with the owner once a change of theirs is durable: each change that this process made, and
    while somebody waits for `news`, those that other processes tell of. It may be called once too often."""

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

    async def missing_for_rls(self) -> str | None:
        """Say what `DATABASE_RLS=on` lacks here; None if nothing, and where there is no such thing.

        For a database that need not be started, on the schema that this version needs.
        """

    async def ping(self) -> None:
        """Return if statements can be run now, on the schema that this version needs."""

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        """Run a statement that changes nothing."""

    async def write(self, write: Write, values: Values) -> Row | None:
        """Run one write as one transaction, and return the changed row once it is durable.

        None if there was nothing to change; then nothing is changed.
        """

    async def transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        """Run steps as one transaction and return their result once it is durable.

        A `long` one has a minute, and does not hold up the reads of others. Where its steps have a `SPLIT`,
        an engine may run them as several transactions; other statements of the owner see all or nothing.
        """

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        """Return the owners, with the name of the change, whose split transaction nobody carries on."""

    async def wait_unlocked(self, owner: UUID) -> None:
        """Return once no split transaction of the owner is in progress, or soon after it should be over."""

    async def scrub(self) -> None:
        """Remove deleted content from where the engine still keeps it, as far as that is its own doing."""

    def poll_hints(self) -> AsyncGenerator[None, None]:
        """Come round, again and again, when it is time to look what other processes may have changed.

        That is seldom where they tell of each change by themselves, and otherwise twice a second or more.
        What this needs is let go when the generator is closed.
        """

    def collect(self) -> Samples:
        """Give what there is to count; callable from any thread."""


class IdempotencyConflict(DatabaseError):
    """A write was undone because a request with the same idempotency key has been answered already."""


class DatabaseUnusable(Exception):
    """The database cannot be used as configured: a corrupt file, a folder that is not there, no role."""


def ignore_change(owner: UUID) -> None:
    """Take no notice of a change."""


def open_database(settings: Settings) -> Database:
    """Give the database of `DATABASE_URL`, not yet started."""
    if settings.engine == "sqlite":
        from taskward.database.sqlite.database import SqliteDatabase  # noqa: PLC0415 - one driver, not two

        return SqliteDatabase(settings.sqlite_path)
    from taskward.database.postgres.database import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(
        settings.database_url.get_secret_value(), settings.database_pool_size, rls=settings.database_rls
    )
