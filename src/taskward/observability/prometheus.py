"""/metrics on a port of its own (Prometheus text format, OpenMetrics 1.0)."""

import logging
import platform
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any, Final

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from taskward import __version__
from taskward.metrics import BUILD, METRIC_FAMILIES, PROCESSES, MetricFamily, Samples, Value

METRICS_PATH: Final = "/metrics"
SCRAPE_TIMEOUT: Final = 5.0
"""Seconds that a scraper may be idle."""

_process: Final = ProcessCollector(registry=None)

log = logging.getLogger(__name__)


@contextmanager
def serve_metrics(sockets: Sequence[socket.socket], samples: Callable[[], Samples]) -> Iterator[None]:
    """Serves `/metrics` on these listening sockets while the block runs.

    Each request is served in a thread, so that it succeeds while the event loop is blocked.
    """
    servers = [_Server(taken, samples) for taken in sockets]
    for server in servers:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        log.info("Metrics at %s:%d%s", *server.server_address[:2], METRICS_PATH)
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def exposition(samples: Samples, accept: str = "") -> tuple[str, bytes]:
    """Returns the content type and the metrics as text, in the format of the `Accept` header."""
    encode, kind = choose_encoder(accept)
    return kind, encode(_SampleCollector(samples))


def process_samples() -> Samples:
    """Returns the process metrics of the system; nothing without /proc."""
    return {
        sample.name: {(): sample.value}
        for metric in _process.collect()
        for sample in metric.samples
        if sample.name in METRIC_FAMILIES
    }


def serving_samples(engine: str) -> Samples:
    """Returns the metrics of a serving process."""
    return {PROCESSES.name: {(): 1}, BUILD.name: {(__version__, platform.python_version(), engine): 1}}


class _SampleCollector(Collector):
    """Converts samples to the classes of `prometheus_client`."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> Iterable[Metric]:
        return [
            _metric(family, self._samples[name])
            for name, family in METRIC_FAMILIES.items()
            if self._samples.get(name)
        ]


def _metric(family: MetricFamily, values: Any) -> Metric:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for labels, value in sorted(values.items()):
            histogram.add_metric(labels, _buckets(family, value), sum_value=value[-1])
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=family.labels)
    for labels, value in sorted(values.items()):
        metric.add_metric(labels, value)
    return metric


def _buckets(family: MetricFamily, value: Value) -> list[tuple[str, float]]:
    counts = value[:-1] if isinstance(value, tuple) else ()
    bounds = [*(str(float(bound)) for bound in family.buckets), "+Inf"]
    return list(zip(bounds, accumulate(counts), strict=True))


class _Server(ThreadingHTTPServer):
    """Threaded, because a scraper that does not read must not block others."""

    daemon_threads = True

    def __init__(self, taken: socket.socket, samples: Callable[[], Samples]) -> None:
        super().__init__(taken.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = taken
        self.server_address = taken.getsockname()
        self.collect = samples

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as it is called
        log.warning("Metrics request failed", exc_info=sys.exception())


class _Handler(BaseHTTPRequestHandler):
    timeout = SCRAPE_TIMEOUT
    server: _Server

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != METRICS_PATH:
            self._answer(404, "text/plain; charset=utf-8", f"The metrics are at {METRICS_PATH}\n".encode())
            return
        self._answer(200, *exposition(self.server.collect(), self.headers.get("Accept", "")))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response_only(status)  # without the library's banner
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
        """Logs nothing, because scrapes come every few seconds."""
