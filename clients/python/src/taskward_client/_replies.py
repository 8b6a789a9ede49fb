"""Responses, and the exception of each."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from taskward_client.errors import (
    APIError,
    Conflict,
    CursorExpired,
    Gone,
    InvalidRequest,
    LastOwner,
    ListNotEmpty,
    NotAllowed,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    RateLimited,
    ServerError,
    ServiceUnavailable,
    SpaceNotEmpty,
    TaskwardError,
    Unauthorized,
    ValidationFailed,
)

_BY_CODE: Final = {
    "VALIDATION_ERROR": ValidationFailed,
    "LIST_NOT_EMPTY": ListNotEmpty,
    "SPACE_NOT_EMPTY": SpaceNotEmpty,
    "LAST_OWNER": LastOwner,
    "CURSOR_EXPIRED": CursorExpired,
}
_BY_STATUS: Final = {
    400: InvalidRequest,
    401: Unauthorized,
    404: NotFound,
    405: NotAllowed,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    413: PayloadTooLarge,
    422: Conflict,
    429: RateLimited,
    503: ServiceUnavailable,
}


class Reply(NamedTuple):
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    content: bytes

    def json(self, *keys: str) -> Any:
        """Returns the object in the body, which has these keys.

        Raises:
            TaskwardError: it is not JSON, or another value.

        """
        try:
            document = json.loads(self.content)
        except (ValueError, RecursionError):
            raise TaskwardError("the response is not JSON: is this the URL of Taskward?") from None
        return with_keys(document, *keys)


def with_keys(value: Any, *keys: str) -> Any:
    """Returns an object with these keys.

    Raises:
        TaskwardError: it is another value, as another service has it.

    """
    if isinstance(value, dict) and value.keys() >= set(keys):
        return value
    raise other_service()


def array_of(value: Any, *keys: str) -> list[Any]:
    """Returns an array of objects, each with these keys; raises as `with_keys` does."""
    if isinstance(value, list):
        return [with_keys(one, *keys) for one in value]
    raise other_service()


def other_service() -> TaskwardError:
    """Returns the exception of a response that Taskward does not give."""
    return TaskwardError("the response is not one of Taskward: is this its URL?")


def error_of(reply: Reply) -> APIError:
    """Returns the exception of an error response."""
    envelope = _envelope(reply.content)
    kind = _BY_CODE.get(envelope.get("code", "")) or _BY_STATUS.get(reply.status)
    if kind is None:
        kind = ServerError if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR else APIError
    return kind(reply.status, reply.headers, envelope)


def invalid(field: str, message: str) -> ValidationFailed:
    """Returns the exception of an argument that is not sent, as the service refuses it."""
    details = [{"field": field, "message": message}]
    envelope = {"error": "Validation failed", "code": "VALIDATION_ERROR", "details": details}
    return ValidationFailed(HTTPStatus.BAD_REQUEST, {}, envelope)


def too_long() -> InvalidRequest:
    """Returns the exception of a URL that httpx does not send, as the service refuses it."""
    envelope = {"error": "The request URL is too long", "code": "INVALID_REQUEST"}
    return InvalidRequest(HTTPStatus.REQUEST_URI_TOO_LONG, {}, envelope)


def _envelope(content: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    texts = [envelope.get(key) for key in ("code", "error")] if isinstance(envelope, dict) else [None]
    if not all(isinstance(text, str) for text in texts):
        return {}
    return {**envelope, "details": _details(envelope.get("details"))}


def _details(given: Any) -> list[Any]:
    """Returns the problems of fields; none if they are those of another service."""
    try:
        return array_of(given, "field", "message")
    except TaskwardError:
        return []
