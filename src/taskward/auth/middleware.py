"""The gate in front of everything below /api: the token is judged before body, method and path."""

from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.auth.authenticator import Authenticator
from taskward.http.requests import header_values


class AuthenticationMiddleware:
    """Lets a request below /api through with its verified user in the scope, and any other as it is."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"].startswith("/api/") or scope["path"] == "/api"):
            scope["user"] = await self._authenticator.identify(header_values(scope, b"authorization"))
        await self._app(scope, receive, send)
