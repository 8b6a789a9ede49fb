"""The files of an embedded database."""

from pathlib import Path

from support import Person, running, settings_for


async def test_only_its_owner_can_read_the_database(tmp_path: Path) -> None:
    async with running(settings_for(f"sqlite:///{tmp_path / 'taskward.db'}")) as app:
        await Person(app).create()

        modes = modes_in(tmp_path)

    assert modes == dict.fromkeys(("taskward.db", "taskward.db-wal", "taskward.db-shm"), "0o600")


def modes_in(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}
