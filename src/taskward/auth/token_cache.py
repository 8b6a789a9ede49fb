"""Cache of verified tokens, so that a signature is checked once."""

import hashlib

from taskward.auth.claims import Claims
from taskward.auth.current_user import User

MAX_TOKENS = 10_000
"""Tokens. Each takes under a kilobyte; the oldest is evicted."""


class TokenCache:
    """The users of verified tokens, by the digest of the token: the tokens themselves are not stored."""

    def __init__(self) -> None:
        self._claims: dict[bytes, Claims] = {}
        self._generation = 0

    def get(self, text: bytes, generation: int, now: float) -> User | None:
        """Returns the user of a cached token, if it is valid now and its key is still in use."""
        self._drop_older_generations(generation)
        claims = self._claims.get(_digest(text))
        return claims.user if claims and claims.hold(now) else None

    def put(self, text: bytes, generation: int, claims: Claims) -> None:
        self._drop_older_generations(generation)
        if len(self._claims) >= MAX_TOKENS:
            del self._claims[next(iter(self._claims))]
        self._claims[_digest(text)] = claims

    def _drop_older_generations(self, generation: int) -> None:
        if generation != self._generation:
            self._claims.clear()
            self._generation = generation


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
