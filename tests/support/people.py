"""Users of an app: their tokens, and HTTP clients without a network."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import jwt
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.apps import SECRET
from support.openapi_check import documented


def token_for(sub: str, **claims: Any) -> str:
    """Signs a token as an identity provider with the shared secret would; valid for an hour by default."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 3600} | claims, SECRET, algorithm="HS256")


class Person:
    """A user with a token, and the HTTP client that sends it."""

    def __init__(self, app: FastAPI, sub: str | None = None, **claims: Any) -> None:
        self.sub = sub or str(uuid4())
        self.token = token_for(self.sub, **claims)
        self.http = client_of(app, Authorization=f"Bearer {self.token}")

    async def create(self, title: str = "Buy milk", **fields: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/tasks", json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def get(self, task_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def put(self, task_id: str, **fields: Any) -> dict[str, Any]:
        answer = await self.http.put(f"/api/tasks/{task_id}", json=fields)
        assert answer.status_code == 200, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def tasks(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/api/tasks")
        assert answer.status_code == 200, answer.text
        tasks: list[dict[str, Any]] = answer.json()["tasks"]
        return tasks


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """Returns a client of the app without a network in between.

    Each response is checked against the OpenAPI document, in all tests.
    """

    async def check(answer: httpx.Response) -> None:
        await answer.aread()
        documented().check(answer)

    transport = httpx.ASGITransport(leaving_streams(app), raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport,
        base_url="http://taskward.test",
        headers=headers,
        event_hooks={"response": [check]},
    )


def leaving_streams(app: FastAPI) -> ASGIApp:
    """Leaves a stream when its first part has arrived, for it would never end by itself."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/api/events":
            await app(scope, receive, send)
            return
        whole, arrived = False, asyncio.Event()

        async def receive_and_leave() -> Message:
            nonlocal whole
            if whole:
                await arrived.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            whole = not message.get("more_body", False)
            return message

        async def send_and_note(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                arrived.set()

        await app(scope, receive_and_leave, send_and_note)

    return wrapped
