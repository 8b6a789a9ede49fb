"""The spaces of one caller, and one space as its members use it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID, uuid4

from fastapi import Depends

from taskward.database import OWNED_ROWS, OwnedRows
from taskward.database.statements import T, TransactionSteps
from taskward.http.caller import Caller
from taskward.http.conditional import Versions
from taskward.http.context import Context
from taskward.http.responses import dump_json
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.spaces.authorization import CallerAsMember, SpaceRows
from taskward.spaces.endings import MEMBERSHIP_ENDINGS, MembershipEndings
from taskward.spaces.errors import MemberNotFound, SpaceNotFound
from taskward.spaces.invitation_text import InvitationText
from taskward.spaces.invitations import (
    RedemptionSteps,
    create_invitation_steps,
    revoke_invitation_steps,
)
from taskward.spaces.models import (
    MemberChanges,
    NewInvitation,
    NewSpace,
    Redemption,
    SpaceChanges,
    invitation_json,
    member_json,
    space_json,
)
from taskward.spaces.recording import Recorder, recorded, recorder_of
from taskward.spaces.records import InvitationRecord, MemberRecord, SpaceRecord
from taskward.spaces.statements import (
    EXISTING_SPACES,
    GET_INVITATION,
    GET_MEMBER,
    GET_MEMBER_OF_PERSON,
    GET_SPACE,
    LEFT_SPACES_OF,
    LIST_INVITATIONS,
    LIST_MEMBERS,
    MEMBERSHIPS_OF,
    SPACE_OF_MEMBER,
)
from taskward.spaces.steps import (
    Joined,
    TooManySpacesEver,
    change_member_steps,
    check_member,
    create_steps,
    delete_steps,
    forget_spaces_steps,
    leave_steps,
    remove_member_steps,
    update_steps,
)
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.records import version_tag

_MEMBER_WIDTH: Final = len(MemberRecord._fields)


class SpaceEntry(NamedTuple):
    """A space, and the caller as its member."""

    space: SpaceRecord
    member: MemberRecord

    def to_json(self) -> dict[str, Any]:
        space, member = space_json(self.space), member_json(self.member)
        return {"space": space, "member": member, "state": self.state}

    @property
    def state(self) -> str:
        return str(self.space.state)


@dataclass(frozen=True, slots=True)
class MySpacesStore:
    """The spaces of one caller."""

    _rows: OwnedRows
    _caller: Caller
    _recorder: Recorder | None = None

    async def entries(self) -> Sequence[SpaceEntry]:
        """Returns the spaces that the caller is a member of, by the time of joining.

        A membership that has ended otherwise than by the caller ends among the caller's rows, too.
        """
        memberships = await self._memberships()
        found = await asyncio.gather(*map(self._entry, memberships))
        for (space_id, joined_at), entry in zip(memberships.items(), found, strict=True):
            if entry is None:
                await self._rows.transact(partial(leave_steps, self._caller.id, space_id, joined_at))
        entries = [entry for entry in found if entry is not None]
        return sorted(entries, key=lambda entry: (entry.member.joined_at, str(entry.space.id)))

    @property
    def caller(self) -> Caller:
        return self._caller

    async def ids(self) -> list[UUID]:
        """Returns the spaces that the caller's own rows name, and a token reaches; this admits to none."""
        return list(await self._memberships())

    async def states(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Returns the states of those of these spaces that the caller is a member of."""
        for one in ids:
            await self._rows.wait_unlocked(one)
        found = await asyncio.gather(*map(self._entry, ids))
        return {one: entry.state for one, entry in zip(ids, found, strict=True) if entry is not None}

    async def create(self, new: NewSpace, record: PendingRecord | None) -> Joined:
        """Creates a space; with a `record`, also the response among the caller's own rows.

        Raises:
            ValidationFailed: the caller is in too many spaces.

        """
        space_id, person = uuid4(), self._caller.id

        def steps() -> TransactionSteps[Joined]:
            joined = yield from create_steps(self._caller, new, space_id, "body")
            if record is not None:
                body, path = dump_json(space_json(joined.space)), space_path(space_id)
                stored = record.values(201, body, path) | {"tag": version_tag(joined.space.version)}
                yield from store_response_steps({"owner": person, **stored})
            return joined

        return await self._join(steps, space_id)

    async def redeem(self, redemption: Redemption, record: PendingRecord | None) -> Joined:
        """Makes the caller a member; raises as `RedemptionSteps.run`."""
        invitation = redemption.invitation
        steps = RedemptionSteps(self._caller, invitation, redemption.name)
        # Before any lock or queue of the space: who has no invitation waits for nothing of it.
        steps.found(await self._rows.rows(GET_INVITATION, steps.values))

        def run() -> TransactionSteps[Joined]:
            joined = yield from steps.run()
            if record is not None:
                stored = record.values(200, dump_json(joined_json(joined)))
                yield from store_response_steps({"owner": self._caller.id, **stored})
            return joined

        return await self._join(run, invitation.space_id)

    async def _join(self, steps: Callable[[], TransactionSteps[Joined]], space_id: UUID) -> Joined:
        """Runs steps by which the caller joins a space; again if too many earlier ones are gone."""
        join = partial(
            self._rows.transact,
            lambda: recorded(self._recorder, steps(), space_id),
            owners=(self._caller.id, space_id),
        )
        try:
            return await join()
        except TooManySpacesEver:
            if not await self._forget_spaces():
                raise
            return await join()

    async def _forget_spaces(self) -> bool:
        """Drops what the caller's rows have of spaces that are gone; returns whether there were any."""
        person = self._caller.id
        rows = await self._rows.rows(LEFT_SPACES_OF, {"owner": person})
        left = {UUID(str(space)): number for space, number in rows}
        found = await self._rows.rows(EXISTING_SPACES, {"spaces": [*left]})
        gone = left.keys() - {UUID(str(row[0])) for row in found}
        if gone:
            up_to = max(left[one] for one in gone)
            await self._rows.transact(partial(forget_spaces_steps, person, sorted(gone), up_to))
        return bool(gone)

    async def _memberships(self) -> dict[UUID, datetime]:
        """Returns the times at which the caller has joined the spaces of `ids`."""
        rows = await self._rows.rows(MEMBERSHIPS_OF, {"owner": self._caller.id})
        only = None if self._caller.reach is None else self._caller.reach.spaces
        joined = {UUID(str(space)): joined_at for space, joined_at in rows}
        return {one: at for one, at in joined.items() if only is None or one in only}

    async def _entry(self, space_id: UUID) -> SpaceEntry | None:
        rows = await self._rows.rows(SPACE_OF_MEMBER, {"owner": space_id, "caller": self._caller.id})
        if not rows:
            return None
        width = len(SpaceRecord._fields)
        return SpaceEntry(SpaceRecord(*rows[0][:width]), MemberRecord._make(rows[0][width:][:_MEMBER_WIDTH]))


@dataclass(frozen=True, slots=True)
class SpaceStore:
    """One space, as the role of the caller allows."""

    _rows: SpaceRows
    _list_cache: ListCache
    _endings: MembershipEndings

    async def get(self) -> SpaceRecord:
        """Returns the space."""
        rows = await self._rows.rows(GET_SPACE, self._values)
        if not rows:
            raise SpaceNotFound
        return SpaceRecord(*rows[0])

    async def update(self, changes: SpaceChanges, versions: Versions | None) -> SpaceRecord:
        """Changes the given fields; raises as `update_steps`."""
        return await self._transact(partial(update_steps, self.space_id, changes, versions))

    async def delete(self, versions: Versions | None, *, with_tasks: bool) -> None:
        """Erases the space; raises as `delete_steps`."""
        rows = await self._rows.rows(LIST_MEMBERS, self._values)
        steps = partial(delete_steps, self.space_id, versions, with_tasks=with_tasks)
        await self._transact(steps, long=True)
        await self._rows.scrub()
        await self._endings.end(self.space_id, [MemberRecord(*row) for row in rows])

    async def members(self) -> Sequence[MemberRecord]:
        """Returns the members who have a role."""
        return [MemberRecord(*row) for row in await self._rows.rows(LIST_MEMBERS, self._values)]

    async def member(self, member_id: UUID | None) -> MemberRecord:
        """Returns a member, also one who has left; None is the caller. Raises MemberNotFound."""
        if member_id is None:
            values = {**self._values, "person_id": self._rows.caller}
            rows = await self._rows.rows(GET_MEMBER_OF_PERSON, values)
        else:
            rows = await self._rows.rows(GET_MEMBER, {**self._values, "member_id": member_id})
        if not rows:
            raise MemberNotFound
        return MemberRecord(*rows[0])

    async def change_member(
        self, member_id: UUID | None, changes: MemberChanges, versions: Versions | None
    ) -> MemberRecord:
        """Changes a member; raises as `change_member_steps`."""
        given = changes.given()
        check_member(await self._rows.authorize(), member_id)

        def steps(me: CallerAsMember) -> TransactionSteps[MemberRecord]:
            return change_member_steps(self.space_id, me, member_id, given, versions)

        return await self._rows.transact_as(steps)

    async def remove_member(self, member_id: UUID | None, versions: Versions | None) -> UUID:
        """Removes a member, or lets the caller leave; returns the member's id.

        Raises as `remove_member_steps`.
        """
        me = await self._rows.authorize()
        check_member(me, member_id)
        leaves = member_id is None or member_id == me.member_id

        def steps(me: CallerAsMember) -> TransactionSteps[MemberRecord]:
            member = yield from remove_member_steps(self.space_id, me, member_id, versions)
            if leaves:
                yield from leave_steps(self._rows.caller, self.space_id, member.joined_at)
            return member

        member = await self._rows.transact_as(steps, person=self._rows.caller if leaves else None)
        if not leaves:
            await self._endings.end(self.space_id, [member])
        return member_id or me.member_id

    async def invitations(self, now: Any) -> Sequence[InvitationRecord]:
        """Returns the open invitations, the newest first."""
        rows = await self._rows.rows(LIST_INVITATIONS, {**self._values, "now": now})
        return [InvitationRecord(*row) for row in rows]

    async def invite(self, new: NewInvitation, record: PendingRecord | None) -> tuple[InvitationRecord, str]:
        """Returns a new invitation and its text; the stored response does not have the text.

        Raises:
            ValidationFailed: the space has too many open invitations.

        """
        invitation = InvitationText.new(self.space_id)

        def steps(me: CallerAsMember) -> TransactionSteps[InvitationRecord]:
            made = yield from create_invitation_steps(invitation, me, new)
            if record is not None:
                stored = record.values(201, dump_json(invitation_json(made)))
                yield from store_response_steps({**self._values, **stored})
            return made

        return await self._rows.transact_as(steps), invitation.text

    async def revoke(self, invitation_id: UUID) -> None:
        """Revokes an invitation; raises as `revoke_invitation_steps`."""
        await self._rows.transact(partial(revoke_invitation_steps, self.space_id, invitation_id))

    @property
    def space_id(self) -> UUID:
        return self._rows.space_id

    @property
    def _values(self) -> dict[str, Any]:
        return {"owner": self._rows.space_id}

    async def _transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        result = await self._rows.transact(steps, long=long)
        self._list_cache.forget(self.space_id)
        return result


def space_path(space_id: UUID | str) -> str:
    """Returns the path of a space."""
    return f"/api/spaces/{space_id}"


def joined_json(joined: Joined) -> dict[str, Any]:
    """Returns the response to a redemption, ready for `dump_json`."""
    return {"space": space_json(joined.space), "member": member_json(joined.member)}


def _my_spaces(context: Context) -> MySpacesStore:
    return MySpacesStore(context.parts[OWNED_ROWS], context.caller, recorder_of(context))


def _this_space(context: Context) -> SpaceStore:
    rows = context.parts[OWNED_ROWS]
    if not isinstance(rows, SpaceRows):
        raise TypeError("this route is not below a space")
    return SpaceStore(rows, context.parts[LIST_CACHE], context.parts[MEMBERSHIP_ENDINGS])


MySpaces = Annotated[MySpacesStore, Depends(_my_spaces)]
"""For a handler: the spaces of the caller."""

ThisSpace = Annotated[SpaceStore, Depends(_this_space)]
"""For a handler of a `SpaceRoute`: the space of the path."""
