"""The caller, who sends a request, and the owner, whose rows it reads and writes.

Limits are counted by caller: the rate limit, admission, unread bytes, streams, uploads. Rows are stored by
owner: the caller as a person, or a space that the caller is a member of.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from taskward.http.roles import Role


class Author:
    """The member of a space for whom a request writes, and the role there; known once it is read."""

    __slots__ = ("member_id", "role")

    def __init__(self) -> None:
        self.member_id: UUID | None = None
        self.role: Role | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of the rows that a request, or the service itself, reads and writes.

    `email`, a plausible address or None, and `time_zone`, an IANA name or None, are first values of the row
    of a person who has never written. Of a space `author` is the member who writes.
    """

    id: UUID
    email: str | None = None
    time_zone: str | None = None
    author: Author | None = None

    @property
    def path(self) -> str:
        """The beginning of the paths of what the owner has."""
        return "/api" if self.author is None else f"/api/spaces/{self.id}"

    @property
    def written_by(self) -> UUID | None:
        """The id of the author; None for a person, and in a space before the role is read."""
        return None if self.author is None else self.author.member_id


class Need(Enum):
    """The right that a route needs; a token of the identity provider has all of them."""

    __hash__ = object.__hash__  # that of an enum is written in Python

    PRIVATE = "private"
    """The user's own tasks, lists and labels."""
    SPACE = "space"
    """The contents of the user's spaces."""
    SHARING = "sharing"
    """Spaces, members and invitations, changed; to empty the trash of a space."""
    ACCOUNT = "account"
    """Everything of the user, read or changed without losing it."""
    CONTROL = "control"
    """All data at once, or the user's access tokens."""
    ERASURE = "erasure"
    PERSON = "person"
    """The user in person. It is the need of a route that declares none."""


_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Reach:
    """The rights of a token that is not of the identity provider."""

    has: frozenset[Need]
    is_read_only: bool
    spaces: frozenset[UUID] | None = None
    """The only spaces that it reaches; None for all of the user's."""
    token_id: UUID | None = None
    """The id of an access token."""
    actor: str | None = None
    """The name of the job that acts for the user by a service token."""
    log_fields: Mapping[str, str] = field(init=False, compare=False)
    """The fields of the log that name the token."""

    def __post_init__(self) -> None:
        given = {"token_id": self.token_id, "actor": self.actor}
        named = {name: str(value) for name, value in given.items() if value is not None}
        object.__setattr__(self, "log_fields", named)

    def permits(self, need: Need, method: str) -> bool:
        """Returns whether the token allows this method of a route with this need."""
        return need in self.has and (not self.is_read_only or method in _READING)


@dataclass(frozen=True, slots=True)
class Caller:
    """The user whom a verified token names.

    `id` is the permanent user id, `expires_at` the time at which the token expires, in seconds since 1970;
    `own` are the rows of the caller as a person. `name` is the token's, the first value of that of a member.
    Without a `reach`, the token allows everything.
    """

    id: UUID
    expires_at: float
    own: Owner
    reach: Reach | None = None
    name: str | None = None


CALLER: Final[ContextVar[UUID | None]] = ContextVar("caller", default=None)
"""The id of the caller for whom the current task works; None for the service's own work."""
