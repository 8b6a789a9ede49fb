"""A program: the service of `taskward serve`, with a probe of its event loop.

It takes the name of a file, to which the probe writes. SIGUSR1 keeps the event loop busy for 60 ms, and
SIGUSR2 has a thread hold the interpreter's lock for about as long: so a test sees that the probe notices it.
"""

import asyncio
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from taskward.server import serving
from taskward.settings import load_settings

INTERVAL: Final = 0.001
"""Seconds between two beats of the probe."""

WINDOW: Final = 0.05
"""Seconds after which the longest turn is written."""

STACKS: Final = "PROBE_STACKS"
"""An environment variable: the file for the stacks of all threads during each turn of over `LONG` seconds."""

LONG: Final = 0.05
SUSPICIOUS: Final = 0.02
"""Seconds of a turn after which it is looked whether it waited for a thread that waited for a processor."""

BUSY: Final = 0.06


class Turn(NamedTuple):
    """For how long the event loop kept a timer waiting, and what its thread computed then, in seconds."""

    held: float = 0.0
    computed: float = 0.0


class LoopProbe:
    """Measures how long the event loop keeps a timer waiting, for which others would wait too.

    Work of the loop counts, and each time for which its thread is kept waiting by another one of the process,
    or by the disk. The time does not count in which this thread, or one that it waits for, was ready and the
    machine ran others.
    """

    def __init__(self, file: int, stacks: int | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._file = file
        self._stacks = stacks
        self._thread = threading.get_native_id()
        self._own = _schedule_of(self._thread)
        self._others = threads_of()
        self._now = self._written = time.monotonic()
        self._computed = time.thread_time()
        self._waited = _wait_of(self._own)
        self._longest = Turn()

    def beat(self) -> None:
        now, computed, waited = time.monotonic(), time.thread_time(), _wait_of(self._own)
        held = now - self._now - (waited - self._waited)
        if held > SUSPICIOUS:
            held -= self._longest_wait()
        turn = Turn(max(held, computed - self._computed), computed - self._computed)
        self._now, self._computed, self._waited = now, computed, waited
        self._longest = max(self._longest, turn)
        if now - self._written > WINDOW:
            self._write()
        if self._stacks is not None:
            faulthandler.dump_traceback_later(LONG, file=self._stacks)
        self._loop.call_later(INTERVAL, self.beat)

    def _write(self) -> None:
        os.write(self._file, f"{self._now} {self._longest.held} {self._longest.computed}\n".encode())
        self._longest, self._written, self._others = Turn(), self._now, threads_of()

    def _longest_wait(self) -> float:
        """Returns for how long another thread of the process has waited for a processor in this window."""
        threads = threads_of()
        threads.pop(str(self._thread), None)
        waits = (now.waited - self._others.get(name, now).waited for name, now in threads.items())
        return max(waits, default=0.0)


def _schedule_of(thread: int) -> int | None:
    """Returns a descriptor of the scheduler's statistics; None where there are none."""
    path = Path(f"/proc/self/task/{thread}/schedstat")
    return os.open(path, os.O_RDONLY) if path.exists() else None


def _wait_of(schedule: int | None) -> float:
    """Returns the seconds for which a thread was ready, but the machine ran others."""
    return 0.0 if schedule is None else int(os.pread(schedule, 100, 0).split()[1]) / 1e9


class Scheduled(NamedTuple):
    """For how many seconds a thread has run, and was ready while the machine ran others."""

    ran: float
    waited: float


def threads_of(process: int | str = "self") -> dict[str, Scheduled]:
    """Returns how each thread of a process was scheduled; none where there are no statistics."""
    found = {}
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with suppress(OSError, ValueError):  # a thread that has ended
            ran, waited, *_ = path.read_bytes().split()
            found[path.parent.name] = Scheduled(int(ran) / 1e9, int(waited) / 1e9)
    return found


def compute() -> None:
    """Computes on the event loop."""
    end = time.thread_time() + BUSY
    while time.thread_time() < end:
        pass


def hold_lock() -> None:
    """Holds the interpreter's lock for at least as long: `sum` does not give it up before it is done."""
    sum(range(20_000_000))


def main() -> None:
    file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    stacks = (
        os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if (path := os.environ.get(STACKS)) else None
    )

    def announce(_: str) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, compute)
        loop.add_signal_handler(signal.SIGUSR2, lambda: threading.Thread(target=hold_lock).start())
        LoopProbe(file, stacks).beat()

    gc.disable()  # until the server listens, as `taskward serve`
    sys.exit(serving.serve(load_settings(), announce=announce))


if __name__ == "__main__":
    main()
