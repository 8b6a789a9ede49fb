"""The event streams without I/O: parts of them become events; their ends and errors become waits."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NotRequired, TypeAlias, TypedDict

from taskward_client._attempts import backoff
from taskward_client._calls import Call
from taskward_client._replies import Reply
from taskward_client.errors import APIError, NoResponse
from taskward_client.types import (
    CommentDeletion,
    CommentUpsert,
    ListDeletion,
    ListUpsert,
    MembershipDeletion,
    MembershipUpsert,
    MemberUpsert,
    SpaceUpsert,
    TaskDeletion,
    TaskUpsert,
)

SILENCE: Final = 45.0
"""Seconds without a byte after which a stream counts as broken: the service sends a comment each 15 s."""

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!$)")  # a \r at the end may be half of \r\n
_RETRYABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
_MAX_DELAY: Final = 30.0

_Upsert: TypeAlias = TaskUpsert | ListUpsert | CommentUpsert | MemberUpsert | SpaceUpsert | MembershipUpsert
Change: TypeAlias = _Upsert | TaskDeletion | ListDeletion | CommentDeletion | MembershipDeletion
"""What a key says: `"task" in change`, `"list" in change`, `"kind" in change` (deleted, and no task)."""


@dataclass(frozen=True)
class Changed:
    """A change. Keep `cursor` once it is applied: following from there continues without a gap."""

    change: Change
    cursor: str


@dataclass(frozen=True)
class Reset:
    """Drop all stored data: what follows is everything, from the beginning."""


Event = Changed | Reset


class SpaceState(TypedDict):
    """A space of the user has changed."""

    space_id: str
    state: NotRequired[str]
    """The same as in `spaces.list()`: it is another one after every change in the space."""
    gone: NotRequired[bool]
    """True once the user is not in the space any more; then there is no `state`."""


class EventStream:
    """An event stream of one client, across its connections."""

    def __init__(self) -> None:
        self._failures = 0
        self._rest = b""
        self._event: dict[str, str] = {}

    def _open(self, path: str, cursor: str | None = None, kinds: str | None = None) -> Call[Reply]:
        """Returns the call that opens the stream, after a cursor if there is one."""
        self._rest, self._event = b"", {}
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if cursor is not None:
            headers["Last-Event-ID"] = cursor
        return Call("GET", path, lambda reply: reply, {"kinds": kinds}, headers=headers)

    def _events(self, part: bytes) -> Iterator[dict[str, str]]:
        """Yields the fields of each event with data that a part of the stream completes."""
        self._failures = 0
        *lines, self._rest = _LINE_END.split(self._rest + part)
        for line in lines:
            name, _, value = line.decode().partition(":")
            if line:
                self._event[name] = value.removeprefix(" ")
                continue
            event, self._event = self._event, {}
            if "data" in event:
                yield event

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


class FeedStream(EventStream):
    """The stream of the changes of an owner, from a cursor on."""

    def __init__(self, cursor: str | None, kinds: str | None) -> None:
        super().__init__()
        self._cursor = cursor
        self._kinds = kinds

    def call(self) -> Call[Reply]:
        """Returns the call that opens the stream where it ended."""
        return self._open("/api/events", self._cursor, self._kinds)

    def receive(self, part: bytes) -> Iterator[Changed]:
        """Yields the changes that a part of the stream completes."""
        for event in self._events(part):
            self._cursor = event.get("id", self._cursor or "")
            yield Changed(json.loads(event["data"]), self._cursor)

    def reset(self) -> Reset:
        """Starts over: the cursor is too old."""
        self._cursor = None
        return Reset()


class StatesStream(EventStream):
    """The stream of the states of all spaces of the user, which begins with all of them."""

    def call(self) -> Call[Reply]:
        """Returns the call that opens the stream."""
        return self._open("/api/spaces/events")

    def receive(self, part: bytes) -> Iterator[SpaceState]:
        """Yields the states that a part of the stream completes."""
        for event in self._events(part):
            state: SpaceState = json.loads(event["data"])
            yield state
