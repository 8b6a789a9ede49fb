"""What makes the first ten minutes easy: a secret of one's own, and tokens without an identity provider."""

import os
import secrets
import stat
import time
from pathlib import Path
from typing import Any

import jwt

from taskward.auth.claims import is_plausible_email, is_subject
from taskward.settings import Settings, SettingsError
from taskward.settings_parsing import MIN_SECRET_BYTES

PRIVATE = 0o600


def development_secret(settings: Settings) -> bytes:
    """Give the secret that stands in for JWT_SECRET in development, and make it where there is none yet.

    It lives beside the database, for its owner alone. Processes that start together agree on one.

    Raises:
        SettingsError: the file cannot be made or read, belongs to another user, is open to others,
            or holds too little.

    """
    path = secret_file(settings)
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be used as the development secret: {error.strerror}") from None


def secret_file(settings: Settings) -> Path:
    """Say where the development secret lives: beside the SQLite file, else in the working directory."""
    if settings.sqlite_path is None:
        return Path("taskward.secret")
    return settings.sqlite_path.with_name(settings.sqlite_path.name + ".secret")


def mint_token(
    settings: Settings,
    sub: str,
    *,
    email: str | None = None,
    expires_in: float = 3600,
    now: float | None = None,
) -> str:
    """Make a token that this service accepts for `expires_in` seconds from `now`.

    Raises:
        SettingsError: tokens are not ours to make, in production or where a provider signs them;
            or one with such a `sub` or `email` would not be accepted.

    """
    _check_that_tokens_are_ours(settings)
    if not is_subject(sub):
        raise SettingsError("sub: must be 1 to 255 visible characters")
    if email is not None and not is_plausible_email(email):
        raise SettingsError("email: must be an e-mail address")
    secret = settings.jwt_secrets[0] if settings.jwt_secrets else development_secret(settings)
    issued_at = int(time.time() if now is None else now)
    audience = settings.jwt_audiences[0] if settings.jwt_audiences else None
    optional = {"iss": settings.jwt_issuer, "aud": audience, "email": email}
    claims: dict[str, Any] = {"sub": sub, "iat": issued_at, "exp": issued_at + expires_in}
    claims |= {name: value for name, value in optional.items() if value is not None}
    return jwt.encode(claims, secret, algorithm="HS256")


def _check_that_tokens_are_ours(settings: Settings) -> None:
    if settings.production:
        raise SettingsError("ENVIRONMENT: tokens are made here in development only")
    if settings.jwt_jwks_url is not None:
        raise SettingsError("JWT_JWKS_URL: is set, so tokens come from that identity provider")


def _make(path: Path) -> None:
    """Write the whole file under another name, then give it its own; the first process to do so wins."""
    draft = path.with_name(f"{secrets.token_hex(8)}.{path.name}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first, and its secret counts
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        secret = file.read().strip()
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise SettingsError(f"{path}: belongs to another user; remove it, and a new one is made")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path}: is open to others than its owner; run: chmod 600 {path}")
    if len(secret) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"{path}: holds fewer than {MIN_SECRET_BYTES} bytes; delete it, and a new one is made"
        )
    return secret
