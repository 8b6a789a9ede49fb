"""Texts that clients carry for us: opaque, versioned, and bound to what they were made for.

Each is a digest and a content. The digest binds the content to its purpose, so that a text of another
purpose, or one that was touched, is recognised. It is no signature: whoever forges one forges their own.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Final

import orjson

_DIGEST: Final = 12
"""Bytes."""


def encode_cursor(content: Any, scope: bytes) -> str:
    """Give the opaque text of a JSON content."""
    written = orjson.dumps(content)
    return _encoded(_digest(written, scope) + written)


def decode_cursor(text: str, scope: bytes) -> Any:
    """Give the content of an opaque text; None if it was not made for this purpose, or was touched."""
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if _encoded(sealed) != text or sealed[:_DIGEST] != _digest(sealed[_DIGEST:], scope):
            return None
        return orjson.loads(sealed[_DIGEST:])
    except ValueError:
        return None


def scope_of(*parts: Any) -> bytes:
    """Name a purpose by whatever makes it up."""
    return orjson.dumps(parts, default=str)


def _encoded(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _digest(content: bytes, scope: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST, key=blake2b(scope, digest_size=32).digest()).digest()
