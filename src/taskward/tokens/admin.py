"""Access tokens for an operator: without the API, by user id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from taskward.database.engines import open_database
from taskward.http.caller import Owner
from taskward.http.responses import rfc3339
from taskward.settings import Settings
from taskward.tokens.models import Validity
from taskward.tokens.store import TokenStore


async def tokens_of(settings: Settings, user_id: UUID) -> list[dict[str, Any]]:
    """Returns the tokens of a user, the newest first, as the API does, with times as text."""
    async with _store(settings, user_id) as tokens:
        found = await tokens.list()
    times = ("created_at", "expires_at", "last_used_at")
    return [
        one | {name: rfc3339(one[name]) for name in times if name in one and not isinstance(one[name], str)}
        for one in found
    ]


async def revoke_tokens(settings: Settings, user_id: UUID, token_id: UUID | None) -> int:
    """Revokes one token of a user, or all; returns their number.

    Raises:
        TokenNotFound: the user has no such token.

    """
    async with _store(settings, user_id) as tokens:
        if token_id is None:
            return await tokens.revoke_all()
        await tokens.revoke(token_id)
        return 1


@asynccontextmanager
async def _store(settings: Settings, user_id: UUID) -> AsyncIterator[TokenStore]:
    database = open_database(settings)
    await database.start()
    try:
        yield TokenStore(database, Owner(user_id), Validity(0))
    finally:
        await database.stop()
