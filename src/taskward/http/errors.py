"""The errors that a client can get, and their common JSON envelope.

    ServiceError
    ├── Unauthorized            401 UNAUTHORIZED
    │   ├── InvalidToken        401 INVALID_TOKEN
    │   └── TokenExpired        401 TOKEN_EXPIRED
    ├── ValidationFailed        400 VALIDATION_ERROR
    ├── InvalidRequest          400 INVALID_REQUEST
    ├── NotFound                404 NOT_FOUND
    ├── MethodNotAllowed        405 METHOD_NOT_ALLOWED
    ├── CursorExpired           410 CURSOR_EXPIRED
    ├── PreconditionFailed      412 PRECONDITION_FAILED
    ├── PayloadTooLarge         413 PAYLOAD_TOO_LARGE
    ├── RateLimited             429 RATE_LIMITED
    ├── InternalError           500 INTERNAL_ERROR
    ├── DatabaseError           500 DATABASE_ERROR
    └── ServiceUnavailable      503 SERVICE_UNAVAILABLE

Further ones are beside what raises them: `protocol_errors.py`, `conditional.py`, the `errors.py` of features.

An error is raised where it is detected; the request middleware catches it and sends `error.body()`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar, Final

import orjson

MAX_DETAILS: Final = 100
"""Problems that one response names; a last entry says how many more there are."""

MAX_FIELD: Final = 64
"""Characters of a field name that are shown, so that no response exceeds 64 KiB: a character takes up to six
bytes in JSON, and the names of unknown fields come from the client."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """The problem of one field, in a text for the end user."""

    field: str
    message: str


class ServiceError(Exception):
    """A failure that has a response.

    `reason` is only logged. It is more specific than the response, and never contains a token, a secret or
    user content.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    text: ClassVar[str] = "An internal server error occurred"

    def __init__(self, text: str | None = None, *, reason: str | None = None) -> None:
        super().__init__(reason or text or self.text)
        self.error = text or self.text
        self.reason = reason

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Returns the headers of this response alone."""
        return []

    def details(self) -> Sequence[FieldError]:
        return ()

    def body(self) -> bytes:
        """Returns the envelope as JSON."""
        return orjson.dumps(self.envelope(), option=orjson.OPT_UTC_Z)

    def envelope(self) -> dict[str, object]:
        """Returns `{"error", "code", "details"?}`; `details` only where fields can be named."""
        envelope: dict[str, object] = {"error": self.error, "code": self.code}
        if details := self.details():
            envelope["details"] = [{"field": one.field, "message": one.message} for one in details]
        return envelope


class Unauthorized(ServiceError):
    """The request has no token."""

    status = 401
    code = "UNAUTHORIZED"
    text = "Invalid or missing authentication token"
    challenge: bytes = b"Bearer"

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"www-authenticate", self.challenge)]


class InvalidToken(Unauthorized):
    """The request has a token that is not valid."""

    code = "INVALID_TOKEN"
    text = "Authentication token is invalid"
    challenge = b'Bearer error="invalid_token"'


class TokenExpired(Unauthorized):
    """The token has expired and is valid in every other respect."""

    code = "TOKEN_EXPIRED"
    text = "Authentication token has expired"
    challenge = b'Bearer error="invalid_token"'


class ValidationFailed(ServiceError):
    """Fields of the path, the query, the headers or the body break a rule; each one is named."""

    status = 400
    code = "VALIDATION_ERROR"
    text = "Validation failed"

    def __init__(self, problems: Iterable[FieldError], *, omitted: int = 0) -> None:
        """Takes the problems; `omitted` is the number of further problems, which were not kept."""
        super().__init__()
        rest = iter(problems)
        self._problems = [_shortened(problem) for problem in islice(rest, MAX_DETAILS)]
        if more := omitted + sum(1 for _ in rest):
            self._problems.append(FieldError("", f"and {more} more"))

    def details(self) -> Sequence[FieldError]:
        return self._problems


def _shortened(problem: FieldError) -> FieldError:
    if len(problem.field) <= MAX_FIELD:
        return problem
    return replace(problem, field=problem.field[:MAX_FIELD] + "…")


class InvalidRequest(ServiceError):
    """The body is not a JSON object, or the request is not valid HTTP."""

    status = 400
    code = "INVALID_REQUEST"
    text = "Request body is not valid JSON"


class NotFound(ServiceError):
    """The resource does not exist or belongs to another user: both have the same response."""

    status = 404
    code = "NOT_FOUND"
    text = "Not found"


class MethodNotAllowed(ServiceError):
    status = 405
    code = "METHOD_NOT_ALLOWED"
    text = "Method not allowed"

    def __init__(self, allowed: Iterable[str], text: str | None = None) -> None:
        super().__init__(text)
        self._allowed = ", ".join(sorted(allowed))

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"allow", self._allowed.encode())]


class PreconditionFailed(ServiceError):
    """`If-Match` names another version, or `If-None-Match: *` an object that exists.

    The response carries the current entity tag. In a batch, and for a creation, it also carries the current
    object, under the key of its kind.
    """

    status = 412
    code = "PRECONDITION_FAILED"
    text = "The object has been changed since it was read"

    def __init__(
        self,
        current_tag: str,
        text: str | None = None,
        current: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(text)
        self.current = current
        self._current_tag = current_tag

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"etag", self._current_tag.encode())]

    def envelope(self) -> dict[str, object]:
        if self.current is None:
            return super().envelope()
        return super().envelope() | {**self.current, "etag": self._current_tag}


class CursorExpired(ServiceError):
    """Some deletions since that cursor are no longer recorded."""

    status = 410
    code = "CURSOR_EXPIRED"
    text = "The cursor is too old; start over without one"


class PayloadTooLarge(ServiceError):
    status = 413
    code = "PAYLOAD_TOO_LARGE"
    text = "Request body is too large"

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"connection", b"close")]  # the rest of the body is not read


class RateLimited(ServiceError):
    """The client exceeds a limit per user."""

    status = 429
    code = "RATE_LIMITED"
    text = "Too many requests"

    def __init__(self, text: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(text)
        self.retry_after = retry_after

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", str(self.retry_after).encode())]


class InternalError(ServiceError):
    """An unexpected error."""


class DatabaseError(ServiceError):
    """The database is unreachable, rejects the statement, or takes too long."""

    code = "DATABASE_ERROR"
    text = "A database error occurred"


class ServiceUnavailable(ServiceError):
    """The service is overloaded or cannot respond yet."""

    status = 503
    code = "SERVICE_UNAVAILABLE"
    text = "The service is temporarily unavailable"

    def __init__(self, text: str | None = None, *, reason: str | None = None, retry_after: int = 1) -> None:
        super().__init__(text, reason=reason)
        self.retry_after = retry_after

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", str(self.retry_after).encode())]
