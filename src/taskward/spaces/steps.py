"""The writes of spaces as steps of a transaction.

Those of one space run under its lock, once the caller is authorized; see `SpaceRows`. Those of two
owners lock the person before the space.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from taskward.database.statements import TransactionSteps
from taskward.http.caller import Caller, Owner
from taskward.http.conditional import Versions
from taskward.http.errors import FieldError, PreconditionFailed, ValidationFailed
from taskward.http.roles import Role
from taskward.ids import new_id
from taskward.spaces.authorization import CallerAsMember
from taskward.spaces.errors import LastOwner, MemberNotFound, RoleTooLow, SpaceNotEmpty, SpaceNotFound
from taskward.spaces.models import NewSpace, SpaceChanges
from taskward.spaces.records import MemberRecord, SpaceRecord
from taskward.spaces.statements import (
    ADD_MEMBER,
    CHANGE_MEMBER,
    COUNT_MEMBER_CHANGE,
    COUNT_MEMBERSHIPS,
    CREATE_OWNER,
    CREATE_SPACE,
    DROP_MEMBERSHIPS,
    GET_MEMBER,
    GET_MEMBER_OF_PERSON,
    GET_SPACE,
    HAS_TASKS,
    JOIN,
    KEEP_MEMBER,
    LEAVE,
    LIST_MEMBERS,
    REJOIN_MEMBER,
    REMOVE_MEMBER,
    RENAME_MEMBER,
    SET_TIME_ZONE,
    UPDATE_SPACE,
)
from taskward.tasks.fields.metadata import changed_metadata, metadata_json
from taskward.tasks.records import version_tag
from taskward.tasks.steps.reminders import drop_reminders_of_member_steps, move_reminders_steps
from taskward.tasks.tombstones import RAISE_HORIZON
from taskward.users.erasure import erase_owner_steps, erase_rows_steps
from taskward.users.statements import (
    COUNT_MANY,
    COUNT_MANY_OF_PERSON,
    LOCK_OWNER,
    lock_person_steps,
    person_values,
)

MAX_MEMBERS: Final = 100
MAX_SPACES: Final = 100
"""Spaces that a person is in."""

MAX_SPACES_EVER: Final = 1000
"""Spaces that a person has ever been in."""

_ONE: Final = {"count": 1}


@dataclass(frozen=True, slots=True)
class Joined:
    """A space, and a person as its member."""

    space: SpaceRecord
    member: MemberRecord


class TooManySpacesEver(ValidationFailed):
    """The person has been in too many spaces, of which some may be gone."""

    def __init__(self, field: str) -> None:
        super().__init__([FieldError(field, f"A person has been in at most {MAX_SPACES_EVER} spaces")])


def create_steps(caller: Caller, new: NewSpace, space_id: UUID, full_field: str) -> TransactionSteps[Joined]:
    """Creates a space with the caller as its owner.

    Raises:
        ValidationFailed: the caller is in too many spaces.

    """
    now, space = datetime.now(UTC), {"owner": space_id}
    yield from lock_person_steps(caller.own)
    yield from _check_room(caller.id, full_field)
    rows = yield CREATE_OWNER, {**space, "now": now, "time_zone": new.time_zone}
    last = rows[0][0]
    values = {"title": new.title, "is_archived": new.is_archived, "metadata": metadata_json(new.metadata)}
    member = {"member_id": new_id(), "person_id": caller.id, "role": Role.OWNER}
    # The member is first: under row-level security a space has rows for its members only.
    yield ADD_MEMBER, {**space, **member, "name": new.name or caller.name, "now": now, "version": last}
    yield CREATE_SPACE, {**space, **values, "now": now, "version": last - 1}
    yield from _join_steps(caller.own, space_id, now)
    return (yield from joined_steps(space_id, caller.id))


def update_steps(
    space_id: UUID, changes: SpaceChanges, versions: Versions | None
) -> TransactionSteps[SpaceRecord]:
    """Changes the given fields of a space.

    Raises:
        PreconditionFailed: it is in another version.
        ValidationFailed: the changes do not fit what is stored.

    """
    before = yield from space_steps(space_id, versions)
    given, space = changes.given(), {"owner": space_id}
    metadata = changed_metadata(before.metadata, given)
    rows = yield COUNT_MANY, {**space, **_ONE}
    values = {
        "title": given.get("title", before.title),
        "is_archived": given.get("is_archived", before.is_archived),
        "metadata": metadata,
        "now": datetime.now(UTC),
        "version": rows[0][0],
        "fields": sorted(given),
    }
    yield UPDATE_SPACE, {**space, **values}
    if "time_zone" in given:
        yield SET_TIME_ZONE, {**space, "time_zone": given["time_zone"]}
        yield from move_reminders_steps(space_id, given["time_zone"])
    return (yield from space_steps(space_id, None))


def delete_steps(space_id: UUID, versions: Versions | None, *, with_tasks: bool) -> TransactionSteps[None]:
    """Erases a space with all that is in it.

    Raises:
        PreconditionFailed: it is in another version.
        SpaceNotEmpty: it has tasks, and they shall not be deleted.

    """
    yield from space_steps(space_id, versions)
    if not with_tasks and (yield HAS_TASKS, {"owner": space_id}):
        raise SpaceNotEmpty
    yield from erase_rows_steps(space_id)
    yield from erase_owner_steps(space_id, is_space=True)


def change_member_steps(
    space_id: UUID,
    me: CallerAsMember,
    member_id: UUID | None,
    given: Mapping[str, Any],
    versions: Versions | None,
) -> TransactionSteps[MemberRecord]:
    """Changes the role or the name of a member; None is the caller.

    Raises:
        RoleTooLow: it is another member, and the caller is no owner.
        MemberNotFound: there is no such member.
        PreconditionFailed: the member is in another version.
        ValidationFailed: the caller may not change that field.
        LastOwner: there would be no owner.

    """
    member = yield from _member_for(space_id, me, member_id, versions)
    is_me = str(member.id) == str(me.member_id)
    role, name = given.get("role", member.role), given.get("name", member.name)
    problems = []
    if role != member.role:
        if me.role < Role.OWNER:
            problems.append(FieldError("role", "Only an owner can change a role"))
        elif member.role is None:
            problems.append(FieldError("role", "This person is no longer a member"))
    if name != member.name and not is_me:
        problems.append(FieldError("name", "Only the member can change the name"))
    if problems:
        raise ValidationFailed(problems)
    if member.role == Role.OWNER and role != Role.OWNER:
        yield from _check_other_owner(space_id, member)
    rows = yield COUNT_MEMBER_CHANGE, {"owner": space_id}
    values = {"member_id": member.id, "role": role, "name": name, "version": rows[0][0]}
    of_name = KEEP_MEMBER if name == member.name else RENAME_MEMBER
    change = of_name if role == member.role else CHANGE_MEMBER
    yield change, {"owner": space_id, "now": datetime.now(UTC), "fields": sorted(given), **values}
    return (yield from _member(space_id, member.id))


def remove_member_steps(
    space_id: UUID, me: CallerAsMember, member_id: UUID | None, versions: Versions | None
) -> TransactionSteps[MemberRecord]:
    """Removes a member, or lets the caller leave; returns the member as it was.

    Raises as `change_member_steps`, and:
        MemberNotFound: the member has left.

    """
    member = yield from _member_for(space_id, me, member_id, versions)
    if member.role is None:
        raise MemberNotFound
    if member.role == Role.OWNER:
        yield from _check_other_owner(space_id, member)
    now, is_me = datetime.now(UTC), str(member.id) == str(me.member_id)
    rows = yield COUNT_MEMBER_CHANGE, {"owner": space_id}
    number = rows[0][0]
    removed = member.removed_version if is_me else number
    values = {"member_id": member.id, "removed_version": removed, "now": now, "version": number}
    # The member is last: under row-level security a person who has left sees nothing of the space.
    yield from drop_reminders_of_member_steps(space_id, member.id)
    yield REMOVE_MEMBER, {"owner": space_id, **values}
    return member


def leave_steps(person: UUID, space_id: UUID, joined_at: datetime) -> TransactionSteps[None]:
    """Ends the membership since that time among the person's own rows, if it has not ended; no other one."""
    rows = yield COUNT_MANY, {"owner": person, **_ONE}
    if rows:
        values = {"space_id": space_id, "joined_at": joined_at, "version": rows[0][0]}
        yield LEAVE, {"owner": person, **values}


