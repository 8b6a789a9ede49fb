"""Opaque, versioned texts that clients carry, each valid only in the scope that it was encoded for.

A cursor is a digest and a content. The digest covers content and scope, so that a cursor of another scope or
a modified one is recognised. It is not a signature: a forged cursor reaches the forger's own data only.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import AfterValidator

from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.validation import field_error

INVALID_CURSOR: Final = "Cursor is not valid for this list"

_DIGEST: Final = 12
"""Bytes."""

_VERSION_OF_ID: Final = 1


def encode_cursor(content: Any, scope: bytes) -> str:
    """Returns the cursor for a JSON value."""
    written = orjson.dumps(content)
    return _encoded(_digest(written, scope) + written)


def decode_cursor(text: str, scope: bytes) -> Any:
    """Returns the JSON value of a cursor; None if it has another scope or was modified."""
    raw = _decoded(text)
    if raw is None or raw[:_DIGEST] != _digest(raw[_DIGEST:], scope):
        return None
    try:
        return orjson.loads(raw[_DIGEST:])
    except ValueError:
        return None


def encode_id(last: object, scope: bytes) -> str:
    """Returns the cursor after an object of a list in the order of ids."""
    return encode_cursor([_VERSION_OF_ID, str(last)], scope)


def decode_id(text: str, scope: bytes) -> UUID:
    """Returns the id of the last object before a cursor.

    Raises:
        ValidationFailed: the cursor has another scope, or was modified.

    """
    match decode_cursor(text, scope):
        case [1, str(last)]:
            with suppress(ValueError):
                return UUID(last)
    raise invalid_cursor()


def invalid_cursor() -> ValidationFailed:
    """Returns the error for a cursor that is not valid for its list."""
    return ValidationFailed([FieldError("cursor", INVALID_CURSOR)])


def well_formed_cursor(message: str = INVALID_CURSOR) -> AfterValidator:
    """Rejects what is no cursor of any scope, so that it is reported together with other parameters."""

    def validate(text: str) -> str:
        if _decoded(text) is None:
            raise field_error(message)
        return text

    return AfterValidator(validate)


def scope_of(*parts: Any) -> bytes:
    """Returns the scope that these parts identify."""
    return orjson.dumps(parts, default=str)


def _decoded(text: str) -> bytes | None:
    """Returns digest and content; None if the text is not in the one form that `_encoded` writes."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if len(raw) > _DIGEST and _encoded(raw) == text else None


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(content: bytes, scope: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST, key=blake2b(scope, digest_size=32).digest()).digest()
