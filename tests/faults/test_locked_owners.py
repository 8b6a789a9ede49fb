"""People whose own rows are locked use one connection each, however much they write: others are served.

The service is a process of its own, with its own deadlines and its pool of ten, spoken to over sockets.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from faults.fault_report import Observe
from faults.load import DATABASE_ERROR, SUCCESS, UNAVAILABLE, outcome
from faults.own_postgres import DATABASE, USER, OwnPostgres, free_port
from faults.services import people_at, serving
from support.pgbouncer import needs_pgbouncer, pooler

WRITES = 50
"""Of each person whose row is locked."""

BESIDE = 1.0
"""Seconds within which other users get a response; normally it takes a hundredth of that."""

SERVED = 6
"""Their requests, at least: on a busy machine they take longer than the time that is given."""

DEADLINE = 10.0
SLACK = 3.0
"""Seconds by which a busy machine may be late."""

WAITING = f"""SELECT count(*) FROM pg_stat_activity
    WHERE usename = '{USER}' AND state = 'active' AND wait_event_type = 'Lock'"""  # noqa: S608 - our own name


@dataclass
class Crowd:
    """Users of one service, and the longest latency of another user meanwhile."""

    clients: list[httpx.AsyncClient]
    other: httpx.AsyncClient
    owners: list[str]
    longest_beside: float = 0.0
    served_beside: int = 0
    most_connections: int = 0
    sent: list["asyncio.Task[httpx.Response]"] = field(default_factory=list)

    def send_writes(self) -> None:
        """Sends writes of each kind for each of those whose rows are locked."""
        for client in self.clients:
            for n in range(WRITES):
                method, path = ("PUT", client.headers["x-task"]) if n % 3 == 2 else ("POST", "/api/tasks")
                key = {"Idempotency-Key": uuid4().hex} if n % 3 == 1 else {}
                write = client.request(method, path, json={"title": f"Task {n}"}, headers=key)
                self.sent.append(asyncio.create_task(write))

    async def look_beside(self, server: OwnPostgres, seconds: float) -> None:
        """Writes and reads as another user for that time, and counts the connections that wait for a lock."""
        end = monotonic() + seconds
        while monotonic() < end or self.served_beside < SERVED:
            for method, body in (("POST", {"title": "Beside"}), ("GET", None)):
                begun = monotonic()
                answer = await self.other.request(method, "/api/tasks", json=body)
                self.longest_beside = max(self.longest_beside, monotonic() - begun)
                assert answer.status_code in {200, 201}, answer.text
                self.served_beside += 1
            self.most_connections = max(self.most_connections, await server.value(WAITING))
            await asyncio.sleep(0.05)


@asynccontextmanager
async def crowd(port: int, number: int) -> AsyncIterator[Crowd]:
    clients = [people_at(port)(str(uuid4())) for _ in range(number + 1)]
    owners = []
    for client in clients:
        task = (await client.post("/api/tasks", json={"title": "First"})).json()
        client.headers["x-task"] = f"/api/tasks/{task['id']}"
        owners.append(task["user_id"])
    try:
        yield Crowd(clients[:-1], clients[-1], owners[:-1])
    finally:
        for client in clients:
            await client.aclose()


@asynccontextmanager
async def rows_locked(server: OwnPostgres, owners: list[str]) -> AsyncIterator[None]:
    connection = await server.connect()
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM users WHERE id = ANY($1::uuid[]) FOR UPDATE", owners)
            yield
    finally:
        await connection.close()


@pytest_asyncio.fixture(params=["plain", pytest.param("rls", marks=pytest.mark.soak)], loop_scope="session")
async def port(request: pytest.FixtureRequest, server: OwnPostgres, tmp_path: Path) -> AsyncIterator[int]:
    """Yields the port of a service on that server."""
    if request.param == "rls":
        await server.execute(f'ALTER ROLE "{USER}" CREATEROLE')
    one = free_port()
    async with serving(tmp_path, server.url, one, DATABASE_RLS="on" if request.param == "rls" else "off"):
        yield one


@pytest.mark.processes
async def test_two_people_whose_rows_are_locked_hold_two_connections(server: OwnPostgres, port: int) -> None:
    async with crowd(port, 2) as people:
        async with rows_locked(server, people.owners):
            people.send_writes()
            await people.look_beside(server, 1.5)
        answers = await asyncio.gather(*people.sent)

        assert {answer.status_code for answer in answers} == {200, 201}
        for client in people.clients:
            stored = (await client.get("/api/tasks")).json()["tasks"]
            assert len(stored) == 1 + sum(n % 3 != 2 for n in range(WRITES))
    assert people.longest_beside < BESIDE
    assert people.most_connections <= 2


@pytest.mark.soak
@pytest.mark.fault("PostgreSQL: the rows of two users locked by another session, who send 50 writes each")
async def test_writes_that_wait_for_a_locked_row_are_refused_in_time(
    server: OwnPostgres, port: int, observe: Observe
) -> None:
    async with crowd(port, 2) as people:
        async with rows_locked(server, people.owners):
            begun = monotonic()
            people.send_writes()
            await people.look_beside(server, DEADLINE + 1)
            answers = await asyncio.wait_for(asyncio.gather(*people.sent), SLACK)
            took = max(answer.elapsed.total_seconds() for answer in answers)
            seen = {outcome(answer) for answer in answers}
            assert monotonic() - begun < DEADLINE + 1 + SLACK
        for client in people.clients:
            assert (await client.post("/api/tasks", json={"title": "Again"})).status_code == 201
    observe(
        f"the two: {DATABASE_ERROR} or {UNAVAILABLE}; all others: "
        f"{people.served_beside} \N{MULTIPLICATION SIGN} {SUCCESS}, in {people.longest_beside:.1f} s at most",
        longest=took,
        back=0,
    )
    assert DATABASE_ERROR in seen
    assert seen <= {DATABASE_ERROR, UNAVAILABLE}
    assert took < DEADLINE + SLACK
    assert people.longest_beside < BESIDE
    assert people.most_connections <= 2


@pytest.mark.soak
@needs_pgbouncer
async def test_behind_a_pooler_too_one_person_holds_one_connection(
    server: OwnPostgres, tmp_path: Path
) -> None:
    port = free_port()
    by_socket = f"postgresql://{USER}@:{server.port}/{DATABASE}?host={server.folder}"
    async with (
        pooler(by_socket, tmp_path) as url,
        serving(tmp_path, url, port),
        crowd(port, 1) as people,
    ):
        async with rows_locked(server, people.owners):
            people.send_writes()
            await people.look_beside(server, 1.5)
        answers = await asyncio.gather(*people.sent)
    assert {answer.status_code for answer in answers} == {200, 201}
    assert people.longest_beside < BESIDE
    assert people.most_connections <= 1
