"""What the connections of one process share."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from uvicorn.server import ServerState

from taskward.admission import Resting
from taskward.errors import ServiceError
from taskward.figures import ERRORS, REQUESTS, Figures

if TYPE_CHECKING:
    from taskward.serving.wire import StrictProtocol

Headers = list[tuple[bytes, bytes]]


class Draining(asyncio.Event):
    """Set once the process is about to end; it counts as false until then."""

    def __bool__(self) -> bool:
        return self.is_set()


class Shared(ServerState):
    """What the connections of one process share."""

    connections: "set[StrictProtocol]"  # type: ignore[assignment] # there is no other kind here

    def __init__(self, always: Headers) -> None:
        super().__init__()
        self.draining = Draining()
        self.resting = Resting()
        self.always = always
        """The headers that every answer carries."""
        self.refusals: Counter[tuple[int, str]] = Counter()
        """By status and code."""

    def figures(self) -> Figures:
        """Give what was refused before it was a request; its method and its path are nothing to rely on."""
        refusals = self.refusals.copy().items()
        codes: Counter[tuple[str, ...]] = Counter()
        for (_, code), count in refusals:
            codes[code,] += count
        statuses: Counter[tuple[str, ...]] = Counter()
        for (status, _), count in refusals:
            statuses["_OTHER", "unmatched", str(status)] += count
        return {REQUESTS.name: dict(statuses), ERRORS.name: dict(codes)}

    def refusal(self, error: ServiceError, request_id: str) -> tuple[Headers, bytes]:
        """Give the headers and the body that tell the client of `error`, its last answer."""
        body = error.body()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"x-request-id", request_id.encode()),
            *self.always,
            *error.headers(),
        ]
        return headers, body
