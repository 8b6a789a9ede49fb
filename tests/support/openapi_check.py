"""Checks every response that a test gets against the OpenAPI document."""

import copy
import re
from functools import cache
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator

from support.apps import settings_for
from taskward.app import create_app

HEADERS = {
    "location",
    "etag",
    "retry-after",
    "www-authenticate",
    "x-request-id",
    "idempotent-replayed",
    "ratelimit",
    "ratelimit-policy",
}
"""The response headers that the document must describe where they are sent."""


class Documented:
    """The document of the service, and its description of each response."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = strict(copy.deepcopy(document))
        paths = sorted(self._document["paths"], key=lambda path: "{" in path)
        self._paths = [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in paths]
        self._validator = cache(self._make_validator)

    def check(self, answer: httpx.Response) -> None:
        """Rejects a response that the document does not describe exactly; some paths are not in it."""
        request = answer.request
        path = next((path for form, path in self._paths if form.fullmatch(request.url.path)), None)
        method = "get" if request.method == "HEAD" else request.method.lower()
        if path is None or method not in self._document["paths"][path]:
            return
        responses = self._document["paths"][path][method]["responses"]
        assert str(answer.status_code) in responses, f"{answer} of {request} is not documented"
        response = responses[str(answer.status_code)]
        self._check_headers(answer, response["headers"])
        if request.method != "HEAD" and "content" in response:
            self._check_body(answer, path, method, response["content"])

    def _check_headers(self, answer: httpx.Response, headers: dict[str, Any]) -> None:
        sent = {name for name in answer.headers if name in HEADERS}
        assert sent <= {name.lower() for name in headers}, f"{answer.headers} of {answer.request}"
        assert sent >= {name.lower() for name, header in headers.items() if header.get("required")}

    def _check_body(self, answer: httpx.Response, path: str, method: str, content: dict[str, Any]) -> None:
        assert answer.headers["content-type"] in content, f"{answer.headers} of {answer.request}"
        if answer.headers["content-type"] == "application/json":
            self._validator(path, method, answer.status_code).validate(answer.json())
        if answer.is_error:
            codes = content["application/json"]["examples"]
            assert answer.json()["code"] in codes, f"{answer.json()} of {answer.request}"

    def _make_validator(self, path: str, method: str, status: int) -> Draft202012Validator:
        content = self._document["paths"][path][method]["responses"][str(status)]["content"]
        schema = content["application/json"]["schema"] | {"components": self._document["components"]}
        return Draft202012Validator(schema, validate_formats=True)


@cache
def documented() -> Documented:
    """Returns the document of all apps: it does not depend on the settings."""
    return Documented(create_app(settings_for("sqlite://")).openapi())


def strict(schema: Any) -> Any:
    """Forbids properties that the document does not name."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            strict(inner)
    if isinstance(schema, list):
        for inner in schema:
            strict(inner)
    return schema
