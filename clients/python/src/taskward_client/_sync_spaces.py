# `make clients` writes this file from _async_spaces.py; do not edit it.
"""The owners of a synchronous client, the user and the spaces; members and invitations."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Literal, TypeAlias, Unpack

from taskward_client import _operations as operations
from taskward_client._calls import Tagged
from taskward_client._feed import SILENCE, SpaceState, StatesStream
from taskward_client._operations import MixedOperation
from taskward_client._sync_io import sleep
from taskward_client._sync_resources import (
    Changes,
    Comments,
    Labels,
    Lists,
    Trash,
)
from taskward_client._sync_tasks import Tasks
from taskward_client._sync_transport import Transport
from taskward_client.errors import APIError, NoResponse
from taskward_client.types import (
    ActivityEntry,
    ActivityList,
    CreatedInvitation,
    Invitation,
    InvitationRevoked,
    ListSpaceActivityQuery,
    ListSpaceRemindersQuery,
    Member,
    MemberChanges,
    MemberRemoved,
    MixedBatchResults,
    NewInvitation,
    NewReminders,
    NewSpace,
    OwnReminders,
    OwnRemindersList,
    Redeemed,
    Redemption,
    RemindersOfTask,
    Space,
    SpaceChangeList,
    SpaceChanges,
    SpaceDeleted,
    SpaceExport,
    SpaceOfMember,
)

_Spaces: TypeAlias = list[SpaceOfMember]
_Members: TypeAlias = list[Member]
_Invitations: TypeAlias = list[Invitation]


class Owner:
    """What belongs to the user, or to a space."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.tasks = Tasks(transport)
        self.lists = Lists(transport)
        self.comments = Comments(transport)
        self.trash = Trash(transport)
        self.labels = Labels(transport)

    def batch(
        self, operations_: list[MixedOperation], *, atomic: bool = False, idempotency_key: str | None = None
    ) -> MixedBatchResults:
        """Carries out up to 100 operations on tasks, lists and comments, in order, in one transaction."""
        call = operations.batch(operations_, idempotency_key, atomic=atomic)
        return self._transport.send(call)


class SpaceClient(Owner):
    """What belongs to one space. Each call raises NotFound if the user is not in it."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.changes = Changes[SpaceChangeList](transport)
        self.members = Members(transport)
        self.invitations = Invitations(transport)
        self.reminders = SpaceReminders(transport)

    def activity(self, **query: Unpack[ListSpaceActivityQuery]) -> ActivityList:
        """Returns a page of what members did in the space, newest first."""
        return self._transport.send(operations.list_space_activity(query))

    def iterate_activity(self, **query: Unpack[ListSpaceActivityQuery]) -> Iterator[ActivityEntry]:
        """Yields what members did in the space, page after page."""
        while True:
            page = self.activity(**query)
            yield from page["activity"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def export(self) -> SpaceExport:
        """Returns everything that is in the space, with its members."""
        return self._transport.send(operations.export_space())

    def export_parts(self) -> Generator[bytes, None, None]:
        """Yields the export, as JSON, in parts, however large it is."""
        with closing(self._transport.stream(operations.export_space())) as parts:
            yield from parts


class Spaces:
    """The spaces that the user is in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> _Spaces:
        """Returns all spaces with the user as their member, by the time of joining."""
        return self._transport.send(operations.list_spaces())

    def follow(self) -> Generator[SpaceState, None, None]:
        """Yields the state of each space, and a new one when the space has changed, without end.

        It connects again by itself, and begins with all spaces each time. Close it (`contextlib.closing`)
        when you stop before its end.

        Raises:
            APIError: the service rejects the request, for instance because the token was revoked.

        """
        stream = StatesStream()
        while True:
            failure: APIError | NoResponse | None = None
            try:
                with closing(self._transport.stream(stream.call(), SILENCE)) as parts:
                    for part in parts:
                        yield from stream.receive(part)
            except (APIError, NoResponse) as error:
                failure = error
            sleep(stream.wait(failure))

    def create(self, new: NewSpace, *, idempotency_key: str | None = None) -> Tagged[Space]:
        """Creates a space, whose owner the user becomes."""
        return self._transport.send(operations.create_space(new, idempotency_key))

    def get(self, space_id: str) -> Tagged[Space]:
        """Returns a space."""
        return self._transport.send(operations.get_space(space_id))

    def update(self, space_id: str, changes: SpaceChanges, *, if_match: str | None = None) -> Tagged[Space]:
        """Changes the given fields and no others, as an owner; null removes a value."""
        return self._transport.send(operations.update_space(space_id, changes, if_match))

    def patch(self, space_id: str, changes: SpaceChanges, *, if_match: str | None = None) -> Tagged[Space]:
        """Does what `update` does, as a JSON Merge Patch."""
        return self._transport.send(operations.patch_space(space_id, changes, if_match))

    def delete(
        self, space_id: str, *, tasks: Literal["delete"] | None = None, if_match: str | None = None
    ) -> SpaceDeleted:
        """Deletes a space for all members; one with tasks only if `tasks` is `delete`, else SpaceNotEmpty."""
        return self._transport.send(operations.delete_space(space_id, tasks, if_match))

    def redeem(
        self, invitation: str, *, name: str | None = None, idempotency_key: str | None = None
    ) -> Redeemed:
        """Joins a space by an invitation; `name` is what the user is called in it.

        Raises:
            NotFound: the invitation is unknown, used up, expired or revoked.

        """
        redemption: Redemption = {"invitation": invitation}
        if name is not None:
            redemption["name"] = name
        return self._transport.send(operations.redeem_invitation(redemption, idempotency_key))


