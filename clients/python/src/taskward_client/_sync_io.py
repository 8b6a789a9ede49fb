"""What the synchronous client waits with; `_async_io.py` has the same names."""

from collections.abc import Callable
from threading import Lock
from time import sleep
from typing import TypeAlias

TokenProvider: TypeAlias = Callable[[], str]


def token_of(provider: TokenProvider) -> str:
    """Returns a token of the provider."""
    return provider()


__all__ = ["Lock", "TokenProvider", "sleep", "token_of"]
