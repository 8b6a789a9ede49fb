"""Cross-origin requests (the Fetch standard, 3.2): allowed origins, and headers that scripts may read."""

from typing import Final

from starlette.types import Scope

from taskward.http.requests import header_values

Headers = list[tuple[bytes, bytes]]

METHODS: Final = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS: Final = (
    b"Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, "
    b"X-Request-ID"
)
EXPOSED_HEADERS: Final = b"Location, ETag, X-Request-ID, Retry-After, Idempotent-Replayed"
MAX_AGE: Final = b"600"

_VARY: Final = (b"vary", b"Origin")


class CrossOrigin:
    """The allowed origins, and the CORS headers of responses."""

    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, scope: Scope) -> Headers:
        """Returns the CORS headers of every response to this request, errors included."""
        origin = self._allowed(scope)
        if origin is None:
            return [_VARY]
        return [
            _VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", EXPOSED_HEADERS),
        ]

    def preflight(self, scope: Scope) -> Headers | None:
        """Returns the additional headers of a preflight response; None if the request is no preflight.

        A preflight of another origin gets no such headers, and the browser stops.
        """
        if (
            scope["method"] != "OPTIONS"
            or not header_values(scope, b"origin")
            or not header_values(scope, b"access-control-request-method")
        ):
            return None
        if self._allowed(scope) is None:
            return [(b"content-type", b"text/plain")]
        return [
            (b"content-type", b"text/plain"),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", MAX_AGE),
        ]

    def _allowed(self, scope: Scope) -> bytes | None:
        given = header_values(scope, b"origin")
        return given[0] if len(given) == 1 and given[0] in self._origins else None
