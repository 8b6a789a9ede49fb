"""What the asynchronous client waits with; `_sync_io.py` has the same names."""

from asyncio import Lock, sleep
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeAlias

TokenProvider: TypeAlias = Callable[[], str | Awaitable[str]]


async def token_of(provider: TokenProvider) -> str:
    """Returns a token of the provider."""
    token = provider()
    return await token if isawaitable(token) else token


__all__ = ["Lock", "TokenProvider", "sleep", "token_of"]
