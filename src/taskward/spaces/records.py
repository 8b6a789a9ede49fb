"""Stored spaces, members, invitations and memberships, as statements return them."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from taskward.spaces.tables import INVITATIONS, MEMBERS, MEMBERSHIPS, SPACES
from taskward.users.tables import USERS


class SpaceRecord(NamedTuple):
    """A stored space; `state` is its counter."""

    id: UUID | str
    title: str
    is_archived: bool
    metadata: str | None
    created_at: datetime
    updated_at: datetime
    version: int
    time_zone: str | None
    state: int


class MemberRecord(NamedTuple):
    """A stored member."""

    id: UUID | str
    user_id: UUID | str
    person_id: UUID | str | None
    role: int | None
    name: str | None
    joined_at: datetime
    left_at: datetime | None
    removed_version: int | None
    updated_at: datetime
    version: int


class MembershipRecord(NamedTuple):
    """A space that a person is in."""

    id: UUID | str
    joined_at: datetime
    version: int


class InvitationRecord(NamedTuple):
    """A stored invitation."""

    id: UUID | str
    digest: str
    role: int
    uses: int
    used: int
    expires_at: datetime
    closed_at: datetime | None
    made_after: int
    created_by: UUID | str
    created_at: datetime


SPACE_COLUMNS: Final = (
    SPACES.c.user_id,
    *(SPACES.c[name] for name in SpaceRecord._fields[1:-2]),
    USERS.c.time_zone,
    USERS.c.seq,
)
MEMBER_COLUMNS: Final = tuple(MEMBERS.c[name] for name in MemberRecord._fields)
MEMBERSHIP_COLUMNS: Final = (MEMBERSHIPS.c.space_id, MEMBERSHIPS.c.joined_at, MEMBERSHIPS.c.version)
INVITATION_COLUMNS: Final = tuple(INVITATIONS.c[name] for name in InvitationRecord._fields)
