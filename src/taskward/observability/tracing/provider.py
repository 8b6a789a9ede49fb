"""The provider of tracers, from the SDK: an extra, which is imported only if traces are enabled."""

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from taskward import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

log = logging.getLogger(__package__)


def new_provider(exporter: str) -> "TracerProvider":
    """Returns a provider of tracers that export to `otlp` or `console`."""
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
    if "service.name=" not in variable("OTEL_RESOURCE_ATTRIBUTES") and not variable("OTEL_SERVICE_NAME"):
        resource = resource.merge(Resource({"service.name": "taskward"}))
    resource = resource.merge(Resource({"service.version": __version__}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if exporter == "console":
        console = ConsoleSpanExporter(out=sys.stdout, formatter=lambda span: span.to_json(indent=None) + "\n")
        provider.add_span_processor(SimpleSpanProcessor(console))
        return provider
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - likewise

    provider.add_span_processor(BatchSpanProcessor(_logging_failures(OTLPSpanExporter())))
    return provider


def _logging_failures(exporter: "SpanExporter") -> "SpanExporter":
    """Makes an exporter log once, and not for each batch, that traces are lost."""
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415 - of the extra `otel`

    export = exporter.export
    failing = False

    def export_and_log(spans: Any) -> SpanExportResult:
        nonlocal failing
        result = export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not failing:
            log.warning("Trace export failed; dropping spans until it recovers")
        elif failing and not failed:
            log.info("Trace export recovered")
        failing = failed
        return result

    exporter.export = export_and_log  # type: ignore[method-assign] # the rest of it is unchanged
    return exporter


def variable(name: str) -> str:
    """Returns an environment variable; empty if it is not set."""
    return os.environ.get(name, "").strip()
