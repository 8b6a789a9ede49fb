"""The caller, who sends a request, and the owner, whose rows it reads and writes.

Limits are counted by caller: the rate limit, admission, unread bytes, streams, uploads. Rows are stored by
owner. Today a caller asks for their own rows only.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of the rows that a request, or the service itself, reads and writes.

    `email`, a plausible address or None, and `time_zone`, an IANA name or None, are first values of the row
    of a person who has never written.
    """

    id: UUID
    email: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The user whom a verified token names.

    `id` is the permanent user id, `expires_at` the token's `exp` in seconds since 1970; `own` are the rows of
    the caller as a person.
    """

    id: UUID
    expires_at: float
    own: Owner


CALLER: Final[ContextVar[UUID | None]] = ContextVar("caller", default=None)
"""The id of the caller for whom the current task works; None for the service's own work."""
