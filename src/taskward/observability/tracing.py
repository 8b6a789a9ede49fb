"""OpenTelemetry traces, enabled by the standard variables: a span per request, and in it one per statement.

Attributes follow the semantic conventions for HTTP and databases (1.39). None contains user content: a path
is masked as in the log, a statement is given by name, an error by type.

The variables are read from the environment of the process, here and by the SDK, and not from `.env`:
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from taskward import __version__
from taskward.database import Monitoring
from taskward.database.observers import Observation
from taskward.database.statements import Row, Split, Statement, Values
from taskward.http.errors import DatabaseError, ServiceError
from taskward.http.requests import header_values
from taskward.log import masked_path
from taskward.observability.http_metrics import METHODS, OTHER_METHOD, RouteTemplate
from taskward.settings import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from taskward.http.middleware import RequestResult

FLUSH_TIMEOUT: Final = 5.0
"""Seconds at shutdown for exporting the remaining spans."""

_EXPORTER_VARIABLES: Final = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_REQUIRED_PACKAGES: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_SERVER_ERROR: Final = 500

log = logging.getLogger(__name__)


def tracing_from_env() -> "Tracing | None":
    """Returns the tracing that the environment enables, if any.

    Raises:
        SettingsError: see `configured_exporter`.

    """
    exporter = configured_exporter()
    if exporter is None:
        return None
    try:
        return Tracing(_provider(exporter))
    except ValueError:
        raise SettingsError("OTEL_…: one of these variables has a value that the SDK rejects") from None


def configured_exporter() -> str | None:
    """Returns the exporter that the environment selects: `otlp` or `console`; None for no traces.

    Raises:
        SettingsError: the selected exporter is not installed or not supported; the text names the variable.

    """
    given = [name for name in _EXPORTER_VARIABLES if _variable(name)]
    exporter = _variable("OTEL_TRACES_EXPORTER") or "otlp"
    if not given or exporter == "none" or _variable("OTEL_SDK_DISABLED").lower() == "true":
        return None
    if exporter not in {"otlp", "console"}:
        raise SettingsError("OTEL_TRACES_EXPORTER: must be otlp, console or none")
    for name in _PROTOCOLS:
        if _variable(name) not in {"", "http/protobuf"}:
            raise SettingsError(f"{name}: must be http/protobuf")
    if not all(map(_is_installed, _REQUIRED_PACKAGES)):
        raise SettingsError(f"{given[0]}: traces need more packages; install taskward[otel]")
    return exporter


class Tracing:
    """The tracing of one process."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("taskward", __version__)
        self._plain_records = logging.getLogRecordFactory()

    def start(self) -> None:
        """Adds the current trace and span ids to log records."""
        self._plain_records = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)

    def middleware(self, app: ASGIApp, template_of: RouteTemplate) -> ASGIApp:
        return TracingMiddleware(app, template_of, self._tracer)

    def observe(self, database: Monitoring) -> None:
        """Traces the operations of a database, if they are part of a request."""
        database.observers.append(partial(OperationSpan.start, self._tracer, database.engine))

    async def stop(self) -> None:
        """Exports the remaining spans, within `FLUSH_TIMEOUT`."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def shut_down() -> None:
            self._provider.shutdown()
            loop.call_soon_threadsafe(done.set)

        # Not in the loop's own threads, because the end of the process would wait for them.
        threading.Thread(target=shut_down, name="traces-shutdown", daemon=True).start()
        try:
            await asyncio.wait_for(done.wait(), FLUSH_TIMEOUT)
        except TimeoutError:
            log.warning("Shutdown before all traces were exported")
        logging.setLogRecordFactory(self._plain_records)

    def _record(self, *args: Any, **others: Any) -> logging.LogRecord:
        """Returns a log record with the current trace and span ids."""
        record = self._plain_records(*args, **others)
        inside = trace.get_current_span().get_span_context()
        if inside.is_valid:
            record.trace_id = trace.format_trace_id(inside.trace_id)
            record.span_id = trace.format_span_id(inside.span_id)
        return record


class TracingMiddleware:
    """A span for each request, in the trace of the client's `traceparent`, or in a new one."""

    def __init__(self, app: ASGIApp, template_of: RouteTemplate, tracer: Tracer) -> None:
        self._app = app
        self._template_of = template_of
        self._tracer = tracer
        self._parents = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parent = self._parents.extract(_trace_headers(scope), contexts.Context())
        span = self._start_span(scope, parent)
        token = contexts.attach(trace.set_span_in_context(span, parent))
        try:
            await self._app(scope, receive, send)
        finally:
            contexts.detach(token)
            self._end_span(span, scope)

    def _start_span(self, scope: Scope, parent: contexts.Context) -> Span:
        """Starts the span with the known attributes, which a sampler decides by."""
        method = scope["method"]
        attributes = {
            "http.request.method": method if method in METHODS else OTHER_METHOD,
            "url.path": masked_path(scope["path"]),
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope["http_version"],
        }
        name = attributes["http.request.method"].replace(OTHER_METHOD, "HTTP")
        return self._tracer.start_span(name, parent, SpanKind.SERVER, attributes)

    def _end_span(self, span: Span, scope: Scope) -> None:
        outcome: RequestResult = scope["outcome"]
        if route := scope.get("route") or self._template_of(scope["path"]):
            method = scope["method"] if scope["method"] in METHODS else "HTTP"
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", outcome.status)
        if outcome.error is not None:
            span.set_attribute("error.type", outcome.error.code)
        if outcome.status >= _SERVER_ERROR:
            span.set_status(Status(StatusCode.ERROR))
        span.end()


