"""/api/spaces and /api/invitations: docs/contract.md#spaces."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from taskward.changes.streams import Streams
from taskward.http.caller import Need
from taskward.http.conditional import EntityTags, IfMatch, IfNoneMatch, not_modified, tag_matches
from taskward.http.error_docs import error_responses
from taskward.http.responses import JSONBytesResponse, dump_json, json_response
from taskward.http.roles import Role, least_role
from taskward.http.routing import StrictRoute
from taskward.http.validation import field_error, strict_uuid
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.spaces.agenda import routes as agenda
from taskward.spaces.errors import InvitationNotFound, LastOwner, SpaceNotEmpty
from taskward.spaces.events import SpaceEvents
from taskward.spaces.models import (
    CreatedInvitation,
    InvitationList,
    InvitationRevoked,
    Member,
    MemberChanges,
    MemberList,
    MemberRemoved,
    NewInvitation,
    NewSpace,
    Redeemed,
    Redemption,
    Space,
    SpaceChanges,
    SpaceDeleted,
    SpaceDeletionQuery,
    SpaceList,
    invitation_json,
    member_json,
    space_json,
)
from taskward.spaces.records import MemberRecord, SpaceRecord
from taskward.spaces.reminders import routes as reminders
from taskward.spaces.routing import PREFIX, SharingRoute, SpaceRoute
from taskward.spaces.store import MySpaces, ThisSpace, joined_json, space_path
from taskward.tasks.records import version_tag


class OwnSpacesRoute(StrictRoute):
    """A route to the spaces of the caller."""

    need = Need.SPACE


class NewSpaceRoute(StrictRoute):
    """A route that makes a space."""

    need = Need.SHARING


router = APIRouter(prefix="/api", route_class=OwnSpacesRoute, tags=["Spaces"])
making_router = APIRouter(prefix="/api", route_class=NewSpaceRoute, tags=["Spaces"])
joining_router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Spaces"])
space_router = APIRouter(prefix=PREFIX, route_class=SpaceRoute, tags=["Spaces"])
sharing_router = APIRouter(prefix=PREFIX, route_class=SharingRoute, tags=["Spaces"])


SPACE_ROUTERS = (
    agenda.router,
    router,
    making_router,
    joining_router,
    space_router,
    sharing_router,
    reminders.router,
)


def _id_or_me(value: Any) -> UUID | None:
    if value == "me":
        return None
    try:
        return _UUID.validate_python(value)
    except ValidationError:
        raise field_error("Member id must be a UUID or me") from None


_UUID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Member id")])

MemberId = Annotated[
    UUID | None, BeforeValidator(_id_or_me), Path(description="A UUID, or `me` for the caller.")
]
InvitationId = Annotated[UUID, strict_uuid("Invitation id"), Path(description="A UUID, in any letter case.")]


@router.get("/spaces", operation_id="listSpaces", response_model=SpaceList, summary="List my spaces")
async def list_spaces(spaces: MySpaces, known: IfNoneMatch = None) -> Response:
    """Returns the spaces of the caller, each with a state that changes with every change in it."""
    entries = await spaces.entries()
    return _tagged_by_content({"spaces": [entry.to_json() for entry in entries]}, known)


@router.get(
    "/spaces/events",
    operation_id="streamSpaces",
    response_class=SpaceEvents,
    status_code=200,
    summary="Stream which of my spaces change",
)
async def push_spaces(spaces: MySpaces, streams: Streams) -> Response:
    """Returns Server-Sent Events: each space once, then one whenever it has changed or is gone."""
    return SpaceEvents(spaces, streams)


@making_router.post(
    "/spaces", operation_id="createSpace", response_model=Space, status_code=201, summary="Create a space"
)
async def create_space(
    new: Annotated[NewSpace, Body()], spaces: MySpaces, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Creates a space, of which the caller becomes the owner."""

    async def create(record: PendingRecord | None) -> Response:
        space = (await spaces.create(new, record)).space
        return _space_response(space, 201, space_path(space.id))

    return await once.run(key, create)


@joining_router.post(
    "/invitations/redeem",
    operation_id="redeemInvitation",
    response_model=Redeemed,
    responses=error_responses(InvitationNotFound()),
    summary="Join a space",
)
async def redeem_invitation(
    redemption: Annotated[Redemption, Body()],
    spaces: MySpaces,
    once: Idempotent,
    key: IdempotencyKey = None,
) -> Response:
    """Makes the caller a member of the space of an invitation; a member gets what is there."""

    async def redeem(record: PendingRecord | None) -> Response:
        return json_response(joined_json(await spaces.redeem(redemption, record)))

    return await once.run(key, redeem)


@space_router.get("", operation_id="getSpace", response_model=Space, summary="Read a space")
async def read_space(space: ThisSpace, known: IfNoneMatch = None) -> Response:
    """Returns a space. One that does not exist and one of others have the same response: 404."""
    found = await space.get()
    if known is not None and tag_matches(tag := version_tag(found.version), known):
        return not_modified(tag)
    return _space_response(found)


