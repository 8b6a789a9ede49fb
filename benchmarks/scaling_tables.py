"""The tables of docs/scaling.md, which follow from benchmarks/unit_costs.json.

python benchmarks/scaling_tables.py      writes them again
"""

import json
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Final

from scaling import (
    ACTIVE_SHARE,
    COSTS,
    LARGE,
    MEMORY_FOR_INDEXES,
    MIX,
    ONLINE_SHARE,
    PEAK,
    POOL,
    REQUESTS_PER_DAY,
    SIZES,
    SQLITE_FILE_GB,
    STREAMS_PER_PROCESS,
    TASKS_PER_USER,
    UTILISATION,
    Costs,
    bytes_per_task,
    bytes_per_user,
    limits,
    mean,
    need,
    sqlite_limits,
)

PAGE: Final = Path(__file__).parents[1] / "docs" / "scaling.md"


def main() -> None:
    write_page(json.loads(COSTS.read_text("utf-8")))


def write_page(costs: Costs) -> None:
    PAGE.write_text(page_with(PAGE.read_text("utf-8"), costs), "utf-8")


def page_with(page: str, costs: Costs) -> str:
    """Returns the page with the tables that follow from these costs."""
    for name, lines in tables(costs).items():
        begin, end = f"<!-- {name}: written by make bench-units -->\n", f"<!-- end of {name} -->"
        head, found, rest = page.partition(begin)
        if not found:
            raise ValueError(f"{PAGE} has no place for the table {name}")
        _, _, tail = rest.partition(end)
        page = "".join([head, begin, "\n", *(f"{line}\n" for line in lines), "\n", end, tail])
    return page


def tables(costs: Costs) -> dict[str, Iterator[str]]:
    return {
        "assumptions": assumptions(),
        "relations": relation_table(costs),
        "requests": request_table(costs),
        "units": unit_table(costs),
        "needs": need_table(costs),
        "limits": limit_table(costs),
    }


def assumptions() -> Iterator[str]:
    yield "| assumption | value |"
    yield "|---|---|"
    yield f"| tasks of a user, open and done | {TASKS_PER_USER} |"
    yield f"| users active on a day | {ACTIVE_SHARE:.0%} |"
    yield f"| requests of an active user on that day | {REQUESTS_PER_DAY} |"
    yield f"| of these: {', '.join(MIX)} | {', '.join(f'{share:.0%}' for share in MIX.values())} |"
    yield f"| the busiest minute, against the average | {PEAK:.0f} times |"
    yield f"| users online then, each with one event stream | {ONLINE_SHARE:.0%} |"
    yield f"| a processor's planned utilisation | {UTILISATION:.0%} |"
    yield f"| `DATABASE_POOL_SIZE`, `MAX_STREAMS` (the defaults) | {POOL}, {STREAMS_PER_PROCESS} |"
    yield (
        f"| a large database server | {LARGE.cores} cores, {LARGE.memory_gb:.0f} GB of memory, "
        f"{LARGE.connections} connections, {LARGE.wal_mb:.0f} MB/s of WAL |"
    )
    yield f"| of its memory, for the indexes of the users who are active | {MEMORY_FOR_INDEXES:.0%} |"
    yield f"| a file of SQLite that can be backed up in time | {SQLITE_FILE_GB} GB |"


def relation_table(costs: Costs) -> Iterator[str]:
    yield "| table or index | bytes per task |"
    yield "|---|---|"
    for table, relations in costs["relations"].items():
        if table != "users":
            for name, size in relations.items():
                shown = f"table `{table}`" if name == "table" else f"`{name}`"
                yield f"| {shown} | {size / costs['tasks']:.0f} |"
    rows, index = (bytes_per_task(costs, indexes=which) for which in (False, True))
    yield f"| **together** | {rows + index:.0f}, of which indexes {index:.0f} |"
    rows, index = (bytes_per_user(costs, indexes=which) for which in (False, True))
    yield f"| `users`, per user | {rows + index:.0f}, of which indexes {index:.0f} |"
    yield f"| SQLite, a task with its indexes | {costs['sqlite_bytes_per_task']:.0f} |"


