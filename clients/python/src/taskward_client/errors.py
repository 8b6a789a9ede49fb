"""The exceptions of the client.

TaskwardError
├── NoResponse                  no connection, or it broke
└── APIError                    an error response: `status`, `code`, `error`, `details`
    ├── Unauthorized            401
    ├── InvalidRequest          400
    │   └── ValidationFailed    400 VALIDATION_ERROR
    ├── NotFound                404
    ├── NotAllowed              405
    ├── Conflict                409, IDEMPOTENCY_KEY_REUSED
    │   ├── ListNotEmpty        409 LIST_NOT_EMPTY
    │   ├── SpaceNotEmpty       409 SPACE_NOT_EMPTY
    │   └── LastOwner           409 LAST_OWNER
    ├── Gone                    410 GONE
    ├── CursorExpired           410 CURSOR_EXPIRED
    ├── PreconditionFailed      412
    ├── PayloadTooLarge         413
    ├── RateLimited             429
    └── ServerError             500 and above
        └── ServiceUnavailable  503
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskward_client.types import BrokenField


class TaskwardError(Exception):
    """Any failure of a call."""


class NoResponse(TaskwardError):
    """No response arrived. If `sent` is true, the service may have carried out the request."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent


class APIError(TaskwardError):
    """An error response of the service.

    `code` is empty if the response is not one of the service, but of a proxy before it.
    """

    def __init__(self, status: int, headers: Mapping[str, str], envelope: Mapping[str, Any]) -> None:
        self.status = status
        self.code: str = envelope.get("code", "")
        self.error: str = envelope.get("error", f"HTTP status {status}")
        self.details: list[BrokenField] = envelope.get("details", [])
        """The problem of each field, where fields can be named."""
        self.request_id = headers.get("x-request-id")
        """It is in the log of the service too."""
        self.retry_after = retry_after(headers)
        """Seconds, if the service has said when to try again."""
        super().__init__(self._text())

    def _text(self) -> str:
        problems = "; ".join(f"{one['field']}: {one['message']}".removeprefix(": ") for one in self.details)
        return f"{self.error} ({problems})" if problems else self.error


class Unauthorized(APIError):
    """The token is missing, not valid, or expired."""


class InvalidRequest(APIError):
    """The service does not understand the request."""


class ValidationFailed(InvalidRequest):
    """Fields break a rule; `details` names each of them."""


class NotFound(APIError):
    """The object does not exist, or belongs to another user."""


class NotAllowed(APIError):
    """The role of the user in the space, or the token, does not allow it."""


class Conflict(APIError):
    """The state of the object, or an idempotency key that was used for another request, prevents it."""


class ListNotEmpty(Conflict):
    """The list has tasks: say whether to delete or to keep them."""


class SpaceNotEmpty(Conflict):
    """The space has tasks: say whether to delete them."""


class LastOwner(Conflict):
    """A space needs an owner: make another member an owner first."""


class Gone(APIError):
    """An object with this id was deleted."""


class CursorExpired(APIError):
    """The cursor is too old: drop what was read before, and start over without one."""


class PreconditionFailed(APIError):
    """The object has been changed since it was read, or exists already; `etag` is its current entity tag."""

    def __init__(self, status: int, headers: Mapping[str, str], envelope: Mapping[str, Any]) -> None:
        super().__init__(status, headers, envelope)
        self.etag = headers.get("etag")


class PayloadTooLarge(APIError):
    """The body is larger than the service accepts."""


class RateLimited(APIError):
    """The user sends more requests than the service allows."""


class ServerError(APIError):
    """A failure of the service: it is not known whether a write took place."""


class ServiceUnavailable(ServerError):
    """The service is overloaded or not ready; it has done nothing."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds of `Retry-After`; a date is ignored, because the service sends none."""
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
