"""Who is calling: all that the other rooms know of tokens."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request


@dataclass(frozen=True, slots=True)
class User:
    """The owner whom a verified token names.

    `id` is the owner's id for ever, `email` a plausible address or None, `expires_at` the token's `exp`
    in seconds since 1970.
    """

    id: UUID
    email: str | None
    expires_at: float


def _current_user(request: Request) -> User:
    user: User = request.scope["user"]
    return user


CurrentUser = Annotated[User, Depends(_current_user)]
"""For a handler: the verified caller. The gate in front of the routes has put it into the scope."""
