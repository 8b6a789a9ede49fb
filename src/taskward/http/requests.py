"""Strict reading of a request: its body, its JSON, its query."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import reduce
from operator import getitem
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from taskward.http.context import RequestContext
from taskward.http.errors import FieldError, InvalidRequest, PayloadTooLarge
from taskward.http.fair_semaphore import FairSemaphore
from taskward.http.parts import Key
from taskward.http.validation import NUL_REFUSED

MAX_BODY: Final = 64 * 1024
"""Bytes; a route can allow more."""

LARGE_BODIES: Final = Key[FairSemaphore]("slots of requests with bodies above MAX_BODY")

MAX_LARGE_BODIES: Final = 64
"""Requests whose bodies may be above `MAX_BODY` that are read at once, with up to 1 MiB each."""

MAX_NESTING: Final = 32

MAX_KEYS: Final = 64
"""Keys of a JSON object."""

TOO_MANY_KEYS: Final = f"An object cannot have more than {MAX_KEYS} keys"

_PARAMETER: Final = rb'\s*(?:;\s*charset\s*=\s*(?:utf-8|"utf-8")\s*)?'
_JSON_TYPE: Final = re.compile(rb"\s*application/json" + _PARAMETER, re.IGNORECASE)
_PATCH_TYPE: Final = re.compile(rb"\s*application/(?:merge-patch\+)?json" + _PARAMETER, re.IGNORECASE)
"""RFC 7396; plain JSON is read the same way."""

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_CONTAINERS: Final = (dict, list)


class ClientDisconnect(Exception):
    """The client closed the connection before the request was complete; no response can be sent."""


@asynccontextmanager
async def slot_for_body(context: RequestContext) -> AsyncIterator[None]:
    """Holds a slot while a body is read that may be above `MAX_BODY`, because it is kept in memory.

    A request within another one, which is admitted from the start, has its body in memory already.

    Raises:
        ServiceUnavailable: no slot became free in time.

    """
    if context.is_admitted or not context.has_body or 0 < announced_size(context) <= MAX_BODY:
        yield
    else:
        async with context.parts[LARGE_BODIES].slot(context.counted_by):
            yield


async def read_body(context: RequestContext, receive: Receive, max_body: int = MAX_BODY) -> bytes:
    """Reads the body, up to the limit.

    Raises:
        PayloadTooLarge: it is longer than `max_body`, or announced as such.
        ClientDisconnect: the connection closed before the body was complete.

    """
    refuse_announced(context, max_body)
    body, more = bytearray(), context.has_body
    while more:
        part, more = await receive_part(receive, max_body - len(body))
        body += part  # a list of parts of one byte would take 90 times their memory
    return bytes(body)


def announced_size(context: RequestContext) -> int:
    """Returns the Content-Length; 0 without one."""
    announced = context.headers.get(b"content-length", (b"0",))[-1]
    return int(announced) if announced.isdigit() else 0


def refuse_announced(context: RequestContext, largest: int) -> None:
    """Raises PayloadTooLarge if a longer body is announced."""
    if announced_size(context) > largest:
        raise PayloadTooLarge


async def receive_part(receive: Receive, room: int) -> tuple[bytes, bool]:
    """Returns the next part of the body, and whether more follow.

    Raises:
        PayloadTooLarge: it is longer than `room`.
        ClientDisconnect: the connection closed before the body was complete.

    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    part = message.get("body", b"")
    if len(part) > room:
        raise PayloadTooLarge
    return part, message.get("more_body", False)


def read_json_object(context: RequestContext, body: bytes) -> dict[str, Any]:
    """Returns the JSON object in the body.

    Raises:
        InvalidRequest: the content type is not JSON, or the body is not a JSON object.

    """
    require_json_type(context)
    return json_object(body)


def require_json_type(context: RequestContext) -> None:
    """Raises InvalidRequest unless the content type is JSON."""
    content_types = context.headers.get(b"content-type", ())
    expected = _PATCH_TYPE if context.method == "PATCH" else _JSON_TYPE
    if len(content_types) != 1 or not expected.fullmatch(content_types[0]):
        raise InvalidRequest(reason="the content type is not JSON in UTF-8")


