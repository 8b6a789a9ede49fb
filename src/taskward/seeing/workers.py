"""The figures of several workers, gathered by their parent when somebody asks."""

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Final

from taskward.metrics import Samples, cumulative, merge

PATIENCE: Final = 2.0
"""Seconds that the workers have to answer, all of them together."""


class Workers:
    """The lines to the workers, and what each said last.

    What counts up never goes down: of a worker that does not answer its last numbers stand, and what one
    that ended had counted when it was last asked is kept.
    """

    def __init__(self) -> None:
        self._lines: dict[Connection, _Line] = {}
        self._ended: Samples = {}
        self._lock = threading.Lock()  # the parent changes the lines while its page asks them

    def join(self, connection: Connection) -> None:
        with self._lock:
            self._lines[connection] = _Line(connection)

    def leave(self, connection: Connection) -> None:
        with self._lock:
            line = self._lines.pop(connection)
            self._ended = merge([self._ended, cumulative(line.last)])
        connection.close()

    def collect(self) -> Samples:
        """Ask all of them."""
        with self._lock:
            asked = {line.connection for line in self._lines.values() if line.ask()}
            fresh: set[Connection] = set()
            until = time.monotonic() + PATIENCE
            while asked and (ready := wait(asked, timeout=max(0.0, until - time.monotonic()))):
                for connection in asked & set(ready):
                    asked.discard(connection)
                    if self._lines[connection].listen():
                        fresh.add(connection)
            return merge(
                [self._ended]
                + [
                    line.last if connection in fresh else cumulative(line.last)
                    for connection, line in self._lines.items()
                ]
            )


class _Line:
    """One worker, seen from the parent."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.last: Samples = {}
        self._asked = False

    def ask(self) -> bool:
        """Ask, unless an answer is still owed: one that hangs is not asked again and again."""
        try:
            if self._asked and self.connection.poll():
                self.listen()  # too late for whoever asked
            if not self._asked:
                self.connection.send(None)
                self._asked = True
        except OSError:
            return False
        return True

    def listen(self) -> bool:
        """Take the answer; say whether there was one."""
        try:
            self.last = self.connection.recv()
        except (EOFError, OSError):
            return False
        self._asked = False
        return True


def answer(connection: Connection, samples: Callable[[], Samples]) -> None:
    """Be asked, in a worker: in a thread, so that also one whose event loop is held up answers."""

    def answer_each() -> None:
        try:
            while True:
                connection.recv()
                connection.send(samples())
        except (EOFError, OSError):
            return  # the parent is gone

    threading.Thread(target=answer_each, name="figures", daemon=True).start()
