"""Behind PgBouncer in transaction mode: docs/decisions/0012-pooler-recognised.md."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import Person, running, settings_for

CLIENTS = 64
ROUNDS = 3

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
"""

needs_pgbouncer = pytest.mark.skipif(not shutil.which("pgbouncer"), reason="pgbouncer is not installed")


@pytest_asyncio.fixture(scope="module")
async def pooled_url(
    new_postgres: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """Give the URL of an empty database behind a pooler with two connections to the server."""
    server = urlsplit(await new_postgres())
    socket_folder = parse_qs(server.query).get("host", [None])[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen_port = free.getsockname()[1]
    configuration = tmp_path_factory.mktemp("pooler") / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(
            host=socket_folder or server.hostname,
            port=server.port or 5432,
            user=server.username or "postgres",
            listen_port=listen_port,
        )
    )
    process = await asyncio.create_subprocess_exec(
        *as_somebody(socket_folder, configuration), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        await listening(listen_port)
        yield f"postgresql://{server.username or 'postgres'}@127.0.0.1:{listen_port}{server.path}"
    finally:
        process.terminate()
        await process.wait()


@pytest_asyncio.fixture(scope="module", params=[False, True], ids=["plain", "rls"])
async def pooled_app(request: pytest.FixtureRequest, pooled_url: str) -> AsyncIterator[FastAPI]:
    # As a provider hands it out: what the driver does not know is not passed on to the pooler.
    url = pooled_url + "?channel_binding=prefer&pgbouncer=true"
    async with running(settings_for(url, database_rls=request.param)) as app:
        yield app


@needs_pgbouncer
async def test_a_pooler_is_recognised(pooled_app: FastAPI) -> None:
    await Person(pooled_app).create()

    assert pooled_app.state.database._connections.pooled


@needs_pgbouncer
async def test_many_clients_share_two_connections_without_an_error(pooled_app: FastAPI) -> None:
    statuses: Counter[int] = Counter()

    async def use() -> None:
        person = Person(pooled_app)
        for _ in range(ROUNDS):
            path = (await person.http.post("/api/tasks", json={"title": "Buy milk"})).headers["location"]
            for answer in (
                await person.http.get(path),
                await person.http.put(path, json={"is_completed": True}),
                listed := await person.http.get("/api/tasks", params={"limit": 5}),
                await person.http.post(
                    "/api/tasks/batch", json={"operations": [{"op": "delete", "id": path.rpartition("/")[2]}]}
                ),
            ):
                statuses[answer.status_code] += 1
            assert [task["user_id"] for task in listed.json()["tasks"]] == [person.sub]

    await asyncio.gather(*(use() for _ in range(CLIENTS)))

    assert statuses == {200: CLIENTS * ROUNDS * 4}


def as_somebody(socket_folder: str | None, configuration: Path) -> list[str]:
    """Give the command; PgBouncer refuses to run as root, and only the server's user may use its socket."""
    command = ["pgbouncer", "-q", str(configuration)]
    if os.geteuid() != 0:
        return command
    owner = Path(socket_folder).stat().st_uid if socket_folder else pwd.getpwnam("nobody").pw_uid
    for folder in (configuration, *configuration.parents):
        if folder.owner() == "root" and folder.is_relative_to("/tmp"):  # noqa: S108 - where pytest keeps it
            folder.chmod(folder.stat().st_mode | 0o755)
    return [*command, "-u", pwd.getpwuid(owner).pw_name]


async def listening(port: int) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError("pgbouncer does not listen")
