"""The event stream without I/O: parts of it become changes; its end and its errors become waits."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from taskward_client._attempts import backoff
from taskward_client._calls import Call
from taskward_client._replies import Reply
from taskward_client.errors import APIError, NoResponse
from taskward_client.types import ListDeletion, ListUpsert, TaskDeletion, TaskUpsert

SILENCE: Final = 45.0
"""Seconds without a byte after which a stream counts as broken: the service sends a comment each 15 s."""

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!$)")  # a \r at the end may be half of \r\n
_RETRYABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
_MAX_DELAY: Final = 30.0

Change: TypeAlias = TaskUpsert | ListUpsert | TaskDeletion | ListDeletion
"""What a key says: `"task" in change`, `"list" in change`, `"kind" in change` (a deleted list)."""


@dataclass(frozen=True)
class Changed:
    """A change. Keep `cursor` once it is applied: following from there continues without a gap."""

    change: Change
    cursor: str


@dataclass(frozen=True)
class Reset:
    """Drop all stored data: what follows is everything, from the beginning."""


Event = Changed | Reset


class FeedStream:
    """The event stream of one client, across its connections."""

    def __init__(self, cursor: str | None, kinds: str | None) -> None:
        self._cursor = cursor
        self._kinds = kinds
        self._failures = 0
        self._rest = b""
        self._event: dict[str, str] = {}

    def call(self) -> Call[Reply]:
        """Returns the call that opens the stream where it ended."""
        self._rest, self._event = b"", {}
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._cursor is not None:
            headers["Last-Event-ID"] = self._cursor
        return Call("GET", "/api/events", lambda reply: reply, {"kinds": self._kinds}, headers=headers)

    def receive(self, part: bytes) -> Iterator[Changed]:
        """Yields the changes that a part of the stream completes."""
        self._failures = 0
        *lines, self._rest = _LINE_END.split(self._rest + part)
        for line in lines:
            name, _, value = line.decode().partition(":")
            if line:
                self._event[name] = value.removeprefix(" ")
                continue
            event, self._event = self._event, {}
            if "data" in event:
                self._cursor = event.get("id", self._cursor or "")
                yield Changed(json.loads(event["data"]), self._cursor)

    def reset(self) -> Reset:
        """Starts over: the cursor is too old."""
        self._cursor = None
        return Reset()

    def wait(self, failure: APIError | NoResponse | None = None) -> float:
        """Returns the seconds until the next connection, after a failure or the end of the stream.

        Raises:
            APIError: another connection would fail in the same way.

        """
        if isinstance(failure, APIError) and failure.status not in _RETRYABLE:
            raise failure
        asked = failure.retry_after if isinstance(failure, APIError) else None
        self._failures += 1
        return min(_MAX_DELAY, (asked or 0) + backoff(min(self._failures, 6)))
