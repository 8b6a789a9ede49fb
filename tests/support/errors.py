"""The errors of the contract, and assertions on their responses."""

from collections.abc import Iterator

import httpx

from taskward.http.errors import ServiceError

UNAUTHORIZED = (401, "UNAUTHORIZED", "Invalid or missing authentication token")
INVALID_TOKEN = (401, "INVALID_TOKEN", "Authentication token is invalid")
INVALID_REQUEST = (400, "INVALID_REQUEST", "Request body is not valid JSON")
NO_SUCH_TASK = (404, "NOT_FOUND", "Task not found")
NO_SUCH_PATH = (404, "NOT_FOUND", "Not found")
METHOD_NOT_ALLOWED = (405, "METHOD_NOT_ALLOWED", "Method not allowed")
PAYLOAD_TOO_LARGE = (413, "PAYLOAD_TOO_LARGE", "Request body is too large")
INTERNAL_ERROR = (500, "INTERNAL_ERROR", "An internal server error occurred")
SERVICE_UNAVAILABLE = (503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable")
DATABASE_ERROR = (500, "DATABASE_ERROR", "A database error occurred")
"""The errors that name no field, as `refusal` gives them (docs/contract.md#errors)."""


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Returns status, code and text of an error without fields, and asserts its format."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["error", "code"], body
    return answer.status_code, body["code"], body["error"]


def problems(answer: httpx.Response) -> dict[str, str]:
    """Returns the message for each field that a VALIDATION_ERROR names, having seen that it is one."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, body["code"], body["error"]) == (400, "VALIDATION_ERROR", "Validation failed")
    assert list(body) == ["error", "code", "details"]
    assert all(list(one) == ["field", "message"] for one in body["details"])
    named = {one["field"]: one["message"] for one in body["details"]}
    assert len(named) == len(body["details"]), "a field is named twice"
    return named


def subclasses_of(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    """Yields the subclasses of a class of errors, at any depth."""
    for one in kind.__subclasses__():
        yield one
        yield from subclasses_of(one)
