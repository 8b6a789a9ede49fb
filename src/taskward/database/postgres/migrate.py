"""Migrates the schema of a PostgreSQL database, and reports what it is missing."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from taskward.database import DatabaseUnusable, schema
from taskward.database.postgres.deadlines import statement_deadline
from taskward.database.postgres.distributed.distribution import (
    Distribution,
    distribute,
    has_owners,
    read_distribution,
)
from taskward.database.postgres.errors import translate_driver_errors
from taskward.database.postgres.index_builds import build_indexes
from taskward.database.postgres.pool import ConnectionPool
from taskward.database.postgres.row_level_security import RowLevelSecurity, check
from taskward.http.errors import ServiceError

STARTUP_WAIT: Final = 3.0
"""Seconds for which a start waits for the migration; then it continues in the background."""

_RETRY_INTERVAL: Final = 1.0
_LOCK_TIMEOUT: Final = "1s"
"""The time that a migration waits for a table. Meanwhile all others that need it wait too."""

_HAS_REVISION: Final = (
    "SELECT EXISTS (SELECT FROM pg_tables "
    "WHERE tablename = 'alembic_version' AND schemaname = ANY (current_schemas(false)))"
)

log = logging.getLogger(__name__)


class SchemaMigration:
    """The migration of a database: once, or in the background until it succeeds."""

    def __init__(
        self, pool: ConnectionPool, rls: RowLevelSecurity | None, on_reached: Callable[[bool], None]
    ) -> None:
        self.is_done = False
        self._pool = pool
        self._rls = rls
        self._on_reached = on_reached
        """Called with whether the database is distributed, once the server is reached, and after a change."""
        self._task: asyncio.Task[None] | None = None
        self._is_starting = True

    async def start(self) -> None:
        """Migrates; if the server cannot be reached, returns after a while and retries in the background.

        Raises:
            DatabaseUnusable: see `run`.

        """
        self._task = asyncio.create_task(self._run_until_done())
        await asyncio.wait({self._task}, timeout=STARTUP_WAIT)
        self._is_starting = False
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def run(self) -> str:
        """Applies the missing migrations, and returns the revision of the schema.

        On a database with Citus it distributes the tables.

        Raises:
            DatabaseUnusable: the schema is migrated, but row-level security is required and not set up, or
                Citus cannot distribute the tables.

        """
        revision = await self._migrate(moves_owners=True)
        while not schema.is_current(revision):
            await self._build_indexes(revision)
            revision = await self._migrate(moves_owners=True)
        return revision

    async def missing_for_rls(self) -> str | None:
        """Returns what row-level security is missing; with `rls`, what it would be missing after a start."""
        with translate_driver_errors:
            async with asyncio.timeout_at(statement_deadline()), self._pool.acquire() as connection:
                return await check(connection, after_setup=self._rls is not None)

    async def revision(self) -> str | None:
        """Returns the revision of the schema; None for an empty database."""
        with translate_driver_errors:
            async with (
                asyncio.timeout_at(statement_deadline()),
                self._pool.acquire() as connection,
                connection.transaction(),
            ):
                return await _revision(connection)

    async def _migrate(self, *, moves_owners: bool = False) -> str:
        """Applies the missing migrations up to the next one that builds indexes; returns the revision."""
        with translate_driver_errors:
            async with asyncio.timeout_at(statement_deadline(long=True)), self._pool.acquire() as connection:
                await self._report(connection)
                revision = await _migrated_soon(connection)
                if self._rls is not None:
                    async with connection.transaction():
                        await self._rls.ensure(connection)
                found = await self._report(connection)
                must_wait = (
                    found is not None and not (found.is_used or moves_owners) and await has_owners(connection)
                )
            if found is not None and (found.missing or moves_owners):
                await self._distribute(must_wait=must_wait)
        return revision

    async def _distribute(self, *, must_wait: bool) -> None:
        """Distributes the tables, unless they have rows that the service would have to wait for."""
        if must_wait:
            log.warning("The tables are not distributed; stop the service and run `taskward migrate`")
            return
        await distribute(self._pool.connector.hosts)
        async with asyncio.timeout_at(statement_deadline()), self._pool.acquire() as connection:
            await self._report(connection)

    async def _report(self, connection: Any) -> Distribution | None:
        """Reports whether the database is distributed, and returns how."""
        found = await read_distribution(connection)
        self._pool.connector.notifies = found is None or found.is_coordinator
        self._on_reached(found is not None and found.is_used)
        return found

    async def _build_indexes(self, revision: str) -> None:
        with translate_driver_errors:
            if not await build_indexes(self._pool.connector.hosts, revision):
                await asyncio.sleep(_RETRY_INTERVAL)  # another process builds them

    async def _run_until_done(self) -> None:
        """Migrates; the service can be used before all indexes are built."""
        while True:
            try:
                revision = await self._migrate()
                self.is_done = schema.is_usable(revision)
                if not schema.is_current(revision):
                    await self._build_indexes(revision)
                    continue
            except ServiceError as error:
                log.warning("Migration failed; retrying", extra={"reason": error.reason})
            except DatabaseUnusable as error:
                if self._is_starting:
                    raise
                log.error(  # noqa: TRY400 - the text is complete
                    "The database cannot be used as configured; fix it and restart",
                    extra={"reason": str(error)},
                )
            except Exception:
                log.exception("Migration crashed; retrying")
            else:
                return
            await asyncio.sleep(_RETRY_INTERVAL)


async def _migrated_soon(connection: Any) -> str:
    """Applies the missing migrations; others wait for a table only as long as `_LOCK_TIMEOUT`."""
    while True:
        try:
            async with connection.transaction():
                return await _migrated(connection)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(_RETRY_INTERVAL)


async def _migrated(connection: Any) -> str:
    """Applies the missing migrations in the open transaction and returns the revision.

    In a database with tables, it stops before indexes that are built while the service runs.
    """
    revision = await _revision(connection)
    if not schema.is_current(revision):
        await connection.execute("SET LOCAL lock_timeout = 0")  # another replica's migration may take long
        await connection.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK})")
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        revision = await _revision(connection)  # another replica may have migrated it
    if not schema.is_current(revision):
        for statement in schema.statements_since(revision, "postgresql"):
            if revision is not None and statement.startswith(schema.CONCURRENTLY):
                break
            await connection.execute(statement.replace(schema.CONCURRENTLY, "CREATE INDEX "))
        revision = await _revision(connection)
    return str(revision)


async def _revision(connection: Any) -> str | None:
    # Not to_regclass: within a transaction it does not see another replica's later commit.
    if not await connection.fetchval(_HAS_REVISION):
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision
