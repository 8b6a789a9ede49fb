"""`taskward restored`: what was given out before it is void, in processes that run on too."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from faults.own_postgres import free_port
from support import MakeDatabase, Person, execute, running, settings_for, stored, upsert
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.users import restores
from taskward.users.restores import mark_restored

HOUR = 3600


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["disk", "postgres", "postgres-rls"])
async def url_and_rls(request: pytest.FixtureRequest, new_database: MakeDatabase) -> tuple[str, bool]:
    engine, _, rls = request.param.partition("-")
    return await new_database(engine), bool(rls)


async def restored(url: str, *arguments: str, rls: bool = False) -> Result:
    environment = {"DATABASE_URL": url, "DATABASE_RLS": str(rls), "JWT_SECRET": "", "ENVIRONMENT": ""}
    return await asyncio.to_thread(
        CliRunner().invoke, cli.app, ["restored", *arguments], env=environment, catch_exceptions=False
    )


async def cursor_of(person: Person) -> str:
    return str((await person.http.get("/api/changes")).json()["cursor"])


async def asked(person: Person, cursor: str) -> tuple[int, Any]:
    """Returns status, and code or changes, of the feed from a cursor."""
    answer = await person.http.get("/api/changes", params={"since": cursor})
    return answer.status_code, answer.json().get("code", answer.json().get("changes"))


async def test_every_cursor_from_before_is_gone_and_every_list_is_sent_again(
    url_and_rls: tuple[str, bool],
) -> None:
    url, rls = url_and_rls
    async with running(settings_for(url, database_rls=rls)) as app:
        ann, idle, lost = Person(app), Person(app), Person(app)
        task = await ann.create()
        await lost.create()
        cursors = [(person, await cursor_of(person)) for person in (ann, idle, lost)]
        await execute(app, f"DELETE FROM users WHERE id = '{lost.sub}'")  # noqa: S608 - a test's own words
        empty = (idle, await cursor_of(idle))
        tag = (await ann.http.get("/api/tasks")).headers["etag"]
        task_tag = (await ann.http.get(f"/api/tasks/{task['id']}")).headers["etag"]

        for _ in range(2):
            done = await restored(url, rls=rls)
            assert (done.exit_code, done.output.splitlines()[0][:10]) == (0, "Owners: 1."), done.output
            for person, cursor in [*cursors, empty]:
                assert await asked(person, cursor) == (410, "CURSOR_EXPIRED")
            listed = await ann.http.get("/api/tasks", headers={"If-None-Match": tag})
            assert (listed.status_code, listed.json()["tasks"]) == (200, [task])
            assert listed.headers["etag"] != tag
            cursors = [(person, await cursor_of(person)) for person in (ann, idle, lost)]
            tag = listed.headers["etag"]

        assert [await asked(person, cursor) for person, cursor in cursors] == [(200, [])] * 3
        known = await ann.http.get(f"/api/tasks/{task['id']}", headers={"If-None-Match": task_tag})
        assert known.status_code == 304, "the task is what it was"
        made = await ann.create()
        assert await asked(*cursors[0]) == (200, [upsert(made)])


async def test_the_counters_are_beyond_what_a_clock_that_was_ahead_may_have_given_out(
    url_and_rls: tuple[str, bool],
) -> None:
    url, rls = url_and_rls
    async with running(settings_for(url, database_rls=rls)) as app:
        ann, ahead = Person(app), Person(app)
        await ann.create()
        await ahead.create()
        future = (int(time.time()) + 10 * HOUR) * 1_000_000
        await execute(app, f"UPDATE users SET seq = {future} WHERE id = '{ahead.sub}'")  # noqa: S608 - as above
        before = time.time_ns() // 1000

        done = await restored(url, "--margin", str(3 * HOUR), rls=rls)

        after = time.time_ns() // 1000
        (hers,), (theirs,) = [await stored(app, "users", id=person.sub) for person in (ann, ahead)]
        (row,) = await stored(app, "restores")
        assert before <= hers["seq"] - 3 * HOUR * 1_000_000 <= after
        assert theirs["seq"] == future + 3 * HOUR * 1_000_000
        assert row["number"] == hers["seq"]
        assert [one["horizon"] for one in (hers, theirs)] == [one["seq"] for one in (hers, theirs)]
        moment = datetime.fromtimestamp(row["number"] // 1_000_000, UTC).isoformat()
        assert f"are at {row['number']} ({moment}) or beyond" in done.output
        assert "410 CURSOR_EXPIRED" in done.output


async def test_owners_are_moved_some_at_a_time(
    url_and_rls: tuple[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restores, "MAX_OWNERS", 2)
    url, rls = url_and_rls
    async with running(settings_for(url, database_rls=rls)) as app:
        for _ in range(5):
            await Person(app).create()

        done = await mark_restored(settings_for(url, database_rls=rls))

        assert done.owners == 5
        assert {row["seq"] for row in await stored(app, "users")} == {done.number}
        assert {row["horizon"] for row in await stored(app, "users")} == {done.number}


async def test_it_runs_beside_writers(url_and_rls: tuple[str, bool]) -> None:
    url, rls = url_and_rls
    async with running(settings_for(url, database_rls=rls)) as app:
        ann, bob = Person(app), Person(app)
        over = False

        async def write(person: Person) -> int:
            count = 0
            while not over:
                await person.create(f"{count}")
                count += 1
            return count

        writing = [asyncio.create_task(write(person)) for person in (ann, ann, bob, bob)]
        settings = settings_for(url, database_rls=rls)
        results = await asyncio.gather(*(mark_restored(settings) for _ in range(2)))
        over = True
        counts = await asyncio.gather(*writing)

        assert {row["number"] for row in await stored(app, "restores")} == {one.number for one in results}
        for person, made in ((ann, counts[0] + counts[1]), (bob, counts[2] + counts[3])):
            versions = [row["version"] for row in await stored(app, "tasks", user_id=person.sub)]
            (owner,) = await stored(app, "users", id=person.sub)
            assert len(set(versions)) == made
            assert max(versions) <= owner["seq"]


async def test_where_there_is_no_database_it_makes_none(tmp_path: Path) -> None:
    done = await restored("sqlite:///nowhere.db")

    assert done.exit_code == 1
    assert (
        done.output
        == "taskward: DATABASE_URL: the database has no Taskward schema; restore it and try again\n"
    )
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.processes
async def test_an_empty_database_on_a_server_is_none(new_empty_database: MakeDatabase) -> None:
    done = await restored(await new_empty_database("postgres"))

    assert (done.exit_code, "the database has no Taskward schema" in done.output) == (1, True)


async def test_an_unreachable_server_is_a_plain_error() -> None:
    done = await restored(f"postgresql://somebody@127.0.0.1:{free_port()}/{uuid4().hex}")

    assert (done.exit_code, done.output) == (1, "taskward: ConnectionRefusedError\n")


async def test_its_help_says_when_to_run_it() -> None:
    told = " ".join((await restored("", "--help")).output.split())

    assert "after a restore of a backup" in told
    assert "--margin" in told
