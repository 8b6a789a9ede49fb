"""Every knob of the service: read once, frozen, with no unsafe default."""

import base64
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from taskward.database_url import LAST_PORT, PostgresUrl

MIN_SECRET_BYTES = 32
"""Bytes; RFC 7518, 3.2: an HS256 key is at least as long as the hash."""

LOCAL_FRONT_END = "http://localhost:3000"

MAX_RATE = 1_000_000
"""Requests, and seconds."""

_RATE = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})?([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_NO_ORIGIN = "each origin must be like https://app.example.com: scheme and host, no path, no *"


class SettingsError(Exception):
    """The configuration cannot be used. Its text names each setting, one a line, and shows no value."""


class Rate(NamedTuple):
    """So many requests in so many seconds: all of them at once, or one every `seconds / requests`."""

    requests: int
    seconds: int


class Settings(BaseSettings):
    """The configuration, from the environment and from `.env`; the environment wins.

    An empty variable counts as not set. Make one with `load_settings`, whose errors are fit to be read.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr = SecretStr("sqlite:///taskward.db")
    jwt_secret: SecretStr | None = None
    jwt_jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    frontend_url: str = ""
    environment: Literal["development", "production"] = "development"
    database_pool_size: int = Field(default=10, ge=1, le=1000)
    database_rls: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=LAST_PORT)
    workers: int = Field(default=1, ge=1, le=64)

    metrics_port: int | None = Field(default=None, ge=0, le=LAST_PORT)
    metrics_host: str = "127.0.0.1"
    audit_log: bool = False

    tombstone_days: float = Field(default=30, gt=0, le=36500)
    max_streams_per_user: int = Field(default=10, ge=1, le=1_000_000)
    max_streams: int = Field(default=1000, ge=1, le=1_000_000)
    rate_limit: str | None = None

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def jwt_secrets(self) -> tuple[bytes, ...]:
        """The shared secrets of JWT_SECRET, newest first as they are written there; empty without it."""
        if self.jwt_secret is None:
            return ()
        return tuple(part.strip().encode() for part in self.jwt_secret.get_secret_value().split(","))

    @property
    def jwt_audiences(self) -> tuple[str, ...]:
        """The audiences of JWT_AUDIENCE, of which a token must be for one; empty without it."""
        return () if self.jwt_audience is None else tuple(_audiences(self.jwt_audience))

    @property
    def rate(self) -> Rate | None:
        """How much one user may ask of one process; None for no limit."""
        return None if self.rate_limit is None else _rate(self.rate_limit)

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins whose pages may call the service from a browser."""
        origins = {_origin(part) for part in self.frontend_url.split(",") if part.strip()}
        return frozenset(origins if self.production else origins | {LOCAL_FRONT_END})

    @property
    def sqlite_path(self) -> Path | None:
        """The file of the embedded database; None for one in memory and for PostgreSQL."""
        url = self.database_url.get_secret_value()
        if not url.startswith("sqlite:///"):
            return None
        path = url.removeprefix("sqlite:///")
        return None if path in {"", ":memory:"} else Path(path)

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _of_a_known_engine(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url.startswith("sqlite:") and not (url == "sqlite://" or url.startswith("sqlite:///")):
            raise ValueError("an SQLite URL is sqlite:///relative/path or sqlite:////absolute/path")
        if "?" in url and url.startswith("sqlite:"):
            raise ValueError("an SQLite URL takes no parameters")
        if not url.startswith(("sqlite:", "postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:///, postgresql:// or postgres://")
        if not url.startswith("sqlite:"):
            PostgresUrl.parse(url)
        return value

    @field_validator("jwt_jwks_url")
    @classmethod
    def _safe_to_fetch(cls, value: str | None) -> str | None:
        if value is not None:
            _check_key_set_url(value)
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and _is_public_key(value.get_secret_value().strip()):
            raise ValueError("is a public key or a certificate, which is no secret; see JWT_JWKS_URL")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(
            len(part.strip().encode()) < MIN_SECRET_BYTES for part in value.get_secret_value().split(",")
        ):
            raise ValueError(f"each secret must be at least {MIN_SECRET_BYTES} bytes long")
        return value

    @field_validator("jwt_audience")
    @classmethod
    def _of_audiences(cls, value: str | None) -> str | None:
        if value is not None and not all(_audiences(value)):
            raise ValueError("has an empty audience; several are separated by single commas")
        return value

    @field_validator("rate_limit")
    @classmethod
    def _of_a_rate(cls, value: str | None) -> str | None:
        if value is not None:
            _rate(value)
        return value

    @field_validator("frontend_url")
    @classmethod
    def _of_origins(cls, value: str) -> str:
        for part in value.split(","):
            if part.strip():
                _origin(part)
        return value

    @model_validator(mode="after")
    def _with_one_kind_of_key(self) -> Self:
        if self.jwt_secret is not None and self.jwt_jwks_url is not None:
            raise ValueError(
                "JWT_SECRET and JWT_JWKS_URL are both set; tokens are verified one way, so set one"
            )
        if self.production and self.jwt_secret is None and self.jwt_jwks_url is None:
            raise ValueError("JWT_SECRET or JWT_JWKS_URL must be set in production")
        return self

    @model_validator(mode="after")
    def _with_row_level_security_where_there_is_any(self) -> Self:
        if self.database_rls and self.database_url.get_secret_value().startswith("sqlite:"):
            raise ValueError("DATABASE_RLS is for PostgreSQL; SQLite has no row-level security")
        return self

    @model_validator(mode="after")
    def _with_metrics_elsewhere(self) -> Self:
        if self.metrics_port and self.metrics_port == self.port:
            raise ValueError("METRICS_PORT must be another port than PORT: what it shows is not for clients")
        return self

    @model_validator(mode="after")
    def _with_one_process_in_memory(self) -> Self:
        in_memory = self.database_url.get_secret_value().startswith("sqlite:") and self.sqlite_path is None
        if in_memory and self.workers > 1:
            raise ValueError("WORKERS must be 1 with a database in memory, which no two processes share")
        return self


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a setting is missing or cannot be used.

    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {text}" if name else text)
    return lines


def _check_key_set_url(text: str) -> None:
    """Refuse a URL over which keys could be swapped. Read by what will fetch it: both see one host."""
    import httpx  # noqa: PLC0415 - large, and needed by no other setting

    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise ValueError("is not a URL") from None
    if " " in text or "\\" in text or (url.port or 0) > LAST_PORT:  # what the reader mends in silence
        raise ValueError("is not a URL")
    if not url.host or url.userinfo:
        raise ValueError("must name a host, and no user or password")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise ValueError("must begin with https:// (http:// is for a loopback host alone)")


def _rate(text: str) -> Rate:
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be like 100/10s: requests, a slash, and a time in s, m or h")
    rate = Rate(int(match[1]), int(match[2] or 1) * _SECONDS[match[3]])
    if max(rate) > MAX_RATE:
        raise ValueError(f"must be at most {MAX_RATE} requests in at most {MAX_RATE} seconds")
    return rate


def _audiences(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public_key(text: str) -> bool:
    """Tell whether this is what anybody may know: PEM, SSH, JWK or a certificate, also without its armour."""
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(text or "-")
        bare = base64.b64decode(text, validate=True)
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(bare or b"-")
    except InvalidKeyError:
        return True
    except ValueError:  # not base64, as most secrets are not
        return False
    return False


def _origin(text: str) -> str:
    """Give `scheme://host[:port]` as a browser writes it in `Origin` (RFC 6454, 6.1)."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:  # which quotes what it could not read
        raise ValueError(_NO_ORIGIN) from None
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or parts.username is not None
        or "*" in parts.netloc
    ):
        raise ValueError(_NO_ORIGIN)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, default_port} else f":{port}")
