"""The token that the web app gets in development, so that it signs in by itself.

It is for a page of this service in a browser on this machine. Pages of other sites, proxies and programs of
other users can send the request too, so the address of the client, its user and the headers are checked:
decision 0052.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from fastapi import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict
from starlette.types import Receive, Scope, Send

from taskward.auth.development import DEVELOPER, DEVELOPER_EMAIL, mint_token
from taskward.http.context import RequestContext
from taskward.http.errors import NotFound
from taskward.http.parts import Key
from taskward.http.responses import dump_json
from taskward.http.validation import field_error
from taskward.settings import Settings
from taskward.web_app.peer import is_of_another_user, parse_ip

TOKEN_SECONDS: Final = 3600

_LOCAL_HOST: Final = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_OF_PROXY: Final = re.compile(
    rb"via|.*forwarded.*|.*(?:client|real|connecting|remote|user|original|external)[-_]?(?:ip|addr|host).*"
)
"""The names of headers that proxies add: who has sent a request, from where, and through what."""


Developer = Literal["first", "second"]
"""The users of development; with the second, sharing can be tried without an identity provider."""

_USERS: Final[dict[Developer, tuple[str, str]]] = {
    "first": (DEVELOPER, DEVELOPER_EMAIL),
    "second": (f"{DEVELOPER}-2", "second-developer@example.com"),
}


def _known(value: str) -> str:
    if value not in _USERS:
        raise field_error(f"User must be one of {', '.join(_USERS)}")
    return value


class SessionQuery(BaseModel):
    """The query of `POST /app/session`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Annotated[Developer, BeforeValidator(_known)] = "first"


class DevelopmentSession:
    """Issues the tokens of the user `developer`, whose tasks `taskward tasks` shows, and of a second one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def token(self, user: Developer) -> str:
        sub, email = _USERS[user]
        return mint_token(self._settings, sub, email=email, expires_in=TOKEN_SECONDS)


WEB_SESSION: Final = Key[DevelopmentSession | None]("session of the web app")


def development_session(settings: Settings) -> DevelopmentSession | None:
    """Returns what issues tokens for the web app; None unless they are signed with the generated secret.

    So there is none in production, where JWT_SECRET or JWT_JWKS_URL is set.
    """
    if settings.jwt_secrets or settings.jwt_jwks_url is not None or not settings.serves_web_app:
        return None
    return DevelopmentSession(settings)


class SessionResponse(Response):
    """The response to a request for a token."""

    def __init__(self, session: DevelopmentSession, context: RequestContext, user: Developer) -> None:
        self._session = session
        self._context = context
        self._user = user

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends a token.

        Raises:
            NotFound: the request does not come from a page of this service on this machine.

        """
        if problem := await asyncio.to_thread(refusal_of, scope, self._context):
            raise NotFound(reason=problem)
        body = dump_json({"token": self._session.token(self._user)})
        await Response(body, media_type="application/json")(scope, receive, send)


def refusal_of(scope: Scope, context: RequestContext) -> str | None:
    """Returns the reason for which a request gets no token. It reads a table of the system."""
    return next(_problems(scope, context.headers), None)


def _problems(scope: Scope, headers: Mapping[bytes, list[bytes]]) -> Iterator[str]:
    host = headers.get(b"host", [])
    if any(map(_OF_PROXY.fullmatch, headers)):
        yield "the request came through a proxy"
    # Browsers do neither; proxies often do both for the service behind them.
    if scope["http_version"] != "1.1" or _closes(headers.get(b"connection", [])):
        yield "the request is not of a browser"
    if not _is_on_this_machine(scope["client"]):
        yield "the client is on another machine"
    if is_of_another_user(scope["client"], scope["server"]):
        yield "the client is a program of another user"
    # A site can give its name the address of this machine (DNS rebinding). Its name is then in Host.
    if len(host) != 1 or not _LOCAL_HOST.fullmatch(host[0]):
        yield "Host is not a name of this machine"
    # Browsers send both for each POST of a page, and no script can change them.
    if headers.get(b"origin", []) != [b"http://" + host[0]]:
        yield "Origin is another site"
    if headers.get(b"sec-fetch-site", [b"same-origin"]) != [b"same-origin"]:
        yield "the request comes from another site"


def _closes(connection: list[bytes]) -> bool:
    return any(option.strip().lower() == b"close" for value in connection for option in value.split(b","))


def _is_on_this_machine(client: tuple[str, int] | None) -> bool:
    try:
        return client is not None and parse_ip(client[0]).is_loopback
    except ValueError:  # it has no address, as with a Unix socket
        return False
