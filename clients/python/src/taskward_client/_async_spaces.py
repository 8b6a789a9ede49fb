"""The owners of an asynchronous client, the user and the spaces; members and invitations."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Literal, TypeAlias, Unpack

from taskward_client import _operations as operations
from taskward_client._async_io import sleep
from taskward_client._async_resources import (
    AsyncChanges,
    AsyncComments,
    AsyncLabels,
    AsyncLists,
    AsyncTrash,
)
from taskward_client._async_tasks import AsyncTasks
from taskward_client._async_transport import AsyncTransport
from taskward_client._calls import Tagged
from taskward_client._feed import SILENCE, SpaceState, StatesStream
from taskward_client._operations import MixedOperation
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


class AsyncOwner:
    """What belongs to the user, or to a space."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self.tasks = AsyncTasks(transport)
        self.lists = AsyncLists(transport)
        self.comments = AsyncComments(transport)
        self.trash = AsyncTrash(transport)
        self.labels = AsyncLabels(transport)

    async def batch(
        self, operations_: list[MixedOperation], *, atomic: bool = False, idempotency_key: str | None = None
    ) -> MixedBatchResults:
        """Carries out up to 100 operations on tasks, lists and comments, in order, in one transaction."""
        call = operations.batch(operations_, idempotency_key, atomic=atomic)
        return await self._transport.send(call)


class AsyncSpaceClient(AsyncOwner):
    """What belongs to one space. Each call raises NotFound if the user is not in it."""

    def __init__(self, transport: AsyncTransport) -> None:
        super().__init__(transport)
        self.changes = AsyncChanges[SpaceChangeList](transport)
        self.members = AsyncMembers(transport)
        self.invitations = AsyncInvitations(transport)
        self.reminders = AsyncSpaceReminders(transport)

    async def activity(self, **query: Unpack[ListSpaceActivityQuery]) -> ActivityList:
        """Returns a page of what members did in the space, newest first."""
        return await self._transport.send(operations.list_space_activity(query))

    async def iterate_activity(self, **query: Unpack[ListSpaceActivityQuery]) -> AsyncIterator[ActivityEntry]:
        """Yields what members did in the space, page after page."""
        while True:
            page = await self.activity(**query)
            for entry in page["activity"]:
                yield entry
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def export(self) -> SpaceExport:
        """Returns everything that is in the space, with its members."""
        return await self._transport.send(operations.export_space())

    async def export_parts(self) -> AsyncGenerator[bytes, None]:
        """Yields the export, as JSON, in parts, however large it is."""
        async with aclosing(self._transport.stream(operations.export_space())) as parts:
            async for part in parts:
                yield part