class SpaceReminders:
    """The reminders that the user has for the tasks of a space. No other member sees them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, task_id: str) -> Tagged[OwnReminders]:
        """Returns those for a task."""
        return self._transport.send(operations.get_space_task_reminders(task_id))

    def update(self, task_id: str, new: NewReminders, *, if_match: str | None = None) -> Tagged[OwnReminders]:
        """Replaces those for a task; an empty list removes them."""
        return self._transport.send(operations.update_space_task_reminders(task_id, new, if_match))

    def list(self, **query: Unpack[ListSpaceRemindersQuery]) -> OwnRemindersList:
        """Returns a page of the tasks for which the user has reminders."""
        return self._transport.send(operations.list_space_reminders(query))

    def iterate(self, **query: Unpack[ListSpaceRemindersQuery]) -> Iterator[RemindersOfTask]:
        """Yields the tasks for which the user has reminders, page after page."""
        while True:
            page = self.list(**query)
            yield from page["tasks"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


class Members:
    """The members of a space; `me` in place of an id is the user."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> _Members:
        """Returns the members who have a role, by the time of joining."""
        return self._transport.send(operations.list_members())

    def get(self, member_id: str) -> Tagged[Member]:
        """Returns a member, or one who has left."""
        return self._transport.send(operations.get_member(member_id))

    def update(
        self, member_id: str, changes: MemberChanges, *, if_match: str | None = None
    ) -> Tagged[Member]:
        """Changes the role of a member, as an owner, or the name, as that member."""
        return self._transport.send(operations.update_member(member_id, changes, if_match))

    def patch(self, member_id: str, changes: MemberChanges, *, if_match: str | None = None) -> Tagged[Member]:
        """Does what `update` does, as a JSON Merge Patch."""
        return self._transport.send(operations.patch_member(member_id, changes, if_match))

    def remove(self, member_id: str, *, if_match: str | None = None) -> MemberRemoved:
        """Removes a member; `me` leaves the space. The last owner cannot: LastOwner."""
        return self._transport.send(operations.remove_member(member_id, if_match))


class Invitations:
    """The open invitations of a space, which its owners make."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> _Invitations:
        """Returns the invitations without their secrets, the newest first."""
        return self._transport.send(operations.list_invitations())

    def create(
        self, *, idempotency_key: str | None = None, **invitation: Unpack[NewInvitation]
    ) -> CreatedInvitation:
        """Makes an invitation. `invitation` is its text, in this response only: a repeated one has none."""
        return self._transport.send(operations.create_invitation(invitation, idempotency_key))

    def revoke(self, invitation_id: str) -> InvitationRevoked:
        """Revokes an invitation."""
        return self._transport.send(operations.revoke_invitation(invitation_id))
