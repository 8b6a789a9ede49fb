"""A service in a process of its own with a probe of its event loop, and what is measured beside a request."""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TextIO
from uuid import UUID

import orjson

from support import SECRET
from support.command import Command, program
from support.latency import Beside, Request, Sender, beside
from support.waiting import wait_for
from support.worst_requests import probed_service as probe
from support.worst_requests.entries import TASKS, request
from support.worst_requests.probed_service import Turn

OTHER: Final = UUID(int=2)
"""The user beside whom requests are measured."""

OTHERS: Final[Mapping[str, Request]] = {
    "health": Request("GET", "/health"),
    "list": request("GET", f"{TASKS}?limit=20", None, OTHER),
    "write": request("POST", TASKS, {"title": "x"}, OTHER),
}
_SIGN_IN: Final = {"WEB_APP_ISSUER": "https://id.example.com", "WEB_APP_CLIENT_ID": "web-app"}
PIECE_OF_WORK: Final = 0.025
"""Seconds that the machine of the bounds takes to read a JSON text of many lists."""

_LISTS: Final = b"[" + b"[]," * 200_000 + b"[]]"
_SETTLE: Final = 1.5 * probe.WINDOW


@dataclass(frozen=True, slots=True)
class Measured:
    """What a request cost others."""

    beside: Beside
    turn: Turn
    """The longest turn of the event loop."""

    stack: list[str]
    """What the event loop did in a long turn."""

    garbage: int
    """Objects that only a collection of garbage has freed."""

    slowdown: float
    """How many times as long the service has taken as on a machine with the speed of the bounds, which runs
    nothing else."""

    def __str__(self) -> str:
        waits = ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in self.beside.waits.items())
        held, computed = (seconds * 1000 for seconds in self.turn)
        return (
            f"turn {held:.0f} ms (computed {computed:.0f}), {waits} ms, "
            f"request {self.beside.reply.seconds:.2f} s, garbage {self.garbage}, slowdown {self.slowdown:.1f}"
        )


class ProbedService:
    """A running service."""

    def __init__(self, running: Command, turns: TextIO) -> None:
        self.port = running.port()
        self.pid = running.process.pid
        self._turns = turns

    def measure(self, sender: Sender, others: Mapping[str, Request] = OTHERS) -> Measured:
        """Sends a request, with others beside it."""
        self._collect_garbage()
        before = self._scheduled()
        found = beside(self.port, sender, others, _SETTLE)
        ran, waited = (now - then for now, then in zip(self._scheduled(), before, strict=True))
        slowdown = machine_slowdown() * (1 + waited / ran if ran > 0 else 1.0)
        turn, stack = self._turns_between(found.begun, time.monotonic())
        return Measured(found, turn, stack, self._collect_garbage(), slowdown)

    def _collect_garbage(self) -> int:
        """Returns how many objects collections have freed since the last time."""
        freed: list[int] = []

        def has_answered() -> bool:
            freed.extend(int(line) for line in self._turns if not line.startswith("["))
            return bool(freed)

        os.kill(self.pid, signal.SIGWINCH)
        wait_for(has_answered)
        return freed[0]

    def _scheduled(self) -> tuple[int, int]:
        """Returns for how long all threads together have run, and were ready while the machine ran others.

        In nanoseconds; nothing where there are no statistics.
        """
        ran, waited = 0, 0
        for path in Path(f"/proc/{self.pid}/task").glob("*/schedstat"):
            with suppress(OSError, ValueError):  # a thread that has ended
                of_thread = [int(number) for number in path.read_bytes().split()]
                ran, waited = ran + of_thread[0], waited + of_thread[1]
        return ran, waited

    def _turns_between(self, begun: float, ended: float) -> tuple[Turn, list[str]]:
        """Returns the longest turn, and what the loop did in a long one, the innermost call first."""
        windows: list[Any] = []

        def has_ended() -> bool:
            windows.extend(json.loads(line) for line in self._turns)
            return bool(windows) and windows[-1][0] >= ended

        wait_for(has_ended)
        windows = [window for window in windows if window[0] > begun]
        _, held, computed, _ = zip(*windows, strict=True)
        return Turn(max(held), max(computed)), max(stack for *_, stack in windows)[::-1]


@cache
def machine_slowdown() -> float:
    """Returns how many times as long as `PIECE_OF_WORK` this machine takes for it; 1 if it takes less."""
    return max(1.0, min(_piece_of_work() for _ in range(10)) / PIECE_OF_WORK)


def _piece_of_work() -> float:
    begun = time.perf_counter()
    orjson.loads(_LISTS)
    return time.perf_counter() - begun


@contextmanager
def probed_service(folder: Path, url: str, **environment: str) -> Iterator[ProbedService]:
    """Runs the service on a free port while the block runs."""
    turns = folder / "turns"
    settings = {"JWT_SECRET": SECRET, "PORT": "0", "DATABASE_URL": url} | _SIGN_IN | environment
    with program(folder, "-P", probe.__file__, str(turns), **settings) as running:
        running.port()  # it has made the file
        with turns.open(encoding="utf-8") as lines:
            yield ProbedService(running, lines)
