"""Development without an identity provider: a generated secret, and tokens signed with it."""

import os
import secrets
import stat
import time
from pathlib import Path
from typing import Any

import jwt

from taskward.auth.claims import is_plausible_email, is_subject
from taskward.settings import Settings, SettingsError
from taskward.settings.parsing import MIN_SECRET_BYTES

PRIVATE = 0o600

DEVELOPER = "developer"
"""The `sub` where none is given: always the same, so that it finds the same tasks after a restart."""
DEVELOPER_EMAIL = "developer@example.com"


def development_secret(settings: Settings) -> bytes:
    """Returns the development secret, used in place of JWT_SECRET; creates it if it does not exist.

    It is stored beside the database, readable by its owner only. Processes started together use the same one.

    Raises:
        SettingsError: the file cannot be created or read, belongs to another user, is readable by others,
            or is too short.

    """
    path = secret_file(settings)
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be used as the development secret: {error.strerror}") from None


def secret_file(settings: Settings) -> Path:
    """Returns the path of the development secret: beside the SQLite file, else in the working directory."""
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
    """Returns a token that this service accepts for `expires_in` seconds from `now`.

    Raises:
        SettingsError: in production or with a provider, which issues the tokens; or if a token with this
            `sub`, `email` or time would not be accepted.

    """
    _check_that_tokens_are_ours(settings)
    if not is_subject(sub):
        raise SettingsError("sub: must be 1 to 255 visible characters")
    if email is not None and not is_plausible_email(email):
        raise SettingsError("email: must be an e-mail address")
    if expires_in < 1:
        raise SettingsError("expires-in: must be at least 1 second")
    secret = settings.jwt_secrets[0] if settings.jwt_secrets else development_secret(settings)
    issued_at = int(time.time() if now is None else now)
    audience = settings.jwt_audiences[0] if settings.jwt_audiences else None
    optional = {"iss": settings.jwt_issuer, "aud": audience, "email": email}
    claims: dict[str, Any] = {"sub": sub, "iat": issued_at, "exp": issued_at + expires_in}
    claims |= {name: value for name, value in optional.items() if value is not None}
    return jwt.encode(claims, secret, algorithm="HS256")


def _check_that_tokens_are_ours(settings: Settings) -> None:
    if settings.production:
        raise SettingsError("ENVIRONMENT: tokens are created in development only")
    if settings.jwt_jwks_url is not None:
        raise SettingsError("JWT_JWKS_URL: is set, so tokens come from that identity provider")


def _make(path: Path) -> None:
    """Writes the whole file under a temporary name, then links it; the first process to do so wins."""
    draft = path.with_name(f"{secrets.token_hex(8)}.{path.name}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first, and its secret is used
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        secret = file.read().strip()
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise SettingsError(f"{path}: belongs to another user; delete it, and a new one is created")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path}: is accessible to other users; run: chmod 600 {path}")
    if len(secret) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"{path}: holds fewer than {MIN_SECRET_BYTES} bytes; delete it, and a new one is created"
        )
    return secret
