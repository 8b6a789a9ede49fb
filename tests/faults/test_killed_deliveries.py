"""Three services that are killed at random, under random writes: nothing is lost, no reminder fires twice."""

import asyncio
import json
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import MakeDatabase, token_for
from support.command import Command, command
from support.waiting import wait_for
from webhooks.receiver import OK, SECRET, Answer, Attempt, Receiver, receiving, status
from webhooks.receiver_faults import Faults, check_deliveries

WRITERS = 4
CONSTANTS = {
    "statements.QUEUE.seconds": 4.0,
    "statements.NEXT_PROBE.seconds": 0.4,
    **{f"{module}.FIRST_RETRY_DELAY": 0.2 for module in ("retries", "attempts")},
    **{f"{module}.PROBE_INTERVAL": 0.4 for module in ("retries", "attempts")},
    "sender.ATTEMPT_TIMEOUT": 1.5,
    "worker.FAILING_POLL_INTERVAL": 0.05,
}
"""Shorter times; an attempt ends before the lease of the people of a killed process does."""

Lists = dict[str, dict[str, dict[str, Any]]]


class Fleet:
    """Service processes on one database, of which some are killed."""

    def __init__(self, folder: Path, url: str, receiver: Receiver, running: ExitStack) -> None:
        constants = {f"taskward.webhooks.{name}": value for name, value in CONSTANTS.items()}
        self._start: Callable[[], Command] = lambda: running.enter_context(
            command(
                folder,
                *("serve", "--port", "0"),
                DATABASE_URL=url,
                WEBHOOK_URL=receiver.url,
                WEBHOOK_SECRET=SECRET,
                JWT_SECRET="a secret that only the tests know about",
                TEST_CONSTANTS=json.dumps(constants),
            )
        )
        self.services = [self._start() for _ in range(3)]
        self.ports = [service.port() for service in self.services]

    def kill(self, n: int) -> None:
        """Kills a service, and starts another in its place."""
        os.killpg(self.services[n].process.pid, signal.SIGKILL)
        self.services[n] = self._start()
        self.ports[n] = self.services[n].port()


class Writer:
    """Writes at random for some people, to any of the services; what a killed one has not answered, again."""

    def __init__(self, fleet: Fleet, users: list[str], seed: float) -> None:
        self.reminders: set[tuple[str, str]] = set()
        """The task and the moment of each."""
        self._fleet = fleet
        self._tokens = {user: token_for(user) for user in users}
        self._ids: dict[str, list[str]] = {user: [] for user in users}
        self._chance = random.Random(seed)  # noqa: S311 - repeatable
        self._client = httpx.Client()

    def close(self) -> None:
        self._client.close()

    def write(self, writes: int) -> None:
        for _ in range(writes):
            user = self._chance.choice([*self._tokens])
            ids = self._ids[user]
            kind = self._chance.choice(["create", "create", "update", "delete", "remind"])
            if kind == "remind":
                self._remind(user)
            elif kind == "create" or not ids:
                ids.append(self.ask(user, "POST", "/api/tasks", title="New")["id"])
            elif kind == "update":
                state = {"is_completed": self._chance.random() < 0.5}
                self.ask(user, "PUT", f"/api/tasks/{self._chance.choice(ids)}", title="Changed", **state)
            else:
                self.ask(user, "DELETE", f"/api/tasks/{ids.pop(self._chance.randrange(len(ids)))}")

    def lists(self) -> Lists:
        """Returns the tasks of those who have any."""
        found = {user: self.ask(user, "GET", "/api/tasks?limit=1000")["tasks"] for user in self._tokens}
        return {tasks[0]["user_id"]: {one["id"]: one for one in tasks} for tasks in found.values() if tasks}

    def ask(self, user: str, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[user]}"}
        for _ in range(500):
            url = f"http://127.0.0.1:{self._chance.choice(self._fleet.ports)}{path}"
            try:
                answer = self._client.request(method, url, json=body or None, headers=headers)
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code != 503:
                return answer.json()
        raise AssertionError("no response")

    def _remind(self, user: str) -> None:
        at = datetime.now(UTC) + timedelta(seconds=self._chance.uniform(1, 4))
        reminders = [{"at": at.isoformat(timespec="microseconds")}]
        task = self.ask(user, "POST", "/api/tasks", title="Remind", reminders=reminders)
        self.reminders.add((task["id"], task["reminders"][0]["at"]))


@contextmanager
def fleet(folder: Path, url: str, receiver: Receiver) -> Iterator[Fleet]:
    with ExitStack() as running:
        yield Fleet(folder, url, receiver, running)


def slow(chance: random.Random) -> Answer:
    def answer(_attempt: Attempt, _connection: socket.socket) -> bytes:
        time.sleep(chance.random() * 0.05)
        return OK

    return answer


def run_kills(
    folder: Path, url: str, seed: str, *, kills: int, people: int, answer: Answer, last: Answer
) -> None:
    """Writes at random while services are killed; then the receiver, which answers `last`, must catch up."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    users = [f"user-{n}" for n in range(people)]
    with receiving() as receiver, fleet(folder, url, receiver) as services:
        receiver.answer = answer
        writers = [Writer(services, users[n::WRITERS], chance.random()) for n in range(WRITERS)]
        with ExitStack() as clients, ThreadPoolExecutor(WRITERS) as threads:
            for writer in writers:
                clients.callback(writer.close)
            for _ in range(kills):
                writing = [threads.submit(writer.write, 10) for writer in writers]
                time.sleep(chance.random() * 0.1)
                services.kill(chance.randrange(3))
                assert [one.result() for one in writing] == [None] * WRITERS
            receiver.answer = last
            services.kill(0)  # one that is started after a 410 delivers
            lists = {owner: tasks for writer in writers for owner, tasks in writer.lists().items()}
        reminders = set.union(*(writer.reminders for writer in writers))
        wait_for(lambda: {owner: tasks for owner, tasks in receiver.tasks.items() if tasks} == lists, 90)
        wait_for(lambda: {moment for moment, _ in fired(receiver)} >= reminders, 30)
        assert len(fired(receiver)) == len({moment for moment, _ in fired(receiver)})
        check_deliveries(receiver)


def fired(receiver: Receiver) -> set[tuple[tuple[str, str], str]]:
    """Returns the task and the moment of each reminder, with the id of its delivery."""
    return {((one.data["task"]["id"], one.data["due_at"]), one.id) for one in receiver.reminders()}


@pytest.mark.processes
@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_killed_processes_lose_no_delivery(
    engine_name: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await new_database(engine_name)
    answer = slow(random.Random(engine_name))  # noqa: S311 - repeatable
    await asyncio.to_thread(
        run_kills, tmp_path, url, engine_name, kills=1, people=10, answer=answer, last=answer
    )


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_killed_processes_and_a_bad_receiver_lose_no_delivery(
    engine_name: str, new_database: MakeDatabase, tmp_path: Path, seed: int
) -> None:
    """The receiver also answers 410, after which only services that are started later deliver."""
    url = await new_database(engine_name)
    chance = random.Random(seed)  # noqa: S311 - repeatable
    answer, last = Faults(chance, 0.2), Faults(chance, 0.2)
    last.seen = answer.seen  # the third attempt would come after five minutes
    answer.faults.append(lambda *_: status("410 Gone"))
    await asyncio.to_thread(
        run_kills, tmp_path, url, f"{seed}", kills=15, people=50, answer=answer, last=last
    )
