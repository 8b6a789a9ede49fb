"""The responses of handlers: JSON, and the headers of every response.

A handler returns the bytes; the response model only documents them.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import orjson
from starlette.responses import Response

from taskward.http.caller import CALLER
from taskward.http.context import Headers
from taskward.http.cors import CrossOrigin
from taskward.http.fair_semaphore import FairTurns

R = TypeVar("R")

SLICE_ROWS: Final = 25
"""Rows of a list that are serialised in one go: 25 of the largest tasks take 0.3 ms."""

SLICE_SECONDS: Final = 0.002

_TURNS: Final = WeakKeyDictionary[asyncio.AbstractEventLoop, FairTurns]()

_JSON: Final = (b"content-type", b"application/json")
_NO_STORE: Final = (b"cache-control", b"no-store")
_REVALIDATE: Final = (b"cache-control", b"private, no-cache")
_NO_SCRIPTS: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def rfc3339(moment: datetime) -> str:
    """Returns a UTC time with six decimal places, so that the texts sort as the times do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def json_timestamp(moment: datetime) -> datetime | str:
    """Returns a UTC time as the type that `dump_json` writes to six decimal places at the lowest cost."""
    return moment if moment.microsecond else rfc3339(moment)


dump_json: Final = partial(orjson.dumps, option=orjson.OPT_UTC_Z)
"""Returns the JSON of plain values, and of the values of `json_timestamp`."""


async def write_json_list(
    key: str, rows: Sequence[R], to_json: Callable[[R], Any], others: Mapping[str, Any]
) -> bytes:
    """Returns the JSON of an object: a list of what `to_json` returns for each row, then its other keys.

    A long list waits for a turn between its slices, before they are joined, and before the result is sent:
    each of these copies all of it.
    """
    begun = time.perf_counter()
    is_long = False
    pieces = [b'{"%b":[' % key.encode()]
    for start in range(0, len(rows), SLICE_ROWS):
        if time.perf_counter() - begun > SLICE_SECONDS:
            is_long = True
            await _next_turn()
            begun = time.perf_counter()
        if start:
            pieces.append(b",")
        pieces.append(dump_json([to_json(row) for row in rows[start : start + SLICE_ROWS]])[1:-1])
    pieces += (b"],", dump_json(others)[1:]) if others else (b"]}",)
    if not is_long:
        return b"".join(pieces)
    await _next_turn()
    body = b"".join(pieces)
    await _next_turn()
    return body


async def _next_turn() -> None:
    """Waits until it is the caller's turn, of all long lists that are written on this event loop."""
    turns = _TURNS.setdefault(asyncio.get_running_loop(), FairTurns(1))
    await turns.wait(CALLER.get())


@dataclass(eq=False)
class JSONBytesResponse(Response):
    """A response whose body is already JSON. Its headers are added when it is sent."""

    body: bytes
    status_code: int = 200
    tag: str | None = field(default=None, kw_only=True)
    location: str | None = field(default=None, kw_only=True)


def content_length(body: bytes) -> tuple[bytes, bytes]:
    """Returns the header with the length of a body."""
    return b"content-length", b"%d" % len(body)


def json_response(content: Any) -> JSONBytesResponse:
    """Returns the response with this content."""
    return JSONBytesResponse(dump_json(content))


class HeaderSet(NamedTuple):
    """The headers that responses to one origin have in common, by kind of response."""

    every: Headers
    json: Headers
    tagged_json: Headers
    """Of a JSON response with an entity tag."""

    @classmethod
    def of(cls, every: Headers) -> "HeaderSet":
        json = [_JSON, *every, _NO_SCRIPTS]
        return cls(every, [*json, _NO_STORE], [*json, _REVALIDATE])


class CommonHeaders:
    """The headers that every response carries, errors of the HTTP protocol included."""

    def __init__(self, cross_origin: CrossOrigin, *, https_only: bool) -> None:
        security = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        if https_only:
            security.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        self.default = HeaderSet.of(security + cross_origin.headers(None))
        """Of a response to a request without `Origin`, or with another one than those allowed."""
        self._by_path = {
            path: {
                origin: HeaderSet.of(security + cross_origin.headers(origin, path))
                for origin in cross_origin.origins
            }
            for path in ("", *cross_origin.names_by_path)
        }

    def of(self, origins: Sequence[bytes], path: str = "") -> HeaderSet:
        """Returns the headers of the response to a request with these values of `Origin`."""
        if len(origins) != 1:
            return self.default
        return self._by_path.get(path, self._by_path[""]).get(origins[0], self.default)


def default_headers(headers: Headers) -> Headers:
    """Returns the headers that a response has unless it sets them itself: no caching, no scripts."""
    names = dict(headers)
    defaults = []
    if b"cache-control" not in names:
        defaults.append(_REVALIDATE if b"etag" in names else _NO_STORE)
    if b"content-security-policy" not in names:
        defaults.append(_NO_SCRIPTS)
    return defaults
