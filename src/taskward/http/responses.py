"""Responses, from the JSON of a handler to the messages that the server gets.

A handler returns the bytes; the response model only documents them.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson
from starlette.responses import Response
from starlette.types import Message, Send

from taskward.http.context import ErrorInfo, Headers, RequestContext
from taskward.http.cors import CrossOrigin
from taskward.http.errors import ServiceError
from taskward.http.send_budget import LARGE, UNREAD
from taskward.log import log_request, request_fields

R = TypeVar("R")

SLICE_ROWS: Final = 25
"""Rows of a list that are serialised in one go: 25 of the largest tasks take 0.3 ms."""

SLICE_SECONDS: Final = 0.002

_OK: Final = 200
_SERVER_ERROR: Final = 500
_NO_STORE: Final = (b"cache-control", b"no-store")
_REVALIDATE: Final = (b"cache-control", b"private, no-cache")
_NO_SCRIPTS: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def rfc3339(moment: datetime) -> str:
    """Returns a UTC time with six decimal places, so that the texts sort as the times do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def json_timestamp(moment: datetime) -> datetime | str:
    """Returns a UTC time as the type that `dump_json` writes to six decimal places at the lowest cost."""
    return moment if moment.microsecond else rfc3339(moment)


def dump_json(content: Any) -> bytes:
    """Returns the JSON of plain values, and of the values of `json_timestamp`."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)


async def write_json_list(
    key: str, rows: Sequence[R], to_json: Callable[[R], Any], others: Mapping[str, Any]
) -> bytes:
    """Returns the JSON of an object: a list of what `to_json` returns for each row, then its other keys.

    Yields to the event loop between slices of a long list.
    """
    begun = time.perf_counter()
    pieces = [b'{"%b":[' % key.encode()]
    for start in range(0, len(rows), SLICE_ROWS):
        if time.perf_counter() - begun > SLICE_SECONDS:
            await asyncio.sleep(0)
            begun = time.perf_counter()
        if start:
            pieces.append(b",")
        pieces.append(dump_json([to_json(row) for row in rows[start : start + SLICE_ROWS]])[1:-1])
    pieces += (b"],", dump_json(others)[1:]) if others else (b"]}",)
    return b"".join(pieces)


class JSONBytesResponse(Response):
    """A response whose body is already JSON; implements only the part of Starlette's class that it needs."""

    body: bytes

    def __init__(
        self, body: bytes, status: int = 200, *, tag: str | None = None, location: str | None = None
    ) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [content_length(body), (b"content-type", b"application/json")]
        if tag is not None:
            self.raw_headers.append((b"etag", tag.encode()))
        if location is not None:
            self.raw_headers.append((b"location", location.encode()))


def content_length(body: bytes) -> tuple[bytes, bytes]:
    """Returns the header with the length of a body."""
    return b"content-length", b"%d" % len(body)


def json_response(content: Any) -> JSONBytesResponse:
    """Returns the response with this content."""
    return JSONBytesResponse(dump_json(content))


class CommonHeaders:
    """The headers that every response carries, errors of the HTTP protocol included."""

    def __init__(self, cross_origin: CrossOrigin, *, https_only: bool) -> None:
        security = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        if https_only:
            security.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        self._default = security + cross_origin.headers(None)
        self._by_origin = {origin: security + cross_origin.headers(origin) for origin in cross_origin.origins}

    def of(self, origins: Sequence[bytes]) -> Headers:
        """Returns the headers of the response to a request with these values of `Origin`."""
        return self._by_origin.get(origins[0], self._default) if len(origins) == 1 else self._default


def default_headers(headers: Headers) -> Headers:
    """Returns the headers that a response has unless it sets them itself: no caching, no scripts."""
    names = dict(headers)
    defaults = []
    if b"cache-control" not in names:
        defaults.append(_REVALIDATE if b"etag" in names else _NO_STORE)
    if b"content-security-policy" not in names:
        defaults.append(_NO_SCRIPTS)
    return defaults


class ResponseWriter:
    """Writes the response to one request; all that happens at its start happens in `_start`."""

    __slots__ = ("_common_headers", "_context", "_reserved", "_send")

    def __init__(self, context: RequestContext, send: Send, common_headers: CommonHeaders) -> None:
        self._context = context
        self._send = send
        self._common_headers = common_headers
        self._reserved = 0  # bytes of the send budget

    async def send(self, message: Message) -> None:
        """Sends a message of an ASGI application.

        Raises:
            ServiceUnavailable: the response is large, and too many response bytes are unread.

        """
        if message["type"] == "http.response.start":
            await self._send(self._start(message["status"], message["headers"]))
            return
        if self._context.method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)
        if self._reserved:
            self._cancel_reservation()  # from here on the connection counts the unsent bytes

    async def send_response(self, status: int, headers: Headers, body: bytes) -> None:
        """Sends a whole response; raises as `send` does."""
        await self._send(self._start(status, headers))
        if self._context.method == "HEAD":
            body = b""
        await self._send({"type": "http.response.body", "body": body})
        if self._reserved:
            self._cancel_reservation()

    async def send_error(self, error: ServiceError) -> None:
        """Sends the envelope; if a response has already started, aborts it."""
        context = self._context
        context.error = ErrorInfo(error.status, error.code, error.reason)
        if context.status:
            raise error
        body = error.body()
        headers = [(b"content-type", b"application/json"), *error.headers(), content_length(body)]
        await self.send_response(error.status, headers, body)

    def close(self) -> None:
        """Releases what the request holds, and writes its access log record."""
        context = self._context
        context.response_started()
        if self._reserved:
            self._cancel_reservation()
        fields = request_fields(
            context.request_id,
            context.method,
            context.path,
            context.status,
            time.perf_counter() - context.started_at,
            context.user.id if context.user else None,
        )
        if context.error is not None:
            fields |= {"code": context.error.code, "reason": context.error.reason}
        log_request(logging.ERROR if context.status >= _SERVER_ERROR else logging.INFO, fields)

    def _start(self, status: int, headers: Headers) -> Message:
        """Returns the first message of the response.

        Admission is released first, because the client decides how long sending takes.
        """
        context = self._context
        context.response_started()
        if context.send_budget.total and status == _OK and context.method == "GET":
            self._reserve(headers)
        context.status = status
        return {
            "type": "http.response.start",
            "status": status,
            "headers": [
                *headers,
                *self._common_headers.of(context.headers.get(b"origin", ())),
                (b"x-request-id", context.request_id.encode()),
                *context.rate_limit_headers,
                *default_headers(headers),
            ],
        }

    def _reserve(self, headers: Headers) -> None:
        """Reserves room for a large response; called only while bytes are unsent.

        Writes are excepted, because they have already been committed.
        """
        context = self._context
        size = next((int(value) for name, value in headers if name == b"content-length"), None)
        if size is not None and size < LARGE:
            return
        if not context.send_budget.reserve(context.owner, size or 0):
            raise context.services.admission.rejection(context, UNREAD)
        self._reserved = size or 0

    def _cancel_reservation(self) -> None:
        self._context.send_budget.cancel(self._context.owner, self._reserved)
        self._reserved = 0
