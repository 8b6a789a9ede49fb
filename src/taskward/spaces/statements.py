"""The statements on spaces, members, invitations and memberships.

The one that reads the role of the caller is in `forms.py`.
"""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from taskward.database.functions import any_of, clock_number, monotonic_now
from taskward.database.statements import Command, Read
from taskward.database.types import CodePointText, Counter, Flag, Id, Ids, Instant
from taskward.spaces.records import INVITATION_COLUMNS, MEMBER_COLUMNS, SPACE_COLUMNS
from taskward.spaces.tables import INVITATIONS, MEMBERS, MEMBERSHIPS, SPACES
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER, bump_owner
from taskward.users.tables import USERS

_NOW: Final = bindparam("now", type_=Instant())
_VERSION: Final = bindparam("version", type_=Counter)
_MEMBER_ID: Final = bindparam("member_id", type_=Id())
_PERSON_ID: Final = bindparam("person_id", type_=Id())
_INVITATION_ID: Final = bindparam("invitation_id", type_=Id())
_SPACE_ID: Final = bindparam("space_id", type_=Id())
_ROLE: Final = bindparam("role", type_=Integer())
_NAME: Final = bindparam("name", type_=Text())

_WRITABLE: Final[dict[str, Any]] = {
    "title": bindparam("title", type_=CodePointText),
    "is_archived": bindparam("is_archived", type_=Flag()),
    "metadata": bindparam("metadata", type_=Text()),
}
_TIME_ZONE: Final = bindparam("time_zone", type_=Text())

# The space

_first = select(clock_number().label("number")).subquery("first")
CREATE_OWNER: Final = Command(
    "create the owner of a space",
    insert(USERS)
    .from_select(
        ["id", "email", "seq", "horizon", "created_at", "updated_at", "time_zone", "members_seq"],
        select(
            OWNER,
            null(),
            _first.c.number + literal_column("1", Counter),
            _first.c.number,
            _NOW,
            _NOW,
            _TIME_ZONE,
            _first.c.number + literal_column("1", Counter),
        ),
    )
    .returning(USERS.c.seq),
)
"""Returns the number of the second of its first two writes, the space and its first member."""

SPACES_AFTER: Final = Read(
    "spaces after an id",
    select(SPACES.c.user_id)
    .where(SPACES.c.user_id > bindparam("after_id", type_=Id()))
    .order_by(SPACES.c.user_id)
    .limit(bindparam("limit", type_=Integer())),
    cross_owner=True,
)
CREATE_SPACE: Final = Command(
    "create space",
    insert(SPACES).values(
        {"user_id": OWNER, "created_at": _NOW, "updated_at": _NOW, "version": _VERSION} | _WRITABLE
    ),
    "space.create",
)
GET_SPACE: Final = Read(
    "get space",
    select(*SPACE_COLUMNS)
    .join(USERS, USERS.c.id == SPACES.c.user_id)
    .where(SPACES.c.user_id == OWNER, USERS.c.id == OWNER),
    batch_keys=("owner",),
)
_CALLER: Final = bindparam("caller", type_=Id())
IS_IN_SPACE: Final = exists().where(
    MEMBERS.c.user_id == OWNER, MEMBERS.c.person_id == _CALLER, MEMBERS.c.role.is_not(None)
)
"""Whether the caller is a member of the owner, a space, with any role."""

SPACE_OF_MEMBER: Final = Read(
    "space and the caller as its member",
    select(*SPACE_COLUMNS, *(column.label(f"member_{column.name}") for column in MEMBER_COLUMNS))
    .join(USERS, USERS.c.id == SPACES.c.user_id)
    .join(MEMBERS, MEMBERS.c.user_id == SPACES.c.user_id)
    .where(
        SPACES.c.user_id == OWNER,
        USERS.c.id == OWNER,
        MEMBERS.c.user_id == OWNER,
        MEMBERS.c.person_id == _CALLER,
        MEMBERS.c.role.is_not(None),
    ),
    batch_keys=("owner", "caller"),
    if_visible=IS_IN_SPACE,
)
"""Returns the columns of the space, then those of the member; no row if the caller is none."""

UPDATE_SPACE: Final = Command(
    "update space",
    update(SPACES)
    .where(SPACES.c.user_id == OWNER)
    .values(_WRITABLE | {"updated_at": monotonic_now(_NOW, SPACES.c.updated_at), "version": _VERSION}),
    "space.update",
)
SET_TIME_ZONE: Final = Command(
    "set the time zone of a space",
    update(USERS).where(USERS.c.id == OWNER).values(time_zone=_TIME_ZONE),
    quiet=True,
)
HAS_TASKS: Final = Read(
    "task of a space", select(TASKS.c.id).where(TASKS.c.user_id == OWNER).limit(literal_column("1"))
)

