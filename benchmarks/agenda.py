"""What the agenda of a member of many spaces costs: `make bench-agenda`.

The app runs in this process (see inprocess.py). An agenda, and the same page of the member's own tasks, take
turns. A change of the member comes before each, so that no response is a cached one. Then agendas are read
without a pause while another user reads a task: that one's times are compared with those without agendas.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import uvloop
from inprocess import NEW_TASK, Client, an_app, silent_output
from stage import a_postgres
from support.paging import NOON, insert_rows

from taskward.http.application import Taskward
from taskward.tasks.ids import new_task_id

SPACES: Final = 100
TASKS: Final = 10_000
ASSIGNED: Final = 20
"""One task of this number is assigned to the member."""

PAGE: Final = 20
OWN: Final = f"/api/tasks?is_completed=false&sort=due&limit={PAGE}"
AGENDA: Final = f"/api/me/agenda?limit={PAGE}"
TURNS: Final = 60
SECONDS: Final = 5.0
MOST: Final = 10
"""What is aimed at: the agenda costs at most this number of pages."""

Ask = Callable[[], Awaitable[object]]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report("SQLite", f"sqlite:///{folder}/tasks.db")
    with a_postgres() as postgres:
        report("PostgreSQL", postgres.url)


def report(engine: str, url: str) -> None:
    with silent_output():
        page, agenda, alone, beside = uvloop.run(measure(url))
    print(f"{engine}: {SPACES} spaces with {TASKS} tasks each")
    print(f"  a page of {PAGE} own tasks      {page:6.2f} ms")
    print(f"  a page of {PAGE} of the agenda  {agenda:6.2f} ms, {agenda / page:.1f} times (at most {MOST})")
    for name, times in (("alone", alone), ("beside agendas", beside)):
        ordered = sorted(times)
        median, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        print(
            f"  another's task, {name:<14} {median:6.2f} ms, p99 {p99:6.2f} ms, at most {ordered[-1]:6.2f} ms"
        )


async def measure(url: str) -> tuple[float, float, list[float], list[float]]:
    """Returns the medians of a page and of the agenda, and another user's times without and beside it."""
    async with filled(url) as (app, user):
        member, other = Client(app, user), Client(app, uuid4())
        task = json.loads(await other.ask("POST", "/api/tasks", body=NEW_TASK))["id"]

        async def fresh(path: str) -> float:
            await member.ask("POST", "/api/tasks", body=NEW_TASK)
            return await milliseconds(lambda: member.ask("GET", path))

        owners = {one["user_id"] for one in json.loads(await member.ask("GET", AGENDA))["tasks"]}
        if len(owners) < PAGE / 4:
            raise RuntimeError(f"The agenda has tasks of {len(owners)} owners only")
        taken: dict[str, list[float]] = {
            OWN: [],
            f"/api/me/agenda?limit={PAGE}": [],
        }
        for _ in range(TURNS):
            for path, times in taken.items():
                times.append(await fresh(path))
        page, agenda = map(statistics.median, taken.values())

        def read() -> Awaitable[float]:
            return milliseconds(lambda: other.ask("GET", f"/api/tasks/{task}"))

        alone = await repeated(read)
        agendas = asyncio.create_task(repeated(lambda: fresh(AGENDA)))
        beside = await repeated(read)
        await agendas
        return page, agenda, alone, beside


async def repeated(ask: Callable[[], Awaitable[float]]) -> list[float]:
    times, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        times.append(await ask())
        await asyncio.sleep(0.001)
    return times


async def milliseconds(ask: Ask) -> float:
    begun = time.perf_counter()
    await ask()
    return (time.perf_counter() - begun) * 1000


@asynccontextmanager
async def filled(url: str) -> AsyncIterator[tuple[Taskward, UUID]]:
    """Yields the app, and a user with tasks of their own who is in the spaces."""
    async with an_app(url) as app:
        user = uuid4()
        client = Client(app, user)
        await client.ask("POST", "/api/tasks", body=NEW_TASK)
        await insert_rows(app, "tasks", [row(user, n, None) for n in range(TASKS)])
        for n in range(SPACES):
            body = json.dumps({"title": f"Space {n}"}).encode()
            space = json.loads(await client.ask("POST", "/api/spaces", body=body))["id"]
            me = json.loads(await client.ask("GET", f"/api/spaces/{space}/members/me"))["id"]
            await insert_rows(app, "tasks", [row(UUID(space), n, UUID(me)) for n in range(TASKS)])
        yield app, user


def row(owner: UUID, n: int, member: UUID | None) -> dict[str, Any]:
    day = NOON + timedelta(days=n // ASSIGNED)
    return {
        "user_id": owner,
        "id": new_task_id(),
        "title": f"Task {n}",
        "title_folded": f"task {n}",
        "is_completed": n % 3 == 1,
        "created_at": NOON,
        "updated_at": NOON,
        "version": 1_000_000 + n,
        "due_key": f"{day:%Y-%m-%d}T24:00",
        "extra": f'{{"due":{{"date":"{day:%Y-%m-%d}"}}}}',
        "assigned_to": member if n % ASSIGNED == 0 else None,
    }


if __name__ == "__main__":
    main()
