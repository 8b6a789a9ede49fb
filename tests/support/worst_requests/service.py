"""A service in a process of its own with a probe of its event loop, and what is measured beside a request."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from support import SECRET
from support.command import Command, program
from support.latency import Beside, Request, Sender, beside
from support.waiting import wait_for
from support.worst_requests import probed_service as probe
from support.worst_requests.entries import TASKS, request
from support.worst_requests.probed_service import Scheduled, Turn

OTHER: Final = UUID(int=2)
"""The user beside whom requests are measured."""

OTHERS: Final[Mapping[str, Request]] = {
    "health": Request("GET", "/health"),
    "list": request("GET", f"{TASKS}?limit=20", None, OTHER),
    "write": request("POST", TASKS, {"title": "x"}, OTHER),
}
_SETTLE: Final = 2 * probe.WINDOW


@dataclass(frozen=True, slots=True)
class Measured:
    """What a request cost others."""

    beside: Beside
    turn: Turn
    """The longest turn of the event loop."""

    slowdown: float
    """How many times as long the service has taken because the machine ran other programs."""

    def __str__(self) -> str:
        waits = ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in self.beside.waits.items())
        held, computed = (seconds * 1000 for seconds in self.turn)
        return (
            f"turn {held:.0f} ms (computed {computed:.0f}), {waits} ms, "
            f"request {self.beside.reply.seconds:.2f} s, slowdown {self.slowdown:.1f}"
        )


class ProbedService:
    """A running service."""

    def __init__(self, running: Command, turns: Path) -> None:
        self.port = running.port()
        self.pid = running.process.pid
        self._turns = turns

    def measure(self, sender: Sender, others: Mapping[str, Request] = OTHERS) -> Measured:
        """Sends a request, with others beside it."""
        before, begun = self._scheduled(), time.monotonic() + probe.WINDOW
        found = beside(self.port, sender, others, _SETTLE)
        ran, waited = (now - then for now, then in zip(self._scheduled(), before, strict=True))
        slowdown = 1 + waited / ran if ran > 0 else 1.0
        return Measured(found, self._longest_turn(begun, time.monotonic()), slowdown)

    def _scheduled(self) -> Scheduled:
        """Returns for how long all threads together have run, and waited for a processor."""
        threads = probe.threads_of(self.pid).values()
        return Scheduled(sum(one.ran for one in threads), sum(one.waited for one in threads))

    def _longest_turn(self, begun: float, ended: float) -> Turn:
        def turns() -> list[list[float]]:
            lines = self._turns.read_text().splitlines()
            return [[float(number) for number in line.split()] for line in lines]

        wait_for(lambda: turns()[-1][0] >= ended)
        return max(Turn(held, computed) for at, held, computed in turns() if at > begun)


@contextmanager
def probed_service(folder: Path, url: str, **environment: str) -> Iterator[ProbedService]:
    """Runs the service on a free port while the block runs."""
    turns = folder / "turns"
    settings = {"JWT_SECRET": SECRET, "PORT": "0", "DATABASE_URL": url} | environment
    with program(folder, "-P", probe.__file__, str(turns), **settings) as running:
        yield ProbedService(running, turns)