def admit_steps(caller: Caller, space_id: UUID, role: Role, name: str | None) -> TransactionSteps[Joined]:
    """Makes the caller a member; who has been one gets the old id.

    Both owners are locked.

    Raises:
        ValidationFailed: the space is full, or the caller is in too many spaces.

    """
    now, space = datetime.now(UTC), {"owner": space_id}
    members = yield LIST_MEMBERS, space
    if len(members) >= MAX_MEMBERS:
        raise ValidationFailed([FieldError("invitation", f"A space has at most {MAX_MEMBERS} members")])
    yield from _check_room(caller.id, "invitation")
    rows = yield GET_MEMBER_OF_PERSON, {**space, "person_id": caller.id}
    former = MemberRecord(*rows[0]) if rows else None
    rows = yield COUNT_MEMBER_CHANGE, space
    values = {
        **space,
        "member_id": former.id if former else new_id(),
        "person_id": caller.id,
        "role": role,
        "name": name or (former.name if former else caller.name),
        "now": now,
        "version": rows[0][0],
    }
    yield (REJOIN_MEMBER if former else ADD_MEMBER), values
    yield from _join_steps(caller.own, space_id, now)
    return (yield from joined_steps(space_id, caller.id))


def check_member(me: CallerAsMember, member_id: UUID | None) -> None:
    """Raises RoleTooLow if the caller wants to change another member and is no owner."""
    if member_id not in {None, me.member_id} and me.role < Role.OWNER:
        raise RoleTooLow({"GET", "HEAD"})


