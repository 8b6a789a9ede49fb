"""What the service counts of itself: every figure's name, kind, labels and meaning, on all of its pages.

A part that has something to tell gives `figures()`: plain numbers under the names below, read when somebody
asks and not before. They can be sent from process to process, and those of several become one (`together`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

Value: TypeAlias = float | tuple[float, ...]
"""A number; of a histogram the count of each bucket, the one without a bound last, and then the sum."""

Figures: TypeAlias = Mapping[str, Mapping[tuple[str, ...], Value]]
"""Values by the name of their family, then by the values of its labels."""

FAMILIES: "Final[dict[str, Family]]" = {}


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one name (https://prometheus.io/docs/practices/naming/)."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """Of a histogram: the upper bounds of its buckets, each inclusive; one without a bound follows."""
    of_many: Callable[[Iterable[float]], float] = sum
    """What the gauges of several processes are together."""

    def __post_init__(self) -> None:
        FAMILIES[self.name] = self

    @property
    def lasts(self) -> bool:
        """Whether it only ever grows, and so outlives the process that counted it."""
        return self.kind != "gauge"

    def sum_of(self, values: Sequence[Any]) -> Value:
        if self.kind == "histogram":
            return tuple(map(sum, zip(*values, strict=True)))
        return self.of_many(values)


class Histogram:
    """How often values fell between bounds."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, family: Family) -> None:
        self._bounds = family.bounds
        self._counts = [0] * (len(family.bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def value(self) -> Value:
        return (*self._counts, self._sum)


def together(many: Iterable[Figures]) -> Figures:
    """Give the figures of all of them as one."""
    found: dict[str, dict[tuple[str, ...], list[Value]]] = {}
    for figures in many:
        for name, values in figures.items():
            for labels, value in values.items():
                found.setdefault(name, {}).setdefault(labels, []).append(value)
    return {
        name: {labels: FAMILIES[name].sum_of(several) for labels, several in values.items()}
        for name, values in found.items()
    }


def lasting(figures: Figures) -> Figures:
    """Give those that outlive their process."""
    return {name: values for name, values in figures.items() if FAMILIES[name].lasts}


SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TOGETHER: Final = (1, 2, 4, 8, 16, 32, 64, 128)

REQUESTS: Final = Family(
    "taskward_http_requests_total",
    "counter",
    "Requests that were answered, or whose client left (499).",
    ("method", "route", "status"),
)
DURATIONS: Final = Family(
    "taskward_http_request_duration_seconds",
    "histogram",
    "Time from a request's head to the end of its answer; an event stream's is as long as it was open.",
    ("method", "route"),
    SECONDS,
)
ERRORS: Final = Family(
    "taskward_http_errors_total", "counter", "Error answers, by the `code` in their body.", ("code",)
)
IN_PROGRESS: Final = Family(
    "taskward_http_requests_in_progress", "gauge", "Requests being answered, open event streams among them."
)
ADMITTED: Final = Family(
    "taskward_admission_requests",
    "gauge",
    "Requests of users: `running`, which have a place, or `waiting` for one.",
    ("state",),
)
SHED: Final = Family(
    "taskward_admission_refusals_total",
    "counter",
    "Requests that got 503 because there was more load than room.",
)
UNSENT: Final = Family(
    "taskward_response_bytes_unsent",
    "gauge",
    "Memory of responses that clients have not read, in bytes, on connections that wait for them.",
)
STREAMS: Final = Family("taskward_event_streams_open", "gauge", "Event streams that are open.")
CONNECTIONS: Final = Family(
    "taskward_database_connections",
    "gauge",
    "Connections to PostgreSQL: `used` by a request, `idle`, or `connecting`.",
    ("state",),
)
MOST_CONNECTIONS: Final = Family(
    "taskward_database_connections_max",
    "gauge",
    "The most connections to PostgreSQL that there may be: DATABASE_POOL_SIZE for each process.",
)
WAITING: Final = Family(
    "taskward_database_requests_waiting", "gauge", "Requests that wait for a connection to PostgreSQL."
)
WRITES_WAITING: Final = Family(
    "taskward_sqlite_writes_waiting", "gauge", "Writes that wait for their transaction on SQLite."
)
WRITES_TOGETHER: Final = Family(
    "taskward_sqlite_writes_per_commit",
    "histogram",
    "Writes that shared one commit on SQLite; the count is that of the commits.",
    bounds=TOGETHER,
)
KEYS: Final = Family(
    "taskward_jwks_keys",
    "gauge",
    "Keys of the identity provider at hand, in the process with the fewest.",
    of_many=min,
)
KEYS_AGE: Final = Family(
    "taskward_jwks_age_seconds",
    "gauge",
    "Time since the provider's keys were last fetched, in the process where it was longest ago.",
    of_many=max,
)
KEYS_FETCHED: Final = Family(
    "taskward_jwks_last_fetch_ok",
    "gauge",
    "1 if the last fetch of the provider's keys brought some, in every process; else 0.",
    of_many=min,
)
FETCHES: Final = Family(
    "taskward_jwks_fetches_total", "counter", "Fetches of the provider's keys: `ok` or `failed`.", ("result",)
)
PROCESSES: Final = Family("taskward_processes", "gauge", "Processes that serve.")
BUILD: Final = Family(
    "taskward_build_info",
    "gauge",
    "Always 1; the labels say what runs.",
    ("version", "python", "database"),
    of_many=max,
)
Family("process_cpu_seconds_total", "counter", "CPU time, user and system, of all processes.")
Family("process_resident_memory_bytes", "gauge", "Memory in use, of all processes; shared pages count twice.")
Family("process_virtual_memory_bytes", "gauge", "Address space, of all processes.")
Family("process_open_fds", "gauge", "Open file descriptors, of all processes.")
Family("process_max_fds", "gauge", "File descriptors that may be open, of all processes.")
Family("process_start_time_seconds", "gauge", "Start of the oldest process, since 1970.", of_many=min)
