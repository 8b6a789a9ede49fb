"""docs/contract.md#recurrence: many clients, several processes and crashes give one next task."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support import SECRET, MakeDatabase, token_for
from support.command import Command, command, until_ready
from support.waiting import TIMEOUT

CLIENTS = 32
SURELY_LOST = 10
"""Rounds in which a process is surely killed while it works on a request."""

FIRST_DAY = date(2026, 11, 23)
EARLY = f"{FIRST_DAY}T00:00:00+00:00"
"""Before every due day, so that none has passed."""

Task = dict[str, Any]


class Service:
    """A process of the service, which is killed and started again."""

    def __init__(self, url: str, folder: Path) -> None:
        self.base_url = ""
        self._settings = {"DATABASE_URL": url, "JWT_SECRET": SECRET, "ENVIRONMENT": "production"}
        self._folder = folder
        self._running: AsyncExitStack
        self._command: Command

    async def start(self) -> None:
        self._running = AsyncExitStack()
        self._command = self._running.enter_context(
            command(self._folder, "serve", "--port", "0", **self._settings)
        )
        self.base_url = f"http://127.0.0.1:{await asyncio.to_thread(self._command.port)}"
        await until_ready(self._command, self.base_url)

    async def kill(self) -> None:
        self._command.process.kill()
        await self.stop()

    async def stop(self) -> None:
        await self._running.aclose()


class Follower:
    """A client that reads the feed in pages of one to three changes, and checks what it has at the end."""

    def __init__(self, clients: "Clients", chance: random.Random) -> None:
        self.held: dict[str, Task] = {}
        self._clients = clients
        self._chance = chance
        self._cursor: str | None = None

    async def follow(self) -> None:
        """Reads to the end of the feed."""
        more = True
        while more:
            since = f"&since={self._cursor}" if self._cursor else ""
            answer = await self._clients.send(
                1, "GET", f"/api/changes?limit={self._chance.randint(1, 3)}{since}"
            )
            page = answer.json()
            for change in page["changes"]:
                if change["op"] == "delete":
                    self.held.pop(change["id"], None)
                else:
                    self.held[change["task"]["id"]] = change["task"]
            self._cursor, more = page["cursor"], page["has_more"]
        assert len([one for one in self.held.values() if not one["is_completed"]]) == 1


class Clients:
    """The clients of one person, each with a connection to one of two processes or the other."""

    def __init__(self, services: list[Service]) -> None:
        self.lost = 0
        """Requests that were sent and not answered, because their process was killed."""
        self._services = services
        self._headers = {"Authorization": f"Bearer {token_for(str(uuid4()))}"}
        self._http = httpx.AsyncClient(
            headers=self._headers,
            timeout=2 * TIMEOUT,
            trust_env=False,
            limits=httpx.Limits(max_connections=2 * CLIENTS),
        )

    async def send(self, number: int, method: str, path: str, body: Any = None) -> httpx.Response:
        """Sends a request until it is answered, to the process of that client and then to the other."""
        for attempt in range(number, number + 200):
            try:
                base = self._services[attempt % 2].base_url
                answer = await self._http.request(method, f"{base}{path}", json=body)
            except httpx.TransportError as error:  # the response was lost, or the process is not there
                self.lost += not isinstance(error, httpx.ConnectError)
                await asyncio.sleep(0.02)
                continue
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(0.05)
        raise AssertionError("no response")

    async def tasks(self) -> list[Task]:
        return list((await self.send(1, "GET", "/api/tasks?sort=created_at")).json()["tasks"])

    async def close(self) -> None:
        await self._http.aclose()


@asynccontextmanager
async def two_services(url: str, folder: Path) -> AsyncIterator[tuple[list[Service], Clients]]:
    services = []
    for name in "ab":
        (folder / name).mkdir()
        services.append(Service(url, folder / name))
    clients = Clients(services)
    try:
        for service in services:
            await service.start()
        yield services, clients
    finally:
        await clients.close()
        for service in services:
            await service.stop()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("seed", "rounds"), [(1, 2), *(pytest.param(seed, 25, marks=pytest.mark.soak) for seed in (2, 3))]
)
@pytest.mark.parametrize("engine", ["disk", "postgres"])
async def test_a_task_that_32_clients_complete_at_once_has_one_next_one(
    new_database: MakeDatabase, engine: str, tmp_path: Path, seed: int, rounds: int
) -> None:
    """One of two processes is killed in every second round."""
    chance = random.Random(seed)  # noqa: S311 - so that a failure comes again
    async with two_services(await new_database(engine), tmp_path) as (services, clients):
        body = {"title": "Daily", "due": {"date": f"{FIRST_DAY}"}, "recurrence": {"rule": "FREQ=DAILY"}}
        task = (await clients.send(0, "POST", "/api/tasks", body)).json()
        follower = Follower(clients, chance)
        await follower.follow()
        for number in range(rounds):
            done = await completed_at_once(
                task["id"], services, clients, kills=number % 2 == 0, chance=chance
            )
            await follower.follow()
            task = (await clients.send(0, "GET", f"/api/tasks/{done['next_id']}")).json()
            assert task["due"] == {"date": f"{FIRST_DAY + timedelta(days=number + 1)}"}
            await check(clients, follower, number + 2)
            for state in (False, True):  # undone, and done again
                undo = {"is_completed": state, "completed_at": EARLY}
                done = (await clients.send(1, "PUT", path_of(done), undo)).json()
                await follower.follow()
            task = (await clients.send(0, "GET", f"/api/tasks/{done['next_id']}")).json()
            await check(clients, follower, number + 2)
        assert clients.lost or rounds < SURELY_LOST


@pytest.mark.processes
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 8))])
@pytest.mark.parametrize("engine", ["disk", "postgres"])
async def test_clients_that_complete_and_reopen_at_once_never_have_two_open_tasks(
    new_database: MakeDatabase, engine: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - so that a failure comes again
    async with two_services(await new_database(engine), tmp_path) as (services, clients):
        body = {
            "title": "Daily",
            "due": {"date": f"{FIRST_DAY}"},
            "recurrence": {"rule": "FREQ=DAILY;COUNT=9"},
        }
        task = (await clients.send(0, "POST", "/api/tasks", body)).json()
        follower = Follower(clients, chance)
        await follower.follow()

        async def toggle(number: int) -> None:
            for _ in range(3):
                state = {"is_completed": chance.random() < 0.5, "completed_at": EARLY}
                assert (await clients.send(number, "PUT", path_of(task), state)).status_code == 200

        async def watch() -> None:
            while not storm.done():
                await follower.follow()

        storm = asyncio.gather(*(toggle(number) for number in range(CLIENTS)))
        await asyncio.gather(storm, watch(), killed(services[0], chance))
        await follower.follow()
        (first, *others) = await clients.tasks()
        await check(clients, follower, 2 if first["is_completed"] else 1)
        assert (others or [first])[0]["recurrence"]["rule"] == f"FREQ=DAILY;COUNT={9 - len(others)}"


async def completed_at_once(
    task_id: str, services: list[Service], clients: Clients, *, kills: bool, chance: random.Random
) -> Task:
    """Completes a task by all clients at once; returns it."""
    body = {"is_completed": True, "completed_at": EARLY}
    sent = (clients.send(number, "PUT", f"/api/tasks/{task_id}", body) for number in range(CLIENTS))
    crash = [killed(services[0], chance)] if kills else []
    answers = (await asyncio.gather(*sent, *crash))[:CLIENTS]
    results = {(answer.status_code, answer.json().get("next_id")) for answer in answers if answer}
    assert len(results) == 1, results
    done: Task = (await clients.send(1, "GET", f"/api/tasks/{task_id}")).json()
    assert results == {(200, done["next_id"])}
    return done


async def killed(service: Service, chance: random.Random) -> None:
    """Kills a process in the middle of the requests, and starts it again."""
    await asyncio.sleep(chance.uniform(0.005, 0.06))
    await service.kill()
    await service.start()


async def check(clients: Clients, follower: Follower, count: int) -> None:
    """Checks that there are as many tasks as completions, one of them open, and that a follower has these."""
    tasks = await clients.tasks()
    assert len(tasks) == count
    assert [one["is_completed"] for one in tasks] == [True] * (count - 1) + [False]
    assert ["recurrence" in one for one in tasks] == [False] * (count - 1) + [True]
    assert [one.get("next_id") for one in tasks] == [one["id"] for one in tasks[1:]] + [None]
    assert follower.held == {one["id"]: one for one in tasks}


def path_of(task: Task) -> str:
    return f"/api/tasks/{task['id']}"
