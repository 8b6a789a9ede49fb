"""The metrics of several workers, collected by their parent on request."""

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Final

from taskward.metrics import Samples, cumulative, merge

WORKER_TIMEOUT: Final = 2.0
"""Seconds for the answers of all workers together."""


class WorkerMetrics:
    """The pipes to the workers, and the last answer of each.

    Counters never decrease: the last values of a worker that does not answer are used, and those of a worker
    that has ended are kept.
    """

    def __init__(self) -> None:
        self._pipes: dict[Connection, _WorkerPipe] = {}
        self._ended: Samples = {}
        self._lock = threading.Lock()  # workers change while a scrape reads them

    def add(self, connection: Connection) -> None:
        with self._lock:
            self._pipes[connection] = _WorkerPipe(connection)

    def remove(self, connection: Connection) -> None:
        with self._lock:
            pipe = self._pipes.pop(connection)
            self._ended = merge([self._ended, cumulative(pipe.last)])
        connection.close()

    def collect(self) -> Samples:
        """Returns the merged metrics of all workers."""
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
    """One worker, as seen by the parent."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.last: Samples = {}
        self._pending = False

    def request(self) -> bool:
        """Requests the metrics, unless an answer is still pending."""
        try:
            if self._pending and self.connection.poll():
                self.receive()  # too late for the scrape that requested it
            if not self._pending:
                self.connection.send(None)
                self._pending = True
        except OSError:
            return False
        return True

    def receive(self) -> bool:
        """Receives the answer; returns whether there was one."""
        try:
            self.last = self.connection.recv()
        except (EOFError, OSError):
            return False
        self._pending = False
        return True


def answer_requests(connection: Connection, samples: Callable[[], Samples]) -> None:
    """Answers the parent's requests in a thread of the worker, even while the event loop is blocked."""

    def serve() -> None:
        try:
            while True:
                connection.recv()
                connection.send(samples())
        except (EOFError, OSError):
            return  # the parent is gone

    threading.Thread(target=serve, name="figures", daemon=True).start()