class OperationSpan(Observation):
    """The span of an operation of the database, and in a transaction one for each statement."""

    def __init__(self, tracer: Tracer, engine: str, name: str) -> None:
        self._tracer = tracer
        self._engine = engine
        self._span = self._start(name, None)
        # A transaction may run in another thread, so the spans in it get their parent explicitly.
        self._inside = trace.set_span_in_context(self._span)
        self._statement: Span | None = None

    @classmethod
    def start(cls, tracer: Tracer, engine: str, name: str) -> "OperationSpan | None":
        """Starts a span; returns None outside of a request that is traced."""
        return cls(tracer, engine, name) if trace.get_current_span().is_recording() else None

    def started(self, statement: Statement | Split) -> None:
        self._statement = self._start(statement.name, self._inside)

    def ran(self, statement: Statement | Split, values: Values, rows: Sequence[Row]) -> None:  # noqa: ARG002 - an Observation
        if self._statement is not None:
            self._statement.end()
            self._statement = None

    def undone(self) -> None:
        """Ends the span of a statement that failed."""
        if self._statement is not None:
            self._statement.set_status(Status(StatusCode.ERROR))
            self._statement.end()
            self._statement = None

    def ended(self, error: BaseException | None) -> None:
        self.undone()
        if error is not None:
            _fail(self._span, error)
        self._span.end()

    def _start(self, name: str, parent: contexts.Context | None) -> Span:
        attributes = {"db.system.name": self._engine, "db.query.summary": name}
        return self._tracer.start_span(name, parent, SpanKind.CLIENT, attributes)


def _fail(span: Span, error: BaseException) -> None:
    """Records the error's type; the SDK would record its message, which may contain stored values."""
    kind = error.code if isinstance(error, ServiceError) else type(error).__name__
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, error.reason if isinstance(error, DatabaseError) else None))


def _trace_headers(scope: Scope) -> dict[str, str]:
    """Returns the trace headers (https://www.w3.org/TR/trace-context/); two `traceparent` count as none."""
    parents = header_values(scope, b"traceparent")
    if len(parents) != 1:
        return {}
    states = header_values(scope, b"tracestate")
    headers = {"traceparent": parents[0].decode("latin-1")}
    if states:
        headers["tracestate"] = b",".join(states).decode("latin-1")
    return headers


def _provider(exporter: str) -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra, and slow to import
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - the extra may be missing
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415 - likewise
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
    )

    # They log values on errors, such as a collector's key. Failures are logged below instead.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    resource = Resource.create()
    if "service.name=" not in _variable("OTEL_RESOURCE_ATTRIBUTES") and not _variable("OTEL_SERVICE_NAME"):
        resource = resource.merge(Resource({"service.name": "taskward"}))
    resource = resource.merge(Resource({"service.version": __version__}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if exporter == "console":
        console = ConsoleSpanExporter(out=sys.stdout, formatter=lambda span: span.to_json(indent=None) + "\n")
        provider.add_span_processor(SimpleSpanProcessor(console))
        return provider
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - likewise

    provider.add_span_processor(BatchSpanProcessor(_telling_of_failures(OTLPSpanExporter())))
    return provider


def _telling_of_failures(exporter: "SpanExporter") -> "SpanExporter":
    """Logs once, and not with each batch, that traces are being lost."""
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415 - of the extra `otel`

    export = exporter.export
    failing = False

    def export_and_tell(spans: Any) -> SpanExportResult:
        nonlocal failing
        result = export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not failing:
            log.warning("Trace export failed; dropping spans until it recovers")
        elif failing and not failed:
            log.info("Trace export recovered")
        failing = failed
        return result

    exporter.export = export_and_tell  # type: ignore[method-assign] # the rest of it is unchanged
    return exporter


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False
