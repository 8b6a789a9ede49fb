"""Folders of the servers that tests start; the next run removes what is left of one that was killed."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import psutil

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - what is made there is made by mkdtemp
_NEEDED_MEMORY: Final = 4 * 2**30
"""Bytes. A worker's databases take 0.6 GB at most."""
_PREFIX: Final = "taskward-server-"
_LOCK: Final = ".lock"


@contextmanager
def server_folder() -> Iterator[Path]:
    """Yields an empty folder, in memory if there is enough: databases are created there three times as fast.

    It is not below pytest's own folder: as root, a server runs as another user, who may not look in there.
    """
    parent = _parent()
    with _locked(parent / f"{_PREFIX}all{_LOCK}"):
        _remove_leftovers(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _opened(folder.with_suffix(_LOCK))
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        _remove(folder)
        lock.close()


def _parent() -> Path:
    on_disk = Path(tempfile.gettempdir())
    if not os.path.ismount(_MEMORY):
        return on_disk
    free = min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available)
    return _MEMORY if free >= _NEEDED_MEMORY else on_disk


def _remove_leftovers(parent: Path) -> None:
    """Removes each folder whose lock no process holds, and ends the server that runs in it."""
    for path in parent.glob(f"{_PREFIX}*{_LOCK}"):
        folder = path.with_suffix("")
        if folder.is_dir() and _is_free(path):
            _end_server(folder)
            _remove(folder)


def _is_free(lock: Path) -> bool:
    with _opened(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _end_server(folder: Path) -> None:
    with suppress(OSError, ValueError, IndexError, psutil.Error):
        server = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
        if server.name() == "postgres":
            server.send_signal(signal.SIGQUIT)  # it removes its shared memory
            server.wait(10)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(_LOCK).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _opened(path: Path) -> IO[bytes]:
    return path.open("ab")
