"""Opaque, versioned texts that clients carry, each valid only in the scope that it was encoded for.

A cursor is a digest and a content. The digest covers content and scope, so that a cursor of another scope or
a modified one is recognised. It is not a signature: a forged cursor reaches the forger's own data only.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Final

import orjson

_DIGEST: Final = 12
"""Bytes."""


def encode_cursor(content: Any, scope: bytes) -> str:
    """Returns the cursor for a JSON value."""
    written = orjson.dumps(content)
    return _encoded(_digest(written, scope) + written)


def decode_cursor(text: str, scope: bytes) -> Any:
    """Returns the JSON value of a cursor; None if it has another scope or was modified."""
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if _encoded(sealed) != text or sealed[:_DIGEST] != _digest(sealed[_DIGEST:], scope):
            return None
        return orjson.loads(sealed[_DIGEST:])
    except ValueError:
        return None


def scope_of(*parts: Any) -> bytes:
    """Returns the scope that these parts identify."""
    return orjson.dumps(parts, default=str)


def _encoded(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _digest(content: bytes, scope: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST, key=blake2b(scope, digest_size=32).digest()).digest()