def request_table(costs: Costs) -> Iterator[str]:
    yield "| request | PostgreSQL's CPU, µs | its log (WAL), bytes |"
    yield "|---|---|---|"
    for name, kind in costs["requests"]["kinds"].items():
        yield f"| {name} | {kind['postgres_us']:.0f} | {kind['wal_bytes']:.0f} |"
    yield f"| the mean of the mix | {mean(costs, 'postgres_us'):.0f} | {mean(costs, 'wal_bytes'):.0f} |"


def unit_table(costs: Costs) -> Iterator[str]:
    streams = costs["streams"]
    yield "| unit | cost |"
    yield "|---|---|"
    yield f"| the mean request, on PostgreSQL: CPU of Taskward | {mean(costs, 'service_us'):.0f} µs |"
    yield f"| the same, on SQLite, with the database | {mean(costs, 'service_us', 'sqlite'):.0f} µs |"
    yield f"| an open stream: memory of the process | {streams['kilobytes']:.0f} kB |"
    yield (
        f"| the same: CPU a second, Taskward and PostgreSQL | {amount(streams['idle_us_per_second'])} and "
        f"{amount(streams['postgres_idle_us_per_second'])} µs |"
    )
    yield f"| a change sent to a stream in another process: CPU there | {streams['event_us']:.0f} µs |"
    yield f"| a connection: private memory of its server process | {costs['connection_bytes'] / 1e6:.1f} MB |"
    yield (
        "| updates of a user's counter that leave its index alone (HOT) | "
        f"{costs['requests']['counter_updates_in_place']:.0%} |"
    )


def need_table(costs: Costs) -> Iterator[str]:
    yield (
        "| users | database, of which indexes | requests/s | Taskward, cores | PostgreSQL, cores | WAL | "
        "streams, their memory | processes | connections |"
    )
    yield "|---" * 9 + "|"
    for users in SIZES:
        one = need(users, costs)
        yield (
            f"| {users:,} | {amount(one.database_gb)}, {amount(one.index_gb)} GB | {amount(one.requests)} | "
            f"{amount(one.service_cores)} | {amount(one.database_cores)} | {amount(one.wal_mb)} MB/s | "
            f"{one.streams:,.0f}, {amount(one.stream_gb)} GB | {one.processes:,} | {one.connections:,} |"
        )


def limit_table(costs: Costs) -> Iterator[str]:
    yield "| stage | what ends first, in users | then |"
    yield "|---|---|---|"
    for stage, found in (
        ("one process, SQLite", sqlite_limits(costs)),
        ("one large server", limits(LARGE, costs)),
    ):
        first, *others = sorted(found.items(), key=lambda one: one[1])
        yield f"| {stage} | {_at(first)} | {', '.join(map(_at, others))} |"
    each = min(users for name, users in limits(LARGE, costs).items() if name != "connections")
    number = ceil(SIZES[-1] / each)
    yield f"| such servers behind poolers | {number} for 100 million, {users_text(each)} each | |"


def _at(limit: tuple[str, float]) -> str:
    return f"{limit[0]}: {users_text(limit[1])}"


def amount(value: float) -> str:
    """Returns two significant digits."""
    if value < 0.01:  # noqa: PLR2004 - nothing to plan for
        return "under 0.01"
    if value >= 100:  # noqa: PLR2004 - three digits
        return f"{round(value, 2 - len(str(int(value)))):,.0f}"
    return f"{float(f'{value:.2g}'):g}"


def users_text(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded / 1e6:g} million" if rounded >= 1e6 else f"{rounded:,.0f}"  # noqa: PLR2004 - a million


if __name__ == "__main__":
    main()
