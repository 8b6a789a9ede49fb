"""The OpenAPI document: FastAPI's document of the routes, completed with the actual errors."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from taskward.features import ENTITIES
from taskward.http.error_docs import error_response
from taskward.http.errors import (
    CursorExpired,
    DatabaseError,
    FieldError,
    InternalError,
    InvalidRequest,
    InvalidToken,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    RateLimited,
    ServiceError,
    ServiceUnavailable,
    TokenExpired,
    Unauthorized,
    ValidationFailed,
)
from taskward.http.routing import BEYOND_REACH
from taskward.idempotency.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from taskward.spaces.errors import RoleTooLow, SpaceNotFound
from taskward.spaces.models import Invitation, Member, Space
from taskward.spaces.reminders.models import OwnReminders
from taskward.tasks.errors import TASK_CHANGED

_REFERENCE: Final = re.compile(r"#/components/schemas/(\w+)")

_DESCRIPTION: Final = """The task backend behind your own front end.

Every request below `/api` needs `Authorization: Bearer <token>`: a JWT of your identity provider, or an
access token that the user has made (`/api/tokens`), which may not allow everything (405). A user sees their
own tasks only: a task of another user gets the same response as one that does not exist.

Every error has the shape `{"error", "code", "details"?}`; `X-Request-ID` names the request in the log.
`HEAD` works where `GET` does.
"""


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_ERROR_SCHEMA: Final[dict[str, Any]] = {
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
            "items": _reference("BrokenField"),
        },
    },
}


def _exists_schema(resource: str) -> dict[str, Any]:
    """Returns the schema of the 412 of a creation at an id that exists."""
    key = resource.lower()
    return {
        "type": "object",
        "title": f"{resource}Exists",
        "description": f"The error of a creation at an id that exists, with the {key} that is there.",
        "required": ["error", "code", key, "etag"],
        "additionalProperties": False,
        "properties": {
            "error": _ERROR_SCHEMA["properties"]["error"],
            "code": _ERROR_SCHEMA["properties"]["code"],
            key: _reference(resource),
            "etag": {"type": "string", "description": f"The entity tag of the {key} that is there."},
        },
    }


_SPACE: Final = "{space_id}"
_CREATED_BY_PUT: Final = tuple(entity.model.__name__ for entity in ENTITIES)
_RESOURCES: Final = (*_CREATED_BY_PUT, Member.__name__, Space.__name__, OwnReminders.__name__)
"""The models of what a path identifies, as in `{task_id}`; they carry an entity tag."""
_IDENTIFIED: Final = (*_CREATED_BY_PUT, Member.__name__, Invitation.__name__, Space.__name__)
"""The kinds of objects that a path identifies; below a space one of its objects."""
_UNKNOWN: Final = ValidationFailed([FieldError("colour", "Unknown query parameter")])
_UNKNOWN_KIND: Final = f"Kind must be one of {', '.join(entity.kind for entity in ENTITIES)}"
_BROKEN_WITHIN: Final = {
    "/api/tasks/batch": FieldError("operations.0.op", "Op must be one of create, update, delete"),
    "/api/labels/rename": FieldError("from", "A label has 1 to 50 characters"),
    "/api/labels/remove": FieldError("label", "A label has 1 to 50 characters"),
    "/api/batch": FieldError("operations.0.kind", _UNKNOWN_KIND),
    "/api/tokens": FieldError("access", "Access must be read or write"),
    "/api/moves": FieldError("tasks.0", "Task not found"),
    "/api/spaces/{space_id}/tasks/{task_id}/reminders": FieldError(
        "reminders.0", "A reminder has either offset_minutes or at"
    ),
    "/api/me/import": FieldError("tasks.0.title", "Title cannot be empty"),
}
"""Examples of invalid bodies that are not a task."""


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": kind}}


_TAG: Final = '"1764000000000000"'
_ETAG: Final = {"ETag": _header("RFC 9110, 8.8.3; strong. It changes with every change.") | {"example": _TAG}}
_RETRY_AFTER: Final = {"Retry-After": _header("Seconds.", "integer")}
_REPLAYED: Final = {
    "Idempotent-Replayed": {
        "description": "Present, and `true`, when the response is a stored one.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_RATE_LIMIT: Final = {
    "RateLimit-Policy": {
        "description": "Present where there is a limit per user: requests (q) in a window of seconds (w).",
        "schema": {"type": "string"},
        "example": '"user";q=100;w=10',
    },
    "RateLimit": {
        "description": "Present with it: requests left (r), and seconds until one more is allowed (t).",
        "schema": {"type": "string"},
        "example": '"user";r=99;t=1',
    },
}
_REQUEST_ID: Final = {
    "X-Request-ID": _header("The request's id in the log; the client's own, if it sent a valid one.")
}
_OWN_REQUEST_ID: Final = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` "
    "and `-`. Any other value is ignored.",
    "schema": {"type": "string"},
}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    405: {"Allow": _header("The methods of this path that the role or the token has; may be empty.")},
    304: _ETAG,
    401: {"WWW-Authenticate": _header("RFC 6750, 3.")},
    412: _ETAG,
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_LOCATION: Final = {"Location": _header("The path of the new object.")}
_OK: Final = 200
_CREATED: Final = 201
_IN_USE: Final = IdempotencyKeyInUse.status


def openapi_document(title: str, version: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Returns the document of these routes, as OpenAPI 3.1.

    Client generators can derive types from it: see docs/decisions/0031.
    """
    document = get_openapi(
        title=title,
        version=version,
        description=_DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/", "description": "The service that the document comes from."}],
        routes=routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Error"] = _ERROR_SCHEMA
    schemas |= {f"{resource}Exists": _exists_schema(resource) for resource in _CREATED_BY_PUT}
    for schema in schemas.values():
        _without_defaults(schema)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
            if method == "patch":
                content = operation["requestBody"]["content"]
                content["application/merge-patch+json"] = content["application/json"]
            if existing := _existing(path, method):
                choice = [_reference(name) for name in existing]
                operation["responses"]["412"]["content"]["application/json"]["schema"] = {"oneOf": choice}
    _drop_unreferenced(document, schemas)
    return document


def _existing(path: str, method: str) -> list[str]:
    """Returns the schemas of the 412 of an operation that may show the object that is there."""
    if path == "/api/moves":
        return [*(f"{resource}Exists" for resource in _CREATED_BY_PUT), "Error"]
    resource = _resource(path)
    creates = method == "put" and path.endswith("}")
    return [f"{resource}Exists", "Error"] if creates and resource in _CREATED_BY_PUT else []


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Adds what FastAPI does not know: the security requirement, and every error with an example."""
    operation["responses"].pop("422", None)
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _never_null(parameter["schema"])
        if parameter["in"] == "header":
            parameter["schema"].pop("default", None)
    operation.setdefault("parameters", []).append(_OWN_REQUEST_ID)
    operation["security"] = [{"bearer": []}] if path.startswith("/api/") else []
    for status, errors in _errors(path, method, operation).items():
        operation["responses"].setdefault(str(status), error_response(errors))
    if "If-None-Match" in _parameters(operation) and "requestBody" not in operation:
        operation["responses"]["304"] = {"description": "Not modified; no body."}
    for status, response in operation["responses"].items():
        response["headers"] = _headers(int(status), _model(response), _parameters(operation))
        if path.startswith("/api/") and status != "401":
            response["headers"] |= _RATE_LIMIT


def _headers(status: int, model: str, parameters: set[str]) -> dict[str, Any]:
    headers = _REQUEST_ID | _HEADERS.get(status, {})
    if status == _CREATED and model in _RESOURCES:
        headers |= _LOCATION
    if model in _RESOURCES or (status == _OK and "If-None-Match" in parameters):
        headers |= _ETAG
    if "Idempotency-Key" in parameters:
        headers |= _REPLAYED if model != "Error" else _RETRY_AFTER if status == _IN_USE else {}
    return headers


def _errors(path: str, method: str, operation: dict[str, Any]) -> dict[int, list[ServiceError]]:
    errors: dict[int, list[ServiceError]] = {413: [PayloadTooLarge()], 500: [InternalError()]}
    if path == "/health/ready":
        errors[503] = [ServiceUnavailable("The database cannot be used")]
    if not path.startswith("/api/"):
        return errors
    errors |= {
        400: [_UNKNOWN],
        401: [Unauthorized(), InvalidToken(), TokenExpired()],
        405: [MethodNotAllowed((), BEYOND_REACH)],
        429: [RateLimited()],
        500: [InternalError(), DatabaseError()],
        503: [ServiceUnavailable()],
    }
    errors |= _errors_of_resource(path)
    if _SPACE in path and (method != "get" or path.endswith("/invitations")):
        errors[405] = [*errors[405], RoleTooLow({"GET", "HEAD"})]
    if _model(operation["responses"].get("200", {})) == "User":
        errors[404] = [NotFound("User not found")]
    if "If-Match" in _parameters(operation):
        errors[412] = [PreconditionFailed(_TAG, TASK_CHANGED)]
    if _parameters(operation) & {"since", "Last-Event-ID"}:
        errors[410] = [CursorExpired()]
    if "Last-Event-ID" in _parameters(operation):
        errors[429] = [RateLimited(), RateLimited("Too many event streams are open")]
    if "Idempotency-Key" in _parameters(operation):
        errors[409] = [IdempotencyKeyInUse()]
        errors[422] = [IdempotencyKeyReused()]
    if "requestBody" in operation:
        within = _BROKEN_WITHIN.get(path)
        errors[400] = [ValidationFailed([within]) if within else _without_fields(path), InvalidRequest()]
    return errors


def _without_fields(path: str) -> ServiceError:
    """Returns the error of a body without what a new object of the path needs, by default a title."""
    entity = next((one for one in ENTITIES if f"/{one.plural}" in path), ENTITIES[0])
    required = [name for name, field in entity.new.model_fields.items() if field.is_required()]
    return ValidationFailed(FieldError(name, _message_without(name)) for name in required)


def _message_without(name: str) -> str:
    return f"{name.replace('_', ' ').capitalize()} is required and cannot be empty"


def _errors_of_resource(path: str) -> dict[int, list[ServiceError]]:
    if resource := _resource(path):
        problem = FieldError(f"{resource.lower()}_id", f"{resource} id must be a UUID")
        others = [SpaceNotFound()] if _SPACE in path and resource != Space.__name__ else []
        return {400: [ValidationFailed([problem])], 404: [*others, NotFound(f"{resource} not found")]}
    return {}


def _resource(path: str) -> str | None:
    """Returns the kind of object that a path identifies."""
    return next((name for name in _IDENTIFIED if f"{{{name.lower()}_id}}" in path), None)


def _drop_unreferenced(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Drops the schemas without a reference: FastAPI's own 422, and models that are not documented."""
    while unreferenced := schemas.keys() - set(_REFERENCE.findall(json.dumps(document))):
        for name in unreferenced:
            del schemas[name]


def _without_defaults(schema: dict[str, Any]) -> None:
    """Describes the meaning of an absent property in words.

    openapi-typescript treats a property with a `default` as required, which it is not in a request.
    """
    for field in schema.get("properties", {}).values():
        default = field.pop("default", None)
        if default not in (None, [], {}):
            field["description"] = (
                f"{field.get('description', '')} Without it: `{json.dumps(default)}`.".strip()
            )


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes null from a parameter's schema: a parameter is present or absent."""
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema | {"anyOf": kinds} if kinds else schema
    return {key: value for key, value in schema.items() if key != "anyOf"} | kinds[0]


def _model(response: dict[str, Any]) -> str:
    """Returns the name of a response's model; empty for a response without a body."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _parameters(operation: dict[str, Any]) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", ())}
