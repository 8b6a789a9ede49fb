"""Random writes of fifty people, a receiver with every fault, processes that are killed: nothing is lost."""

import asyncio
import os
import random
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import MakeDatabase, Person, token_for
from support.command import Command, command
from webhooks.conftest import StartApp
from webhooks.receiver import FAIL, OK, SECRET, Attempt, Receiver, hang, receiving, status
from webhooks.waiting import until_idle

from taskward.webhooks import attempts, retries, sender, worker


class Faults:
    """Misbehaves at the first attempt at a delivery, at random; the second one succeeds."""

    def __init__(self, chance: random.Random, share: float) -> None:
        self.seen: dict[str, int] = defaultdict(int)
        self._chance = chance
        self._share = share

    def __call__(self, attempt: Attempt, connection: socket.socket) -> bytes | None:
        self.seen[attempt.id] += 1
        if self.seen[attempt.id] > 1 or self._chance.random() > self._share:
            return OK
        fault = self._chance.choice([self.fail, self.throttle, self.redirect, self.break_off, self.die, hang])
        return fault(attempt, connection)

    @staticmethod
    def fail(_attempt: Attempt, _connection: socket.socket) -> bytes:
        return FAIL

    @staticmethod
    def throttle(_attempt: Attempt, _connection: socket.socket) -> bytes:
        return status("429 Too Many Requests", "Retry-After: 0")

    @staticmethod
    def redirect(_attempt: Attempt, _connection: socket.socket) -> bytes:
        return status("302 Found", "Location: http://127.0.0.1:9/")

    @staticmethod
    def break_off(_attempt: Attempt, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200")

    @staticmethod
    def die(_attempt: Attempt, _connection: socket.socket) -> None:
        """Ends without an answer."""


def check_deliveries(receiver: Receiver) -> None:
    """Checks that no id has two bodies, and that cursors of a person only move forwards."""
    bodies = {(attempt.id, attempt.body) for attempt in receiver.attempts}
    assert len({delivery_id for delivery_id, _ in bodies}) == len(bodies)
    assert receiver.problems == []
    assert receiver.refused == []
    last: dict[str, str] = {}
    done: dict[str, set[str]] = defaultdict(set)
    for attempt in receiver.attempts:
        user_id = attempt.data["user_id"]
        if last.get(user_id, attempt.id) != attempt.id:
            done[user_id].add(last[user_id])
        assert attempt.id not in done[user_id], "a delivery after a later one"
        last[user_id] = attempt.id


async def write_at_random(person: Person, chance: random.Random, writes: int) -> None:
    ids: list[str] = []
    for n in range(writes):
        kind = chance.choice(["create", "create", "update", "delete"])
        if kind == "create" or not ids:
            ids.append((await person.create(f"{n}"))["id"])
        elif kind == "update":
            await person.put(chance.choice(ids), title=f"changed {n}", is_completed=chance.random() < 0.5)
        else:
            await person.http.delete(f"/api/tasks/{ids.pop(chance.randrange(len(ids)))}")
        await asyncio.sleep(chance.random() * 0.05)


async def run_faults(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, seed: int, writes: int
) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "SECOND_AFTER", 0.2)
        monkeypatch.setattr(module, "PROBE_EVERY", 0.4)
    monkeypatch.setattr(sender, "ATTEMPT_TIMEOUT", 1.5)
    monkeypatch.setattr(worker, "ONE_BY_ONE", 0.05)
    chance = random.Random(seed)  # noqa: S311 - the same faults in every run
    receiver.answer = Faults(chance, 0.3)
    apps = [await start(), await start()]
    people = [Person(apps[n % 2]) for n in range(50)]
    await asyncio.gather(*(write_at_random(person, chance, writes) for person in people))
    await until_idle(apps[0], 90)

    for person in people:
        assert receiver.tasks.get(person.sub, {}) == {task["id"]: task for task in await person.tasks()}
    check_deliveries(receiver)


@pytest.mark.engines("disk", "postgres")
async def test_what_a_bad_receiver_has_applied_equals_the_lists(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_faults(start, receiver, monkeypatch, 1, 4)


@pytest.mark.soak
@pytest.mark.engines("disk", "postgres")
@pytest.mark.parametrize("seed", range(5))
async def test_what_a_bad_receiver_has_applied_equals_the_lists_after_many_writes(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await run_faults(start, receiver, monkeypatch, seed, 40)


class Fleet:
    """Service processes on one database, of which some are killed."""

    def __init__(self, folder: Path, url: str, receiver: Receiver, running: ExitStack) -> None:
        self._start: Callable[[], Command] = lambda: running.enter_context(
            command(
                folder,
                *("serve", "--port", "0"),
                DATABASE_URL=url,
                WEBHOOK_URL=receiver.url,
                WEBHOOK_SECRET=SECRET,
                JWT_SECRET="a secret that only the tests know about",
            )
        )
        self.services = [self._start() for _ in range(3)]
        self.ports = [service.port() for service in self.services]

    def kill(self, n: int) -> None:
        """Kills a service, and starts another in its place."""
        os.killpg(self.services[n].process.pid, signal.SIGKILL)
        self.services[n] = self._start()
        self.ports[n] = self.services[n].port()


@contextmanager
def fleet(folder: Path, url: str, receiver: Receiver) -> Iterator[Fleet]:
    with ExitStack() as running:
        yield Fleet(folder, url, receiver, running)


def run_kills(folder: Path, url: str, chance: random.Random, kills: int) -> None:
    """Writes at random to three services while they are killed; then the receiver must catch up."""
    users = [token_for(f"user-{n}") for n in range(10)]
    with receiving() as receiver, fleet(folder, url, receiver) as services, httpx.Client() as client:

        def ask(user: str, method: str, path: str, **body: Any) -> httpx.Response:
            port = chance.choice(services.ports)
            headers = {"Authorization": f"Bearer {user}"}
            return client.request(
                method, f"http://127.0.0.1:{port}{path}", json=body or None, headers=headers
            )

        def slow(attempt: Attempt, _connection: socket.socket) -> bytes:
            assert attempt
            time.sleep(chance.random() * 0.05)
            return OK

        receiver.answer = slow
        for _ in range(kills):
            for n in range(30):
                ask(chance.choice(users), "POST", "/api/tasks", title=f"{n}")
            services.kill(chance.randrange(3))
        lists = {
            task["user_id"]: {one["id"]: one for one in tasks}
            for user in users
            if (tasks := ask(user, "GET", "/api/tasks").json()["tasks"])
            for task in tasks[:1]
        }
        end = time.monotonic() + 60
        while receiver.tasks != lists:
            assert time.monotonic() < end, "the receiver has not caught up"
            time.sleep(0.1)
        check_deliveries(receiver)


@pytest.mark.processes
@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_killed_processes_lose_no_delivery(
    engine_name: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    chance = random.Random(engine_name)  # noqa: S311 - repeatable
    url = await new_database(engine_name)
    await asyncio.to_thread(run_kills, tmp_path, url, chance, 2)


@pytest.mark.soak
@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_many_killed_processes_lose_no_delivery(
    engine_name: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    chance = random.Random()  # noqa: S311 - another one each time
    url = await new_database(engine_name)
    await asyncio.to_thread(run_kills, tmp_path, url, chance, 15)
