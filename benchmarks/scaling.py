"""What a number of users needs, by the unit costs and some assumptions."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

COSTS: Final = Path(__file__).with_name("unit_costs.json")
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)

TASKS_PER_USER: Final = 200
REQUESTS_PER_DAY: Final = 60
"""Of a user who is active that day."""

ACTIVE_SHARE: Final = 0.3
"""Of all users, on a day."""

PEAK: Final = 3.0
"""The requests of the busiest minute, as a multiple of the day's average."""

ONLINE_SHARE: Final = 0.05
"""Of all users, at the peak: those with an open stream."""

MIX: Final = {"list of 20": 0.40, "changes": 0.25, "one": 0.15, "create": 0.10, "complete": 0.10}
WRITES: Final = MIX["create"] + MIX["complete"]
UTILISATION: Final = 0.6
"""The share of a processor that is planned for, so that queues stay short."""

POOL: Final = 10
"""Connections of each process: the default of DATABASE_POOL_SIZE."""

STREAMS_PER_PROCESS: Final = 1_000
"""The default of MAX_STREAMS."""

SQLITE_FILE_GB: Final = 100
"""A file that can be copied for a backup within minutes."""

GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Machine:
    """A database server."""

    cores: int
    memory_gb: float
    connections: int
    wal_mb: float
    """Megabytes a second that its disk and its standbys take."""


LARGE: Final = Machine(cores=64, memory_gb=512, connections=2_000, wal_mb=300)
MEMORY_FOR_INDEXES: Final = 0.5
"""The share of a server's memory that is planned for indexes; the rest is for rows and sessions."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a number of users needs at the peak."""

    users: int
    database_gb: float
    index_gb: float
    requests: float
    service_cores: float
    database_cores: float
    wal_mb: float
    streams: float
    stream_gb: float
    processes: int
    connections: int


Costs = dict[str, Any]


def bytes_per_task(costs: Costs, *, indexes: bool) -> float:
    """Returns the bytes of a task: its row and those of its labels, or their indexes."""
    tables = [costs["relations"][name] for name in ("tasks", "task_labels")]
    return sum(_bytes(one, indexes=indexes) for one in tables) / float(costs["tasks"])


def bytes_per_user(costs: Costs, *, indexes: bool) -> float:
    return _bytes(costs["relations"]["users"], indexes=indexes) / float(costs["users"])


def _bytes(relations: dict[str, int], *, indexes: bool) -> int:
    return sum(size for name, size in relations.items() if (name != "table") is indexes)


def mean(costs: Costs, figure: str, engine: str = "requests") -> float:
    """Returns a figure of the mean request."""
    kinds = costs[engine]["kinds"]
    return sum(share * float(kinds[kind][figure]) for kind, share in MIX.items())


def requests_at_peak(users: float) -> float:
    return users * ACTIVE_SHARE * REQUESTS_PER_DAY / 86_400 * PEAK


def need(users: int, costs: Costs) -> Need:
    requests, streams = requests_at_peak(users), users * ONLINE_SHARE
    index = users * (
        TASKS_PER_USER * bytes_per_task(costs, indexes=True) + bytes_per_user(costs, indexes=True)
    )
    rows = users * (
        TASKS_PER_USER * bytes_per_task(costs, indexes=False) + bytes_per_user(costs, indexes=False)
    )
    of_stream = costs["streams"]
    service = (
        requests * mean(costs, "service_us")
        + requests * WRITES * of_stream["event_us"]
        + streams * of_stream["idle_us_per_second"]
    )
    database = requests * mean(costs, "postgres_us") + streams * of_stream["postgres_idle_us_per_second"]
    cores = service / 1e6 / UTILISATION
    processes = max(1, ceil(cores), ceil(streams / STREAMS_PER_PROCESS))
    return Need(
        users,
        (index + rows) / GB,
        index / GB,
        requests,
        cores,
        database / 1e6 / UTILISATION,
        requests * mean(costs, "wal_bytes") / 1e6,
        streams,
        streams * of_stream["kilobytes"] * 1024 / GB,
        processes,
        processes * POOL,
    )


def limits(machine: Machine, costs: Costs) -> dict[str, float]:
    """Returns for each resource of a server how many users it is enough for.

    The keys begin with the user: of an index, the pages of users who are not active are not read.
    """
    one = need(1_000_000, costs)
    return {
        "processors": machine.cores / one.database_cores * 1e6,
        "memory for indexes": machine.memory_gb * MEMORY_FOR_INDEXES / one.index_gb / ACTIVE_SHARE * 1e6,
        "connections": machine.connections / one.connections * 1e6,
        "WAL": machine.wal_mb / one.wal_mb * 1e6,
    }


def sqlite_limits(costs: Costs) -> dict[str, float]:
    """Returns for each resource of one process on SQLite how many users it is enough for."""
    return {
        "processor": UTILISATION * 1e6 / mean(costs, "service_us", "sqlite") / requests_at_peak(1),
        "streams": STREAMS_PER_PROCESS / ONLINE_SHARE,
        "file": SQLITE_FILE_GB * GB / costs["sqlite_bytes_per_task"] / TASKS_PER_USER,
    }
