"""The calling user: the only part of authentication that the features use."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from taskward.http.context import Context


@dataclass(frozen=True, slots=True)
class Caller:
    """The user whom a verified token names.

    `id` is the permanent user id, `email` a plausible address or None, `expires_at` the token's `exp` in
    seconds since 1970, `time_zone` an IANA name or None.
    """

    id: UUID
    email: str | None
    expires_at: float
    time_zone: str | None = None


def _current_user(context: Context) -> Caller:
    return context.caller


CurrentUser = Annotated[Caller, Depends(_current_user)]
"""For a handler: the verified caller."""
