"""Turns in which connections parse what may take long.

Many clients together could otherwise hold the event loop: each chunk of a body costs a call, and may have one
byte.
"""

import asyncio
from typing import Final, Protocol

MAX_AT_ONCE: Final = 8 * 1024
"""Bytes that a connection parses without a turn: those of requests of the usual size."""

MAX_CHUNKS_AT_ONCE: Final = 512
"""The same for a body in chunks."""

PARSED_PER_TURN: Final = 64 * 1024
"""Bytes of all connections that are parsed before the event loop has other work: at most 3 ms, if they are in
chunks of one byte."""


class Parsing(Protocol):
    """A connection with bytes to parse."""

    def parse_in_turn(self) -> int:
        """Parses a slice, and returns the number of its bytes; takes another turn if there is more."""


class ParseTurns:
    """The connections that wait for their turns, the next one first."""

    def __init__(self) -> None:
        self._waiting: dict[Parsing, None] = {}
        self._scheduled = False

    def add(self, connection: Parsing) -> None:
        """Queues a connection, unless it is queued."""
        self._waiting[connection] = None
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._scheduled = False
        parsed = 0
        try:
            while self._waiting and parsed < PARSED_PER_TURN:
                connection = next(iter(self._waiting))
                del self._waiting[connection]
                parsed += connection.parse_in_turn()
        finally:  # an error of one connection holds up no other
            if self._waiting:
                self.add(next(iter(self._waiting)))
