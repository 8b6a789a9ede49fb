"""The OpenAPI document: what FastAPI derives from the routes, and the errors that are really on the wire."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from taskward.errors import (
    DatabaseError,
    FieldProblem,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InternalError,
    InvalidRequest,
    InvalidToken,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    ServiceError,
    ServiceUnavailable,
    TokenExpired,
    Unauthorized,
    ValidationFailed,
)

_DESCRIPTION: Final = """The task backend behind your own front end.

Every request below `/api` needs `Authorization: Bearer <JWT>`, a token of your identity provider. A person
sees their own tasks and nothing else: a task of somebody else's answers like one that does not exist.

Every error has the shape `{"error", "code", "details"?}`; `X-Request-ID` names the request in the log.
`HEAD` works where `GET` does.
"""

_ERROR_SCHEMA: Final = {
    "type": "object",
    "title": "Error",
    "required": ["error", "code"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "description": "Text for people."},
        "code": {"type": "string", "description": "For programs."},
        "details": {
            "type": "array",
            "description": "Present where fields can be named: all of them at once.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "additionalProperties": False,
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

_NO_TITLE: Final = ValidationFailed([FieldProblem("title", "Title is required and cannot be empty")])
_NO_UUID: Final = ValidationFailed([FieldProblem("task_id", "Task id must be a UUID")])
_UNKNOWN: Final = ValidationFailed([FieldProblem("colour", "Unknown query parameter")])

_TAG: Final = '"1764000000000000"'
_ETAG: Final = {
    "description": "RFC 9110, 8.8.3; strong. It changes with every change.",
    "schema": {"type": "string"},
    "example": _TAG,
}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    201: {
        "Location": {"description": "The path of the new task.", "schema": {"type": "string"}},
        "ETag": _ETAG,
        "Idempotent-Replayed": {
            "description": "Present, and `true`, when the answer is a stored one.",
            "schema": {"type": "string", "enum": ["true"]},
        },
    },
    304: {"ETag": _ETAG},
    409: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
    401: {"WWW-Authenticate": {"description": "RFC 6750, 3.", "schema": {"type": "string"}}},
    412: {"ETag": _ETAG},
    503: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
_REQUEST_ID: Final = {
    "X-Request-ID": {
        "description": "The request's id in the log; the client's own, if it sent a proper one.",
        "schema": {"type": "string"},
    }
}


def openapi_document(title: str, version: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Give the document of these routes, as OpenAPI 3.1."""
    document = get_openapi(title=title, version=version, description=_DESCRIPTION, routes=routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Error"] = _ERROR_SCHEMA
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, operation)
            if method == "patch":
                content = operation["requestBody"]["content"]
                content["application/merge-patch+json"] = content["application/json"]
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add what FastAPI cannot know: who may call, and every error with an example."""
    operation["responses"].pop("422", None)
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _never_null(parameter["schema"])
    if path.startswith("/api/"):
        operation["security"] = [{"bearer": []}]
    for status, errors in _errors(path, operation).items():
        operation["responses"][str(status)] = _error_response(errors)
    given = _parameters(operation)
    if "If-None-Match" in given:
        operation["responses"]["304"] = {"description": "The client has it already; no body."}
    if "If-None-Match" in given or ("If-Match" in given and "requestBody" in operation):
        operation["responses"]["200"]["headers"] = {"ETag": _ETAG}
    for status, response in operation["responses"].items():
        response["headers"] = _REQUEST_ID | _HEADERS.get(int(status), {}) | response.get("headers", {})


def _errors(path: str, operation: dict[str, Any]) -> dict[int, list[ServiceError]]:
    errors: dict[int, list[ServiceError]] = {500: [InternalError()]}
    if path == "/health/ready":
        errors[503] = [ServiceUnavailable("The database cannot be used")]
    if not path.startswith("/api/"):
        return errors
    errors |= {
        400: [_NO_UUID if "{task_id}" in path else _UNKNOWN],
        401: [Unauthorized(), InvalidToken(), TokenExpired()],
        500: [InternalError(), DatabaseError()],
        503: [ServiceUnavailable()],
    }
    if "{task_id}" in path:
        errors[404] = [NotFound()]
    if "If-Match" in _parameters(operation):
        errors[412] = [PreconditionFailed(_TAG)]
    if "Idempotency-Key" in _parameters(operation):
        errors[409] = [IdempotencyKeyInUse()]
        errors[422] = [IdempotencyKeyReused()]
    if "requestBody" in operation:
        errors[400] = [_NO_TITLE, InvalidRequest()]
        errors[413] = [PayloadTooLarge()]
    return errors


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave null out: a parameter is there or it is not."""
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {key: value for key, value in schema.items() if key != "anyOf"} | kinds[0]


def _parameters(operation: dict[str, Any]) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", ())}


def _error_response(errors: list[ServiceError]) -> dict[str, Any]:
    return {
        "description": " or ".join(error.error for error in errors),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": {error.code: {"value": error.envelope()} for error in errors},
            }
        },
    }
