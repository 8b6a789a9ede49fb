"""What does not exist and what is out of reach are refused in the same time: measured over a socket."""

import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple
from uuid import uuid4

import httpx
import pytest
from faults.own_postgres import free_port
from faults.services import people_at, serving
from support import MakeDatabase, token_for

from taskward.tokens.token_text import TokenText

ROUNDS: Final = 400
"""Requests of each kind."""

TOLERATED: Final = 1.08
"""Times by which the medians may differ; two halves of the same kind differ by up to 4 %."""

ATTEMPTS: Final = 3
"""Measurements, of which one has to be within the bound: another program may take the CPU during one."""

TASK: Final = b'{"title": "Buy milk"}'

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120), pytest.mark.engines("disk", "postgres")]


class Request(NamedTuple):
    token: str
    path: str
    method: str = "GET"
    body: bytes | None = None

    def send(self, connection: HTTPConnection) -> tuple[int, float]:
        """Returns the status, and the seconds until the whole response was there."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        begun = time.perf_counter()
        connection.request(self.method, self.path, self.body, headers)
        response = connection.getresponse()
        response.read()
        return response.status, time.perf_counter() - begun


@asynccontextmanager
async def service(engine: str, new_database: MakeDatabase, folder: Path) -> AsyncIterator[int]:
    """Yields the port of a service on a new database."""
    port = free_port()
    async with serving(folder, await new_database(engine), port):
        yield port


async def test_unknown_wrong_and_revoked_tokens_take_the_same_time(
    engine: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    async with service(engine, new_database, tmp_path) as port, people_at(port)(str(uuid4())) as ann:
        right, revoked = await new_token(ann), await new_token(ann)
        await ann.delete(f"/api/tokens/{TokenText.parse(revoked.encode()).token_id}")
        parts = TokenText.parse(right.encode())
        tokens = {
            "revoked": TokenText.parse(revoked.encode()),
            "wrong": parts._replace(secret=bytes(32)),
            "unknown": parts._replace(token_id=uuid4()),
            "unknown user": parts._replace(user_id=uuid4()),
        }
        requests = {name: Request(one.text.decode(), "/api/tasks") for name, one in tokens.items()}
        assert_equal_times(port, 401, requests)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/tasks", None),
        ("GET", "/changes", None),
        ("POST", "/tasks", TASK),
        ("POST", "/tasks/batch", b'{"operations": [{"op": "create", "task": ' + TASK + b"}]}"),
    ],
)
async def test_a_space_of_others_takes_the_time_of_one_that_does_not_exist(
    engine: str, new_database: MakeDatabase, tmp_path: Path, method: str, path: str, body: bytes | None
) -> None:
    async with service(engine, new_database, tmp_path) as port, people_at(port)(str(uuid4())) as ann:
        made = await ann.post("/api/spaces", json={"title": "Home"})
        space = made.headers["location"]
        operations = [{"op": "create", "task": {"title": f"Task {n}"}} for n in range(100)]
        for _ in range(10):
            filled = await ann.post(f"{space}/tasks/batch", json={"operations": operations})
            assert filled.status_code == 200, filled.text
        outsider = token_for(str(uuid4()))
        there = Request(outsider, space + path, method, body)
        missing = [there._replace(path=f"/api/spaces/{uuid4()}{path}") for _ in range(2)]
        assert_equal_times(port, 404, {"a space": there, "none": missing[0], "none either": missing[1]})


def assert_equal_times(port: int, status: int, requests: Mapping[str, Request]) -> None:
    for _ in range(ATTEMPTS):
        medians = {name: median(times) for name, times in measured(port, status, requests).items()}
        if max(medians.values()) <= TOLERATED * min(medians.values()):
            return
    pytest.fail(", ".join(f"{name} {seconds * 1e6:.0f} µs" for name, seconds in medians.items()))


def measured(port: int, status: int, requests: Mapping[str, Request]) -> dict[str, list[float]]:
    """Returns the times of each request, sent in turn, each turn in another order."""
    times: dict[str, list[float]] = {name: [] for name in requests}
    connection = HTTPConnection("127.0.0.1", port)
    order = list(requests)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for name in order:
            found, seconds = requests[name].send(connection)
            assert found == status, name
            times[name].append(seconds)
    connection.close()
    return times


async def new_token(person: httpx.AsyncClient) -> str:
    answer = await person.post("/api/tokens", json={"name": "script", "access": "write"})
    assert answer.status_code == 201, answer.text
    text: str = answer.json()["token"]
    return text
