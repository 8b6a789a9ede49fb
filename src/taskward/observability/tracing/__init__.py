"""OpenTelemetry traces, enabled by the standard variables: a span per request, statement and webhook.

Attributes follow the semantic conventions for HTTP and databases (1.39). None contains user content: a path
is masked as in the log, a statement is given by name, an error by type.

The variables are read from the environment of the process, here and by the SDK, and not from `.env`:
"""

import asyncio
import logging
import threading
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from starlette.types import ASGIApp

from taskward import __version__
from taskward.database import Monitoring
from taskward.observability.http_metrics import RouteTemplate
from taskward.observability.tracing.database import OperationSpan
from taskward.observability.tracing.middleware import TracingMiddleware
from taskward.observability.tracing.provider import new_provider, variable
from taskward.observability.tracing.webhooks import DeliverySpans
from taskward.settings import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH_TIMEOUT: Final = 5.0
"""Seconds at shutdown for exporting the remaining spans."""

_EXPORTER_VARIABLES: Final = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_REQUIRED_PACKAGES: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")

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
        return Tracing(new_provider(exporter))
    except ValueError:
        raise SettingsError("OTEL_…: one of these variables has a value that the SDK rejects") from None


def configured_exporter() -> str | None:
    """Returns the exporter that the environment selects: `otlp` or `console`; None for no traces.

    Raises:
        SettingsError: the selected exporter is not installed or not supported; the text names the variable.

    """
    given = [name for name in _EXPORTER_VARIABLES if variable(name)]
    exporter = variable("OTEL_TRACES_EXPORTER") or "otlp"
    if not given or exporter == "none" or variable("OTEL_SDK_DISABLED").lower() == "true":
        return None
    if exporter not in {"otlp", "console"}:
        raise SettingsError("OTEL_TRACES_EXPORTER: must be otlp, console or none")
    for name in _PROTOCOLS:
        if variable(name) not in {"", "http/protobuf"}:
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

    async def start(self) -> None:
        """Adds the current trace and span ids to log records."""
        self._plain_records = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)

    def middleware(self, app: ASGIApp, template_of: RouteTemplate) -> ASGIApp:
        return TracingMiddleware(app, template_of, self._tracer)

    def observe(self, database: Monitoring) -> None:
        """Traces the operations of a database, if they are part of a request."""
        database.observers.append(partial(OperationSpan.start, self._tracer, database.engine))

    def deliveries(self, url: str) -> DeliverySpans:
        """Returns what traces the webhooks that are sent to a URL."""
        return DeliverySpans(self._tracer, url)

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


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False
