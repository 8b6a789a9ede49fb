"""Creates on SQLite, each on the disk before it is answered, against one flush for each.

Flushes of today's virtual disks take a fraction of a millisecond, so that not they but the requests take
the time. What committing together is for shows where they are slow: so the same is measured once more with
flushes made to take longer, by strace, for the service and for the yardstick alike.
"""

import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comparison import MAX_CONNECTIONS
from dataset import SECRET
from stage import a_server, taskward, wrk

SLOW_FLUSH: Final = 5_000
"""Microseconds: what an SSD without a buffered write cache, or a network disk, takes."""


@dataclass(frozen=True, slots=True)
class Durability:
    """Creates a second, and what one flush at a time gives: of the bare file, of SQLite's commits."""

    creates: float
    flushes: float
    commits: float

    @property
    def ratio(self) -> float:
        return self.creates / self.commits


def measure(targets: Path, folder: Path, seconds: int, *, slow: bool) -> Durability:
    """Measures creates on a new file in that folder, and the yardsticks beside it, on the same disk."""
    file = folder / f"durable-{slow:d}.db"
    prefix = _slow_flushes() if slow else []
    told = subprocess.run(
        [*prefix, sys.executable, __file__, str(folder), str(seconds)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    flushes, commits = map(float, told.split())
    env = {"DATABASE_URL": f"sqlite:///{file}", "JWT_SECRET": SECRET, "ENVIRONMENT": "production"}
    with a_server([*prefix, *taskward("serve")], env, folder) as server:
        wrk(server.url, targets, seconds=1, connections=MAX_CONNECTIONS)
        load = wrk(server.url, targets, seconds=seconds, connections=MAX_CONNECTIONS)
    return Durability(load.rate, flushes, commits)


def _slow_flushes() -> list[str]:
    # Without `trace` it stops at every other system call too, which halves what a server can do.
    flushes = "fsync,fdatasync"
    chosen = ["-e", f"trace={flushes}", "-e", f"inject={flushes}:delay_exit={SLOW_FLUSH}"]
    return ["strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-o", os.devnull, *chosen]


def yardsticks(folder: Path, seconds: float) -> tuple[float, float]:
    """Returns flushes a second of a file that grows by 4 KiB each, and commits of one row a second."""
    return _flushes(folder / "yardstick", seconds), _commits(folder / "yardstick.db", seconds)


def _flushes(path: Path, seconds: float) -> float:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    page, count, begun = bytes(4096), 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        os.write(file, page)
        os.fdatasync(file)
        count += 1
    os.close(file)
    return count / (time.perf_counter() - begun)


def _commits(path: Path, seconds: float) -> float:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        connection.execute("INSERT INTO rows (text) VALUES ('Buy milk')")
        count += 1
    connection.close()
    return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    print(*yardsticks(Path(sys.argv[1]), float(sys.argv[2])))
