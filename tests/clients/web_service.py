"""The service behind the web app: in development, with many tasks, and what other devices do meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from changes.streams import InProcess, in_process_server
from support import settings_for
from support.paging import Stored, insert_tasks

from taskward.auth.development import DEVELOPER, mint_token
from taskward.ids import new_id

Task = dict[str, Any]


@asynccontextmanager
async def development(folder: Path, port: int = 0) -> AsyncIterator[InProcess]:
    """Serves the web app in development, on a file in that folder."""
    settings = settings_for(f"sqlite:///{folder}/tasks.db", jwt_secret=None)
    async with in_process_server(settings, port=port) as service:
        yield service


@asynccontextmanager
async def service_with(count: int, folder: Path) -> AsyncIterator[InProcess]:
    """Serves an account with that many open tasks."""
    developer = uuid5(uuid5(NAMESPACE_URL, ""), DEVELOPER)
    folder.mkdir()  # noqa: ASYNC240 - it takes no time
    async with development(folder) as service:
        await insert_tasks(service.app, developer, [Stored(new_id(), f"Task {n}") for n in range(count)])
        yield service


def api(service: InProcess, sub: str = DEVELOPER) -> httpx.AsyncClient:
    """Returns a client of the API, by default for the same user as the web app's."""
    token = mint_token(service.settings, sub)
    return httpx.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {token}"})


async def tasks_of(service: InProcess) -> list[Task]:
    """Returns what the service has, oldest first."""
    async with api(service) as client:
        listed: list[Task] = (await client.get("/api/tasks?sort=created_at")).json()["tasks"]
        return listed


async def stored(service: InProcess, holds: Callable[[list[Task]], object]) -> list[Task]:
    """Waits until the tasks of the service are as a function says, and returns them."""
    async with asyncio.timeout(20):
        while not holds(tasks := await tasks_of(service)):  # noqa: ASYNC110 - the API has nothing to wait for
            await asyncio.sleep(0.05)
    return tasks


async def create(service: InProcess, *bodies: Task) -> list[Task]:
    """Creates tasks by the API, as another device does."""
    async with api(service) as client:
        return [(await client.post("/api/tasks", json=body)).json() for body in bodies]


async def change(service: InProcess, task: Task, body: Task) -> None:
    """Changes a task by the API, as another device does."""
    async with api(service) as client:
        assert (await client.patch(f"/api/tasks/{task['id']}", json=body)).status_code == 200
