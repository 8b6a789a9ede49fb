"""The MCP endpoint of a process: the SDK, started when it is first used, and the checks before it."""

import asyncio
import importlib
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp, Message, Scope, Send

from taskward.auth.authenticator import AUTHENTICATOR, bearer_token
from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.http.errors import ServiceError, Unauthorized
from taskward.http.fair_semaphore import FairTurns
from taskward.http.parts import Key
from taskward.http.rate_limit import RateLimit
from taskward.settings import Settings

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from taskward.mcp.server import McpContext
    from taskward_client import AsyncClient

MAX_BODY: Final = 128 * 1024
"""Bytes: 25 tasks with the longest texts."""

METADATA: Final = "/.well-known/oauth-protected-resource"
_LOCAL_HOST: Final = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


class Forbidden(ServiceError):
    """The request comes from a web page that may not use this endpoint."""

    status = 403
    code = "FORBIDDEN"
    text = "This origin is not allowed"


class McpEndpoint:
    """Serves MCP over HTTP without sessions: no state of a client is kept between its requests."""

    def __init__(self, settings: Settings, rate_limit: RateLimit | None, pipeline: ASGIApp) -> None:
        """Creates it; the requests of tools pass through the pipeline."""
        self._public_url = settings.public_url
        self._local_host = f"127.0.0.1:{settings.port}"
        self._issuer = settings.jwt_issuer
        self._origins = settings.allowed_origins | {settings.public_url}
        self._rate_limit = rate_limit
        self._sdk = _Sdk(pipeline)

    async def stop(self) -> None:
        await self._sdk.stop()

    def metadata(self, context: RequestContext) -> dict[str, Any]:
        """Returns the metadata of the protected resource (RFC 9728)."""
        servers = {"authorization_servers": [self._issuer]} if self._issuer else {}
        return {
            "resource": f"{self._base(context)}/mcp",
            **servers,
            "bearer_methods_supported": ["header"],
            "resource_name": "Taskward",
        }

    async def authenticate(self, context: RequestContext) -> None:
        """Sets the caller of a request, as the pipeline does below /api.

        Raises:
            Unauthorized: there is no valid token; the response says where the metadata is.
            Forbidden: the request comes from a page of another origin.
            RateLimited: the user exceeds the rate limit.
            ServiceUnavailable: the user leaves too many responses unread.

        """
        self._check_origin(context)
        try:
            authorization = context.headers.get(b"authorization", ())
            context.known_caller = await context.parts[AUTHENTICATOR].identify(authorization)
        except Unauthorized as error:
            error.challenge += self._metadata_parameter(context, first=error.challenge == b"Bearer")
            raise
        if self._rate_limit is not None:
            self._rate_limit.check(context)
        if context.send_budget.total:
            context.refuse_unread()

    async def serve(self, body: bytes, scope: Scope, send: Send) -> None:
        """Serves an authenticated and admitted request to its end, even if the client disconnects.

        Raises:
            ServiceUnavailable: the response is large, and too many response bytes are unread.

        """
        manager = await self._sdk.started()
        unread = [body]
        response: list[Message] = []

        async def receive() -> Message:
            if not unread:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": unread.pop(), "more_body": False}

        async def collect(message: Message) -> None:
            response.append(message)

        await manager.handle_request(scope, receive, collect)
        for message in response:  # not sent by the SDK, which would make a 500 of an error of `send`
            await send(message)

    def _check_origin(self, context: RequestContext) -> None:
        for origin in context.headers.get(b"origin", ()):
            if origin.decode("latin-1") not in self._origins:
                raise Forbidden(reason="the origin is neither PUBLIC_URL nor in FRONTEND_URL")

    def _metadata_parameter(self, context: RequestContext, *, first: bool) -> bytes:
        url = f"{self._base(context)}{METADATA}/mcp".encode()
        return (b" " if first else b", ") + b'resource_metadata="%b"' % url

    def _base(self, context: RequestContext) -> str:
        """Returns PUBLIC_URL; in development, where it may be absent, the address of this request.

        A page that reaches this machine by a name of its own has that name in `Host`: only the names of the
        machine itself are used.
        """
        if self._public_url:
            return self._public_url
        host = context.headers.get(b"host", (b"",))[0]
        return f"http://{host.decode() if _LOCAL_HOST.fullmatch(host) else self._local_host}"


MCP_ENDPOINT: Final = Key[McpEndpoint]("MCP endpoint")


class _Sdk:
    """The SDK's server, imported and started when it is first needed: that takes 0.4 s and 18 MB."""

    def __init__(self, pipeline: ASGIApp) -> None:
        self._pipeline = pipeline
        self._turns = FairTurns(1)
        self._starting: asyncio.Task[StreamableHTTPSessionManager] | None = None
        self._running: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def started(self) -> "StreamableHTTPSessionManager":
        """Returns the SDK's request handler; a start that has failed is tried again."""
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self._start())
        return await asyncio.shield(self._starting)

    async def stop(self) -> None:
        self._stopping.set()
        if self._starting is not None:
            await asyncio.wait({self._starting})
        if self._running is not None:
            await self._running

    async def _start(self) -> "StreamableHTTPSessionManager":
        # In a thread: meanwhile the event loop serves others.
        server: Any = await asyncio.to_thread(importlib.import_module, "taskward.mcp.server")
        logging.getLogger("mcp").setLevel(logging.CRITICAL)  # its messages may contain texts of users
        manager: StreamableHTTPSessionManager = server.new_session_manager(
            server.new_server(self._client_of), MAX_BODY
        )
        started = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run(manager, started))
        await started
        return manager

    async def _run(self, manager: "StreamableHTTPSessionManager", started: asyncio.Future[None]) -> None:
        try:
            async with manager.run():  # it is to be left by the task that entered it
                started.set_result(None)
                await self._stopping.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    @asynccontextmanager
    async def _client_of(self, call: "McpContext") -> AsyncIterator["AsyncClient"]:
        from taskward.mcp.dispatch import InProcessTransport  # noqa: PLC0415 - slow to import
        from taskward_client import AsyncClient, Retries  # noqa: PLC0415 - slow to import

        outer: RequestContext = call.request.scope[CONTEXT_KEY]  # type: ignore[union-attr] # over HTTP there is one
        token = bearer_token(outer.headers[b"authorization"]).decode()
        transport = InProcessTransport(self._pipeline, outer, self._turns)
        async with AsyncClient(
            "http://taskward.internal", token, retries=Retries(0), transport=transport
        ) as api:
            yield api
