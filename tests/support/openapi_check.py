"""Checks every response that a test gets against the OpenAPI document.

Against the document as it is published, in which a response may have keys that are not named, and without
those. In the first one only constants, required and excluded keys make a choice (`oneOf`) unambiguous.
"""

import copy
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import httpx
import orjson
from jsonschema_rs import Draft202012Validator

from support.apps import settings_for
from taskward.app import create_app

HEADERS = {
    "allow",
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


UNDOCUMENTED = b"/api/me/export?format=ics"
"""An older form of `GET /api/me/calendar.ics`, which is still accepted."""


class Documented:
    """The document of the service, and its description of each response."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._strict_components = strict(copy.deepcopy(document["components"]))
        self._paths = sorted(self._document["paths"], key=lambda path: path.count("{"))
        self._pattern = re.compile("|".join(f"({re.sub('{[^}]+}', '[^/]+', path)})" for path in self._paths))
        self._description = cache(self._describe)

    def check(self, answer: httpx.Response) -> None:
        """Rejects a response that the document does not describe exactly; some paths are not in it."""
        request = answer.request
        match = self._pattern.fullmatch(request.url.path)
        method = "get" if request.method == "HEAD" else request.method.lower()
        path = self._paths[match.lastindex - 1] if match and match.lastindex else None
        if path is None or method not in self._document["paths"][path]:
            return
        if request.url.raw_path == UNDOCUMENTED:
            return
        self._description(path, method, answer.status_code).check(answer)

    def _describe(self, path: str, method: str, status: int) -> "_Description":
        responses = self._document["paths"][path][method]["responses"]
        assert str(status) in responses, f"{status} of {method} {path} is not documented"
        return _Description(responses[str(status)], [self._document["components"], self._strict_components])


class _Description:
    """The description of one response: its headers, its body and its error codes."""

    def __init__(self, response: dict[str, Any], components: Sequence[dict[str, Any]]) -> None:
        headers, self._content = response["headers"], response.get("content")
        self._headers = {name.lower() for name in headers}
        self._required = {name.lower() for name, header in headers.items() if header.get("required")}
        if self._content and "application/json" in self._content:
            schema = self._content["application/json"]["schema"]
            self._validators = [
                Draft202012Validator(schema | {"components": form}, validate_formats=True)
                for form in components
            ]

    def check(self, answer: httpx.Response) -> None:
        sent = HEADERS.intersection(answer.headers.keys())
        assert self._required <= sent <= self._headers, f"{answer.headers} of {answer.request}"
        if answer.request.method != "HEAD" and self._content:
            self._check_body(answer, self._content)

    def _check_body(self, answer: httpx.Response, content: dict[str, Any]) -> None:
        kind = answer.headers["content-type"]
        assert kind in content, f"{answer.headers} of {answer.request}"
        if kind != "application/json":
            return
        body = orjson.loads(answer.content)
        for validator in self._validators:
            validator.validate(body)
        if answer.is_error:
            assert body["code"] in content[kind]["examples"], f"{body} of {answer.request}"


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
