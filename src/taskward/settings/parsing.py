"""Parses and checks the values of single settings. Each function raises `ValueError` if a value is invalid.

The text of the error follows the name of the setting, and never contains the value: it may be a secret.
"""

import base64
import re
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError

from taskward.settings.database_url import LAST_PORT, PostgresUrl, check_host

MIN_SECRET_BYTES: Final = 32
"""Bytes; RFC 7518, 3.2: an HS256 key is at least as long as the hash."""

SHORTEST_TOKEN_DAYS: Final = 1 / 24

MAX_RATE: Final = 1_000_000
"""Requests, and seconds."""

_RATE: Final = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})?([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NO_ORIGIN: Final = "each origin must be like https://app.example.com: scheme and host, no path, no *"


class Rate(NamedTuple):
    """A number of requests per number of seconds: all of them at once, or one each `seconds / requests`."""

    requests: int
    seconds: int


def parse_rate(text: str) -> Rate:
    """Returns the rate of a text such as `100/10s`."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be like 100/10s: requests, a slash, and a time in s, m or h")
    rate = Rate(int(match[1]), int(match[2] or 1) * _SECONDS[match[3]])
    if max(rate) > MAX_RATE:
        raise ValueError(f"must be at most {MAX_RATE} requests in at most {MAX_RATE} seconds")
    return rate


def parse_list(text: str) -> list[str]:
    """Returns the parts of a comma-separated text, without the white space around them."""
    return [part.strip() for part in text.split(",")]


def parse_origin(text: str) -> str:
    """Returns `scheme://host[:port]` as a browser writes it in `Origin` (RFC 6454, 6.1)."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:  # its text contains the value
        raise ValueError(_NO_ORIGIN) from None
    if (
        parts.scheme not in DEFAULT_PORTS
        or not parts.hostname
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or parts.username is not None
        or "*" in parts.netloc
    ):
        raise ValueError(_NO_ORIGIN)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}")


def parse_origins(text: str) -> set[str]:
    """Returns the origins of a comma-separated text; empty parts are ignored."""
    return {parse_origin(part) for part in parse_list(text) if part}


def check_database_url(value: SecretStr) -> SecretStr:
    """Accepts the URL of a supported engine."""
    url = value.get_secret_value()
    if not url.startswith("sqlite:"):
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:///, postgresql:// or postgres://")
        PostgresUrl.parse(url)
    elif not (url == "sqlite://" or url.startswith("sqlite:///")):
        raise ValueError("an SQLite URL is sqlite:///relative/path or sqlite:////absolute/path")
    elif "?" in url:
        raise ValueError("an SQLite URL takes no parameters")
    return value


def check_secrets(value: SecretStr) -> SecretStr:
    """Accepts shared secrets that are long enough and are not public keys."""
    text = value.get_secret_value()
    if _is_public_key(text.strip()):
        raise ValueError("is a public key or a certificate, which is no secret; see JWT_JWKS_URL")
    if any(len(part.encode()) < MIN_SECRET_BYTES for part in parse_list(text)):
        raise ValueError(f"each secret must be at least {MIN_SECRET_BYTES} bytes long")
    return value


def check_https_url(text: str) -> str:
    """Accepts a URL that cannot be answered by others on the way. Parsed by the library that requests it."""
    import httpx  # noqa: PLC0415 - slow to import, and needed by no other setting

    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise ValueError("is not a URL") from None
    if " " in text or "\\" in text or (url.port or 0) > LAST_PORT:  # httpx corrects these silently
        raise ValueError("is not a URL")
    if not url.host or url.userinfo:
        raise ValueError("must name a host, and no user or password")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise ValueError("must begin with https:// (http:// is for a loopback host alone)")
    return text


def check_audiences(text: str) -> str:
    """Accepts a comma-separated list of audiences, none of them empty."""
    if not all(parse_list(text)):
        raise ValueError("has an empty audience; several are separated by single commas")
    return text


def check_origins(text: str) -> str:
    """Accepts a comma-separated list of origins."""
    parse_origins(text)
    return text


def check_sign_in_scope(text: str) -> str:
    """Accepts scopes of OpenID Connect."""
    if "openid" not in text.split(" "):
        raise ValueError("must contain openid; several scopes are separated by spaces")
    return text


def check_token_days(days: float) -> float:
    """Accepts days from an hour on."""
    if days < SHORTEST_TOKEN_DAYS:
        raise ValueError("must be at least 1/24, which is the shortest validity of an access token: an hour")
    return days


def check_rate(text: str) -> str:
    """Accepts a rate."""
    parse_rate(text)
    return text


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public_key(text: str) -> bool:
    """Returns whether a text is public: PEM, SSH, JWK or a certificate, also in base64 without its header."""
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(text or "-")
        decoded = base64.b64decode(text, validate=True)
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(decoded or b"-")
    except InvalidKeyError:
        return True
    except ValueError:  # not base64, as most secrets are not
        return False
    return False


def error_lines(error: ValidationError) -> list[str]:
    """Returns a line for each invalid setting."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {text}" if name else text)
    return lines


def _in_upper_case(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


DatabaseUrl = Annotated[SecretStr, AfterValidator(check_database_url)]
PoolSize = Annotated[int, Field(ge=1, le=1000)]
Secrets = Annotated[SecretStr, AfterValidator(check_secrets)]
HostName = Annotated[str, AfterValidator(check_host)]
HttpsUrl = Annotated[str, AfterValidator(check_https_url)]
Audiences = Annotated[str, AfterValidator(check_audiences)]
Origin = Annotated[str, AfterValidator(parse_origin)]
Origins = Annotated[str, AfterValidator(check_origins)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_in_upper_case)
]
SignInScope = Annotated[str, AfterValidator(check_sign_in_scope)]
TokenDays = Annotated[float, Field(le=36500), AfterValidator(check_token_days)]
Port = Annotated[int, Field(ge=0, le=LAST_PORT)]
MaxStreams = Annotated[int, Field(ge=1, le=1_000_000)]
RateText = Annotated[str, AfterValidator(check_rate)]
