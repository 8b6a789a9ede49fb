"""A PostgreSQL of the test's own, to be stopped, killed and started again, and followed by a standby."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import asyncpg
import psutil
from support.postgres_files import (
    copy_new_files,
    give_to_system_user,
    programs,
    system_user,
)
from support.server_folders import server_folder

USER, PASSWORD, DATABASE = "keeper-7f3a", "hush-e5c19d", "ledger-9d2b"
"""Of the URL; nothing that a client or a log is shown may hold any of them."""

STANDBY = "standby"
"""The name under which a standby follows."""

Mode = Literal["smart", "fast", "immediate"]


class OwnPostgres:
    """A server on a port of its own; its superuser comes in by a socket and needs no password."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.sockets = folder
        self.port = port or free_port()
        self._settings: dict[str, str] = {}

    @property
    def url(self) -> str:
        return self.url_by(self.port)

    def url_by(self, port: int, password: str = PASSWORD) -> str:
        """Returns the URL with another port, such as that of a proxy, or another password."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"

    async def make(self) -> None:
        """Creates its files, starts it, and creates the user and the database of the URL."""
        copy_new_files(self.folder)
        await self.start()
        await self.execute(f'CREATE ROLE "{USER}"', database="postgres")
        await self.empty()

    async def empty(self) -> None:
        """Creates the user and the database of the URL again."""
        await self.execute(
            f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)',
            f"""ALTER ROLE "{USER}" LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT -1""",
            f"""CREATE DATABASE "{DATABASE}" OWNER "{USER}" """,
            database="postgres",
        )

    async def start(self, **settings: object) -> None:
        """Starts it with these settings; without any, with those of the last time."""
        if settings:
            self._settings = {name: str(value) for name, value in settings.items()}
        given = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder} | self._settings
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        await self._run(
            "pg_ctl", "-w", "-l", f"{self.folder}/log", "-o", f"-p {self.port} {options}", "start"
        )

    async def stop(self, mode: Mode = "fast", *, wait: bool = True) -> None:
        await self._run("pg_ctl", "-w" if wait else "-W", "-m", mode, "stop")

    async def restart(self, **settings: object) -> None:
        await self.stop("fast")
        self._settings = {}
        await self.start(**settings)

    async def promote(self) -> None:
        """Promotes the standby to primary."""
        await self._run("pg_ctl", "-w", "promote")

    def kill(self) -> None:
        """Ends all its processes with SIGKILL, the parent first, so that it cannot tend to the others."""
        family = self._family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def pause(self) -> None:
        """Stops all its processes (SIGSTOP) until `resume`: it stays connected and says nothing."""
        for process in self._family():
            process.suspend()

    def resume(self) -> None:
        for process in self._family():
            process.resume()

    def _family(self) -> list[psutil.Process]:
        """Returns its processes, the parent first."""
        parent = psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))
        return [parent, *parent.children(recursive=True)]

    async def is_running(self) -> bool:
        return await self._status("status") == 0

    async def standby(self, folder: Path) -> "OwnPostgres":
        """Creates a standby of this server, and starts it."""
        other = OwnPostgres(folder)
        source = f"host={self.folder} port={self.port} user=postgres application_name={STANDBY}"
        await self._run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-d", source, into=folder)
        await other.start()
        return other

    async def until_it_has_all_of(self, primary: "OwnPostgres") -> None:
        """Waits until this standby has received what the primary has written."""
        written = await primary.value("SELECT pg_current_wal_flush_lsn()::text")
        async with asyncio.timeout(10):
            while not await self.value(f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"):  # noqa: ASYNC110 - it offers nothing to wait for
                await asyncio.sleep(0.02)

    async def base_backup(self, folder: Path) -> "OwnPostgres":
        """Creates a copy to recover from, which is not started."""
        other = OwnPostgres(folder)
        source = f"host={self.folder} port={self.port} user=postgres"
        await self._run("pg_basebackup", "-X", "stream", "-c", "fast", "-d", source, into=folder)
        return other

    async def recover(self, archive: Path, restore_point: str) -> None:
        """Starts from a base backup: replay what was archived up to that point, and takes writes."""
        (self.folder / "recovery.signal").touch()
        await self.start(
            restore_command=f"cp {archive}/%f %p",
            recovery_target_name=restore_point,
            recovery_target_action="promote",
        )
        async with asyncio.timeout(10):
            while await self.value("SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - it offers nothing to wait for
                await asyncio.sleep(0.02)

    async def execute(self, *statements: str, database: str = DATABASE) -> None:
        """Runs statements as the superuser."""
        connection = await self.connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def value(self, query: str) -> Any:
        """Returns one value of a query as the superuser."""
        connection = await self.connect()
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def connect(self, database: str = DATABASE) -> Any:
        return await asyncpg.connect(
            host=str(self.sockets), port=self.port, user="postgres", database=database, timeout=10
        )

    async def _run(self, program: str, *arguments: str, into: Path | None = None) -> None:
        status = await self._status(program, *arguments, into=into)
        assert status == 0, (program, status, self._last_words())

    async def _status(self, program: str, *arguments: str, into: Path | None = None) -> int:
        if program == "status":
            program, arguments = "pg_ctl", ("status",)
        folder = into or self.folder
        process = await asyncio.create_subprocess_exec(
            *(str(programs() / program), "-D", str(folder), *arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=system_user(),
            cwd=folder,
        )
        return await process.wait()

    def _last_words(self) -> str:
        log = self.folder / "log"
        return log.read_text()[-1000:] if log.exists() else "it has no log"


@asynccontextmanager
async def folder_of_its_own() -> AsyncIterator[Path]:
    """Yields a folder that the server's user owns."""
    with server_folder() as folder:
        give_to_system_user(folder)
        yield folder


@asynccontextmanager
async def own_postgres() -> AsyncIterator[OwnPostgres]:
    """Yields a server that runs, and of which nothing is left afterwards."""
    async with folder_of_its_own() as folder:
        server = OwnPostgres(folder)
        await server.make()
        try:
            yield server
        finally:
            if await server.is_running():
                await server.stop("immediate")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def standby_of(primary: OwnPostgres, *, synchronous: bool = False) -> AsyncIterator[OwnPostgres]:
    """Runs a standby while the block runs; if synchronous, the primary acknowledges nothing without it."""
    async with folder_of_its_own() as folder:
        standby = await primary.standby(folder)
        if synchronous:
            await primary.restart(synchronous_standby_names=STANDBY)
        try:
            yield standby
        finally:
            if await standby.is_running():
                standby.resume()
                await standby.stop("immediate")
            if synchronous:
                if await primary.is_running():
                    await primary.stop("immediate")
                await primary.start(synchronous_standby_names="")
