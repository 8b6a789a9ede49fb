"""The member whom a task of a space is assigned to, and the fields that only one sort of owner has."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from taskward.database.statements import Read, TransactionSteps
from taskward.database.types import Id
from taskward.http.caller import Owner
from taskward.http.errors import FieldError, ValidationFailed
from taskward.spaces.tables import MEMBERS
from taskward.tasks.fields.assignee import ME, NO_MEMBER
from taskward.tasks.tables import TaskRecord
from taskward.users.statements import OWNER

OWN_REMINDERS: Final = "Reminders of a task in a space are each member's own"

FIND_ASSIGNEE: Final = Read(
    "find an assignee",
    select(MEMBERS.c.id).where(
        MEMBERS.c.user_id == OWNER,
        MEMBERS.c.id == bindparam("assigned_to", type_=Id()),
        MEMBERS.c.role.is_not(None),
    ),
)


def check_fields(owner: Owner, given: Mapping[str, Any]) -> None:
    """Checks that the owner can have these fields.

    Raises:
        ValidationFailed: a private task would have an assignee, or a task of a space reminders.

    """
    if owner.author is None:
        if given.get("assigned_to") is not None:
            raise ValidationFailed([FieldError("assigned_to", NO_MEMBER)])
    elif given.get("reminders"):
        raise ValidationFailed([FieldError("reminders", OWN_REMINDERS)])


def assignee_steps(
    owner: Owner, before: TaskRecord, given: Mapping[str, Any]
) -> TransactionSteps[UUID | str | None]:
    """Returns the assignee after a change; the one that is stored is not checked again.

    Raises:
        ValidationFailed: the assignee is no member with a role.

    """
    wanted = given.get("assigned_to", before.assigned_to)
    if wanted == ME:
        wanted = owner.written_by
    if wanted is None or str(wanted) == str(before.assigned_to):
        return None if wanted is None else before.assigned_to
    found = yield from present_steps(owner.id, wanted)
    if found is None:
        raise ValidationFailed([FieldError("assigned_to", NO_MEMBER)])
    return found


def present_steps(owner: UUID, assignee: UUID | str | None) -> TransactionSteps[UUID | str | None]:
    """Returns the assignee, or None if that member has no role."""
    if assignee is None:
        return None
    rows = yield FIND_ASSIGNEE, {"owner": owner, "assigned_to": UUID(str(assignee))}
    return assignee if rows else None
