"""The metric families of the service: name, type, labels and help text.

A component with metrics has a method `collect()`, which returns plain numbers under the names below and is
called on each scrape. Samples can be sent between processes, and those of several are merged by `merge`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

Value: TypeAlias = float | tuple[float, ...]
"""A number; for a histogram the count of each bucket, the unbounded one last, and then the sum."""

Samples: TypeAlias = Mapping[str, Mapping[tuple[str, ...], Value]]
"""Values by the name of their family, then by the values of its labels."""

METRIC_FAMILIES: "Final[dict[str, MetricFamily]]" = {}


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """A metric family (https://prometheus.io/docs/practices/naming/)."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """For a histogram: the inclusive upper bounds of its buckets; an unbounded one follows."""
    aggregate: Callable[[Iterable[float]], float] = sum
    """Aggregates the gauges of several processes."""

    def __post_init__(self) -> None:
        METRIC_FAMILIES[self.name] = self

    @property
    def is_cumulative(self) -> bool:
        """Whether the value only ever grows, and so outlives the process that counted it."""
        return self.kind != "gauge"

    def merge(self, values: Sequence[Any]) -> Value:
        if self.kind == "histogram":
            return tuple(map(sum, zip(*values, strict=True)))
        return self.aggregate(values)


class Histogram:
    """Counts values by bucket."""

    __slots__ = ("_buckets", "_counts", "_sum")

    def __init__(self, family: MetricFamily) -> None:
        self._buckets = family.buckets
        self._counts = [0] * (len(family.buckets) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._buckets, value)] += 1
        self._sum += value

    def value(self) -> Value:
        return (*self._counts, self._sum)


def merge(many: Iterable[Samples]) -> Samples:
    """Returns the merged samples."""
    found: dict[str, dict[tuple[str, ...], list[Value]]] = {}
    for samples in many:
        for name, values in samples.items():
            for labels, value in values.items():
                found.setdefault(name, {}).setdefault(labels, []).append(value)
    return {
        name: {labels: METRIC_FAMILIES[name].merge(several) for labels, several in values.items()}
        for name, values in found.items()
    }


def cumulative(samples: Samples) -> Samples:
    """Returns the samples that outlive their process."""
    return {name: values for name, values in samples.items() if METRIC_FAMILIES[name].is_cumulative}


DURATION_BUCKETS: Final = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
BATCH_SIZE_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128)

REQUESTS: Final = MetricFamily(
    "taskward_http_requests_total",
    "counter",
    "Requests that got a response, or whose client disconnected (499).",
    ("method", "route", "status"),
)
DURATIONS: Final = MetricFamily(
    "taskward_http_request_duration_seconds",
    "histogram",
    "Time from a request's head to the end of its response; for an event stream, the time it was open.",
    ("method", "route"),
    DURATION_BUCKETS,
)
ERRORS: Final = MetricFamily(
    "taskward_http_errors_total", "counter", "Error responses, by the `code` in their body.", ("code",)
)
IN_PROGRESS: Final = MetricFamily(
    "taskward_http_requests_in_progress", "gauge", "Requests in progress, including open event streams."
)
ADMITTED: Final = MetricFamily(
    "taskward_admission_requests",
    "gauge",
    "Requests of users: `running`, which hold a slot, or `waiting` in the queue.",
    ("state",),
)
REJECTED: Final = MetricFamily(
    "taskward_admission_refusals_total",
    "counter",
    "Requests that got 503 because the service was overloaded.",
)
UNSENT: Final = MetricFamily(
    "taskward_response_bytes_unsent",
    "gauge",
    "Response bytes that clients have not read, on connections whose writing is paused.",
)
STREAMS: Final = MetricFamily("taskward_event_streams_open", "gauge", "Open event streams.")
CONNECTIONS: Final = MetricFamily(
    "taskward_database_connections",
    "gauge",
    "Connections to PostgreSQL: `used` by a request, `idle`, or `connecting`.",
    ("state",),
)
CONNECTIONS_MAX: Final = MetricFamily(
    "taskward_database_connections_max",
    "gauge",
    "Maximum connections to PostgreSQL: DATABASE_POOL_SIZE for each process.",
)
REQUESTS_WAITING: Final = MetricFamily(
    "taskward_database_requests_waiting", "gauge", "Requests waiting for a connection to PostgreSQL."
)
WRITES_WAITING: Final = MetricFamily(
    "taskward_sqlite_writes_waiting", "gauge", "Writes waiting for a transaction on SQLite."
)
WRITES_PER_COMMIT: Final = MetricFamily(
    "taskward_sqlite_writes_per_commit",
    "histogram",
    "Writes per commit on SQLite; the count is the number of commits.",
    buckets=BATCH_SIZE_BUCKETS,
)
KEYS: Final = MetricFamily(
    "taskward_jwks_keys",
    "gauge",
    "Cached keys of the identity provider, in the process with the fewest.",
    aggregate=min,
)
KEYS_AGE: Final = MetricFamily(
    "taskward_jwks_age_seconds",
    "gauge",
    "Time since the provider's keys were last fetched; the maximum of all processes.",
    aggregate=max,
)
KEYS_FETCHED: Final = MetricFamily(
    "taskward_jwks_last_fetch_ok",
    "gauge",
    "1 if the last fetch of the provider's keys succeeded in every process; else 0.",
    aggregate=min,
)
FETCHES: Final = MetricFamily(
    "taskward_jwks_fetches_total", "counter", "Fetches of the provider's keys: `ok` or `failed`.", ("result",)
)
TOKENS_USED: Final = MetricFamily(
    "taskward_access_tokens_used_total", "counter", "Requests that were authenticated by an access token."
)
TOKENS_REFUSED: Final = MetricFamily(
    "taskward_access_tokens_refused_total",
    "counter",
    "Requests with an access token that was malformed, unknown, wrong, revoked or expired.",
)
WEBHOOK_ATTEMPTS: Final = MetricFamily(
    "taskward_webhook_attempts_total",
    "counter",
    "Attempts to deliver a webhook: `delivered`, `failed`, or `gone` (410).",
    ("outcome",),
)
WEBHOOK_BACKLOG: Final = MetricFamily(
    "taskward_webhook_backlog", "gauge", "Users with something to deliver.", aggregate=max
)
WEBHOOK_AGE: Final = MetricFamily(
    "taskward_webhook_oldest_seconds",
    "gauge",
    "Seconds for which the user who has waited longest has had something to deliver.",
    aggregate=max,
)
WEBHOOK_STOPPED: Final = MetricFamily(
    "taskward_webhook_stopped", "gauge", "Processes that deliver no more, because the receiver answered 410."
)
PROCESSES: Final = MetricFamily("taskward_processes", "gauge", "Serving processes.")
BUILD: Final = MetricFamily(
    "taskward_build_info",
    "gauge",
    "Always 1; the labels describe the service.",
    ("version", "python", "database"),
    aggregate=max,
)
MetricFamily("process_cpu_seconds_total", "counter", "CPU time, user and system, of all processes.")
MetricFamily(
    "process_resident_memory_bytes", "gauge", "Memory in use, of all processes; shared pages count twice."
)
MetricFamily("process_virtual_memory_bytes", "gauge", "Address space, of all processes.")
MetricFamily("process_open_fds", "gauge", "Open file descriptors, of all processes.")
MetricFamily("process_max_fds", "gauge", "Limit of open file descriptors, of all processes.")
MetricFamily("process_start_time_seconds", "gauge", "Start of the oldest process, since 1970.", aggregate=min)
