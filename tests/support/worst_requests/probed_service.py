"""A program: the service of `taskward serve`, with a probe of its event loop.

It takes the name of a file, to which the probe writes lines of JSON: the time, the longest turn of the event
loop, and what it did. SIGUSR1 keeps the event loop busy for 60 ms, and SIGUSR2 has a thread hold the
interpreter's lock for about as long: so a test sees that the probe notices it. SIGWINCH collects the
garbage, and writes a line with the number of objects that collections have freed since the last time.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from taskward.server import serving
from taskward.settings import load_settings

INTERVAL: Final = 0.001
"""Seconds between two beats of the probe."""

WINDOW: Final = 0.02
"""Seconds after which the longest turn is written."""

LONG: Final = 0.05
"""Seconds of a turn after which the stack of the event loop is noted."""

BUSY: Final = 0.06


class Turn(NamedTuple):
    """For how long the event loop kept a timer waiting, and its thread computed, at most, in seconds."""

    held: float = 0.0
    computed: float = 0.0


class LoopProbe:
    """Measures how long the event loop keeps a timer waiting, for which others would wait too.

    Work of the loop counts, and each time for which its thread is kept waiting by another one of the process,
    or by the disk; but not the time in which it was ready and the machine ran other programs.
    """

    def __init__(self, file: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._file = file
        self._stack: list[str] = []
        signal.signal(signal.SIGALRM, self._note_stack)
        signal.siginterrupt(signal.SIGALRM, False)  # noqa: FBT003 - as Python has it
        self._schedule = _schedule_of_this_thread()
        self._now = self._written = time.monotonic()
        self._computed = time.thread_time()
        self._waited = self._wait()
        self._longest = Turn()

    def beat(self) -> None:
        now, computed, waited = time.monotonic(), time.thread_time(), self._wait()
        turn = Turn(now - self._now - (waited - self._waited), computed - self._computed)
        self._longest = Turn(*map(max, self._longest, turn))
        self._now, self._computed, self._waited = now, computed, waited
        if now - self._written > WINDOW:
            os.write(self._file, json.dumps([now, *self._longest, self._stack]).encode() + b"\n")
            self._longest, self._written, self._stack = Turn(), now, []
        signal.setitimer(signal.ITIMER_REAL, LONG)  # until the next beat
        self._loop.call_later(INTERVAL, self.beat)

    def _note_stack(self, _: int, frame: FrameType | None) -> None:
        """Notes what the loop is doing; after a call of C that cannot be interrupted, who has called it."""
        calls = traceback.extract_stack(frame)
        self._stack = [f"{call.filename.rpartition('/src/')[2]}:{call.lineno} {call.name}" for call in calls]

    def _wait(self) -> float:
        """Returns the seconds for which the thread was ready, but the machine ran others."""
        return 0.0 if self._schedule is None else int(os.pread(self._schedule, 100, 0).split()[1]) / 1e9


def _schedule_of_this_thread() -> int | None:
    """Returns a descriptor of the scheduler's statistics; None where there are none."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return os.open(path, os.O_RDONLY) if path.exists() else None


class GarbageCount:
    """Counts the objects that only a collection frees, which are in cycles of references."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._freed = 0
        gc.callbacks.append(self._on_collection)

    def write(self) -> None:
        gc.collect()
        os.write(self._file, b"%d\n" % self._freed)
        self._freed = 0

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            self._freed += info["collected"]


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

    def announce(_: str) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, compute)
        loop.add_signal_handler(signal.SIGUSR2, lambda: threading.Thread(target=hold_lock).start())
        loop.add_signal_handler(signal.SIGWINCH, GarbageCount(file).write)
        LoopProbe(file).beat()

    gc.disable()  # until the server listens, as `taskward serve`
    sys.exit(serving.serve(load_settings(), announce=announce))


if __name__ == "__main__":
    main()
