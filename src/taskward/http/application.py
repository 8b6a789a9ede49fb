"""The ASGI application, and the steps of every request, in order.

Taskward             creates the context of the request
  RequestMiddleware  exactly one complete response: errors become the envelope; the access log
    RequestPipeline  token, rate limit, unread responses, route
      StrictRoute    (http/routing.py) body, admission, arguments, handler
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.http.cors import CrossOrigin
from taskward.http.errors import InternalError, ServiceError
from taskward.http.rate_limit import RateLimit
from taskward.http.requests import ClientDisconnect
from taskward.http.responses import CommonHeaders, ResponseWriter
from taskward.http.routing import Router
from taskward.http.send_budget import UNREAD
from taskward.metrics import Samples

if TYPE_CHECKING:
    from taskward.services import Services

_SERVER_ERROR: Final = 500
_CLIENT_GONE: Final = 499
"""Logged as the status of a request whose client closed the connection before the response."""

Handler = Callable[[RequestContext, Scope, Receive, ResponseWriter], Awaitable[None]]

Describe = Callable[[str, str, Sequence[BaseRoute]], dict[str, Any]]
"""Returns the OpenAPI document for a title, a version and routes."""

log = logging.getLogger(__name__)


class Taskward(FastAPI):
    """FastAPI for declarations and their document; the request path is Taskward's own."""

    services: "Services"
    pipeline: ASGIApp
    collect_metrics: Callable[[], Samples]
    """Set only if metrics are enabled."""

    def __init__(self, describe: Describe, **options: object) -> None:
        super().__init__(docs_url=None, redoc_url=None, openapi_url=None, **options)  # type: ignore[arg-type] # FastAPI has forty options
        self.openapi_schema = None
        self._describe = describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["app"] = self
            await self.router(scope, receive, send)
            return
        scope[CONTEXT_KEY] = RequestContext(scope, self.services)
        await self.pipeline(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = self._describe(self.title, self.version, self.routes)
        return self.openapi_schema


class RequestMiddleware:
    """Sends exactly one complete response for each request, and logs it."""

    def __init__(self, handler: Handler, cross_origin: CrossOrigin, common_headers: CommonHeaders) -> None:
        self._handler = handler
        self._cross_origin = cross_origin
        self._common_headers = common_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: RequestContext = scope[CONTEXT_KEY]
        response = ResponseWriter(context, send, self._common_headers)
        try:
            if context.method == "OPTIONS" and (preflight := self._cross_origin.preflight(context.headers)):
                await response.send_response(200, preflight, b"")
            else:
                await self._handler(context, scope, receive, response)
        except ServiceError as error:
            if error.status == _SERVER_ERROR:
                log.exception(error.code, extra={"request_id": context.request_id})
            await response.send_error(error)
        except ClientDisconnect:
            context.status = _CLIENT_GONE
        except Exception:
            log.exception("Unforeseen error", extra={"request_id": context.request_id})
            await response.send_error(InternalError())
        finally:
            response.close()


class RequestPipeline:
    """The steps of a request before its route; each raises a ServiceError to reject the request."""

    def __init__(self, router: Router, rate_limit: RateLimit | None) -> None:
        self._router = router
        self._rate_limit = rate_limit

    async def __call__(
        self, context: RequestContext, scope: Scope, receive: Receive, response: ResponseWriter
    ) -> None:
        if context.is_api:
            services = context.services
            context.user = await services.authenticator.identify(context.headers.get(b"authorization", ()))
            if self._rate_limit is not None:
                self._rate_limit.check(context)
            if context.send_budget.total and context.send_budget.blocks(context.owner):
                raise services.admission.rejection(context, UNREAD)
        route = self._router.find(context)
        await route.run(context, scope, receive, response)
