"""Service tokens: what the app's back end signs with its own key, to act for a user for a few minutes.

A token of this type is verified by the keys of SERVICE_PUBLIC_KEYS and by no others, any other token never by
them.
"""

from pathlib import Path
from typing import Any, Final

from taskward.auth.claims import (
    Claims,
    ClaimsValidator,
    check_not_before,
    is_subject,
    required_timestamp,
    user_id_of,
)
from taskward.auth.jwk import JWKEntry, JWKSUnusable, KeyRing, PublicKey, read_key_set
from taskward.auth.jws import UnverifiedToken
from taskward.http.caller import Caller, Need, Owner, Reach
from taskward.http.errors import InvalidToken, TokenExpired
from taskward.settings import Settings, SettingsError

TYPE: Final = "taskward-service+jwt"
"""The `typ` in the header."""

MAX_LIFETIME: Final = 300
"""Seconds from `iat` to `exp`."""

ALGORITHMS: Final = frozenset({"EdDSA", "ES256", "RS256"})

_SCOPES: Final = frozenset({"read", "write", "erase"})
_RIGHTS: Final = frozenset(Need) - {Need.PERSON, Need.ERASURE}


class ServiceTokens:
    """Verifies service tokens."""

    def __init__(self, keys: list[PublicKey], validator: ClaimsValidator) -> None:
        self._ring = KeyRing(keys)
        self._validator = validator

    def verify(self, token: UnverifiedToken, now: float) -> Claims:
        """Returns the claims of a token of this type; `now` is in seconds since 1970.

        Raises:
            InvalidToken: the signature or a claim is not valid.
            TokenExpired: all else is valid, and `exp` is past.

        """
        if not isinstance(token.header.get("kid", ""), str):
            raise InvalidToken(reason="kid is not a string")
        self._ring.check(token)
        return self._claims(token.payload, now)

    def _claims(self, payload: dict[str, Any], now: float) -> Claims:
        own = Owner(user_id_of(payload.get("sub")))
        self._validator.check_audience(payload)
        issued_at, expires_at = (required_timestamp(payload, name) for name in ("iat", "exp"))
        if not 0 < expires_at - issued_at <= MAX_LIFETIME:
            raise InvalidToken(reason=f"exp is not within {MAX_LIFETIME} s after iat")
        reach = _reach(scopes_of(payload.get("scope", "write")), _actor(payload))
        valid_from = check_not_before(payload, now)
        if now >= expires_at:
            raise TokenExpired(reason="exp is past")
        return Claims(Caller(own.id, expires_at, own, reach), valid_from)


def service_tokens(settings: Settings) -> ServiceTokens | None:
    """Returns the verification of service tokens; None without SERVICE_PUBLIC_KEYS.

    Raises:
        SettingsError: the keys cannot be used.

    """
    if settings.service_public_keys is None:
        return None
    keys = [entry.key for entry in service_keys(settings.service_public_keys) if entry.key is not None]
    return ServiceTokens(keys, ClaimsValidator(None, settings.jwt_audiences))


def service_keys(given: str) -> list[JWKEntry]:
    """Returns the entries of a JWK Set, given as text or as the path of a file.

    Raises:
        SettingsError: it cannot be read, or has no usable key.

    """
    try:
        text = given.encode() if given.lstrip().startswith("{") else Path(given).read_bytes()
        entries = [_allowed(entry) for entry in read_key_set(text)]
    except OSError as error:
        raise SettingsError(f"SERVICE_PUBLIC_KEYS: the file cannot be read: {error.strerror}") from None
    except JWKSUnusable as why:
        raise SettingsError(f"SERVICE_PUBLIC_KEYS: {why}") from None
    if not any(entry.key for entry in entries):
        reasons = "; ".join(f"{entry.label} is {entry.verdict}" for entry in entries)
        raise SettingsError(f"SERVICE_PUBLIC_KEYS: no key can be used: {reasons}")
    return entries


def _allowed(entry: JWKEntry) -> JWKEntry:
    if entry.key is None or entry.key.alg in ALGORITHMS:
        return entry
    return JWKEntry(entry.label, problem=f"alg is not one of {', '.join(sorted(ALGORITHMS))}")


def _reach(scopes: frozenset[str], actor: str) -> Reach:
    rights = _RIGHTS | {Need.ERASURE} if "erase" in scopes else _RIGHTS
    return Reach(rights, "read" in scopes and "write" not in scopes, actor=actor)


def scopes_of(scope: object) -> frozenset[str]:
    """Returns the scopes of a claim (RFC 8693, 4.2), which have single spaces between them.

    Raises:
        InvalidToken: one of them is unknown.

    """
    scopes = frozenset(scope.split(" ")) if isinstance(scope, str) else frozenset()
    if not scopes or not scopes <= _SCOPES:
        raise InvalidToken(reason="scope is not of read, write, erase")
    return scopes


def _actor(payload: dict[str, Any]) -> str:
    """Returns who acts for the user (RFC 8693, 4.1)."""
    act = payload.get("act")
    actor = act.get("sub") if isinstance(act, dict) else None
    if not is_subject(actor):
        raise InvalidToken(reason="act.sub is not 1 to 255 visible characters")
    return actor