# Members

COUNT_MEMBER_CHANGE: Final = Command(
    "count a change of members",
    bump_owner(members_seq=USERS.c.seq + literal_column("1", Counter)),
)
"""Returns the number. `members_seq` gets a value that it has never had."""

GET_MEMBER: Final = Read(
    "get member",
    select(*MEMBER_COLUMNS).where(MEMBERS.c.user_id == OWNER, MEMBERS.c.id == _MEMBER_ID),
)
GET_MEMBER_OF_PERSON: Final = Read(
    "get the member that is a person",
    select(*MEMBER_COLUMNS).where(MEMBERS.c.user_id == OWNER, MEMBERS.c.person_id == _PERSON_ID),
    batch_keys=("owner", "person_id"),
)
LIST_MEMBERS: Final = Read(
    "list members",
    select(*MEMBER_COLUMNS)
    .where(MEMBERS.c.user_id == OWNER, MEMBERS.c.role.is_not(None))
    .order_by(MEMBERS.c.joined_at, MEMBERS.c.id),
)
ADD_MEMBER: Final = Command(
    "add member",
    insert(MEMBERS).values(
        user_id=OWNER,
        id=_MEMBER_ID,
        person_id=_PERSON_ID,
        role=_ROLE,
        name=_NAME,
        joined_at=_NOW,
        updated_at=_NOW,
        version=_VERSION,
    ),
    "member.join",
)
_MEMBER: Final = (MEMBERS.c.user_id == OWNER, MEMBERS.c.id == _MEMBER_ID)
_CHANGED_MEMBER: Final = {"updated_at": monotonic_now(_NOW, MEMBERS.c.updated_at), "version": _VERSION}
REJOIN_MEMBER: Final = Command(
    "rejoin member",
    update(MEMBERS)
    .where(*_MEMBER)
    .values(_CHANGED_MEMBER | {"role": _ROLE, "name": _NAME, "joined_at": _NOW, "left_at": null()}),
    "member.join",
)
CHANGE_MEMBER: Final = Command(
    "change member",
    update(MEMBERS).where(*_MEMBER).values(_CHANGED_MEMBER | {"role": _ROLE, "name": _NAME}),
    "member.role",
)
RENAME_MEMBER: Final = replace(CHANGE_MEMBER, name="rename member", action="member.update")
KEEP_MEMBER: Final = replace(CHANGE_MEMBER, name="write member as it is", action=None)
"""Of a client that sends back what it has read: neither audit log nor activity has an entry."""
REMOVE_MEMBER: Final = Command(
    "remove member",
    update(MEMBERS)
    .where(*_MEMBER)
    .values(
        _CHANGED_MEMBER
        | {"role": null(), "left_at": _NOW, "removed_version": bindparam("removed_version", type_=Counter)}
    ),
    "member.remove",
)
"""Without a new `removed_version` the member has left."""

FORGET_PERSON: Final = Command(
    "forget the person of a member",
    update(MEMBERS)
    .where(*_MEMBER)
    .values(
        _CHANGED_MEMBER
        | {
            "role": null(),
            "name": null(),
            "person_id": null(),
            "left_at": func.coalesce(MEMBERS.c.left_at, _NOW),
        }
    ),
    "member.remove",
)
FORGET_FORMER: Final = replace(FORGET_PERSON, name="forget the person of a former member", action=None)

# Invitations

LIST_INVITATIONS: Final = Read(
    "list invitations",
    select(*INVITATION_COLUMNS)
    .where(
        INVITATIONS.c.user_id == OWNER,
        INVITATIONS.c.closed_at.is_(None),
        INVITATIONS.c.expires_at > _NOW,
        INVITATIONS.c.used < INVITATIONS.c.uses,
    )
    .order_by(INVITATIONS.c.created_at.desc(), INVITATIONS.c.id.desc()),
)
"""The open ones."""

GET_INVITATION: Final = Read(
    "get invitation",
    select(*INVITATION_COLUMNS).where(INVITATIONS.c.user_id == OWNER, INVITATIONS.c.id == _INVITATION_ID),
    if_visible=false(),
)
"""The secret is compared with it at once. Who has it waits for the space in the transaction that follows."""

