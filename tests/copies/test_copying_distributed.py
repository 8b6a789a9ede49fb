"""`taskward copy` to a database that is distributed by Citus, and from one.

On a plain server it has the stand-in for the extension (tests/support/citus.py).
"""

from pathlib import Path
from uuid import uuid4

import pytest
from copies.copied import copy
from copies.test_copying import copy_under_writes, copy_with_clients
from fastapi import FastAPI
from support import Person, database_of, running, settings_for
from support.postgres_server import PostgresServer

from taskward.copy.errors import CopyFailed
from taskward.copy.opening import FROM, TO, opened, settings_of
from taskward.copy.postgres import PostgresCopyDatabase
from taskward.database.postgres.distributed.executor import RoutedExecutor

pytestmark = pytest.mark.processes


async def test_a_client_continues_on_a_distributed_copy(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    target = await postgres_server.new_citus_database()

    await copy_with_clients(f"sqlite:///{tmp_path / 'source.db'}", target)

    async with running(settings_for(target)) as app:
        assert isinstance(database_of(app).executor, RoutedExecutor)


async def test_a_client_continues_on_a_copy_of_a_distributed_database(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    await copy_with_clients(await postgres_server.new_citus_database(), f"sqlite:///{tmp_path / 'copy.db'}")


async def test_passes_bring_what_changes_in_a_distributed_database(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    source = await postgres_server.new_citus_database()

    await copy_under_writes(source, f"sqlite:///{tmp_path / 'copy.db'}", 5)


async def test_the_first_keeps_an_address_on_a_distributed_copy_too(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the copy is interrupted, and the address has another owner when it is continued."""
    source, target = f"sqlite:///{tmp_path / 'source.db'}", await postgres_server.new_citus_database()
    email = f"{uuid4()}@example.org"
    async with running(settings_for(source)) as app:
        gone = Person(app, email=email)
        await gone.create()
        await interrupted(source, target, monkeypatch)
        await gone.http.delete("/api/me")
        ann = Person(app, email=email)
        await ann.create()

    await copy(source, target)

    async with running(settings_for(target)) as app:
        assert [await address_of(app, ann.sub, email), await address_of(app, str(uuid4()), email)] == [
            email,
            None,
        ]


async def interrupted(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: object) -> None:
        raise CopyFailed("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(PostgresCopyDatabase, "analyze", fail)
        with pytest.raises(CopyFailed, match="interrupted"):
            await copy(source, target)


async def address_of(app: FastAPI, sub: str, email: str) -> str | None:
    person = Person(app, sub, email=email)
    await person.create()
    address: str | None = (await person.http.get("/api/me")).json()["email"]
    return address


async def test_a_snapshot_of_a_distributed_database_is_one_on_each_server(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Several connections to a server would each have one of their own."""
    source, target = await postgres_server.new_citus_database(), f"sqlite:///{tmp_path / 'copy.db'}"
    async with running(settings_for(source)):
        pass
    async with opened(settings_of(FROM, source), settings_of(TO, target)) as (given, _):
        assert isinstance(given, PostgresCopyDatabase)
        async with given.snapshot():
            ((connections,),) = await given._fetch(
                "SELECT current_setting('citus.max_adaptive_executor_pool_size')"
            )

    assert connections == "1"
