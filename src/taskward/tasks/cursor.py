"""The page's cursor: where a walk through a list stands.

It is opaque to clients and good only for the walk that it came from: a digest binds it to its owner, sort
and filter, and to its own content. It holds no secret; what it could be forged into is the forger's own list.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import orjson

_VERSION: Final = 1
_DIGEST: Final = 12
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last task of a page: its id, and its value in the column that the list is sorted by."""

    key: str | None
    task_id: UUID


def write_cursor(position: Position, walk: bytes) -> str:
    """Give the cursor for what follows `position` in a walk; `walk` says whose, in what order, of what."""
    content = orjson.dumps([_VERSION, position.key, str(position.task_id)])
    return urlsafe_b64encode(_digest(content, walk) + content).decode().rstrip("=")


def read_cursor(cursor: str, walk: bytes) -> Position | None:
    """Give the position that a cursor stands for; None if it is no cursor of this walk."""
    try:
        decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        version, key, task_id = orjson.loads(decoded[_DIGEST:])
        position = Position(key, UUID(task_id))
    except (ValueError, TypeError, AttributeError):
        return None
    if version != _VERSION or not _is_key(key) or write_cursor(position, walk) != cursor:
        return None
    return position


def walk_of(*parts: Any) -> bytes:
    """Name a walk: its owner, sort and filter."""
    return orjson.dumps(parts, default=str)


def _is_key(key: Any) -> bool:
    return key is None or (isinstance(key, str) and "\0" not in key)


def _digest(content: bytes, walk: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST, key=blake2b(walk, digest_size=32).digest()).digest()
