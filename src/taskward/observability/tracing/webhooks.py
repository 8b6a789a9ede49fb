"""A span for each attempt to deliver a webhook."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from taskward.settings.parsing import DEFAULT_PORTS
from taskward.webhooks.attempts import TracedAttempt
from taskward.webhooks.deliveries import Delivery

if TYPE_CHECKING:
    from taskward.webhooks.sender import Outcome


class DeliverySpans:
    """Traces the attempts of a process, each in a trace of its own, which the receiver may continue.

    The attributes are those of an HTTP client, without the URL: its path and query may be secret.
    """

    def __init__(self, tracer: Tracer, url: str) -> None:
        self._tracer = tracer
        parts = urlsplit(url)
        self._attributes: dict[str, str | int] = {
            "http.request.method": "POST",
            "server.address": parts.hostname or "",
            "server.port": parts.port or DEFAULT_PORTS[parts.scheme],
        }
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def __call__(self, delivery: Delivery) -> Iterator[TracedAttempt]:
        attributes: dict[str, str | int] = {
            "webhook.id": str(delivery.id),
            "http.request.resend_count": delivery.attempts,
        }
        span = self._tracer.start_span(
            "deliver webhook", None, SpanKind.CLIENT, self._attributes | attributes
        )
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            headers: dict[str, str] = {}
            self._propagator.inject(headers)
            yield TracedAttempt(headers, lambda outcome: _note(span, outcome))


def _note(span: Span, outcome: "Outcome") -> None:
    if outcome.status is not None:
        span.set_attribute("http.response.status_code", outcome.status)
    if outcome.kind != "delivered":
        span.set_attribute("error.type", outcome.error)
        span.set_status(Status(StatusCode.ERROR))