class AsyncSpaces:
    """The spaces that the user is in."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> _Spaces:
        """Returns all spaces with the user as their member, by the time of joining."""
        return await self._transport.send(operations.list_spaces())

    async def follow(self) -> AsyncGenerator[SpaceState, None]:
        """Yields the state of each space, and a new one when the space has changed, without end.

        It connects again by itself, and begins with all spaces each time. Close it (`contextlib.aclosing`)
        when you stop before its end.

        Raises:
            APIError: the service rejects the request, for instance because the token was revoked.

        """
        stream = StatesStream()
        while True:
            failure: APIError | NoResponse | None = None
            try:
                async with aclosing(self._transport.stream(stream.call(), SILENCE)) as parts:
                    async for part in parts:
                        for state in stream.receive(part):
                            yield state
            except (APIError, NoResponse) as error:
                failure = error
            await sleep(stream.wait(failure))

    async def create(self, new: NewSpace, *, idempotency_key: str | None = None) -> Tagged[Space]:
        """Creates a space, whose owner the user becomes."""
        return await self._transport.send(operations.create_space(new, idempotency_key))

    async def get(self, space_id: str) -> Tagged[Space]:
        """Returns a space."""
        return await self._transport.send(operations.get_space(space_id))

    async def update(
        self, space_id: str, changes: SpaceChanges, *, if_match: str | None = None
    ) -> Tagged[Space]:
        """Changes the given fields and no others, as an owner; null removes a value."""
        return await self._transport.send(operations.update_space(space_id, changes, if_match))

    async def patch(
        self, space_id: str, changes: SpaceChanges, *, if_match: str | None = None
    ) -> Tagged[Space]:
        """Does what `update` does, as a JSON Merge Patch."""
        return await self._transport.send(operations.patch_space(space_id, changes, if_match))

    async def delete(
        self, space_id: str, *, tasks: Literal["delete"] | None = None, if_match: str | None = None
    ) -> SpaceDeleted:
        """Deletes a space for all members; one with tasks only if `tasks` is `delete`, else SpaceNotEmpty."""
        return await self._transport.send(operations.delete_space(space_id, tasks, if_match))

    async def redeem(
        self, invitation: str, *, name: str | None = None, idempotency_key: str | None = None
    ) -> Redeemed:
        """Joins a space by an invitation; `name` is what the user is called in it.

        Raises:
            NotFound: the invitation is unknown, used up, expired or revoked.

        """
        redemption: Redemption = {"invitation": invitation}
        if name is not None:
            redemption["name"] = name
        return await self._transport.send(operations.redeem_invitation(redemption, idempotency_key))


class AsyncSpaceReminders:
    """The reminders that the user has for the tasks of a space. No other member sees them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, task_id: str) -> Tagged[OwnReminders]:
        """Returns those for a task."""
        return await self._transport.send(operations.get_space_task_reminders(task_id))

    async def update(
        self, task_id: str, new: NewReminders, *, if_match: str | None = None
    ) -> Tagged[OwnReminders]:
        """Replaces those for a task; an empty list removes them."""
        return await self._transport.send(operations.update_space_task_reminders(task_id, new, if_match))

    async def list(self, **query: Unpack[ListSpaceRemindersQuery]) -> OwnRemindersList:
        """Returns a page of the tasks for which the user has reminders."""
        return await self._transport.send(operations.list_space_reminders(query))

    async def iterate(self, **query: Unpack[ListSpaceRemindersQuery]) -> AsyncIterator[RemindersOfTask]:
        """Yields the tasks for which the user has reminders, page after page."""
        while True:
            page = await self.list(**query)
            for task in page["tasks"]:
                yield task
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


class AsyncMembers:
    """The members of a space; `me` in place of an id is the user."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> _Members:
        """Returns the members who have a role, by the time of joining."""
        return await self._transport.send(operations.list_members())

    async def get(self, member_id: str) -> Tagged[Member]:
        """Returns a member, or one who has left."""
        return await self._transport.send(operations.get_member(member_id))

    async def update(
        self, member_id: str, changes: MemberChanges, *, if_match: str | None = None
    ) -> Tagged[Member]:
        """Changes the role of a member, as an owner, or the name, as that member."""
        return await self._transport.send(operations.update_member(member_id, changes, if_match))

    async def patch(
        self, member_id: str, changes: MemberChanges, *, if_match: str | None = None
    ) -> Tagged[Member]:
        """Does what `update` does, as a JSON Merge Patch."""
        return await self._transport.send(operations.patch_member(member_id, changes, if_match))

    async def remove(self, member_id: str, *, if_match: str | None = None) -> MemberRemoved:
        """Removes a member; `me` leaves the space. The last owner cannot: LastOwner."""
        return await self._transport.send(operations.remove_member(member_id, if_match))


class AsyncInvitations:
    """The open invitations of a space, which its owners make."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> _Invitations:
        """Returns the invitations without their secrets, the newest first."""
        return await self._transport.send(operations.list_invitations())

    async def create(
        self, *, idempotency_key: str | None = None, **invitation: Unpack[NewInvitation]
    ) -> CreatedInvitation:
        """Makes an invitation. `invitation` is its text, in this response only: a repeated one has none."""
        return await self._transport.send(operations.create_invitation(invitation, idempotency_key))

    async def revoke(self, invitation_id: str) -> InvitationRevoked:
        """Revokes an invitation."""
        return await self._transport.send(operations.revoke_invitation(invitation_id))
