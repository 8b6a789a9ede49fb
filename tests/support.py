"""What the tests speak with: settings, tokens, people, and HTTP to an app."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import jwt
from fastapi import FastAPI

from taskward.app import create_app
from taskward.settings import Settings, load_settings

SECRET = "a secret that only the tests know about"


def settings_for(url: str, **others: Any) -> Settings:
    """Give settings for a test: nothing from the environment or `.env` but what is said here."""
    return load_settings(**{"_env_file": None, "database_url": url, "jwt_secret": SECRET} | others)


def token_for(sub: str, **claims: Any) -> str:
    """Sign a token as an identity provider with the shared secret would; an hour long unless it says more."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 3600} | claims, SECRET, algorithm="HS256")


class Person:
    """Somebody with a token, and the HTTP client that sends it."""

    def __init__(self, app: FastAPI, sub: str | None = None, **claims: Any) -> None:
        self.sub = sub or str(uuid4())
        self.token = token_for(self.sub, **claims)
        self.http = client_of(app, Authorization=f"Bearer {self.token}")

    async def create(self, title: str = "Buy milk", **fields: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/tasks", json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def tasks(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/api/tasks")
        assert answer.status_code == 200, answer.text
        tasks: list[dict[str, Any]] = answer.json()["tasks"]
        return tasks


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """Give a client that speaks to the app without a network in between."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://taskward.test", headers=headers)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """Start an app with these settings and stop it afterwards."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app
