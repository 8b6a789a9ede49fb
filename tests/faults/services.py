"""Taskward on a database that fails: within this process, or as one of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx
from fastapi import FastAPI
from faults.load import ClientOf
from faults.own_postgres import DATABASE, PASSWORD, USER, OwnPostgres
from faults.tcp_proxy import TcpProxy, tcp_proxy
from support import SECRET, running, settings_for, token_for
from support.captured_log import captured_log
from support.command import Command, command, until_ready

SECRETS = ("127.0.0.1", USER, PASSWORD, DATABASE)
"""Texts that no response and no line of the log may contain."""

PROMISED = 5.0
"""Seconds after a fault within which the service is usable again."""


@dataclass
class Service:
    """An app in this process, and its log."""

    app: FastAPI
    lines: list[str] = field(default_factory=list)

    def client_of(self, sub: str) -> httpx.AsyncClient:
        """Returns a client that speaks as that person; each answer is searched for what it must not hold."""
        return self._client(Authorization=f"Bearer {token_for(sub)}")

    async def is_ready(self) -> bool:
        async with self._client() as client:
            answer = await client.get("/health/ready")
        assert answer.status_code in {200, 503}
        return answer.status_code == 200

    async def until_ready(self) -> float:
        """Waits until it is ready, and returns how long that took, in seconds."""
        begun = monotonic()
        async with asyncio.timeout(4 * PROMISED):
            while not await self.is_ready():  # noqa: ASYNC110 - it offers nothing to wait for
                await asyncio.sleep(0.05)
        return monotonic() - begun

    def _client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://taskward.test",
            headers=headers,
            event_hooks={"response": [_tells_nothing]},
        )


@asynccontextmanager
async def service(url: str, **settings: object) -> AsyncIterator[Service]:
    """Runs an app on that database while the block runs; its log must tell nothing of the URL."""
    with captured_log(logging.INFO) as log:
        async with running(settings_for(url, **settings)) as app:
            yield Service(app, log.texts)
    assert_silent(log.texts)


@asynccontextmanager
async def service_behind_proxy(
    server: OwnPostgres, **settings: object
) -> AsyncIterator[tuple[TcpProxy, Service]]:
    """Runs an app while the block runs, and a proxy between it and its database."""
    async with (
        tcp_proxy(server.port) as proxy,
        service(server.url_by(proxy.port), **settings) as one,
    ):
        yield proxy, one


def people_at(port: int) -> ClientOf:
    """Returns what makes clients that speak to a process there."""

    def client_of(sub: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token_for(sub)}"},
            timeout=30,
            trust_env=False,
        )

    return client_of


@asynccontextmanager
async def serving(folder: Path, url: str, port: int, **environment: str) -> AsyncIterator[Command]:
    """Runs `taskward serve` while the block runs."""
    given = {"DATABASE_URL": url, "JWT_SECRET": SECRET, "LOG_LEVEL": "WARNING"} | environment
    with command(folder, "serve", "--port", str(port), **given) as taskward:
        await until_ready(taskward, f"http://127.0.0.1:{port}")
        yield taskward


def assert_silent(lines: list[str]) -> None:
    """Asserts that no line holds what belongs to the URL of the database."""
    telling = [line for line in lines for secret in SECRETS if secret in line]
    assert not telling, telling[:3]


async def _tells_nothing(answer: httpx.Response) -> None:
    await answer.aread()
    told = f"{answer.headers} {answer.text}"
    assert not any(secret in told for secret in SECRETS), told
