"""Users of an app: their tokens and their HTTP clients."""

import time
from typing import Any
from uuid import UUID, uuid4

import jwt
from fastapi import FastAPI

from support.apps import SECRET
from support.client import client_of
from taskward.http.caller import Caller, Owner


def token_for(sub: str, **claims: Any) -> str:
    """Signs a token as an identity provider with the shared secret would; valid for an hour by default."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 3600} | claims, SECRET, algorithm="HS256")


def caller_of(user_id: UUID, *, expires_at: float = 0) -> Caller:
    """Returns the caller whom a token of that user names."""
    return Caller(user_id, expires_at, Owner(user_id))


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


def same_person(apps: tuple[FastAPI, FastAPI]) -> tuple[Person, Person]:
    """Returns one user as a person at each of two apps."""
    one = Person(apps[0])
    return one, Person(apps[1], one.sub)
