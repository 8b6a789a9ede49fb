"""Cross-origin requests (the Fetch standard, 3.2): allowed origins, and headers that scripts may read."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from taskward.http.context import RequestContext

Headers = list[tuple[bytes, bytes]]

METHODS: Final = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS: Final = (
    b"Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, "
    b"X-Request-ID"
)
EXPOSED_HEADERS: Final = b"Location, ETag, X-Request-ID, Retry-After, Idempotent-Replayed"
MAX_AGE: Final = b"600"

_VARY: Final = (b"vary", b"Origin")
_PLAIN_TEXT: Final = (b"content-type", b"text/plain")
_NO_BODY: Final = (b"content-length", b"0")


class HeaderNames(NamedTuple):
    """Names of headers that requests and responses of one path have, beyond those of the API."""

    request: bytes
    exposed: bytes


class CrossOrigin:
    """The allowed origins, and the CORS headers of responses."""

    def __init__(
        self, origins: Collection[str], names_by_path: Mapping[str, HeaderNames] = MappingProxyType({})
    ) -> None:
        self.origins = frozenset(origin.encode() for origin in origins)
        self.names_by_path = names_by_path

    def headers(self, origin: bytes | None, path: str = "") -> Headers:
        """Returns the CORS headers of every response to that allowed origin, or to any other client."""
        if origin is None:
            return [_VARY]
        names = self.names_by_path.get(path)
        exposed = EXPOSED_HEADERS if names is None else b"%b, %b" % (EXPOSED_HEADERS, names.exposed)
        return [
            _VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", exposed),
        ]

    def preflight(self, context: "RequestContext") -> Headers | None:
        """Returns the additional headers of the response to an OPTIONS request; None if it is no preflight.

        A preflight of another origin gets no such headers, and the browser stops.
        """
        origins = context.headers.get(b"origin", ())
        if not origins or b"access-control-request-method" not in context.headers:
            return None
        if len(origins) > 1 or origins[0] not in self.origins:
            return [_PLAIN_TEXT, _NO_BODY]
        names = self.names_by_path.get(context.path)
        allowed = REQUEST_HEADERS if names is None else b"%b, %b" % (REQUEST_HEADERS, names.request)
        return [
            _PLAIN_TEXT,
            _NO_BODY,
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", allowed),
            (b"access-control-max-age", MAX_AGE),
        ]
