"""Invitations: a text admits its holder to a space.

For the text see `taskward.spaces.invitation_text`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final
from uuid import UUID

from taskward.database.statements import Row, TransactionSteps, Values
from taskward.http.caller import Caller
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.roles import Role
from taskward.spaces.authorization import CallerAsMember
from taskward.spaces.errors import InvitationNotFound
from taskward.spaces.invitation_text import InvitationText
from taskward.spaces.models import NewInvitation
from taskward.spaces.records import InvitationRecord, MemberRecord
from taskward.spaces.statements import (
    CREATE_INVITATION,
    FORGET_INVITATIONS,
    GET_INVITATION,
    GET_MEMBER_OF_PERSON,
    LIST_INVITATIONS,
    REVOKE_INVITATION,
    USE_INVITATION,
)
from taskward.spaces.steps import Joined, admit_steps, joined_steps, space_steps
from taskward.users.statements import LOCK_OWNER, lock_person_steps

MAX_OPEN: Final = 50
"""Open invitations of a space."""

ANSWERED_AFTER_CLOSING: Final = timedelta(days=1)
"""Time for which a closed invitation still answers those whom it has admitted."""


def create_invitation_steps(
    invitation: InvitationText, me: CallerAsMember, new: NewInvitation
) -> TransactionSteps[InvitationRecord]:
    """Stores a new invitation; raises ValidationFailed if the space has too many open ones."""
    space, now = {"owner": invitation.space_id}, datetime.now(UTC)
    if len((yield LIST_INVITATIONS, {**space, "now": now})) >= MAX_OPEN:
        raise ValidationFailed([FieldError("body", f"A space has at most {MAX_OPEN} open invitations")])
    yield FORGET_INVITATIONS, {**space, "forgotten_at": now - ANSWERED_AFTER_CLOSING}
    state = (yield from space_steps(invitation.space_id, None)).state
    values = {
        "invitation_id": invitation.invitation_id,
        "digest": invitation.digest,
        "role": new.role,
        "uses": new.uses,
        "expires_at": now + timedelta(seconds=new.expires_in),
        "member_id": me.member_id,
        "version": state,
        "now": now,
    }
    yield CREATE_INVITATION, {**space, **values}
    rows = yield GET_INVITATION, {**space, "invitation_id": invitation.invitation_id}
    return InvitationRecord(*rows[0])


def revoke_invitation_steps(space_id: UUID, invitation_id: UUID) -> TransactionSteps[None]:
    """Revokes an open invitation.

    Raises:
        InvitationNotFound: there is none, or it is closed.

    """
    values, now = {"owner": space_id, "invitation_id": invitation_id}, datetime.now(UTC)
    rows = yield GET_INVITATION, values
    if not rows or not _is_open(InvitationRecord(*rows[0]), now):
        raise InvitationNotFound
    yield REVOKE_INVITATION, {**values, "now": now}


@dataclass(frozen=True, slots=True)
class RedemptionSteps:
    """The redemption of an invitation by a person."""

    caller: Caller
    invitation: InvitationText
    name: str | None

    @property
    def values(self) -> Values:
        """The values of GET_INVITATION."""
        return {"owner": self.invitation.space_id, "invitation_id": self.invitation.invitation_id}

    def found(self, rows: Sequence[Row]) -> InvitationRecord:
        """Returns the invitation among the rows of GET_INVITATION; raises InvitationNotFound."""
        digest = rows[0][1] if rows else ""
        if not compare_digest(digest, self.invitation.digest):
            raise InvitationNotFound
        return InvitationRecord(*rows[0])

    def run(self) -> TransactionSteps[Joined]:
        """Admits the caller; a member gets what is there, and nothing changes.

        Raises:
            InvitationNotFound: it is unknown, closed, or older than the removal of the caller.
            ValidationFailed: the space is full, or the caller is in too many spaces.

        """
        space_id = self.invitation.space_id
        yield from lock_person_steps(self.caller.own)
        yield LOCK_OWNER, {"owner": space_id}
        invitation = self.found((yield GET_INVITATION, self.values))
        rows = yield GET_MEMBER_OF_PERSON, {"owner": space_id, "person_id": self.caller.id}
        member = MemberRecord(*rows[0]) if rows else None
        if member and member.role is not None:
            return (yield from joined_steps(space_id, self.caller.id))
        removed = (member and member.removed_version) or 0
        if not _is_open(invitation, datetime.now(UTC)) or invitation.made_after < removed:
            raise InvitationNotFound
        joined = yield from admit_steps(self.caller, space_id, Role(invitation.role), self.name)
        yield USE_INVITATION, {"owner": space_id, "invitation_id": invitation.id}
        return joined


def _is_open(invitation: InvitationRecord, now: datetime) -> bool:
    return invitation.closed_at is None and now < invitation.expires_at and invitation.used < invitation.uses
