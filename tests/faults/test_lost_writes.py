"""The newest writes are lost: after a restored backup, a point in time, or an asynchronous failover."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
from changes.streams import Stream, in_process_server
from faults.fault_report import Observe
from faults.lost_state import StaleClient, stale_client
from faults.own_postgres import OwnPostgres, folder_of_its_own, free_port
from faults.services import serving
from faults.tcp_proxy import tcp_proxy
from support import settings_for
from support.command import command

pytestmark = pytest.mark.timeout(120)

SAW = (
    "lost ETags: 200 and 412; lost cursors: 410, or all that was written since; after `taskward restored` 410"
)


@pytest.mark.processes
@pytest.mark.fault("SQLite: the service stopped, an older backup put back")
async def test_a_backup_is_put_back_while_the_service_is_stopped(tmp_path: Path, observe: Observe) -> None:
    path, port = tmp_path / "taskward.db", free_port()
    url = f"sqlite:///{path}"
    async with stale_client(port) as client:
        async with serving(tmp_path, url, port) as first:
            await client.live()
            back_up(path, tmp_path / "backup.db")
            await client.lose()
            first.process.kill()
            await asyncio.to_thread(first.wait)
        for name in ("taskward.db", "taskward.db-wal", "taskward.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / "backup.db").rename(path)
        async with serving(tmp_path, url, port):
            await nothing_recurs(client, url)
            await everything_before_is_over(client, tmp_path, url)
    observe(SAW, lost="what is newer than the backup")


@pytest.mark.processes
@pytest.mark.fault("SQLite: an older backup restored into the file of a running service")
async def test_a_backup_is_restored_into_a_file_in_use(tmp_path: Path, observe: Observe) -> None:
    path, port = tmp_path / "taskward.db", free_port()
    url = f"sqlite:///{path}"
    async with stale_client(port) as client, serving(tmp_path, url, port):
        await client.live()
        back_up(path, tmp_path / "backup.db")
        await client.lose()
        async with open_streams(client) as streams:
            back_up(tmp_path / "backup.db", path)
            await nothing_recurs(client, url)
            await everything_before_is_over(client, tmp_path, url)
            await all_end(client, streams)
    observe(SAW, lost="what is newer than the backup")


@pytest.mark.soak
@pytest.mark.fault("PostgreSQL: restored to a point in time, Taskward running on")
async def test_a_server_is_restored_to_a_point_in_time(
    server: OwnPostgres, tmp_path: Path, observe: Observe
) -> None:
    async with folder_of_its_own() as archive, folder_of_its_own() as folder:
        await server.restart(archive_mode="on", archive_command=f"cp %p {archive}/%f")
        try:
            async with tcp_proxy(server.port) as proxy:
                url, port = server.url_by(proxy.port), free_port()
                async with stale_client(port) as client, serving(tmp_path, url, port):
                    await client.live()
                    copy = await server.base_backup(folder)
                    await server.execute("SELECT pg_create_restore_point('before')")
                    await client.lose()
                    async with open_streams(client) as streams:
                        await server.execute("SELECT pg_switch_wal()")
                        await server.stop("fast")
                        await copy.recover(archive, "before")
                        proxy.target = copy.port
                        try:
                            await client.until_answered()
                            await nothing_recurs(client, url)
                            await everything_before_is_over(client, tmp_path, url)
                            await all_end(client, streams)
                        finally:
                            await copy.stop("immediate")
        finally:
            await start_again(server)
    observe(SAW, lost="what is newer than that point")


@pytest.mark.processes
@pytest.mark.fault("Failover: the primary killed, a standby promoted that lacks the newest commits")
async def test_a_standby_takes_over_that_lacks_the_newest_commits(
    server: OwnPostgres, tmp_path: Path, observe: Observe
) -> None:
    async with folder_of_its_own() as folder, tcp_proxy(server.port) as proxy:
        url, port = server.url_by(proxy.port), free_port()
        async with stale_client(port) as client, serving(tmp_path, url, port):
            await client.live()
            standby = await server.standby(folder)
            await standby.until_it_has_all_of(server)
            await standby.stop("fast")
            await client.lose()
            async with open_streams(client) as streams:
                server.kill()
                await standby.start()
                await standby.promote()
                proxy.target = standby.port
                try:
                    await client.until_answered()
                    await nothing_recurs(client, url)
                    await everything_before_is_over(client, tmp_path, url)
                    await all_end(client, streams)
                finally:
                    await standby.stop("immediate")
                    await start_again(server)
    observe(SAW, lost="what had not been replicated")


async def nothing_recurs(client: StaleClient, url: str) -> None:
    """Asserts that nothing of the lost state fits, before and after other content is there.

    Another server writes it: of what the one under test holds in memory, nothing is dropped for that.
    """
    async with in_process_server(settings_for(url)) as server, stale_client(server.port, client) as other:
        before = await other.misled_by_the_task_tag()
        await other.write_other_content()
    wrong = await client.misled_by_the_list()
    wrong += await client.misled_by_the_task_tag()
    wrong += await client.misled_by_the_lost_cursor()
    assert (before, wrong) == ([], [])


async def everything_before_is_over(client: StaleClient, folder: Path, url: str) -> None:
    """Runs `taskward restored`, and asserts that all earlier cursors are invalid."""
    await client.keep("from after the restore", client.ann)
    tag = (await client.ann.http.get("/api/tasks")).headers["etag"]
    with command(folder, "restored", DATABASE_URL=url) as restored:
        assert await asyncio.to_thread(restored.wait) == 0, restored.err
    assert await client.still_answered() == []
    listed = await client.ann.http.get("/api/tasks", headers={"If-None-Match": tag})
    assert (listed.status_code, listed.headers["etag"] != tag) == (200, True)
    assert await client.follows_from_the_beginning()


@asynccontextmanager
async def open_streams(client: StaleClient) -> AsyncIterator[list[Stream]]:
    """Opens a stream of each person's, each where the client stands."""
    names = ["lost", "of an empty feed", "of a lost owner"]
    people = [client.held.cursors[name] for name in names]
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(person.stream(cursor)) for person, cursor in people]


async def all_end(client: StaleClient, streams: list[Stream]) -> None:
    """Asserts that each stream ends, at its owner's next change at the latest."""
    for person in (client.ann, client.idle, client.new):
        await person.create("The next change")
    assert await asyncio.gather(*(stream.ends() for stream in streams)) == [True] * len(streams)


async def start_again(server: OwnPostgres) -> None:
    if await server.is_running():
        await server.stop("immediate")
    await server.start(archive_mode="off")


def back_up(source: Path, target: Path) -> None:
    """Do what `.backup` and `.restore` of the sqlite3 shell do."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
