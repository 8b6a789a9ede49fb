"""The service that `taskward tasks` and `taskward mcp` call: its URL, a token, exit statuses of errors."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from taskward.cli.login import MAX_BYTES, UnsafeFile, is_token, store_token, stored_token, token_file
from taskward.cli.terminal import open_closed_streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskward_client import Client, TaskwardError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
_NEEDED: Final = (
    "TASKWARD_TOKEN must be a token of the service's identity provider or an access token; "
    "`taskward login` stores one"
)
_NEEDED_IN_DEVELOPMENT: Final = (
    f"{_NEEDED}; without it, in development, start the command in the folder of the service"
)
_NO_TOKEN: Final = f"{{source}} is not a token: it must be visible ASCII characters, at most {MAX_BYTES}"
_WRONG_PROXY: Final = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY cannot be used"
_WRONG_CERTIFICATES: Final = "SSL_CERT_FILE or SSL_CERT_DIR cannot be used"
_TOKEN_SECONDS: Final = 300
_ARGUMENT_BYTE: Final = re.compile("[\udc80-\udcff]")
"""A byte of an argument that is not UTF-8, as Python reads it."""

REJECTED: Final = 1
USAGE: Final = 2
NO_TOKEN: Final = 3
NOT_FOUND: Final = 4
NO_SERVICE: Final = 5
"""Exit statuses."""


class Failed(Exception):
    """A command cannot go on; the text says why."""

    def __init__(self, text: str, status: int = REJECTED) -> None:
        super().__init__(text)
        self.status = status


@contextmanager
def service(*, fails_fast: bool = False) -> Iterator["Client"]:
    """Yields a client of the service; ends the program with a line and a status if it fails.

    With `fails_fast`, it fails within seconds and without retries if the service does not answer.
    """
    from taskward_client import TaskwardError  # noqa: PLC0415 - slow to import

    open_closed_streams()
    try:
        url = service_url()
        with _client(url, service_token(url), fails_fast=fails_fast) as client:
            yield client
    except TaskwardError as error:
        _exit(_text(error), _status(error))
    except Failed as failure:
        _exit(str(failure), failure.status)


def _client(url: str, token: str, *, fails_fast: bool) -> "Client":
    import httpx  # noqa: PLC0415 - slow to import

    from taskward_client import Client, Retries  # noqa: PLC0415 - slow to import

    timeout, retries = (2.0, Retries(0)) if fails_fast else (30.0, Retries())
    try:
        # With a transport of its own httpx uses no proxy of the environment.
        direct = httpx.HTTPTransport() if _is_local(url) else None
        return Client(url, token, timeout=timeout, retries=retries, transport=direct)
    except OSError:
        raise Failed(_WRONG_CERTIFICATES, USAGE) from None
    except (httpx.InvalidURL, ValueError, ImportError):  # its text may have the password of a proxy
        raise Failed(_WRONG_PROXY, USAGE) from None


def check_encoding(arguments: "Sequence[str]") -> None:
    """Ends the program if an argument is not UTF-8: no request could contain it."""
    for before, one in pairwise(["", *arguments]):
        if _ARGUMENT_BYTE.search(one):
            _exit(f"{f'{before} ' if before.startswith('--') else ''}{one!r} is not UTF-8", USAGE)


def checked_service() -> tuple[str, Callable[[], str], bool]:
    """Returns the URL, a function that returns a token, and whether the service is on this machine.

    It ends the program if they cannot be used.
    """
    open_closed_streams()
    try:
        url = service_url()
        _client(url, service_token(url), fails_fast=False).close()
    except Failed as failure:
        _exit(str(failure), failure.status)
    return url, partial(_token_of_agent, url), _is_local(url)


def _token_of_agent(url: str) -> str:
    """Returns a token as `service_token`, whose errors become those of a call, as the agent gets them."""
    from taskward_client import TaskwardError  # noqa: PLC0415 - slow to import

    try:
        return service_token(url)
    except Failed as failure:
        raise TaskwardError(str(failure)) from None


def log_in() -> None:
    """Reads a token from a prompt or standard input, and stores it, unless the service rejects it."""
    open_closed_streams()
    try:
        url = service_url()
        was_tried = _store(url, _typed_token(url))
    except Failed as failure:
        _exit(str(failure), failure.status)
    except (OSError, UnsafeFile) as error:
        _exit(f"the token is not stored: {error}", REJECTED)
    typer.echo(f"The token for {url} is stored in {token_file()}.")
    if not was_tried:
        typer.echo("The service does not answer, so the token was not tried.", err=True)


def _typed_token(url: str) -> str:
    """Returns the token of a prompt or of standard input.

    Raises:
        Failed: it cannot be one.

    """
    try:
        if sys.stdin.isatty():
            token = str(typer.prompt(f"Token for {url}", hide_input=True, err=True)).strip()
        else:
            token = sys.stdin.read(MAX_BYTES + 2).strip()
    except UnicodeDecodeError:
        token = ""
    if not is_token(token):
        raise Failed("that is not a token", USAGE)
    return token


def _store(url: str, token: str) -> bool:
    """Stores a token; returns false if the service could not be asked whether it accepts it."""
    from taskward_client import (  # noqa: PLC0415 - slow to import
        APIError,
        NoResponse,
        ServiceUnavailable,
        TaskwardError,
        Unauthorized,
    )

    was_tried = True
    try:
        with _client(url, token, fails_fast=True) as client:
            client.tasks.list(limit=1)
    except Unauthorized:
        raise Failed(f"{url} does not accept that token, so it is not stored", NO_TOKEN) from None
    except (NoResponse, ServiceUnavailable):
        was_tried = False
    except APIError:  # accepted, and not for all tasks
        pass
    except TaskwardError as error:
        raise Failed(f"{url}: {error}") from None
    store_token(url, token)
    return was_tried


def log_out() -> None:
    """Forgets the stored token."""
    open_closed_streams()
    try:
        url = service_url()
        had = store_token(url, None)
    except Failed as failure:
        _exit(str(failure), failure.status)
    except (OSError, UnsafeFile) as error:
        _exit(str(error), REJECTED)
    typer.echo(f"The token for {url} is {'forgotten' if had else 'not stored'}.")


def service_url() -> str:
    """Returns TASKWARD_URL.

    Raises:
        Failed: it is not a URL, or others on the way could read the token.

    """
    url = os.environ.get("TASKWARD_URL") or DEFAULT_URL
    if not _is_url(url):
        raise Failed("TASKWARD_URL must be like https://tasks.example.com", USAGE)
    if not url.lower().startswith("https:") and not _is_local(url):
        raise Failed("TASKWARD_URL must begin with https:// (http:// is for this machine alone)", USAGE)
    return url


def service_token(url: str) -> str:
    """Returns TASKWARD_TOKEN, or the token of `taskward login`, or in development one of the developer.

    Raises:
        Failed: there is none, or it cannot be one.

    """
    given = os.environ.get("TASKWARD_TOKEN")
    try:
        token = given or stored_token(url) or _development_token(url)
    except UnsafeFile as error:
        raise Failed(str(error), NO_TOKEN) from None
    if token is None:
        raise Failed(_NEEDED_IN_DEVELOPMENT if _is_local(url) else _NEEDED, NO_TOKEN)
    token = token.strip()
    if not is_token(token):
        source = "TASKWARD_TOKEN" if given else f"the token for {url} in {token_file()}"
        raise Failed(_NO_TOKEN.format(source=source), NO_TOKEN)
    return token


def _development_token(url: str) -> str | None:
    """Returns the user's token that `taskward serve` prints, valid for minutes; only sent to this machine.

    The secret must exist: a client of a service does not create one.
    """
    if not _is_local(url):
        return None
    from taskward.auth.development import (  # noqa: PLC0415 - slow to import
        DEVELOPER,
        DEVELOPER_EMAIL,
        mint_token,
        secret_file,
    )
    from taskward.settings import SettingsError, load_settings  # noqa: PLC0415 - slow to import

    try:
        settings = load_settings()
        if not settings.jwt_secrets and not secret_file(settings).exists():
            return None
        return mint_token(settings, DEVELOPER, email=DEVELOPER_EMAIL, expires_in=_TOKEN_SECONDS)
    except (OSError, SettingsError):
        return None


def _is_url(text: str) -> bool:
    """Returns whether httpx can send requests to it; the user of a URL would take the place of the token."""
    import httpx  # noqa: PLC0415 - slow to import

    try:
        url = httpx.URL(text)
        url.raw_host.decode().encode("idna")  # as the look-up of the host does
        has_more = url.userinfo or url.query or url.fragment
        return url.scheme in {"http", "https"} and bool(url.host) and not has_more
    except (httpx.InvalidURL, UnicodeError):
        return False


def _is_local(url: str) -> bool:
    import httpx  # noqa: PLC0415 - slow to import

    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _exit(text: str, status: int) -> NoReturn:
    shown = "".join(one if one.isprintable() else "\ufffd" for one in text)  # any service may have written it
    typer.echo(f"taskward: {shown}", err=True)
    raise typer.Exit(status) from None


def _text(error: "TaskwardError") -> str:
    from taskward_client import NoResponse, Unauthorized  # noqa: PLC0415 - slow to import

    if isinstance(error, NoResponse):
        return f"no answer from {service_url()}: {error}"
    if isinstance(error, Unauthorized):
        source = "TASKWARD_TOKEN" if os.environ.get("TASKWARD_TOKEN") else "the token"
        return f"{error}: {source} is not accepted by {service_url()}"
    return str(error)


def _status(error: "TaskwardError") -> int:
    from taskward_client import NoResponse, NotFound, ServiceUnavailable, Unauthorized  # noqa: PLC0415 - slow to import

    match error:
        case Unauthorized():
            return NO_TOKEN
        case NotFound():
            return NOT_FOUND
        case NoResponse() | ServiceUnavailable():
            return NO_SERVICE
    return REJECTED
