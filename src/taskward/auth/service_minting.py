"""Service tokens for trying them out: signed with a private key that is given as a file."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from taskward.auth.claims import is_subject
from taskward.auth.service import MAX_LIFETIME, TYPE, scopes_of
from taskward.http.errors import InvalidToken
from taskward.settings import Settings, SettingsError


def mint_service_token(  # noqa: PLR0913 - one argument for each claim
    settings: Settings, key_file: Path, sub: str, *, actor: str, scope: str, expires_in: int = MAX_LIFETIME
) -> str:
    """Returns a service token for a user, signed with the private key of a file: PEM, or a JWK.

    Raises:
        SettingsError: the key cannot be used, or a token with these claims would not be accepted.

    """
    try:
        user_id = UUID(sub)
        scopes_of(scope)
    except ValueError:
        raise SettingsError("sub: must be the id of a user, a UUID") from None
    except InvalidToken as error:
        raise SettingsError(f"scope: {error.reason}") from None
    if not is_subject(actor):
        raise SettingsError("actor: must be 1 to 255 visible characters")
    if not 0 < expires_in <= MAX_LIFETIME:
        raise SettingsError(f"expires-in: a service token is valid for at most {MAX_LIFETIME} s")
    key, algorithm, kid = _private_key(key_file)
    now = int(time.time())
    claims: dict[str, Any] = {"sub": str(user_id), "iat": now, "exp": now + expires_in}
    claims |= {"act": {"sub": actor}, "scope": scope}
    if settings.jwt_audiences:
        claims["aud"] = settings.jwt_audiences[0]
    headers = {"typ": TYPE} | ({"kid": kid} if kid else {})
    return jwt.encode(claims, key, algorithm, headers)


def _private_key(file: Path) -> tuple[Any, str, str | None]:
    """Returns the key, its algorithm, and its id if it has one."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    kid = None
    try:
        if content.lstrip().startswith(b"{"):
            jwk = json.loads(content)
            kid, key = jwk.get("kid"), jwt.PyJWK(jwk).key
        else:
            key = load_pem_private_key(content, None)
    except Exception:  # noqa: BLE001 - the libraries raise various errors, with parts of the key in some
        raise SettingsError(f"{file}: is not a private key, PEM without a password or a JWK") from None
    match key:
        case ed25519.Ed25519PrivateKey():
            return key, "EdDSA", kid
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return key, "ES256", kid
        case rsa.RSAPrivateKey():
            return key, "RS256", kid
    raise SettingsError(f"{file}: is not a private key of Ed25519, P-256 or RSA")
