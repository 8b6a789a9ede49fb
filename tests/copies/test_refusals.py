"""`taskward copy` refuses what it cannot copy, names the option, and loses nothing when it fails."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from copies.copied import as_login, copy, trigger
from support import MakeDatabase, Person, running, settings_for, stored
from support.postgres_connection import connected, execute_sql
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.cli.copying import Terminal
from taskward.copy.errors import CopyFailed
from taskward.copy.opening import FROM, TO, opened, settings_of
from taskward.database import schema

pytestmark = [pytest.mark.processes, pytest.mark.single_statements("copies send SQL of their own")]


async def taskward(*arguments: object, **environment: str) -> Result:
    given = {"JWT_SECRET": "", "ENVIRONMENT": "", "DATABASE_URL": "", **environment}
    return await asyncio.to_thread(CliRunner().invoke, cli.app, [str(one) for one in arguments], env=given)


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def source(new_database: MakeDatabase) -> str:
    url = await new_database("disk")
    async with running(settings_for(url)) as app:
        await Person(app, str(UUID(int=2**127))).create()
    return url


async def test_the_command_prints_what_it_has_verified(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    secret = Path(source.removeprefix("sqlite:///") + ".secret")
    secret.touch()  # noqa: ASYNC240 - a file of this test

    done = await taskward("copy", COPY_FROM=source, COPY_TO=target)

    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["users", "1"], ["tasks", "1"]]
    assert lines[-1] == "The copy is complete and verified. Start the service with DATABASE_URL set to it."
    assert f"cp -p {secret} {tmp_path / 'copy.db.secret'}" in done.stderr
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    again = await taskward("copy", "--from", source, "--to", target)
    expected = "taskward: --to: is not empty: there are rows in users; name an empty database\n"
    assert (again.exit_code, again.output) == (1, expected)


@pytest.mark.parametrize(
    ("given", "to", "text"),
    [
        ("mysql://x", "sqlite:///b.db", "--from: must begin with"),
        ("sqlite:///a.db", "postgresql://a:b:c@d:x/", "--to: a port must be"),
        ("sqlite://", "sqlite:///b.db", "--from: a database in memory cannot be copied"),
        ("sqlite:///no.db", "sqlite:///b.db", "--from: there is no file no.db"),
        ("sqlite:///folder", "sqlite:///b.db", "--from: folder: it is a folder"),
        ("sqlite:///migrated.db", "sqlite:///folder", "--to: folder: it is a folder"),
        ("sqlite:///empty.db", "sqlite:///b.db", "--from: the database has no schema of Taskward"),
        ("sqlite:///text.db", "sqlite:///b.db", "--from: file is not a database"),
        ("postgresql://nobody@127.0.0.1:1/x", "sqlite:///b.db", "--from: the server cannot be reached"),
    ],
)
async def test_a_wrong_source_or_target_is_named(given: str, to: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "folder").mkdir()
    assert (await taskward("migrate", DATABASE_URL="sqlite:///migrated.db")).exit_code == 0
    (tmp_path / "text.db").write_text("no database at all, but long enough for a header of one" * 9)

    answer = await taskward("copy", "--from", given, "--to", to)

    assert answer.exit_code == 1
    assert answer.output.startswith(f"taskward: {text}"), answer.output
    assert not (tmp_path / "b.db").exists()


async def test_a_target_that_cannot_be_made_is_named(source: str, tmp_path: Path) -> None:
    answer = await taskward("copy", "--from", source, "--to", f"sqlite:///{tmp_path}/no/folder.db")
    same = await taskward("copy", "--from", source, "--to", source)

    assert (answer.exit_code, same.exit_code) == (1, 1)
    assert f"--to: {tmp_path}/no/folder.db: there is no folder {tmp_path}/no" in answer.output
    assert same.output == "taskward: --to: is the same file as --from\n"


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [
        ("0105", "run `taskward migrate` with DATABASE_URL set to it"),
        ("9000", "use that version of taskward"),
    ],
)
async def test_another_revision_is_refused_on_either_side(
    revision: str, remedy: str, source: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    other = await new_database("postgres")
    await execute_sql(other, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - a test's own words
    text = f"the schema is at revision {revision}, and not at {schema.newest_revision()}; {remedy}"

    for given, to, option in ((source, other, TO), (other, f"sqlite:///{tmp_path / 'b.db'}", FROM)):
        with pytest.raises(CopyFailed) as refused:
            await copy(given, to)
        assert str(refused.value) == f"{option}: {text}"


async def test_a_copy_that_another_version_has_begun_is_not_continued(
    source: str, new_database: MakeDatabase
) -> None:
    target = await new_database("postgres")
    await execute_sql(target, f"UPDATE alembic_version SET version_num = '{schema.UNFINISHED_COPY}0099'")  # noqa: S608 - as above

    with pytest.raises(CopyFailed, match="--to: the unfinished copy was begun by another version"):
        await copy(source, target)


async def test_a_target_without_a_schema_gets_one(source: str, new_empty_database: MakeDatabase) -> None:
    target = await new_empty_database("postgres")

    await copy(source, target)

    async with running(settings_for(target)) as app:
        assert len(await stored(app, "tasks")) == 1


async def test_two_copies_into_one_target_are_refused(
    source: str, new_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.copy.sqlite.FENCE_TIMEOUT", 0.05)
    for target, text in (
        (await new_database("postgres"), "--to: another copy into this database is running"),
        (f"sqlite:///{tmp_path / 'copy.db'}", "--to: another process uses the file; stop it first"),
    ):
        async with opened(settings_of(FROM, source), settings_of(TO, target)):
            with pytest.raises(CopyFailed, match=text):
                await copy(source, target)
        await copy(source, target)


async def test_a_target_that_a_service_has_open_is_refused(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.copy.sqlite.FENCE_TIMEOUT", 0.05)
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    async with running(settings_for(target)):
        with pytest.raises(CopyFailed, match="--to: another process uses the file; stop it first"):
            await copy(source, target)
    await copy(source, target)


FAILURES = {
    "full": ("53100", "the disk of the server is full (53100)"),
    "read-only": ("25006", "the server is read-only; name the primary (25006)"),
    "cancelled": (
        "57014",
        "the server cancelled a statement; the login must have no statement_timeout (57014)",
    ),
    "other": ("22012", "DivisionByZeroError 22012"),
}


@pytest.mark.parametrize(("state", "text"), FAILURES.values(), ids=FAILURES)
async def test_after_a_failure_of_the_target_the_same_command_continues(
    state: str, text: str, source: str, new_database: MakeDatabase
) -> None:
    target = await new_database("postgres")
    await execute_sql(
        target, *trigger("tasks", f"RAISE EXCEPTION 'a secret title' USING ERRCODE = '{state}';")
    )

    failed = await taskward("copy", "--from", source, "--to", target)

    assert (failed.exit_code, failed.output) == (1, f"taskward: --to: {text}\n")
    await execute_sql(target, "DROP TRIGGER damage ON tasks")
    assert (await copy(source, target))[1].rows == 1


async def test_a_login_without_a_right_is_named_the_right(source: str, new_database: MakeDatabase) -> None:
    target = await new_database("postgres")
    login = f"copier_{uuid4().hex}"
    await execute_sql(
        target,
        f"CREATE ROLE {login} LOGIN",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {login}",
        f"GRANT UPDATE ON alembic_version TO {login}",
    )
    try:
        with pytest.raises(CopyFailed, match="--to: permission denied for table users"):
            await copy(source, as_login(target, login))
        await execute_sql(target, f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {login}")
        assert (await copy(source, as_login(target, login)))[1].rows == 1
    finally:
        await execute_sql(target, f"DROP OWNED BY {login}", f"DROP ROLE {login}")


async def test_the_owner_of_the_tables_copies_although_row_level_security_is_forced(
    source: str, new_empty_database: MakeDatabase
) -> None:
    target = await new_empty_database("postgres")
    login = f"owner_{uuid4().hex}"
    await execute_sql(
        target, f"CREATE ROLE {login} LOGIN CREATEROLE", f"GRANT ALL ON SCHEMA public TO {login}"
    )
    try:
        await copy(source, as_login(target, login))
        async with connected(as_login(target, login)) as back:
            assert await back.fetchval("SELECT count(*) FROM tasks") == 1
    finally:
        await execute_sql(target, f"DROP OWNED BY {login} CASCADE", f"DROP ROLE {login}")


async def test_a_copy_without_standard_input_is_not_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert not await Terminal().wait_for_switch(0.1)