@sharing_router.patch(
    "", operation_id="patchSpace", response_model=Space, summary="Update a space (JSON Merge Patch)"
)
@sharing_router.put("", operation_id="updateSpace", response_model=Space, summary="Update a space")
@least_role(Role.OWNER)
async def update_space(
    changes: Annotated[SpaceChanges, Body()], space: ThisSpace, if_match: IfMatch = None
) -> Response:
    """Changes the given fields and no others."""
    return _space_response(await space.update(changes, if_match))


@sharing_router.delete(
    "",
    operation_id="deleteSpace",
    response_model=SpaceDeleted,
    responses=error_responses(SpaceNotEmpty()),
    summary="Delete a space",
)
@least_role(Role.OWNER)
async def delete_space(
    query: Annotated[SpaceDeletionQuery, Query()], space: ThisSpace, if_match: IfMatch = None
) -> Response:
    """Erases a space with all that is in it, its trash included; from then on it is 404 for everybody."""
    await space.delete(if_match, with_tasks=query.tasks == "delete")
    return json_response({"message": "Space deleted successfully", "id": str(space.space_id)})


@space_router.get(
    "/members", operation_id="listMembers", response_model=MemberList, summary="List the members of a space"
)
async def list_members(space: ThisSpace, known: IfNoneMatch = None) -> Response:
    """Returns the members who have a role, by the time of joining."""
    return _tagged_by_content({"members": [member_json(one) for one in await space.members()]}, known)


@space_router.get(
    "/members/{member_id}", operation_id="getMember", response_model=Member, summary="Read a member"
)
async def read_member(member_id: MemberId, space: ThisSpace, known: IfNoneMatch = None) -> Response:
    """Returns a member of the space, also one who has left."""
    found = await space.member(member_id)
    if known is not None and tag_matches(tag := version_tag(found.version), known):
        return not_modified(tag)
    return _member_response(found)


@sharing_router.patch(
    "/members/{member_id}",
    operation_id="patchMember",
    response_model=Member,
    responses=error_responses(LastOwner()),
    summary="Update a member (JSON Merge Patch)",
)
@sharing_router.put(
    "/members/{member_id}",
    operation_id="updateMember",
    response_model=Member,
    responses=error_responses(LastOwner()),
    summary="Update a member",
)
@least_role(Role.VIEWER)
async def update_member(
    member_id: MemberId,
    changes: Annotated[MemberChanges, Body()],
    space: ThisSpace,
    if_match: IfMatch = None,
) -> Response:
    """Changes the role of a member, or the caller's own name."""
    return _member_response(await space.change_member(member_id, changes, if_match))


@sharing_router.delete(
    "/members/{member_id}",
    operation_id="removeMember",
    response_model=MemberRemoved,
    responses=error_responses(LastOwner()),
    summary="Remove a member, or leave",
)
@least_role(Role.VIEWER)
async def remove_member(member_id: MemberId, space: ThisSpace, if_match: IfMatch = None) -> Response:
    """Ends a membership at once, in every process."""
    removed = await space.remove_member(member_id, if_match)
    return json_response({"message": "Member removed successfully", "id": str(removed)})


@space_router.get(
    "/invitations",
    operation_id="listInvitations",
    response_model=InvitationList,
    summary="List the open invitations of a space",
)
@least_role(Role.OWNER)
async def list_invitations(space: ThisSpace) -> Response:
    """Returns the open invitations, the newest first, without their secrets."""
    found = await space.invitations(datetime.now(UTC))
    return json_response({"invitations": [invitation_json(one) for one in found]})


@sharing_router.post(
    "/invitations",
    operation_id="createInvitation",
    response_model=CreatedInvitation,
    status_code=201,
    summary="Invite people to a space",
)
@least_role(Role.OWNER)
async def create_invitation(
    new: Annotated[NewInvitation, Body()], space: ThisSpace, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Creates an invitation; `invitation` is shown once, and not in a replayed response."""

    async def create(record: PendingRecord | None) -> Response:
        made, text = await space.invite(new, record)
        return JSONBytesResponse(dump_json({**invitation_json(made), "invitation": text}), 201)

    return await once.run(key, create)


@sharing_router.delete(
    "/invitations/{invitation_id}",
    operation_id="revokeInvitation",
    response_model=InvitationRevoked,
    summary="Revoke an invitation",
)
@least_role(Role.OWNER)
async def revoke_invitation(invitation_id: InvitationId, space: ThisSpace) -> Response:
    """Revokes an open invitation."""
    await space.revoke(invitation_id)
    return json_response({"message": "Invitation revoked successfully", "id": str(invitation_id)})


def _space_response(space: SpaceRecord, status: int = 200, location: str | None = None) -> Response:
    body = dump_json(space_json(space))
    return JSONBytesResponse(body, status, tag=version_tag(space.version), location=location)


def _member_response(member: MemberRecord) -> Response:
    return JSONBytesResponse(dump_json(member_json(member)), tag=version_tag(member.version))


def _tagged_by_content(value: Any, known: EntityTags | None) -> Response:
    body = dump_json(value)
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    return JSONBytesResponse(body, tag=tag)
