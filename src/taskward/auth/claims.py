"""Validation of the claims of a token with a valid signature (RFC 7519, 4.1)."""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeGuard
from uuid import NAMESPACE_URL, UUID, uuid5

from taskward.http.caller import Caller, Owner
from taskward.http.errors import InvalidToken, TokenExpired
from taskward.time_zones import is_time_zone

LEEWAY = 60
"""Seconds by which the issuer's clock may be ahead of ours; `exp` has none."""

MAX_SUBJECT = 255
MAX_NAME = 100
MAX_EMAIL = 254
"""Characters; RFC 5321, 4.5.3.1.3."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token, valid from `valid_from` until just before `caller.expires_at`."""

    caller: Caller
    valid_from: float


@dataclass(frozen=True, slots=True)
class ClaimsValidator:
    """The requirements on the claims of every token: RFC 7519, 4.1, and the settings."""

    issuer: str | None
    audiences: Collection[str]
    """A token must be for one of them; if there are none, it must have no `aud`."""

    def validate(self, payload: dict[str, Any], now: float) -> Claims:
        """Validates the claims of a token with a valid signature; `now` is in seconds since 1970.

        Raises:
            InvalidToken: a claim is missing, malformed or not valid.
            TokenExpired: every other claim is valid, and `exp` is past.

        """
        subject = _subject(payload)
        issuer = self._issuer(payload)
        self.check_audience(payload)
        expires_at = required_timestamp(payload, "exp")
        own = Owner(user_id(issuer, subject), _email(payload), _time_zone(payload))
        valid_from = check_not_before(payload, now)
        if now >= expires_at:
            raise TokenExpired(reason="exp is past")
        return Claims(Caller(own.id, expires_at, own, name=_name(payload)), valid_from)

    def _issuer(self, payload: dict[str, Any]) -> str:
        issuer = payload.get("iss", "")
        if not isinstance(issuer, str) or not _is_unicode(issuer):
            raise InvalidToken(reason="iss is not a string")
        if self.issuer is not None and issuer != self.issuer:
            raise InvalidToken(reason="iss is not JWT_ISSUER" if "iss" in payload else "no iss claim")
        return issuer

    def check_audience(self, payload: dict[str, Any]) -> None:
        """Raises InvalidToken unless the token is for one of the audiences."""
        if not self.audiences:
            if "aud" in payload:
                raise InvalidToken(reason="aud given but JWT_AUDIENCE is not set")
            return
        if "aud" not in payload:
            raise InvalidToken(reason="no aud claim")
        audience = payload["aud"]
        audiences = audience if isinstance(audience, list) else [audience]
        if not all(isinstance(one, str) for one in audiences):
            raise InvalidToken(reason="aud is not a string or an array of strings")
        if not any(one in self.audiences for one in audiences):
            one = len(self.audiences) == 1
            raise InvalidToken(reason="aud is not JWT_AUDIENCE" if one else "aud is not one of JWT_AUDIENCE")


def check_not_before(payload: dict[str, Any], now: float) -> float:
    """Returns the time from which a token is valid; raises InvalidToken if that is later than `now`."""
    valid_from = max(_timestamp(payload, "nbf"), _timestamp(payload, "iat")) - LEEWAY
    if now < valid_from:
        raise InvalidToken(reason="nbf or iat is in the future")
    return valid_from


def user_id_of(subject: object) -> UUID:
    """Returns the id of a subject that is a user id; raises InvalidToken if it is not."""
    if not isinstance(subject, str) or not _CANONICAL_UUID.fullmatch(subject):
        raise InvalidToken(reason="sub is not a user id")
    return UUID(subject)


def user_id(issuer: str, subject: str) -> UUID:
    """Returns the permanent user id of this issuer's subject.

    A subject that is a canonical lower-case UUID is the id itself; any other is hashed with its issuer.
    """
    if _CANONICAL_UUID.fullmatch(subject):
        return UUID(subject)
    return uuid5(uuid5(NAMESPACE_URL, issuer), subject)


def is_subject(value: object) -> TypeGuard[str]:
    """Returns whether this can be a `sub`: 1 to 255 visible characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_SUBJECT and _is_visible(value)


def is_plausible_email(value: object) -> bool:
    """Returns whether this could be an e-mail address; addresses are not used to identify users."""
    if not isinstance(value, str) or len(value) > MAX_EMAIL or not _is_visible(value):
        return False
    name, _, host = value.rpartition("@")
    return bool(name and host)


def _subject(payload: dict[str, Any]) -> str:
    if "sub" not in payload:
        raise InvalidToken(reason="no sub claim")
    subject = payload["sub"]
    if not is_subject(subject):
        raise InvalidToken(reason="sub is not 1 to 255 visible characters")
    return subject


def _name(payload: dict[str, Any]) -> str | None:
    name = payload.get("name")
    name = name.strip() if isinstance(name, str) and _is_unicode(name) else ""
    return name if 0 < len(name) <= MAX_NAME and "\0" not in name else None


def _email(payload: dict[str, Any]) -> str | None:
    email = payload.get("email")
    return email if is_plausible_email(email) else None


def _time_zone(payload: dict[str, Any]) -> str | None:
    """Returns `zoneinfo` (OpenID Connect Core 1.0, 5.1) if it is the name of a time zone."""
    name = payload.get("zoneinfo")
    return name if isinstance(name, str) and is_time_zone(name) else None


def required_timestamp(payload: dict[str, Any], name: str) -> float:
    """Returns a NumericDate (RFC 7519, 2); raises InvalidToken if it is absent or malformed."""
    if name not in payload:
        raise InvalidToken(reason=f"no {name} claim")
    return _timestamp(payload, name)


def _timestamp(payload: dict[str, Any], name: str) -> float:
    """Reads a NumericDate (RFC 7519, 2); an absent one is negative infinity."""
    if name not in payload:
        return -math.inf
    value = payload[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise InvalidToken(reason=f"{name} is not a finite number")
    return float(value)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer outside the range of a double
        return False


def _is_visible(text: str) -> bool:
    return text.isprintable() and " " not in text  # of all white space only U+0020 counts as printable


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can express and UTF-8 cannot
        return False
    return True


_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
