"""Strict parser for compact JWS (RFC 7515). Signature and claims are checked elsewhere.

PyJWT is not used for parsing: it accepts duplicate keys, UTF-16, padding and more (see
docs/decisions/0005-strict-token-pass.md). The rules are those of RFC 7515, RFC 7519 and RFC 8725.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from taskward.http.errors import InvalidToken
from taskward.http.requests import nests_deeper

MAX_TOKEN_BYTES = 8 * 1024
"""Bytes."""

MAX_TOKEN_NESTING = 500
"""Levels of objects and arrays; Python's own limit differs between its versions."""


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A well-formed but unverified token."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signing_input: bytes
    signature: bytes

    @property
    def alg(self) -> str:
        """The algorithm in the token's header; `""` if it is missing or not a string."""
        alg = self.header.get("alg")
        return alg if isinstance(alg, str) else ""


def parse_jwt(text: bytes) -> UnverifiedToken:
    """Parses a token.

    Raises:
        InvalidToken: it is longer than 8 KiB, or not a signed JWT in its one canonical form.

    """
    header, payload, signature = _segments(text)
    parameters = _json_object(header, "header")
    if "crit" in parameters or "b64" in parameters:
        raise InvalidToken(reason="crit or b64 in the header")
    claims, signing_input = _json_object(payload, "payload"), text[: text.rindex(b".")]
    return UnverifiedToken(parameters, claims, signing_input, _decoded(signature))


def _segments(text: bytes) -> list[bytes]:
    if len(text) > MAX_TOKEN_BYTES:
        raise InvalidToken(reason="longer than 8 KiB")
    if not _CHARACTERS.fullmatch(text):
        raise InvalidToken(reason="a character that is not allowed in a token")
    segments = text.split(b".")
    if len(segments) != 3:  # noqa: PLR2004 - RFC 7515, 3.1: header, payload, signature
        raise InvalidToken(reason="not three segments")
    return segments


def _decoded(segment: bytes) -> bytes:
    """Decodes canonical base64url: no padding, no stray bits at the end."""
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError:
        raise InvalidToken(reason="not canonical base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise InvalidToken(reason="not canonical base64url")
    return decoded


def _json_object(segment: bytes, name: str) -> dict[str, Any]:
    try:
        text = _decoded(segment)
        read = _JSON.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):  # not UTF-8, not JSON, a duplicate key, too deep, too long a number
        raise InvalidToken(reason=f"{name} is not strict JSON") from None
    if not isinstance(read, dict):
        raise InvalidToken(reason=f"{name} is not a JSON object")
    if nests_deeper(read, text, MAX_TOKEN_NESTING):
        raise InvalidToken(reason=f"{name} is not strict JSON")
    return read


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key occurs twice")
    return read


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_CHARACTERS = re.compile(rb"[A-Za-z0-9_.-]+")
_JSON = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_reject_constant)
