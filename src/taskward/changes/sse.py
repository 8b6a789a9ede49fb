"""The feed, pushed: Server-Sent Events (WHATWG HTML, 9.2), one event a change."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from time import time
from typing import Annotated, Any, Final

from fastapi import Header, Response
from pydantic import BeforeValidator
from starlette.types import Receive, Scope, Send

from taskward.auth.current_user import User
from taskward.changes.feed import ChangeFeed, ChangePage, FeedPosition
from taskward.changes.streams import StreamRegistry, Subscription
from taskward.http.errors import CursorExpired, DatabaseError, ServiceUnavailable
from taskward.http.responses import dump_json
from taskward.http.validation import field_error

PAGE: Final = 100
"""Changes that a stream holds in memory at once."""

KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which a comment shows that the stream is alive."""

_COMMENT: Final = b":\n\n"
_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_OTHER_LINE_BREAKS: Final = tuple(
    (character.encode(), rb"\u%04x" % ord(character)) for character in "\x85\u2028\u2029"
)
"""To Server-Sent Events they are none, but some readers split at whatever Unicode calls a line break."""

log = logging.getLogger(__name__)


class EventStream(Response):
    """An answer that goes on: what has changed since a mark, and then each change as it comes.

    Nothing is queued for it. Each time it is woken it reads on from where the client is, and the next page
    only once the client has taken the last one. It ends with the token, with the process, with the
    client, and where it cannot go on; whoever follows comes back with the id of the last event.
    """

    media_type = "text/event-stream"
    """For the document; on the wire it is the same, without a charset: it has no other than UTF-8."""

    def __init__(self, feed: ChangeFeed, position: FeedPosition, user: User, streams: StreamRegistry) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["Content-Length"]
        self._feed = feed
        self._position = position
        self._user = user
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.subscribe(self._user.id, scope.get("state", {}).get("draining")) as subscription:
            found = await self._since(self._position)  # whatever is wrong is known before the first byte
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                gone = asyncio.create_task(_close_on_disconnect(receive, subscription))
                try:
                    await self._stream(found, subscription, send)
                finally:
                    gone.cancel()
                    await asyncio.wait({gone})
            await send({"type": "http.response.body"})

    async def _stream(self, found: ChangePage, subscription: Subscription, send: Send) -> None:
        await _send_part(send, self._events(found) or _COMMENT)
        try:
            while True:
                if not found.has_more:
                    await self._wait(subscription, send)
                if subscription.closed or self._expired():
                    return
                subscription.woken.clear()
                # The stream has been here all along, so its mark grows no older than now.
                found = await self._since(replace(found.position, reached_at=int(time() * 1000)))
                if found.changes:
                    await _send_part(send, self._events(found))
        except (CursorExpired, DatabaseError, ServiceUnavailable) as error:
            log.warning("A stream cannot go on", extra={"code": error.code, "reason": error.reason})

    async def _wait(self, subscription: Subscription, send: Send) -> None:
        """Wait for changes or for the end; break a long silence with a comment."""
        while not subscription.woken.is_set() and not self._expired():
            try:
                async with asyncio.timeout(min(KEEP_ALIVE, self._user.expires_at - time())):
                    await subscription.woken.wait()
            except TimeoutError:
                await _send_part(send, _COMMENT)

    async def _since(self, position: FeedPosition) -> ChangePage:
        await self._feed.wait_unlocked()  # or one owner's streams would keep those of others from reading
        async with self._streams.reading:
            return await self._feed.since(position, PAGE)

    def _expired(self) -> bool:
        return time() >= self._user.expires_at

    def _events(self, found: ChangePage) -> bytes:
        return b"".join(self._encode(found.changes))

    def _encode(self, changes: Iterable[tuple[dict[str, Any], FeedPosition]]) -> Iterable[bytes]:
        for change, position in changes:
            yield b"id: %s\ndata: %s\n\n" % (self._feed.encode(position).encode(), _on_one_line(change))


def _on_one_line(change: dict[str, Any]) -> bytes:
    written = dump_json(change)
    for line_break, escaped in _OTHER_LINE_BREAKS:
        written = written.replace(line_break, escaped)
    return written


async def _send_part(send: Send, part: bytes) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _close_on_disconnect(receive: Receive, subscription: Subscription) -> None:
    """End the stream when its client has gone, and also if that can no longer be watched."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except Exception:
        log.exception("Watching the client of an event stream failed; the stream ends")
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
    Header(
        alias="Last-Event-ID",
        description="The `id` of the last event that the client has seen; without it, from the beginning.",
    ),
]
