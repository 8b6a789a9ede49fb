"""The calling user of a request."""

from dataclasses import dataclass
from uuid import UUID


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
