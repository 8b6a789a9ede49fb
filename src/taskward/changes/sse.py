"""The change feed as Server-Sent Events (WHATWG HTML, 9.2), one event per change."""

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic, time
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Header, Response
from pydantic import BeforeValidator
from starlette.types import Receive, Scope, Send

from taskward.auth.authenticator import authenticate
from taskward.changes.feed import ChangeFeed, ChangePage, FeedPosition, change_json, change_number
from taskward.changes.streams import StreamRegistry, Subscription
from taskward.http.caller import Caller
from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.http.cursors import well_formed_cursor
from taskward.http.errors import CursorExpired, DatabaseError, NotFound, ServiceUnavailable, Unauthorized
from taskward.http.responses import dump_json
from taskward.http.validation import field_error

PAGE: Final = 50
"""Changes that a stream holds in memory at once."""

KEEP_ALIVE: Final = 15.0
"""Seconds without an event after which a comment is sent."""

REVOCATION_CHECK: Final = 10.0
"""Seconds between two checks of the access token of a stream, whose row may be 5 s old: a stream ends within
20 s of a revocation."""

INVALID_EVENT_ID: Final = "Last-Event-ID is not a valid cursor"

_COMMENT: Final = b":\n\n"
_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_OTHER_LINE_BREAKS: Final = tuple(
    (character.encode(), rb"\u%04x" % ord(character)) for character in "\x85\u2028\u2029"
)
"""Server-Sent Events do not treat these as line breaks, but some clients split at every Unicode line break.
"""

log = logging.getLogger(__name__)


class ServerSentEvents(Response, ABC):
    """A stream of events for one caller.

    It queues nothing. When notified, it reads what is new, one page at a time, and only once the client has
    received the previous page. It ends with the token, the process, the client, or an error.
    """

    media_type = "text/event-stream"
    """For the OpenAPI document; on the wire it is the same, without a charset, because it is always UTF-8."""

    has_more = False
    """Whether there is more to read at once."""

    def __init__(self, caller: Caller, streams: StreamRegistry) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["Content-Length"]
        self._caller = caller
        self._streams = streams
        is_revocable = caller.reach is not None and caller.reach.token_id is not None
        self._check_at = monotonic() + REVOCATION_CHECK if is_revocable else math.inf

    @property
    @abstractmethod
    def owner(self) -> UUID:
        """The owner whose changes wake the stream."""

    @abstractmethod
    async def read(self, subscription: Subscription) -> None:
        """Reads what is new; the first time, its errors are the response."""

    @abstractmethod
    async def events(self) -> bytes:
        """Returns what was read last, as events."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: RequestContext = scope[CONTEXT_KEY]
        with self._streams.subscribe(self.owner, self._caller.id, context.draining) as subscription:
            await self.read(subscription)  # errors are raised before the response starts
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if context.method != "HEAD":
                gone = asyncio.create_task(_close_on_disconnect(receive, subscription))
                try:
                    await self._stream(subscription, context, send)
                finally:
                    gone.cancel()
                    await asyncio.wait({gone})
            await send({"type": "http.response.body"})

    async def _stream(self, subscription: Subscription, context: RequestContext, send: Send) -> None:
        await _send_part(send, await self.events() or _COMMENT)
        try:
            while True:
                if not self.has_more:
                    await self._wait(subscription, send)
                if self._has_ended(subscription) or await self._revoked(context):
                    return
                subscription.woken.clear()
                await self.read(subscription)
                if events := await self.events():
                    await _send_part(send, events)
        except (CursorExpired, DatabaseError, NotFound, ServiceUnavailable) as error:
            log.warning("Event stream closed", extra={"code": error.code, "reason": error.reason})

    async def _wait(self, subscription: Subscription, send: Send) -> None:
        """Waits for changes or for the end; sends a comment after a long silence."""
        while not (
            self._has_ended(subscription) or subscription.woken.is_set() or monotonic() >= self._check_at
        ):
            left = min(self._caller.expires_at - time(), self._check_at - monotonic())
            try:
                async with asyncio.timeout(min(KEEP_ALIVE, left)):
                    await subscription.woken.wait()
            except TimeoutError:
                await _send_part(send, _COMMENT)

    def _has_ended(self, subscription: Subscription) -> bool:
        """Returns whether the client or the process ends, or the token has expired.

        What has woken the stream may be forgotten by then: `closed` is not.
        """
        return subscription.closed or time() >= self._caller.expires_at

    async def _revoked(self, context: RequestContext) -> bool:
        """Returns whether the access token was revoked, by reading its row from time to time."""
        if monotonic() < self._check_at:
            return False
        self._check_at = monotonic() + REVOCATION_CHECK
        try:
            await authenticate(context)
        except Unauthorized:
            return True
        return False


class EventStream(ServerSentEvents):
    """The changes of one owner since a position, then each change as it is committed.

    It also ends with the membership; clients resume with the id of the last event.
    """

    def __init__(
        self, feed: ChangeFeed, position: FeedPosition, caller: Caller, streams: StreamRegistry
    ) -> None:
        super().__init__(caller, streams)
        self._feed = feed
        self._position = position
        self._found: ChangePage | None = None

    @property
    def owner(self) -> UUID:
        return self._feed.owner

    async def read(self, subscription: Subscription) -> None:
        await self._streams.turns.wait(self._caller.id)
        subscription.changed.clear()
        await self._feed.wait_unlocked()  # otherwise one owner's streams would block others
        position = self._position
        if self._found is not None:
            # The stream has read every change up to now, so its position is as old as now.
            position = replace(self._found.position, reached_at=int(time() * 1000))
        async with self._streams.reading:
            self._found = await self._feed.since(position, PAGE)
        self.has_more = self._found.has_more

    async def events(self) -> bytes:
        """Returns the events of a page, and lets others run before the next page of any stream.

        Neither a read from SQLite nor a client that reads at once suspends.
        """
        found = self._found
        if found is None or not found.changes:
            return b""
        async with self._streams.writing:
            events = b"".join(
                b"id: %s\ndata: %s\n\n"
                % (
                    self._feed.encode(found.position_after(change_number(row))).encode(),
                    data_line(change_json(row)),
                )
                for row in found.changes
            )
            await asyncio.sleep(0)
        return events


def data_line(change: Mapping[str, Any]) -> bytes:
    """Returns a JSON object as the data of an event."""
    written = dump_json(change)
    for line_break, escaped in _OTHER_LINE_BREAKS:
        written = written.replace(line_break, escaped)
    return written


async def _send_part(send: Send, part: bytes) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _close_on_disconnect(receive: Receive, subscription: Subscription) -> None:
    """Ends the stream when its client has disconnected, or when that cannot be detected any more."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except Exception:
        log.exception("Waiting for the client's disconnect failed; closing the event stream")
    finally:
        subscription.close()


def _one_id(values: Any) -> str:
    if len(values) != 1:
        raise field_error("Last-Event-ID is given more than once")
    event_id: str = values[0].decode("latin-1")
    return event_id


LastEventId = Annotated[
    str | None,
    BeforeValidator(_one_id),
    well_formed_cursor(INVALID_EVENT_ID),
    Header(
        alias="Last-Event-ID",
        description="The `id` of the last event that the client received; without it, from the beginning.",
    ),
]
