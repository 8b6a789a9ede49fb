"""Helpers of the tests of access tokens and service tokens."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import orjson
from auth.identity_provider import Signer
from fastapi import FastAPI
from support import Person, client_of, database_of

from taskward.auth.service import TYPE
from taskward.database.statements import TransactionSteps
from taskward.http.caller import Owner
from taskward.tokens.statements import CREATE_TOKEN, ENSURE_PERSON
from taskward.tokens.token_text import TokenText
from taskward.users.statements import person_values

INVALID = (401, "INVALID_TOKEN", "Authentication token is invalid")
EXPIRED = (401, "TOKEN_EXPIRED", "Authentication token has expired")
BEYOND = (405, "METHOD_NOT_ALLOWED", "This token does not allow this")
NOT_FOUND = (404, "NOT_FOUND", "Token not found")


async def make_token(person: Person, **fields: Any) -> dict[str, Any]:
    """Makes a token by the API, by default one that may write."""
    answer = await person.http.post("/api/tokens", json={"name": "script", "access": "write", **fields})
    assert answer.status_code == 201, answer.text
    token: dict[str, Any] = answer.json()
    return token


def bearer(app: FastAPI, token: str) -> httpx.AsyncClient:
    """Returns a client that sends this token."""
    return client_of(app, Authorization=f"Bearer {token}")


def service_token(user: str, key: Signer, **claims: Any) -> str:
    """Returns a service token for a user, valid for a minute."""
    now = int(time.time())
    content = {"sub": user, "iat": now, "exp": now + 60, "act": {"sub": "nightly"}, **claims}
    return jwt.encode(content, key.private, key.alg, {"typ": TYPE, "kid": key.kid})


async def store_token(
    app: FastAPI,
    owner: str,
    access: str = "write",
    *,
    spaces: Sequence[UUID] | None = None,
    private: bool | None = None,
    valid_for: float = 3600,
) -> str:
    """Stores a token with any reach and validity, past the API; returns its text."""
    parts = TokenText(UUID(owner), uuid4(), uuid4().bytes + uuid4().bytes)
    values = {
        "owner": parts.user_id,
        "token_id": parts.token_id,
        "token_digest": parts.digest,
        "name": "script",
        "access": access,
        "spaces": None if spaces is None else orjson.dumps(spaces).decode(),
        "private": private,
        "created_at": datetime.now(UTC),
        "expires_at": datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=valid_for),
    }

    def steps() -> TransactionSteps[None]:
        yield ENSURE_PERSON, person_values(Owner(parts.user_id))
        yield CREATE_TOKEN, values

    await database_of(app).transact(steps)
    return parts.text.decode()
