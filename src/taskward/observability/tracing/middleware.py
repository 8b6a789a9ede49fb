"""A span for each request."""

from typing import Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.log import masked_path
from taskward.observability.http_metrics import METHODS, OTHER_METHOD, RouteTemplate

_SERVER_ERROR: Final = 500


class TracingMiddleware:
    """A span for each request, in the trace of the client's `traceparent`, or in a new one."""

    def __init__(self, app: ASGIApp, template_of: RouteTemplate, tracer: Tracer) -> None:
        self._app = app
        self._template_of = template_of
        self._tracer = tracer
        self._parents = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: RequestContext = scope[CONTEXT_KEY]
        parent = self._parents.extract(_trace_headers(context), contexts.Context())
        span = self._start_span(context, scope, parent)
        token = contexts.attach(trace.set_span_in_context(span, parent))
        try:
            await self._app(scope, receive, send)
        finally:
            contexts.detach(token)
            self._end_span(span, context)

    def _start_span(self, context: RequestContext, scope: Scope, parent: contexts.Context) -> Span:
        """Starts the span with the known attributes, which a sampler decides by."""
        attributes = {
            "http.request.method": context.method if context.method in METHODS else OTHER_METHOD,
            "url.path": masked_path(context.path),
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope["http_version"],
        }
        name = attributes["http.request.method"].replace(OTHER_METHOD, "HTTP")
        return self._tracer.start_span(name, parent, SpanKind.SERVER, attributes)

    def _end_span(self, span: Span, context: RequestContext) -> None:
        if route := context.route or self._template_of(context.path):
            method = context.method if context.method in METHODS else "HTTP"
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", context.status)
        if context.error is not None:
            span.set_attribute("error.type", context.error.code)
        if context.status >= _SERVER_ERROR:
            span.set_status(Status(StatusCode.ERROR))
        span.end()


def _trace_headers(context: RequestContext) -> dict[str, str]:
    """Returns the trace headers (https://www.w3.org/TR/trace-context/); two `traceparent` count as none."""
    parents = context.headers.get(b"traceparent", ())
    if len(parents) != 1:
        return {}
    states = context.headers.get(b"tracestate")
    headers = {"traceparent": parents[0].decode("latin-1")}
    if states:
        headers["tracestate"] = b",".join(states).decode("latin-1")
    return headers
