"""A PostgreSQL database that is copied from or to.

Rows are inserted from arrays and not by COPY, which PostgreSQL refuses for the owner of tables with forced
row-level security. Each statement runs in a transaction, so that a pooler does not matter.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self

import asyncpg

from taskward.copy.copied import COPIED, CopiedTable, OwnerRange, Row
from taskward.copy.databases import FENCE_TIMEOUT
from taskward.copy.errors import CopyFailed
from taskward.copy.postgres_sql import DIALECT, delete_of, upsert
from taskward.copy.sql import page_arguments, page_sql
from taskward.database import schema
from taskward.database.postgres.distributed import email_directory
from taskward.database.postgres.errors import DRIVER_ERRORS
from taskward.database.postgres.hosts import HostConnector

CONNECT_TIMEOUT: Final = 10.0

_LOCK: Final = schema.LOCK + 2
_IS_DISTRIBUTED: Final = f"SELECT to_regclass('{email_directory.TABLE}') IS NOT NULL"
_HAS_REVISION: Final = "SELECT to_regclass('alembic_version') IS NOT NULL"


class PostgresCopyDatabase:
    """A PostgreSQL database. As the target it is locked against another copy."""

    def __init__(self, option: str, connector: HostConnector) -> None:
        self.option = option
        self._connector = connector
        self._connections: list[Any] = []

    @classmethod
    async def open(cls, option: str, url: str, *, is_target: bool) -> Self:
        """Connects to a database.

        Raises:
            CopyFailed: it cannot be connected to, or another copy into it is running.

        """
        database = cls(option, HostConnector(url))
        try:
            await database._connect()
            if is_target:
                await database._lock()
        except BaseException:
            await database.close()
            raise
        return database

    async def revision(self) -> str | None:
        async with self._transaction():
            with self._explained():
                if not await self._connection.fetchval(_HAS_REVISION):
                    return None
                revision: str = await self._connection.fetchval("SELECT version_num FROM alembic_version")
                return revision

    async def set_revision(self, revision: str) -> None:
        async with self._transaction():
            if await self._is_distributed():
                await self._fetch(email_directory.FILL)
            await self._fetch("UPDATE alembic_version SET version_num = $1", revision)

    @asynccontextmanager
    async def snapshot(self, *, fenced: bool = False) -> AsyncIterator[None]:
        before = [_ONE_SNAPSHOT] if await self._is_distributed() else []
        async with self._transaction(isolation="repeatable_read", readonly=not fenced):
            with self._explained():  # before the first query, which fixes what is read
                for statement in (*before, *([_FENCE] if fenced else [])):
                    await self._connection.execute(statement)
            yield

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self._transaction():
            yield

    async def page(
        self, table: CopiedTable, owners: OwnerRange | None, after: Row | None, limit: int
    ) -> Sequence[Row]:
        sql = page_sql(table, DIALECT, of_owners=owners is not None, is_next=after is not None)
        return [tuple(row) for row in await self._fetch(sql, *page_arguments(owners, after, limit))]

    async def write(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        if rows:
            await self._fetch(upsert(table), *map(list, zip(*rows, strict=True)))

    async def delete(self, table: CopiedTable, keys: Sequence[Row]) -> None:
        if keys:
            await self._fetch(delete_of(table), *map(list, zip(*keys, strict=True)))

    async def count(self, name: str) -> int:
        ((count,),) = await self._fetch(f"SELECT count(*) FROM {name}")  # noqa: S608 - a table of ours
        return int(count)

    async def tasks_of(self, owners: OwnerRange) -> Mapping[str, int]:
        return dict(map(tuple, await self._fetch(_TASKS_OF, *owners)))

    async def locked_owners(self) -> frozenset[str]:
        return frozenset(owner for (owner,) in await self._fetch("SELECT user_id::text FROM owner_locks"))

    async def analyze(self) -> None:
        for table in COPIED:
            with self._explained():
                await self._connection.execute(f"ANALYZE {table.name}")

    async def close(self) -> None:
        for connection in self._connections:
            connection.terminate()

    @property
    def _connection(self) -> Any:
        return self._connections[0]

    async def _connect(self) -> Any:
        with self._explained():
            connection = await self._connector.connect(CONNECT_TIMEOUT, statement_cache_size=0)
        self._connections.append(connection)
        return connection

    async def _is_distributed(self) -> bool:
        """Returns whether Citus distributes the tables; an empty target is distributed by its migration."""
        ((is_distributed,),) = await self._fetch(_IS_DISTRIBUTED)
        return bool(is_distributed)

    async def _lock(self) -> None:
        """Takes a lock in a transaction that stays open, which also works behind a pooler."""
        holder = await self._connect()
        with self._explained():
            await holder.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
            if await holder.fetchval(f"SELECT pg_try_advisory_xact_lock({_LOCK})"):
                return
        raise CopyFailed(f"{self.option}: another copy into this database is running")

    async def _fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        if not self._connection.is_in_transaction():
            async with self._transaction():
                return await self._fetch(sql, *arguments)
        with self._explained():
            rows: Sequence[Any] = await self._connection.fetch(sql, *arguments)
            return rows

    @asynccontextmanager
    async def _transaction(self, **options: Any) -> AsyncIterator[None]:
        transaction = self._connection.transaction(**options)
        with self._explained():
            await transaction.start()
        try:
            yield
        except BaseException:
            with suppress(*DRIVER_ERRORS):
                await transaction.rollback()
            raise
        with self._explained():
            await transaction.commit()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DRIVER_ERRORS as error:
            raise CopyFailed(f"{self.option}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Returns the reason of an error, without its message, which may contain stored values."""
    state = getattr(error, "sqlstate", None) or ""
    table = getattr(error, "table_name", None)
    where = f"{table}: " if table else ""
    known = _REASONS.get(state) or _REASONS.get(state[:2])
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return str(error)  # it names a table, a schema or a function
    if known:
        return f"{where}{known} ({state})"
    if isinstance(error, TimeoutError):
        return "the server does not answer in time"
    if isinstance(error, OSError):
        return f"the server cannot be reached: {type(error).__name__}"
    return f"{where}{type(error).__name__}{f' {state}' if state else ''}"


_REASONS: Final[Mapping[str, str]] = {
    "08": "the connection to the server was lost",
    "28": "the user or the password is wrong",
    "3D": "there is no such database",
    "53100": "the disk of the server is full",
    "53200": "the server has too little memory",
    "53300": "the server has no connection left",
    "55P03": "writes that are in progress do not end; stop the service first",
    "57014": "the server cancelled a statement; the login must have no statement_timeout",
    "57": "the server ended the connection",
    "25006": "the server is read-only; name the primary",
}


_TASKS_OF: Final = (
    "SELECT user_id::text, count(*) FROM tasks "
    "WHERE user_id >= $1::uuid AND user_id <= $2::uuid GROUP BY user_id"
)
_ONE_SNAPSHOT: Final = "SET LOCAL citus.max_adaptive_executor_pool_size = 1"
"""On Citus each connection to a server has a snapshot of its own; all rows of an owner are on one server."""

_FENCE: Final = (
    f"SET LOCAL lock_timeout = {int(FENCE_TIMEOUT * 1000)}; "
    f"LOCK TABLE {', '.join(table.name for table in COPIED)} IN SHARE MODE"
)
