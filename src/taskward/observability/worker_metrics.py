"""The figures of several workers, gathered by their parent when somebody asks."""

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Final

from taskward.metrics import Samples, cumulative, merge

WORKER_TIMEOUT: Final = 2.0
"""Seconds that the workers have to answer, all of them together."""


class WorkerMetrics:
    """The lines to the workers, and what each said last.

    What counts up never goes down: of a worker that does not answer its last numbers stand, and what one
    that ended had counted when it was last asked is kept.
    """

    def __init__(self) -> None:
        self._pipes: dict[Connection, _WorkerPipe] = {}
        self._ended: Samples = {}
        self._lock = threading.Lock()  # the parent changes the lines while its page asks them

    def add(self, connection: Connection) -> None:
        with self._lock:
            self._pipes[connection] = _WorkerPipe(connection)

    def remove(self, connection: Connection) -> None:
        with self._lock:
            pipe = self._pipes.pop(connection)
            self._ended = merge([self._ended, cumulative(pipe.last)])
        connection.close()

    def collect(self) -> Samples:
        """Ask all of them."""
        with self._lock:
            asked = {line.connection for line in self._pipes.values() if line.request()}
            fresh: set[Connection] = set()
            until = time.monotonic() + WORKER_TIMEOUT
            while asked and (ready := wait(asked, timeout=max(0.0, until - time.monotonic()))):
                for connection in asked & set(ready):
                    asked.discard(connection)
                    if self._pipes[connection].receive():
                        fresh.add(connection)
            return merge(
                [self._ended]
                + [
                    line.last if connection in fresh else cumulative(line.last)
                    for connection, line in self._pipes.items()
                ]
            )


class _WorkerPipe:
    """One worker, seen from the parent."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.last: Samples = {}
        self._pending = False

    def request(self) -> bool:
        """Ask, unless an answer is still owed: one that hangs is not asked again and again."""
        try:
            if self._pending and self.connection.poll():
                self.receive()  # too late for whoever asked
            if not self._pending:
                self.connection.send(None)
                self._pending = True
        except OSError:
            return False
        return True

    def receive(self) -> bool:
        """Take the answer; say whether there was one."""
        try:
            self.last = self.connection.recv()
        except (EOFError, OSError):
            return False
        self._pending = False
        return True


def answer_requests(connection: Connection, samples: Callable[[], Samples]) -> None:
    """Be asked, in a worker: in a thread, so that also one whose event loop is held up answers."""

    def serve() -> None:
        try:
            while True:
                connection.recv()
                connection.send(samples())
        except (EOFError, OSError):
            return  # the parent is gone

    threading.Thread(target=serve, name="figures", daemon=True).start()