def space_steps(space_id: UUID, versions: Versions | None) -> TransactionSteps[SpaceRecord]:
    """Returns the stored space; raises PreconditionFailed if it is in none of those versions."""
    rows = yield GET_SPACE, {"owner": space_id}
    if not rows:
        raise SpaceNotFound
    space = SpaceRecord(*rows[0])
    if versions is not None and space.version not in versions:
        raise PreconditionFailed(version_tag(space.version), "The space has been changed since it was read")
    return space


def joined_steps(space_id: UUID, person: UUID) -> TransactionSteps[Joined]:
    """Returns a space, and a person as its member."""
    space = yield from space_steps(space_id, None)
    rows = yield GET_MEMBER_OF_PERSON, {"owner": space_id, "person_id": person}
    return Joined(space, MemberRecord(*rows[0]))


def _join_steps(person: Owner, space_id: UUID, now: datetime) -> TransactionSteps[None]:
    rows = yield COUNT_MANY_OF_PERSON, {**person_values(person), **_ONE}
    yield JOIN, {"owner": person.id, "space_id": space_id, "now": now, "version": rows[0][0]}


def _check_room(person: UUID, field: str) -> TransactionSteps[None]:
    """Raises ValidationFailed if the person can be in no further space."""
    rows = yield COUNT_MEMBERSHIPS, {"owner": person}
    ever, left = rows[0][0], rows[0][1] or 0
    if ever - left >= MAX_SPACES:
        raise ValidationFailed([FieldError(field, f"A person is in at most {MAX_SPACES} spaces")])
    if ever >= MAX_SPACES_EVER:
        raise TooManySpacesEver(field)


def forget_spaces_steps(person: UUID, spaces: Sequence[UUID], up_to: int) -> TransactionSteps[None]:
    """Drops ended memberships in spaces that are gone; they ended up to that number of the feed."""
    yield LOCK_OWNER, {"owner": person}
    yield DROP_MEMBERSHIPS, {"owner": person, "spaces": spaces}
    yield RAISE_HORIZON, {"owner": person, "up_to": up_to}


def _member_for(
    space_id: UUID, me: CallerAsMember, member_id: UUID | None, versions: Versions | None
) -> TransactionSteps[MemberRecord]:
    """Returns the member that the caller wants to change."""
    check_member(me, member_id)
    member = yield from _member(space_id, member_id or me.member_id)
    if versions is not None and member.version not in versions:
        raise PreconditionFailed(version_tag(member.version), "The member has been changed since it was read")
    return member


def _member(space_id: UUID, member_id: UUID | str) -> TransactionSteps[MemberRecord]:
    rows = yield GET_MEMBER, {"owner": space_id, "member_id": member_id}
    if not rows:
        raise MemberNotFound
    return MemberRecord(*rows[0])


def _check_other_owner(space_id: UUID, member: MemberRecord) -> TransactionSteps[None]:
    """Raises LastOwner if that member is the only owner."""
    rows = yield LIST_MEMBERS, {"owner": space_id}
    members = [MemberRecord(*row) for row in rows]
    if not any(one.role == Role.OWNER and str(one.id) != str(member.id) for one in members):
        raise LastOwner
