"""ASGI middleware that authenticates every request below /api, before routing."""

from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.auth.authenticator import Authenticator
from taskward.http.requests import header_values


class AuthenticationMiddleware:
    """Adds the verified user to the scope of requests below /api; passes other requests unchanged."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"].startswith("/api/") or scope["path"] == "/api"):
            scope["user"] = await self._authenticator.identify(header_values(scope, b"authorization"))
        await self._app(scope, receive, send)
