"""The token that the web app gets in development, so that it signs in by itself.

It is for a page of this service in a browser on this machine. Pages of other sites and other machines can
send the request too, so the address of the client, `Host` and `Origin` are checked: decision 0052.
"""

import re
from ipaddress import ip_address
from typing import Final

from fastapi import Response
from starlette.types import Receive, Scope, Send

from taskward.auth.development import DEVELOPER, DEVELOPER_EMAIL, mint_token
from taskward.http.context import RequestContext
from taskward.http.errors import NotFound
from taskward.http.responses import dump_json
from taskward.settings import Settings

TOKEN_SECONDS: Final = 3600

_LOCAL_HOST: Final = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_BY_PROXIES: Final = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")


class DevelopmentSession:
    """Issues the tokens of the user `developer`, whose tasks `taskward tasks` shows too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def token(self) -> str:
        return mint_token(self._settings, DEVELOPER, email=DEVELOPER_EMAIL, expires_in=TOKEN_SECONDS)


def development_session(settings: Settings) -> DevelopmentSession | None:
    """Returns what issues tokens for the web app; None if an identity provider does."""
    if not settings.serves_web_app or settings.production or settings.jwt_jwks_url is not None:
        return None
    return DevelopmentSession(settings)


class SessionResponse(Response):
    """The response to a request for a token."""

    def __init__(self, session: DevelopmentSession, context: RequestContext) -> None:
        self._session = session
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends a token.

        Raises:
            NotFound: the request does not come from a page of this service on this machine.

        """
        if problem := refusal_of(scope, self._context):
            raise NotFound("Not found", reason=problem)
        body = dump_json({"token": self._session.token()})
        await Response(body, media_type="application/json")(scope, receive, send)


def refusal_of(scope: Scope, context: RequestContext) -> str | None:
    """Returns the reason for which a request gets no token."""
    host, headers = context.headers.get(b"host", ()), context.headers
    if any(name in headers for name in _BY_PROXIES):
        return "the request came through a proxy"
    if not _is_on_this_machine(scope["client"]):
        return "the client is on another machine"
    # A site can give its name the address of this machine (DNS rebinding). Its name is then in Host.
    if len(host) != 1 or not _LOCAL_HOST.fullmatch(host[0]):
        return "Host is not a name of this machine"
    # Browsers send both for each POST of a page, and no script can change them.
    if headers.get(b"origin", ()) != [b"http://" + host[0]]:
        return "Origin is another site"
    if headers.get(b"sec-fetch-site", [b"same-origin"]) != [b"same-origin"]:
        return "the request comes from another site"
    return None


def _is_on_this_machine(client: tuple[str, int] | None) -> bool:
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:  # it has no address, as with a Unix socket
        return False
