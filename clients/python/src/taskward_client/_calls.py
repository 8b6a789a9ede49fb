"""Calls of the API as values: what to send, how to read the response, whether it may be sent again.

Nothing here performs I/O, so that the two clients share it.
"""

import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Generic, Literal, TypeVar

from taskward_client._replies import Reply, invalid
from taskward_client.errors import Unauthorized

T = TypeVar("T")

API: Final = "/api"
"""What the paths of the operations begin with, except for those about health."""

_MERGE_PATCH: Final = "application/merge-patch+json"
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|me", re.IGNORECASE)
"""A UUID, or the member that the user is; the service refuses `me` elsewhere."""


@dataclass(frozen=True)
class Tagged(Generic[T]):
    """An object with its entity tag, which identifies this version of it.

    Pass `etag` as `if_match`, and the write takes place only if the object has not been changed since.
    """

    value: T
    etag: str


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of the API."""

    method: str
    path: str
    parse: Callable[[Reply], T]
    query: Mapping[str, object] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    """Whether it has the same effect and the same response if it is sent again after it may have taken place.
    """
    parse_existing: Callable[[Reply], T] | None = None
    """Reads the object from the 412 of a creation that is repeated: an earlier attempt has created it."""

    def parameters(self) -> dict[str, str]:
        """Returns the query as texts, without absent values."""
        return {name: _text(value) for name, value in self.query.items() if value is not None}


def read(path: str, parse: Callable[[Reply], T], query: Mapping[str, object] | None = None) -> Call[T]:
    """Returns the call of a read."""
    return Call("GET", path, parse, query or {}, repeatable=True)


def post(path: str, body: object, parse: Callable[[Reply], T], idempotency_key: str | None) -> Call[T]:
    """Returns the call of a POST. The service carries out one idempotency key once, so it can be repeated."""
    content = body if isinstance(body, bytes) else encode(body)
    headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or uuid.uuid4().hex}
    return Call("POST", path, parse, body=content, headers=headers, repeatable=True)


def change(
    method: str, path: str, body: object, parse: Callable[[Reply], T], if_match: str | None
) -> Call[T]:
    """Returns the call of an update.

    It sets values, so it can be repeated. With `if_match` it cannot: a repetition would fail because the
    first one has succeeded.
    """
    headers = {"Content-Type": _MERGE_PATCH if method == "PATCH" else "application/json"}
    if if_match is not None:
        headers["If-Match"] = if_match
    return Call(method, path, parse, body=encode(body), headers=headers, repeatable=if_match is None)


def create_at(path: str, body: object, kind: Literal["task", "list", "comment"]) -> Call[Tagged[Any]]:
    """Returns the call that creates an object with an id of the client."""

    def existing(reply: Reply) -> Tagged[Any]:
        document = reply.json(kind, "etag")
        return Tagged(document[kind], document["etag"])

    headers = {"Content-Type": "application/json", "If-None-Match": "*"}
    return Call(
        "PUT", path, tagged, body=encode(body), headers=headers, repeatable=True, parse_existing=existing
    )


def delete(
    path: str, parse: Callable[[Reply], T], query: Mapping[str, object], if_match: str | None = None
) -> Call[T]:
    """Returns the call of a deletion. It is not repeated: the repetition would not find the object."""
    return Call("DELETE", path, parse, query, headers={} if if_match is None else {"If-Match": if_match})


def path_of(collection: str, *rest: str, **ids: str) -> str:
    """Returns the path of an object, whose id is given under the name of the argument.

    Any other text could lead to another resource, as `..` and `summary` do.

    Raises:
        ValidationFailed: it is not an id.

    """
    ((name, object_id),) = ids.items()
    if not _ID.fullmatch(object_id):
        raise invalid(name, f"{name.capitalize().replace('_', ' ')} must be a UUID")
    return "/".join((collection, object_id, *rest))


def authorization(token: str) -> dict[str, str]:
    """Returns the header with a token, without the line break at the end of a file; without a token none.

    Raises:
        Unauthorized: it is not a token. httpx would name all of it in its error.

    """
    token = token.strip()
    if not (token.isascii() and token.isprintable() and " " not in token):
        envelope = {"error": "The token must be visible ASCII characters", "code": "INVALID_TOKEN"}
        raise Unauthorized(HTTPStatus.UNAUTHORIZED, {}, envelope)
    return {"Authorization": f"Bearer {token}"} if token else {}


def new_id() -> str:
    """Returns an id for `create_at`: a UUIDv7 of this moment."""
    milliseconds, random = time.time_ns() // 1_000_000, secrets.randbits(74)
    high = milliseconds << 16 | 0x7 << 12 | random >> 62
    return str(uuid.UUID(int=high << 64 | 0b10 << 62 | random & (1 << 62) - 1))


def encode(body: object) -> bytes:
    """Returns a body as JSON."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def content(reply: Reply) -> Any:
    """Returns the document of a response."""
    return reply.json()


def tagged(reply: Reply, *keys: str) -> Tagged[Any]:
    """Returns the object of a response, which has these keys, with its entity tag."""
    return Tagged(reply.json(*keys), reply.headers.get("etag", ""))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
