"""What the agenda of a member of many spaces costs: `make bench-agenda`.

Requests go to a service over a socket. An agenda, and the same page of the member's own tasks, take turns. A
change of the member comes before each, so that no response is a cached one. Then agendas are read without a
pause while another user reads a task: that one's times are compared with those without agendas.
"""

import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import uvloop
from dataset import SECRET, token_of
from inprocess import NEW_TASK, Client, an_app, silent_output
from stage import a_postgres, a_server, taskward
from support.paging import NOON, insert_rows

from taskward.ids import new_id

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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report("SQLite", f"sqlite:///{folder}/tasks.db", Path(folder))
        with a_postgres() as postgres:
            report("PostgreSQL", postgres.url, Path(folder))


def report(engine: str, url: str, folder: Path) -> None:
    with silent_output():
        user = uvloop.run(fill(url))
    settings = {"JWT_SECRET": SECRET, "ENVIRONMENT": "production", "WORKERS": "1", "DATABASE_URL": url}
    with a_server(taskward("serve"), settings, folder) as server:
        page, agenda, alone, beside = measure(server.url, user)
    print(f"{engine}: {SPACES} spaces with {TASKS} tasks each")
    print(f"  a page of {PAGE} own tasks      {page:6.2f} ms")
    print(f"  a page of {PAGE} of the agenda  {agenda:6.2f} ms, {agenda / page:.1f} times (at most {MOST})")
    for name, times in (("alone", alone), ("beside agendas", beside)):
        ordered = sorted(times)
        median, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        print(
            f"  another's task, {name:<14} {median:6.2f} ms, p99 {p99:6.2f} ms, at most {ordered[-1]:6.2f} ms"
        )


class User:
    """Sends the requests of one user over a connection."""

    def __init__(self, url: str, user: UUID) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port)
        self._headers = {"Authorization": f"Bearer {token_of(user)}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Returns the body of the response.

        Raises:
            RuntimeError: it is none of success.

        """
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        told = response.read()
        if response.status not in {200, 201}:
            raise RuntimeError(f"{method} {path}: {response.status} {told!r}")
        return told

    def fresh(self, path: str) -> float:
        """Returns the milliseconds of a read after a change."""
        self.ask("POST", "/api/tasks", NEW_TASK)
        return self.milliseconds(path)

    def milliseconds(self, path: str) -> float:
        begun = time.perf_counter()
        self.ask("GET", path)
        return (time.perf_counter() - begun) * 1000

    def close(self) -> None:
        self._connection.close()


def measure(url: str, user: UUID) -> tuple[float, float, list[float], list[float]]:
    """Returns the medians of a page and of the agenda, and another user's times without and beside it."""
    with closing(User(url, user)) as member, closing(User(url, uuid4())) as other:
        task = json.loads(other.ask("POST", "/api/tasks", NEW_TASK))["id"]
        owners = {one["user_id"] for one in json.loads(member.ask("GET", AGENDA))["tasks"]}
        if len(owners) < PAGE / 4:
            raise RuntimeError(f"The agenda has tasks of {len(owners)} owners only")
        taken = [(member.fresh(OWN), member.fresh(AGENDA)) for _ in range(TURNS)]
        page, agenda = map(statistics.median, zip(*taken, strict=True))

        def read() -> float:
            return other.milliseconds(f"/api/tasks/{task}")

        alone = repeated(read)
        agendas = threading.Thread(target=lambda: repeated(lambda: member.fresh(AGENDA)))
        agendas.start()
        beside = repeated(read)
        agendas.join()
        return page, agenda, alone, beside


def repeated(ask: Callable[[], float]) -> list[float]:
    times, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        times.append(ask())
        time.sleep(0.001)
    return times


async def fill(url: str) -> UUID:
    """Makes a user with tasks of their own, who is in the spaces."""
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
        return user


def row(owner: UUID, n: int, member: UUID | None) -> dict[str, Any]:
    day = NOON + timedelta(days=n // ASSIGNED)
    return {
        "user_id": owner,
        "id": new_id(),
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
