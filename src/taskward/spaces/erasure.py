"""A person who erases all data leaves all spaces, and is named in none of them any more.

It is part of the transaction that erases the person, which locks the spaces in the order of their ids; on
SQLite each space is a part of its own.
"""

from datetime import UTC, datetime
from uuid import UUID

from taskward.database.statements import SPLIT, Command, TransactionSteps, Values
from taskward.http.roles import Role
from taskward.idempotency.statements import FORGET_RESPONSES
from taskward.spaces.forms import CALLER, MY_ROLE
from taskward.spaces.recording import Recorder, recorded
from taskward.spaces.records import MemberRecord
from taskward.spaces.statements import (
    ALL_MEMBERSHIPS_OF,
    CHANGE_MEMBER,
    COUNT_MEMBER_CHANGE,
    DROP_MEMBERSHIP,
    FORGET_FORMER,
    FORGET_PERSON,
    GET_MEMBER_OF_PERSON,
    LIST_MEMBERS,
)
from taskward.tasks.steps.reminders import drop_reminders_of_member_steps
from taskward.users.erasure import CHANGE, erase_owner_steps, erase_rows_steps
from taskward.users.statements import LOCK_OWNER


def leave_all_steps(person: UUID, recorder: Recorder | None = None) -> TransactionSteps[None]:
    """Removes a person from each space that they are or were in; the recorder adds to their activity.

    A space without another member is erased. Without another owner the longest-standing editor becomes one,
    or the longest-standing viewer.
    """
    rows = yield ALL_MEMBERSHIPS_OF, {"owner": person}
    for space_id in sorted(UUID(str(row[0])) for row in rows):
        yield SPLIT, {"owner": person, "change": CHANGE}
        yield from recorded(recorder, _leave_steps(person, space_id), space_id)
        yield DROP_MEMBERSHIP, {"owner": person, "space_id": space_id}


def _leave_steps(person: UUID, space_id: UUID) -> TransactionSteps[None]:
    space = {"owner": space_id}
    yield LOCK_OWNER, space
    rows = yield GET_MEMBER_OF_PERSON, {**space, "person_id": person}
    if not rows:
        return
    member = MemberRecord(*rows[0])
    yield MY_ROLE, {**space, CALLER.key: person}  # names the person as the actor of the entries
    rows = yield LIST_MEMBERS, space
    others = [one for one in (MemberRecord(*row) for row in rows) if one.id != member.id]
    if not others:
        yield from erase_rows_steps(space_id, locked=person)
        yield from erase_owner_steps(space_id, is_space=True)
        return
    now = datetime.now(UTC)
    if not any(one.role == Role.OWNER for one in others):
        heir = max(others, key=lambda one: one.role or 0)  # the first of them, who has joined before the rest
        yield from _count(CHANGE_MEMBER, space_id, heir, {"role": Role.OWNER, "name": heir.name, "now": now})
    yield from drop_reminders_of_member_steps(space_id, member.id)
    forget = FORGET_FORMER if member.role is None else FORGET_PERSON
    yield from _count(forget, space_id, member, {"now": now})
    yield FORGET_RESPONSES, {**space, "prefix": f"{person} "}


def _count(change: Command, space_id: UUID, member: MemberRecord, values: Values) -> TransactionSteps[None]:
    rows = yield COUNT_MEMBER_CHANGE, {"owner": space_id}
    yield change, {**values, "owner": space_id, "member_id": member.id, "version": rows[0][0]}
