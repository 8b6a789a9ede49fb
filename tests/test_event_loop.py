"""No single request blocks the event loop: the latency of `/health` beside each, over real sockets."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from support import MakeDatabase
from support.command import serve
from support.latency import ATTEMPTS, Reply, Request, best_of, fill
from support.paging import Stored, some_tasks
from support.worst_case_requests import worst_case_requests

from taskward.tasks.ids import new_task_id

PROMISED: Final = 0.05
"""Seconds, on a machine that does nothing else."""

TOLERATED: Final = 0.15
"""Seconds, where other tests run beside this one."""

SOAK_ATTEMPTS: Final = 12

MANY, LARGE = UUID(int=1), UUID(int=2)
"""The owner of many tasks, and the owner of 1,000 that are as large as JSON can make them."""


def read(owner: UUID, path: str) -> Callable[[int], Request]:
    """Returns a read whose response is in no cache: each attempt has a limit of its own."""
    separator = "&" if "?" in path else "?"
    return lambda attempt: Request("GET", f"{path}{separator}limit={1000 - attempt}", person=str(owner))


READS: Final[dict[str, Callable[[int], Request]]] = {
    **{
        f"many tasks by {sort}": read(MANY, f"/api/tasks?sort={sort}")
        for sort in ("-created_at", "created_at", "-updated_at", "updated_at", "-title", "title")
    },
    "many tasks, a filter that finds none": read(MANY, "/api/tasks?is_completed=true"),
    "many tasks, a search that finds none": read(MANY, "/api/tasks?q=description+zzz"),
    "many tasks, exported": lambda _: Request("GET", "/api/me/export", person=str(MANY)),
    "the largest list": read(LARGE, "/api/tasks"),
    "the largest list by title": read(LARGE, "/api/tasks?sort=title"),
    "the largest page of changes": read(LARGE, "/api/changes"),
    "the largest export": lambda _: Request("GET", "/api/me/export", person=str(LARGE)),
}


async def _new(new_database: MakeDatabase, engine: str) -> str:
    return await new_database(engine)


@pytest.fixture(
    scope="module",
    params=[
        *(("disk", 20_000), ("postgres", 20_000)),
        *(pytest.param((engine, 50_000), marks=pytest.mark.soak) for engine in ("disk", "postgres")),
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def port(
    request: pytest.FixtureRequest, new_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """Runs a service with many tasks of two people."""
    folder: Path = tmp_path_factory.mktemp("service")
    engine, count = request.param
    url = asyncio.run(_new(new_database, engine))
    many = [task._replace(is_completed=False) for task in some_tasks(count)]
    large = [Stored(new_task_id(), "\x01" * 200, "\x01" * 2000) for _ in range(1000)]
    fill(url, {MANY: many, LARGE: large})
    with serve(folder, DATABASE_URL=url) as running:
        yield running.port()


@pytest.fixture
def small_port(new_database: MakeDatabase, tmp_path: Path) -> Iterator[int]:
    url = asyncio.run(_new(new_database, "disk"))
    with serve(tmp_path, DATABASE_URL=url) as running:
        yield running.port()


Figures = dict[str, tuple[float, Reply]]


def measured(
    port: int, requests: dict[str, Callable[[int], Request]], limit: float, attempts: int = ATTEMPTS
) -> Figures:
    return {name: best_of(port, request, limit, attempts) for name, request in requests.items()}


def slower_than(figures: Figures, limit: float) -> dict[str, str]:
    return {name: f"{worst * 1000:.0f} ms" for name, (worst, _) in figures.items() if worst > limit}


def each_attempt() -> dict[str, Callable[[int], Request]]:
    return {name: lambda _, request=request: request for name, request in worst_case_requests().items()}  # type: ignore[misc] # mypy knows no defaults of lambdas


@pytest.mark.processes
def test_no_hostile_request_delays_others(small_port: int) -> None:
    figures = measured(small_port, each_attempt(), TOLERATED)

    assert not slower_than(figures, TOLERATED)
    errors = {name: reply for name, (_, reply) in figures.items() if reply.status >= 400}
    assert {reply.status for reply in errors.values()} <= {400, 401, 404}
    assert {name for name, reply in errors.items() if len(reply.body) > 64 * 1024} == set()


@pytest.mark.processes
def test_no_long_read_delays_others(port: int) -> None:
    figures = measured(port, READS, TOLERATED)

    assert {reply.status for _, reply in figures.values()} == {200}
    assert not slower_than(figures, TOLERATED)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_no_hostile_request_delays_others_by_50_ms(
    small_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    report(measured(small_port, each_attempt(), PROMISED, SOAK_ATTEMPTS), capsys)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_no_long_read_delays_others_by_50_ms(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    report(measured(port, READS, PROMISED, SOAK_ATTEMPTS), capsys)


def report(figures: Figures, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the figures, and fail for those that break the promise."""
    with capsys.disabled():
        for name, (worst, reply) in figures.items():
            print(f"\n{name}: {worst * 1000:.1f} ms, {reply.status}", end="")  # noqa: T201 - for decision 0028
    assert not slower_than(figures, PROMISED)
