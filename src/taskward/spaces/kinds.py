"""The declarations of what the change feed has besides entities: spaces, their members, and memberships."""

from typing import Final

from taskward.entity import FeedKind
from taskward.spaces.models import (
    Member,
    Membership,
    Space,
    member_json,
    membership_json,
    space_json,
)
from taskward.spaces.records import (
    MEMBER_COLUMNS,
    MEMBERSHIP_COLUMNS,
    SPACE_COLUMNS,
    MemberRecord,
    MembershipRecord,
    SpaceRecord,
)
from taskward.spaces.tables import MEMBERS, MEMBERSHIPS, SPACES
from taskward.users.tables import USERS

SPACE: Final = FeedKind(
    kind="space",
    plural="space",
    table=SPACES,
    rows=SPACES.join(USERS, USERS.c.id == SPACES.c.user_id),
    record=SpaceRecord,
    columns=SPACE_COLUMNS,
    to_json=space_json,
    model=Space,
)
MEMBER: Final = FeedKind(
    kind="member",
    plural="members",
    table=MEMBERS,
    record=MemberRecord,
    columns=MEMBER_COLUMNS,
    to_json=member_json,
    model=Member,
)
"""One who leaves is a member without a role, and no deletion."""

MEMBERSHIP: Final = FeedKind(
    kind="membership",
    plural="spaces",
    table=MEMBERSHIPS,
    has_ended=MEMBERSHIPS.c.has_left,
    record=MembershipRecord,
    columns=MEMBERSHIP_COLUMNS,
    to_json=membership_json,
    model=Membership,
)
"""Among the rows of a person, under the id of the space."""
