"""`taskward copy` of many tasks, killed twice, from SQLite to PostgreSQL and back: `make bench-copy`.

    python benchmarks/copying.py [TASKS]

Each line is one run of the command: how it ended, its seconds, and its greatest resident memory.
"""

import asyncio
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from dataset import REAL, fill_sqlite
from stage import a_postgres, migrate, taskward

TASKS: Final = 1_000_000
TASKS_EACH: Final = 500
KILLED_AT: Final = (0.3, 0.7)
"""The shares of the owners that are copied when the command is killed."""

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """A run of the command; the last one of a copy follows, and switches as soon as it asks for that."""

    ending: str
    seconds: float
    megabytes: float
    switch: float | None
    """Seconds from Enter to the end."""


def main() -> None:
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    owners = dict.fromkeys(range(tasks // TASKS_EACH), TASKS_EACH)
    with a_postgres() as server, tempfile.TemporaryDirectory(prefix="taskward-copy-") as name:
        folder = Path(name)
        file, back = folder / "taskward.db", folder / "back.db"
        migrate(f"sqlite:///{file}", folder)
        fill_sqlite(file, owners, REAL)
        print(f"{tasks} tasks of {len(owners)} users, {megabytes(file):.0f} MB on SQLite", flush=True)
        there = f"sqlite:///{file}", server.url
        report("SQLite to PostgreSQL", copy(folder, *there, lambda: users(server.url) / len(owners)))
        again = server.url, f"sqlite:///{back}"
        report("PostgreSQL to SQLite", copy(folder, *again, lambda: megabytes(back) / megabytes(file)))


def report(name: str, runs: list[Run]) -> None:
    print(f"\n{name}")
    for run in runs:
        switch = "" if run.switch is None else f"  the switch {run.switch:.1f} s"
        print(f"  {run.ending:<10} {run.seconds:6.1f} s  {run.megabytes:5.0f} MB{switch}")
    print(f"  together   {sum(run.seconds for run in runs):6.1f} s", flush=True)


def copy(folder: Path, source: str, target: str, copied: Callable[[], float]) -> list[Run]:
    """Runs the command until it has ended by itself; it is killed when such shares are copied."""
    return [run(folder, source, target, share, copied) for share in (*KILLED_AT, math.inf)]


def run(folder: Path, source: str, target: str, share: float, copied: Callable[[], float]) -> Run:
    begun, asked, peak = time.perf_counter(), 0.0, 0.0
    arguments = taskward("copy", "--from", source, "--to", target, "--follow")
    log = folder / "log"
    with log.open("wb") as err:
        process = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.PIPE, stderr=err)
    while process.poll() is None:
        peak = max(peak, peak_megabytes(process.pid))
        if share < 1 and copied() >= share:
            process.kill()
            process.wait()
            return Run("killed", time.perf_counter() - begun, peak, None)
        if process.stdin and not asked and b"press Enter" in log.read_bytes():
            asked = time.perf_counter()
            process.stdin.write(b"\n")
            process.stdin.close()
        time.sleep(0.05)
    end = time.perf_counter()
    return Run(f"exit {process.returncode}", end - begun, peak, end - asked)


def peak_megabytes(pid: int) -> float:
    """Returns the greatest resident memory of a process so far."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def megabytes(file: Path) -> float:
    """Returns the size of an SQLite database with its journal."""
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists()) / MEGABYTE


def users(url: str) -> int:
    """Returns the number of users in a PostgreSQL database."""

    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            found: int = await connection.fetchval("SELECT count(*) FROM users")
        except asyncpg.UndefinedTableError:
            return 0
        finally:
            await connection.close()
        return found

    return asyncio.run(count())


if __name__ == "__main__":
    main()