CREATE_INVITATION: Final = Command(
    "create invitation",
    insert(INVITATIONS).values(
        user_id=OWNER,
        id=_INVITATION_ID,
        digest=bindparam("digest", type_=Text()),
        role=_ROLE,
        uses=bindparam("uses", type_=Integer()),
        used=literal_column("0", Integer()),
        expires_at=bindparam("expires_at", type_=Instant()),
        made_after=_VERSION,
        created_by=_MEMBER_ID,
        created_at=_NOW,
    ),
    "invitation.create",
    quiet=True,
)
USE_INVITATION: Final = Command(
    "use invitation",
    update(INVITATIONS)
    .where(INVITATIONS.c.user_id == OWNER, INVITATIONS.c.id == _INVITATION_ID)
    .values(used=INVITATIONS.c.used + literal_column("1", Integer())),
    quiet=True,
)
REVOKE_INVITATION: Final = Command(
    "revoke invitation",
    update(INVITATIONS)
    .where(INVITATIONS.c.user_id == OWNER, INVITATIONS.c.id == _INVITATION_ID)
    .values(closed_at=_NOW),
    "invitation.revoke",
    quiet=True,
)
_FORGOTTEN_AT: Final = bindparam("forgotten_at", type_=Instant())
FORGET_INVITATIONS: Final = Command(
    "forget closed invitations",
    delete(INVITATIONS).where(
        INVITATIONS.c.user_id == OWNER,
        (INVITATIONS.c.expires_at <= _FORGOTTEN_AT) | (INVITATIONS.c.closed_at <= _FORGOTTEN_AT),
    ),
    quiet=True,
)
"""A closed invitation is kept for a day, so that the repeated redemption of a member is answered."""

# The spaces of a person

MEMBERSHIPS_OF: Final = Read(
    "spaces of a person",
    select(MEMBERSHIPS.c.space_id, MEMBERSHIPS.c.joined_at)
    .where(MEMBERSHIPS.c.user_id == OWNER, ~MEMBERSHIPS.c.has_left)
    .order_by(MEMBERSHIPS.c.joined_at, MEMBERSHIPS.c.space_id),
)
ALL_MEMBERSHIPS_OF: Final = Read(
    "spaces that a person is or was in",
    select(MEMBERSHIPS.c.space_id).where(MEMBERSHIPS.c.user_id == OWNER),
)
LEFT_SPACES_OF: Final = Read(
    "spaces that a person has left",
    select(MEMBERSHIPS.c.space_id, MEMBERSHIPS.c.version).where(
        MEMBERSHIPS.c.user_id == OWNER, MEMBERSHIPS.c.has_left
    ),
)
EXISTING_SPACES: Final = Read(
    "those spaces that exist",
    select(SPACES.c.user_id).where(any_of(SPACES.c.user_id, bindparam("spaces", type_=Ids()))),
    cross_owner=True,
)
_counts: list[ColumnElement[Any]] = [
    func.count(MEMBERSHIPS.c.space_id),
    func.sum(MEMBERSHIPS.c.has_left.cast(Integer)),
]
COUNT_MEMBERSHIPS: Final = Read(
    "count of spaces of a person",
    select(*_counts).where(MEMBERSHIPS.c.user_id == OWNER),
)
"""Those that the person ever was in, and how many of them they have left."""

JOIN: Final = Command(
    "add a membership",
    upsert(MEMBERSHIPS)
    .values(
        user_id=OWNER,
        space_id=_SPACE_ID,
        joined_at=_NOW,
        has_left=literal_column("false", Flag()),
        version=_VERSION,
    )
    .on_conflict_do_update(
        index_elements=["user_id", "space_id"],
        set_={"joined_at": _NOW, "has_left": literal_column("false", Flag()), "version": _VERSION},
    ),
)
LEAVE: Final = Command(
    "end a membership",
    update(MEMBERSHIPS)
    .where(
        MEMBERSHIPS.c.user_id == OWNER,
        MEMBERSHIPS.c.space_id == _SPACE_ID,
        MEMBERSHIPS.c.joined_at == bindparam("joined_at", type_=Instant()),
        ~MEMBERSHIPS.c.has_left,
    )
    .values(has_left=literal_column("true", Flag()), version=_VERSION),
)
"""Not that of a person who has joined again since."""

DROP_MEMBERSHIP: Final = Command(
    "drop a membership",
    delete(MEMBERSHIPS).where(MEMBERSHIPS.c.user_id == OWNER, MEMBERSHIPS.c.space_id == _SPACE_ID),
    quiet=True,
)
DROP_MEMBERSHIPS: Final = Command(
    "drop ended memberships",
    delete(MEMBERSHIPS).where(
        MEMBERSHIPS.c.user_id == OWNER,
        any_of(MEMBERSHIPS.c.space_id, bindparam("spaces", type_=Ids())),
        MEMBERSHIPS.c.has_left,
    ),
    quiet=True,
)
