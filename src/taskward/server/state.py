"""State that the connections of one process share."""

import asyncio
import http
import logging
from collections import Counter
from typing import Final, Protocol

from starlette.types import Scope
from uvicorn.server import ServerState

from taskward.http.context import Headers, request_id_of
from taskward.http.errors import ServiceError
from taskward.http.responses import CommonHeaders, content_length, default_headers
from taskward.http.send_budget import SendBudget
from taskward.log import log_request, request_fields
from taskward.metrics import ERRORS, REQUESTS, Samples
from taskward.server.parse_turns import ParseTurns
from taskward.server.paused import PausedConnections

STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in http.HTTPStatus
}


class Connection(Protocol):
    """A connection, as the server sees it."""

    transport: asyncio.Transport

    @property
    def active(self) -> object | None: ...
    def sweep(self, seconds: float) -> None: ...
    def shutdown(self) -> None: ...
    def abort(self) -> None: ...


class DrainEvent(asyncio.Event):
    """Set when the process begins to shut down."""

    def __bool__(self) -> bool:
        return self.is_set()


class ConnectionState(ServerState):
    """State that the connections of one process share."""

    connections: set[Connection]  # type: ignore[assignment] # there is no other kind here

    def __init__(self, common_headers: CommonHeaders) -> None:
        super().__init__()
        self.draining = DrainEvent()
        self.paused_connections = PausedConnections()
        self.send_budget = SendBudget()
        self.parse_turns = ParseTurns()
        self._common_headers = common_headers
        self._rejections: Counter[tuple[int, str]] = Counter()

    def collect(self) -> Samples:
        """Returns the rejected requests as metrics; their method and path cannot be relied on."""
        rejections = self._rejections.copy().items()
        codes: Counter[tuple[str, ...]] = Counter()
        for (_, code), count in rejections:
            codes[code,] += count
        statuses: Counter[tuple[str, ...]] = Counter()
        for (status, _), count in rejections:
            statuses["_OTHER", "unmatched", str(status)] += count
        return {REQUESTS.name: dict(statuses), ERRORS.name: dict(codes), **self.send_budget.collect()}

    def error_response(self, error: ServiceError, request: Scope, *, waited: float) -> bytes:
        """Returns the response to a request that the application does not answer, and counts and logs it.

        `request` is its scope, or of a head that is not complete the `headers` alone.
        """
        request_id = request_id_of(_values(request["headers"], b"x-request-id"))
        headers, body = self.error_message(error, request["headers"], request_id)
        self._rejections[error.status, error.code] += 1
        method, path = request.get("method"), request.get("path")
        fields = request_fields(request_id, method, path, error.status, waited, None)
        log_request(logging.INFO, fields | {"code": error.code, "reason": str(error)})
        lines = [b"%s: %s\r\n" % header for header in self.default_headers + headers]
        return b"".join([STATUS_LINES[error.status], *lines, b"\r\n", body])

    def error_message(
        self, error: ServiceError, request_headers: Headers, request_id: str | None = None
    ) -> tuple[Headers, bytes]:
        """Returns the headers and the body of the last response of a connection."""
        request_id = request_id or request_id_of(_values(request_headers, b"x-request-id"))
        body = error.body()
        headers = [
            (b"content-type", b"application/json"),
            content_length(body),
            (b"connection", b"close"),
            *error.headers(),
            *self._common_headers.of(_values(request_headers, b"origin")).every,
            (b"x-request-id", request_id.encode()),
        ]
        return headers + default_headers(headers), body


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]
