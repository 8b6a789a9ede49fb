"""The files of an embedded database."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from support import Person, database_of, running, settings_for
from support.waiting import until

from taskward.database.sqlite import wal


async def test_only_its_owner_can_read_the_database(tmp_path: Path) -> None:
    async with running(settings_for(f"sqlite:///{tmp_path / 'taskward.db'}")) as app:
        await Person(app).create()

        modes = modes_in(tmp_path)

    assert modes == dict.fromkeys(("taskward.db", "taskward.db-wal", "taskward.db-shm"), "0o600")


async def test_a_stop_waits_for_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection of the checkpoint would leave the log beside the file."""

    def slow_checkpoint(path: Path) -> bool:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM tasks").fetchone()
            checkpoints.append(path)
            time.sleep(0.2)
        return True

    checkpoints: list[Path] = []
    monkeypatch.setattr(wal, "empty_wal", slow_checkpoint)
    async with running(settings_for(f"sqlite:///{tmp_path / 'taskward.db'}")) as app:
        await Person(app).create()
        scrub = asyncio.create_task(database_of(app).scrub())
        await until(lambda: bool(checkpoints))
        scrub.cancel()

    assert list(modes_in(tmp_path)) == ["taskward.db"]


def modes_in(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}
