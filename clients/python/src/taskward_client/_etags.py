"""A cache of responses with an entity tag, which the service confirms instead of sending them again."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from taskward_client._calls import Call
    from taskward_client._replies import Reply

_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_ENTRIES: Final = 256
_OK: Final = 200
_NOT_MODIFIED: Final = 304

Key = tuple[str, str]
"""The token, because each user has responses of their own, and the URL."""


class ResponseCache:
    """The latest responses to reads that have an entity tag; the oldest are dropped."""

    def __init__(self) -> None:
        self._replies: OrderedDict[Key, Reply] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def kept(self, call: "Call[Any]", key: Key) -> "Reply | None":
        """Returns the cached response to a read, whose entity tag is to be sent; None if there is none."""
        with self._lock:
            return self._replies.get(key) if call.method == "GET" else None

    def update(self, call: "Call[Any]", key: Key, reply: "Reply", kept: "Reply | None") -> "Reply":
        """Caches a response and returns it; for a 304, returns the one whose entity tag was sent.

        That one may have been dropped from the cache since.
        """
        if call.method != "GET":
            return reply
        with self._lock:
            if reply.status == _NOT_MODIFIED and kept:
                if key in self._replies:
                    self._replies.move_to_end(key)
                return kept
            if reply.status == _OK and "etag" in reply.headers:
                self._keep(key, reply)
        return reply

    def _keep(self, key: Key, reply: "Reply") -> None:
        if old := self._replies.pop(key, None):
            self._bytes -= len(old.content)
        self._replies[key] = reply
        self._bytes += len(reply.content)
        while self._bytes > _MAX_BYTES or len(self._replies) > _MAX_ENTRIES:
            _, dropped = self._replies.popitem(last=False)
            self._bytes -= len(dropped.content)
