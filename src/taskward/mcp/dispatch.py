"""Calls of the API within the process: they pass through the service's pipeline, as HTTP requests do."""

import httpx
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Scope

from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.http.fair_semaphore import FairTurns


class InProcessTransport(httpx.AsyncBaseTransport):
    """Sends the requests of a client into the pipeline, as parts of an admitted request.

    Each response is handed over in a turn: the client parses it at once, and it can have 2.7 MB.
    """

    def __init__(self, pipeline: ASGIApp, outer: RequestContext, turns: FairTurns) -> None:
        self._pipeline = pipeline
        self._outer = outer
        self._turns = turns

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        scope = self._scope(request)
        context = scope[CONTEXT_KEY] = RequestContext(scope, self._outer.parts)
        context.is_admitted = True  # it holds the slot of the outer request
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._pipeline(scope, receive, send)
        if context.may_have_committed:
            self._outer.has_changed_nothing = False
        head, *parts = messages
        content = b"".join(part.get("body", b"") for part in parts)
        await self._turns.wait(self._outer.counted_by)
        return httpx.Response(head["status"], headers=head["headers"], content=content, request=request)

    def _scope(self, request: httpx.Request) -> Scope:
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        parent: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(parent)  # with traces off, nothing
        headers += [(name.encode(), value.encode()) for name, value in parent.items()]
        return {
            "type": "http",
            "scheme": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "query_string": request.url.query,
            "headers": [*headers, (b"x-request-id", self._outer.request_id.encode())],
        }
