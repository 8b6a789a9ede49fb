"""Reading a request strictly: its body, its JSON, its query."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from taskward.errors import FieldProblem, InvalidRequest, PayloadTooLarge
from taskward.validation import NUL_REFUSED

LARGEST_BODY: Final = 64 * 1024
"""Bytes; a route can allow more."""

DEEPEST_NESTING: Final = 32

_MOST_NAMED: Final = 100_000
"""Fields that hold U+0000 which are named; only bodies of many megabytes have more."""

_PARAMETER: Final = rb'\s*(?:;\s*charset\s*=\s*(?:utf-8|"utf-8")\s*)?'
_JSON_TYPE: Final = re.compile(rb"\s*application/json" + _PARAMETER, re.IGNORECASE)
_PATCH_TYPE: Final = re.compile(rb"\s*application/(?:merge-patch\+)?json" + _PARAMETER, re.IGNORECASE)
"""RFC 7396; plain JSON is read the same way."""


class ClientGone(Exception):
    """The client closed the connection before the request was whole; there is nobody to answer."""


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Give every value of a header; `name` is in lower case."""
    return [value for key, value in scope["headers"] if key == name]


def announced_body(scope: Scope) -> tuple[int, bool]:
    """Give the announced length, and whether there may be a body of unknown length."""
    length = 0
    chunked = scope["http_version"] not in {"1.0", "1.1"}
    for key, value in scope["headers"]:
        if key == b"content-length":
            length = int(value) if value.isdigit() else 0
        elif key == b"transfer-encoding":
            chunked = True
    return length, chunked


async def read_body(scope: Scope, receive: Receive, largest: int = LARGEST_BODY) -> bytes:
    """Read the body, and stop reading as soon as it is too large.

    Raises:
        PayloadTooLarge: it is longer than `largest`, or says that it will be.
        ClientGone: it never became whole.

    """
    length, chunked = announced_body(scope)
    if length == 0 and not chunked:
        return b""
    if length > largest:
        raise PayloadTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > largest:
            raise PayloadTooLarge
        if not message.get("more_body", False):
            return bytes(body)


async def wait_for_admission(scope: Scope) -> None:
    """Wait until the request may run; call it once, when its body has been read.

    Raises:
        ServiceUnavailable: there is more load than the service admits.

    """
    if "admission" in scope:
        await scope["admission"]()


def read_json_object(scope: Scope, body: bytes) -> dict[str, Any]:
    """Give the JSON object that a body is.

    Raises:
        InvalidRequest: the type is another one, or the body is anything else.

    """
    content_types = header_values(scope, b"content-type")
    expected = _PATCH_TYPE if scope["method"] == "PATCH" else _JSON_TYPE
    if len(content_types) != 1 or not expected.fullmatch(content_types[0]):
        raise InvalidRequest(reason="the content type is not JSON in UTF-8")
    return json_object(body)


def json_object(body: bytes) -> dict[str, Any]:
    """Give the object that a text of JSON (RFC 8259) is.

    Raises:
        InvalidRequest: it is anything else.

    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequest(reason="the body is not JSON") from None
    if not isinstance(document, dict):
        raise InvalidRequest(reason="the body is not an object")
    # No text nests deeper than it has brackets, and most have few.
    if body.count(b"{") + body.count(b"[") > DEEPEST_NESTING and _depth(document) > DEEPEST_NESTING:
        raise InvalidRequest(reason="the body nests too deep")
    return document


def nul_problems(document: dict[str, Any], body: bytes, depth: int = 1) -> list[FieldProblem]:
    """Name the fields that hold U+0000 anywhere, which no database keeps faithfully.

    With a `depth` of 1 those are top-level keys; with more, what is in them is named as `tasks.0.title`.
    """
    if b"\\u0000" not in body:  # JSON has no other way to write it
        return []
    paths = islice(_paths_to_nul(document, depth), _MOST_NAMED)
    return [FieldProblem(".".join(map(str, path)), NUL_REFUSED) for path in paths]


def read_query(scope: Scope) -> tuple[dict[str, str], list[FieldProblem]]:
    """Give the query's parameters by name, and a problem for each that is given twice or is not UTF-8."""
    raw: bytes = scope["query_string"]
    if not raw:
        return {}, []
    query: dict[str, str] = {}
    problems: list[FieldProblem] = []
    text = raw.decode(errors="surrogateescape")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        if not _is_text(name) or not _is_text(value):
            printable = name.encode(errors="surrogateescape").decode(errors="replace")
            problems.append(FieldProblem(printable, "The query parameter is not valid text in UTF-8"))
        elif name in query:
            problems.append(FieldProblem(name, "The query parameter is given more than once"))
        else:
            query[name] = value
    return query, problems


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return depth


def holds_nul(value: Any) -> bool:
    """Tell whether U+0000 is anywhere in a JSON value."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(holds_nul, value))


def _paths_to_nul(outer: Any, depth: int) -> Iterator[tuple[Any, ...]]:
    for key, inner in outer.items() if isinstance(outer, dict) else enumerate(outer):
        if depth > 1 and isinstance(inner, dict | list) and not holds_nul(key):
            for path in _paths_to_nul(inner, depth - 1):
                yield key, *path
        elif holds_nul(key) or holds_nul(inner):
            yield (key,)


def _is_text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
