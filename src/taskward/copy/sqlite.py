"""An SQLite file that is copied from or to."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from taskward.copy.copied import CopiedTable, OwnerRange, Row
from taskward.copy.databases import FENCE_TIMEOUT
from taskward.copy.errors import CopyFailed
from taskward.copy.sql import page_arguments, page_sql
from taskward.copy.sqlite_sql import DIALECT, delete_of, upsert
from taskward.database import schema
from taskward.database.sqlite.connection import file_problem
from taskward.database.sqlite.errors import error_text, is_busy


class SqliteCopyDatabase:
    """An SQLite file. As the target no other process can open it."""

    def __init__(self, option: str, connection: sqlite3.Connection) -> None:
        self.option = option
        self._connection = connection

    @classmethod
    async def open(cls, option: str, path: Path, *, is_target: bool) -> Self:
        """Opens a file that exists.

        Raises:
            CopyFailed: there is no such file, or it cannot be used.

        """
        if not path.exists():  # noqa: ASYNC240 - the driver blocks too
            raise CopyFailed(f"{option}: there is no file {path}")
        if problem := file_problem(path):
            raise CopyFailed(f"{option}: {path}: {problem}")
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, timeout=FENCE_TIMEOUT)
        database = cls(option, connection)
        try:
            database._configure(is_target=is_target)
        except BaseException:
            connection.close()
            raise
        return database

    async def revision(self) -> str | None:
        with self._explained():
            return schema.sqlite_revision(self._connection)

    async def set_revision(self, revision: str) -> None:
        self._run("UPDATE alembic_version SET version_num = ?", [revision])

    @asynccontextmanager
    async def snapshot(self, *, fenced: bool = False) -> AsyncIterator[None]:
        self._run("BEGIN IMMEDIATE" if fenced else "BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise

    async def page(
        self, table: CopiedTable, owners: OwnerRange | None, after: Row | None, limit: int
    ) -> Sequence[Row]:
        await asyncio.sleep(0)  # nothing else gives an interruption a chance
        sql = page_sql(table, DIALECT, of_owners=owners is not None, is_next=after is not None)
        return self._run(sql, page_arguments(owners, after, limit))

    async def write(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        with self._explained(table.name):
            self._connection.executemany(upsert(table), rows)

    async def delete(self, table: CopiedTable, keys: Sequence[Row]) -> None:
        with self._explained(table.name):
            self._connection.executemany(delete_of(table), keys)

    async def count(self, name: str) -> int:
        return int(self._run(f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608 - a table of ours

    async def tasks_of(self, owners: OwnerRange) -> Mapping[str, int]:
        return dict(self._run(_TASKS_OF, owners))

    async def locked_owners(self) -> frozenset[str]:
        return frozenset(owner for (owner,) in self._run("SELECT user_id FROM owner_locks"))

    async def analyze(self) -> None:
        """Does nothing: the plans of the service do not depend on statistics there."""

    async def close(self) -> None:
        self._connection.close()

    def _configure(self, *, is_target: bool) -> None:
        # Before the file is read: then others get "locked" from their first statement on.
        self._run(f"PRAGMA locking_mode = {'EXCLUSIVE' if is_target else 'NORMAL'}")
        self._run("PRAGMA journal_mode = WAL")
        self._run("PRAGMA synchronous = FULL")
        self._run("PRAGMA foreign_keys = ON")
        self._run("PRAGMA secure_delete = ON")
        if is_target:
            self._run("BEGIN IMMEDIATE")
            self._run("COMMIT")

    def _run(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        with self._explained():
            return self._connection.execute(sql, arguments).fetchall()

    @contextmanager
    def _explained(self, table: str | None = None) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            reason = _BUSY if is_busy(error) else error_text(error)
            raise CopyFailed(f"{self.option}: {f'{table}: ' if table else ''}{reason}") from error


_BUSY: Final = "another process uses the file; stop it first"
_TASKS_OF: Final = "SELECT user_id, count(*) FROM tasks WHERE user_id >= ? AND user_id <= ? GROUP BY user_id"
