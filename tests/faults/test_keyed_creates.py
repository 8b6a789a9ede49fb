"""docs/contract.md#concurrency-and-retries: a crash leaves both the task and its key, or neither."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from support import SECRET, MakeDatabase, token_for
from support.command import command, until_ready
from support.processes import Process
from support.waiting import TIMEOUT

KEYS = [f"key-{n}" for n in range(150)]
AT_ONCE = 16


@asynccontextmanager
async def serving(url: str, folder: Path) -> AsyncIterator[tuple[Process, str]]:
    """Runs `taskward serve` as a process of its own, and returns it with the URL that it listens on."""
    settings = {"DATABASE_URL": url, "JWT_SECRET": SECRET, "ENVIRONMENT": "production"}
    with command(folder, "serve", "--port", "0", **settings) as taskward:
        base_url = f"http://127.0.0.1:{await asyncio.to_thread(taskward.port)}"
        await until_ready(taskward, base_url)
        yield taskward.process, base_url


class Burst:
    """The same requests, one a key, sent a few at a time; `answers` holds what came back."""

    def __init__(self, base_url: str, sub: str) -> None:
        self.answers: dict[str, httpx.Response] = {}
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token_for(sub)}"},
            timeout=2 * TIMEOUT,
            trust_env=False,
        )

    async def send(self, process: Process | None = None, kill_after: int = 0) -> None:
        """Sends them all; kills the process after that many responses."""
        keys = iter(KEYS)
        async with self._client:
            await asyncio.gather(*(self._send(keys, process, kill_after) for _ in range(AT_ONCE)))

    async def tasks(self) -> list[str]:
        """Returns the titles of the tasks that there are."""
        async with self._client:
            return [task["title"] for task in (await self._client.get("/api/tasks")).json()["tasks"]]

    async def _send(self, keys: Iterator[str], process: Process | None, kill_after: int) -> None:
        for key in keys:
            try:
                self.answers[key] = await self._client.post(
                    "/api/tasks", json={"title": key}, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                assert process is not None, "nobody killed the service"
                return
            if process is not None and len(self.answers) == kill_after:
                process.kill()


@pytest.mark.parametrize("engine", ["disk", "postgres"])
async def test_after_kill_9_in_a_burst_of_keyed_posts_all_retries_together_make_one_task_each(
    new_database: MakeDatabase, engine: str, tmp_path: Path
) -> None:
    url, sub = await new_database(engine), str(uuid4())
    answered: dict[str, httpx.Response] = {}
    for kill_after in (40, 90):
        async with serving(url, tmp_path) as (process, base_url):
            burst = Burst(base_url, sub)
            await burst.send(process, kill_after)
            assert kill_after <= len(burst.answers) < len(KEYS)
            assert_as_before(burst.answers, answered)
            answered |= burst.answers

    async with serving(url, tmp_path) as (_, base_url):
        burst = Burst(base_url, sub)
        await burst.send()
        assert_as_before(burst.answers, answered)
        assert len(burst.answers) == len(KEYS)
        assert sorted(await Burst(base_url, sub).tasks()) == sorted(KEYS)


def assert_as_before(answers: dict[str, httpx.Response], before: dict[str, httpx.Response]) -> None:
    """Asserts that every request succeeded, and that one answered before got that answer again."""
    for key, answer in answers.items():
        assert answer.status_code == 201, answer.text
        assert answer.json()["title"] == key
        if key in before:
            assert answer.headers["idempotent-replayed"] == "true"
            assert answer.content == before[key].content
            assert answer.headers["etag"] == before[key].headers["etag"]