def json_object(body: bytes) -> dict[str, Any]:
    """Returns the object of a JSON text (RFC 8259).

    Raises:
        InvalidRequest: it is not a JSON object.

    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequest(reason="the body is not JSON") from None
    if not isinstance(document, dict):
        raise InvalidRequest(reason="the body is not an object")
    refuse_deep(document, body)
    return document


def refuse_deep(value: Any, text: bytes, outside: int = 0) -> None:
    """Raises InvalidRequest if `value`, within `outside` levels, nests too deep; `text` is its JSON."""
    most = MAX_NESTING - outside
    if nests_deeper(value, text, most):
        raise InvalidRequest(reason="the body nests too deep")


def nests_deeper(value: Any, text: bytes, most: int) -> bool:
    """Returns whether a value nests deeper than `most` levels; `text` is its JSON."""
    # No text nests deeper than it has brackets, and most have few.
    return text.count(b"{") + text.count(b"[") > most and _depth(value, most) > most


def nul_problems(document: dict[str, Any], body: bytes | None = None, depth: int = 1) -> list[FieldError]:
    """Returns a problem for each field that contains U+0000, which databases do not store faithfully.

    With a `depth` of 1 a field is a top-level key; with more, its content is named as `tasks.0.title`.
    """
    if body is not None and b"\\u0000" not in body:  # JSON has no other escape for it
        return []
    return [FieldError(_dotted(path), NUL_REFUSED) for path in _paths_to_nul(document, depth)]


def replace_wide_objects(
    document: dict[str, Any], body: bytes | None = None, depth: int = MAX_NESTING
) -> list[FieldError]:
    """Replaces each object with too many keys by null, and returns a problem for each.

    The null keeps its fields from being reported too. The document itself stays. Objects deeper than `depth`
    are not checked: at 1, only the document is. `body` is its JSON, if available.
    """
    if body is not None and body.count(b":") <= MAX_KEYS:  # JSON has one per key
        return []
    problems = []
    for path in list(_paths_to_wide(document, depth)):
        problems.append(FieldError(_dotted(path) or "body", TOO_MANY_KEYS))
        if path:
            reduce(getitem, path[:-1], document)[path[-1]] = None
    return problems


def read_query(raw: bytes) -> tuple[dict[str, str], list[FieldError]]:
    """Returns the query parameters by name, and a problem for each that is repeated or not UTF-8."""
    if not raw:
        return {}, []
    query: dict[str, str] = {}
    problems: dict[str, str] = {}
    text = raw.decode(errors="surrogateescape")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        if _NO_TEXT.search(name) or _NO_TEXT.search(value):
            printable = name.encode(errors="surrogateescape").decode(errors="replace")
            problems.setdefault(printable, "The query parameter is not valid text in UTF-8")
        elif name in query:
            problems.setdefault(name, "The query parameter is given more than once")
        else:
            query[name] = value
    return query, [FieldError(name, message) for name, message in problems.items()]


def _depth(document: Any, most: int) -> int:
    depth, level = 0, [document]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if inner.__class__ in _CONTAINERS
        ]
        if depth > most:
            break
    return depth


def holds_nul(value: Any) -> bool:
    """Returns whether a JSON value contains U+0000."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(holds_nul, value))


def _paths_to_nul(outer: Any, depth: int) -> Iterator[tuple[Any, ...]]:
    for key, inner in outer.items() if isinstance(outer, dict) else enumerate(outer):
        if depth > 1 and isinstance(inner, dict | list) and not holds_nul(key):
            for path in _paths_to_nul(inner, depth - 1):
                yield key, *path
        elif holds_nul(key) or holds_nul(inner):
            yield (key,)


def _paths_to_wide(outer: Any, depth: int = MAX_NESTING) -> Iterator[tuple[Any, ...]]:
    """Yields the paths to objects with too many keys, without descending into those."""
    if isinstance(outer, dict) and len(outer) > MAX_KEYS:
        yield ()
        return
    for key, inner in outer.items() if isinstance(outer, dict) else enumerate(outer):
        if inner.__class__ in _CONTAINERS and depth > 1:
            for path in _paths_to_wide(inner, depth - 1):
                yield key, *path


def _dotted(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))
