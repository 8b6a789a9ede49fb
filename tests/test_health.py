"""docs/contract.md#operation: health checks."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from support import BreakDatabase, Broken, exchange, refusal, replace_part

from taskward import health
from taskward.auth.authenticator import AUTHENTICATOR
from taskward.database import DATABASE
from taskward.http.errors import DatabaseError, ServiceUnavailable


async def test_a_process_that_answers_is_healthy(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/health")

    assert (answer.status_code, answer.content) == (200, b'{"status":"healthy"}')


async def test_health_touches_no_database(stranger: httpx.AsyncClient, break_database: BreakDatabase) -> None:
    break_database(AssertionError())

    assert (await stranger.get("/health")).status_code == 200


async def test_a_service_whose_database_can_be_used_is_ready(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/health/ready")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("error", [DatabaseError(reason="canary"), TimeoutError(), ServiceUnavailable()])
async def test_a_service_whose_database_cannot_be_used_is_not_ready(
    stranger: httpx.AsyncClient, break_database: BreakDatabase, error: Exception
) -> None:
    break_database(error)

    answer = await stranger.get("/health/ready")

    status, code, text = refusal(answer)
    assert (status, code) == (503, "SERVICE_UNAVAILABLE")
    assert "canary" not in text
    assert answer.headers["retry-after"] == "1"


async def test_a_database_that_does_not_answer_in_time_is_not_waited_for(
    app: FastAPI, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Broken):
        async def ping(self) -> None:  # type: ignore[override] # it never returns either
            await asyncio.Event().wait()

    replace_part(monkeypatch, app, DATABASE, Silent(AssertionError()))
    monkeypatch.setattr(health, "DATABASE_TIMEOUT", 0.01)

    answer = await stranger.get("/health/ready")

    assert refusal(answer) == (503, "SERVICE_UNAVAILABLE", "The database cannot be used")


async def test_a_service_that_has_no_keys_yet_is_not_ready(
    app: FastAPI, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutKeys:
        ready = False

    replace_part(monkeypatch, app, AUTHENTICATOR, WithoutKeys())

    assert (await stranger.get("/health/ready")).status_code == 503
    assert (await stranger.get("/health")).status_code == 200


async def test_a_service_that_is_stopping_is_healthy_and_not_ready(app: FastAPI) -> None:
    stopping = {"draining": True}

    assert (await exchange(app, "GET", "/health", state=stopping)).status == 200
    assert (await exchange(app, "GET", "/health/ready", state=stopping)).status == 503
