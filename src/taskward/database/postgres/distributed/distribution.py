"""Distributes the tables over the servers of a Citus cluster, and reads whether they are distributed.

Every table with an owner is distributed by the owner, so that all rows of an owner are on one server. The
few tables without one are copied to every server. Nothing else about the schema differs, except that the rule
of unique e-mail addresses moves to a directory, and that there are no policies of row-level security.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from taskward.database import DatabaseUnusable, schema
from taskward.database.postgres.connector import CONNECT_TIMEOUT
from taskward.database.postgres.distributed import email_directory
from taskward.database.postgres.hosts import HostConnector
from taskward.database.tables import owned_tables, shared_tables

_FIRST_TABLE: Final = "users"
"""The rows of all other distributed tables are where the owner's row in this one is."""

_HAS_CITUS: Final = "SELECT to_regclass('pg_dist_partition') IS NOT NULL"
_STATE: Final = """
SELECT
    citus_is_coordinator(),
    current_setting('citus.shard_replication_factor', true),
    ARRAY(
        SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL
        AND to_regclass(name) NOT IN (SELECT logicalrelid FROM pg_dist_partition)
    )
"""

log = logging.getLogger(__name__)


def distributed_tables() -> Sequence[tuple[str, str]]:
    """Returns the distributed tables with their distribution columns, referenced ones first."""
    return [(table.name, column.name) for table, column in owned_tables()]


def reference_tables() -> Sequence[str]:
    """Returns the tables that each server has a copy of."""
    return ["alembic_version", *(table.name for table in shared_tables())]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The distribution of a database with Citus: `missing` are the tables that are not distributed."""

    is_coordinator: bool
    replication_factor: str | None
    missing: Sequence[str]

    @property
    def is_used(self) -> bool:
        """Whether the tables of owners are distributed."""
        return _FIRST_TABLE not in self.missing

    @property
    def problem(self) -> str | None:
        """Returns why this connection cannot distribute the tables; None if it can."""
        if not self.is_coordinator:
            return "it is a worker of a Citus cluster; run `taskward migrate` with the URL of the coordinator"
        if self.replication_factor not in {None, "1"}:
            return "citus.shard_replication_factor must be 1: replicate with PostgreSQL's own standbys"
        return None


async def read_distribution(connection: Any) -> Distribution | None:
    """Returns how the tables are distributed; None on a database without Citus."""
    async with connection.transaction():
        if not await connection.fetchval(_HAS_CITUS):
            return None
        names = [*dict(distributed_tables()), email_directory.TABLE, *reference_tables()]
        return Distribution(*await connection.fetchrow(_STATE, names))


async def has_owners(connection: Any) -> bool:
    """Returns whether there are rows that a distribution would have to move."""
    async with connection.transaction():
        found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM users)")
    return found


async def distribute(hosts: HostConnector) -> None:
    """Distributes the tables that are not distributed, in one transaction without timeouts.

    It also adds the e-mail addresses of rows that another program wrote to the directory.

    Raises:
        DatabaseUnusable: it is not possible, for the reason in the text.

    """
    connection = await hosts.connect(CONNECT_TIMEOUT, statement_cache_size=0)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK})")
            distribution = await read_distribution(connection)
            if distribution is None:
                return
            if distribution.missing and distribution.problem:
                raise DatabaseUnusable(f"DATABASE_URL: {distribution.problem}")
            await _distribute(connection, distribution)
        await _drop_local_rows(connection, distribution)
    except asyncpg.PostgresError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL: Citus cannot distribute the tables ({type(error).__name__} {error.sqlstate}); "
            "nothing has changed; the log of the server says why"
        ) from error
    finally:
        connection.terminate()
    if distribution.missing:
        log.info("The tables are distributed", extra={"tables": len(distribution.missing)})


async def _distribute(connection: Any, distribution: Distribution) -> None:
    await connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
    if not distribution.is_used:
        await connection.execute(f"ALTER TABLE {_FIRST_TABLE} DROP CONSTRAINT IF EXISTS uq_users_email")
        await connection.execute(email_directory.CREATE)
    await connection.execute(email_directory.FILL)
    for table, column in distributed_tables():
        if table in distribution.missing:
            await _drop_policies(connection, table)
            await _distribute_table(connection, table, column)
    if not distribution.is_used:
        await _distribute_table(connection, email_directory.TABLE, "email", is_colocated=False)
    for table in reference_tables():
        if table in distribution.missing:
            await connection.execute(f"SELECT create_reference_table('{table}')")


async def _distribute_table(connection: Any, table: str, column: str, *, is_colocated: bool = True) -> None:
    """Distributes a table; a colocated one has its rows on the servers of the owners' rows."""
    other = _FIRST_TABLE if is_colocated and table != _FIRST_TABLE else "none"
    await connection.execute(
        f"SELECT create_distributed_table('{table}', '{column}', colocate_with => '{other}')"
    )


async def _drop_policies(connection: Any, table: str) -> None:
    """Drops the policies of row-level security: Citus takes none with sub-selects."""
    for policy in ("taskward_other_roles", "taskward_owner_rows"):
        await connection.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
    await connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")


async def _drop_local_rows(connection: Any, distribution: Distribution) -> None:
    """Drops the copies of moved rows that the coordinator keeps: an erasure would not delete them."""
    for table in distribution.missing:
        await connection.execute(f"SELECT truncate_local_data_after_distributing_table('{table}')")
