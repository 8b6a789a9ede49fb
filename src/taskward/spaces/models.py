"""Spaces, members and invitations on the wire: their request models and their response models."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from taskward.http.body_schemas import Ignored, ignoring, requiring_one
from taskward.http.responses import rfc3339
from taskward.http.roles import Role
from taskward.http.validation import Absent, field_error, known_time_zone
from taskward.lists.models import IsArchived
from taskward.spaces.invitation_text import InvitationText
from taskward.spaces.records import InvitationRecord, MemberRecord, MembershipRecord, SpaceRecord
from taskward.tasks.fields.metadata import Metadata, MetadataChanges, NewMetadata
from taskward.tasks.fields.texts import MAX_TITLE_LENGTH, Title

MAX_NAME_LENGTH: Final = 100
MAX_USES: Final = 100
MIN_EXPIRES_IN: Final = 300
MAX_EXPIRES_IN: Final = 30 * 24 * 3600
DEFAULT_EXPIRES_IN: Final = 7 * 24 * 3600
"""Seconds for which an invitation is valid."""


def role_name(role: int) -> str:
    """Returns a role as it is on the wire."""
    return Role(role).name.lower()


def _trimmed_name(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise field_error("Name must be text or null")
    name = value.strip()
    if not name:
        raise field_error("Name cannot be empty")
    if len(name) > MAX_NAME_LENGTH:
        raise field_error("Name cannot exceed 100 characters")
    return name


def _role_among(*names: str) -> Callable[[Any], Role]:
    text = f"Role must be {', '.join(names[:-1])} or {names[-1]}"

    def read(value: Any) -> Role:
        if not isinstance(value, str) or value not in names:
            raise field_error(text)
        return Role[value.upper()]

    return read


def _whole_number(label: str, least: int, most: int, unit: str = "") -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is int and least <= value <= most:
            return value
        raise field_error(f"{label} must be a whole number{unit} from {least} to {most}")

    return read


Name = Annotated[
    str | None,
    BeforeValidator(_trimmed_name),
    Field(
        description="What the member is called in this space: 1-100 characters after trimming, or null.",
        examples=["Ann"],
        json_schema_extra={"maxLength": MAX_NAME_LENGTH},
    ),
]
SpaceZone = Annotated[
    str | None,
    BeforeValidator(known_time_zone),
    Field(description="The IANA name of the space's time zone, for dates that have none."),
]
RoleName = Literal["owner", "editor", "viewer"]
InvitedRole = Literal["editor", "viewer"]


_ignoring_of_space: Final = ignoring("id", "created_at", "updated_at")


class _SpaceBody(BaseModel):
    """The common part of request bodies: clients may send back the keys that only the server sets."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ignoring_of_space)

    id: Ignored = None
    created_at: Ignored = None
    updated_at: Ignored = None


class NewSpace(_SpaceBody):
    """The body of `POST /api/spaces`; `name` is the caller's as a member."""

    title: Title
    is_archived: IsArchived = False
    time_zone: SpaceZone = None
    metadata: NewMetadata = None
    name: Name = None


_WRITABLE: Final = ("title", "is_archived", "time_zone", "metadata")


class SpaceChanges(_SpaceBody):
    """The body of `PUT /api/spaces/{space_id}`: only the given fields change; at least one is required."""

    model_config = ConfigDict(json_schema_extra=requiring_one(_WRITABLE, _ignoring_of_space))

    title: Title = ""
    is_archived: IsArchived = False
    time_zone: SpaceZone = None
    metadata: MetadataChanges = None

    def given(self) -> dict[str, Any]:
        """Returns the fields that the client sent, with their new values."""
        return {name: getattr(self, name) for name in _WRITABLE if name in self.model_fields_set}

    @model_validator(mode="after")
    def _that_change_something(self) -> Self:
        if not self.given():
            raise field_error(f"At least one of {', '.join(_WRITABLE)} is required")
        return self


_READ_ONLY_OF_MEMBER: Final = ("id", "space_id", "person_id", "joined_at", "left_at", "updated_at")
_ignoring_of_member: Final = ignoring(*_READ_ONLY_OF_MEMBER)


class MemberChanges(BaseModel):
    """The body of a change of a member: `role` by an owner, `name` by the member."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=requiring_one(("role", "name"), _ignoring_of_member)
    )

    id: Ignored = None
    space_id: Ignored = None
    person_id: Ignored = None
    joined_at: Ignored = None
    left_at: Ignored = None
    updated_at: Ignored = None
    role: Annotated[
        Role,
        BeforeValidator(_role_among("owner", "editor", "viewer"), json_schema_input_type=RoleName),
    ] = Role.VIEWER
    name: Name = None

    def given(self) -> dict[str, Any]:
        """Returns the fields that the client sent, with their new values."""
        return {name: getattr(self, name) for name in ("role", "name") if name in self.model_fields_set}

    @model_validator(mode="after")
    def _that_change_something(self) -> Self:
        if not self.given():
            raise field_error("At least one of role, name is required")
        return self


class NewInvitation(BaseModel):
    """The body of `POST /api/spaces/{space_id}/invitations`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=ignoring("id", "used", "expires_at", "created_by", "created_at", "invitation"),
    )

    id: Ignored = None
    used: Ignored = None
    expires_at: Ignored = None
    created_by: Ignored = None
    created_at: Ignored = None
    invitation: Ignored = None
    role: Annotated[
        Role, BeforeValidator(_role_among("editor", "viewer"), json_schema_input_type=InvitedRole)
    ] = Field(default=Role.EDITOR, json_schema_extra={"default": "editor"})
    uses: Annotated[int, BeforeValidator(_whole_number("Uses", 1, MAX_USES))] = Field(
        default=1, description="How many people can join with it.", ge=1, le=MAX_USES
    )
    expires_in: Annotated[
        int, BeforeValidator(_whole_number("Expires in", MIN_EXPIRES_IN, MAX_EXPIRES_IN, " of seconds"))
    ] = Field(default=DEFAULT_EXPIRES_IN, description="Seconds.", ge=MIN_EXPIRES_IN, le=MAX_EXPIRES_IN)


def _invitation(value: Any) -> InvitationText:
    if isinstance(value, str):
        with suppress(ValueError):
            return InvitationText.parse(value)
    raise field_error("Invitation must be a text that begins with twi_")


class Redemption(BaseModel):
    """The body of `POST /api/invitations/redeem`."""

    model_config = ConfigDict(extra="forbid")

    invitation: Annotated[InvitationText, PlainValidator(_invitation, json_schema_input_type=str)]
    name: Name = None


def _only_delete(value: Any) -> Any:
    if value != "delete":
        raise field_error("Tasks must be delete")
    return value


class SpaceDeletionQuery(BaseModel):
    """The query of `DELETE /api/spaces/{space_id}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: Annotated[Literal["delete"] | None, BeforeValidator(_only_delete)] = Field(
        default=None, description="Deletes the tasks of the space too. Required if there are any."
    )


class Space(BaseModel):
    """An owner of tasks and lists that several people share."""

    id: UUID
    title: str = Field(min_length=1, max_length=MAX_TITLE_LENGTH)
    is_archived: bool
    time_zone: str | Absent = None
    metadata: Metadata | Absent = None
    created_at: datetime
    updated_at: datetime


class Membership(BaseModel):
    """A space that the caller is in, in the caller's own change feed."""

    space_id: UUID
    joined_at: datetime


class Member(BaseModel):
    """A person in a space, or one who has left: then `role` is null."""

    id: UUID
    space_id: UUID
    person_id: UUID | None = Field(description="The user id; null once that person has erased their data.")
    role: RoleName | None
    name: str | None
    joined_at: datetime
    left_at: datetime | Absent = None
    updated_at: datetime


class SpaceOfMember(BaseModel):
    """A space, the caller as its member, and a state that changes with every change in it."""

    space: Space
    member: Member
    state: str


class SpaceList(BaseModel):
    """The spaces of the caller, by the time of joining."""

    spaces: list[SpaceOfMember]


class MemberList(BaseModel):
    """The members who have a role, by the time of joining."""

    members: list[Member]


class Invitation(BaseModel):
    """An invitation to a space."""

    id: UUID
    role: InvitedRole
    uses: int
    used: int
    expires_at: datetime
    created_by: UUID | None
    created_at: datetime


class CreatedInvitation(Invitation):
    """A new invitation with its secret, which is shown once."""

    invitation: str | Absent = Field(
        default=None, description="The text to send to those who are invited; absent in a replayed response."
    )


class InvitationList(BaseModel):
    """The open invitations of a space, the newest first."""

    invitations: list[Invitation]


class Redeemed(BaseModel):
    """The space that the caller has joined, and the caller as its member."""

    space: Space
    member: Member


class SpaceDeleted(BaseModel):
    """The response to a deletion."""

    message: Literal["Space deleted successfully"]
    id: UUID


class MemberRemoved(BaseModel):
    """The response to a removal."""

    message: Literal["Member removed successfully"]
    id: UUID


class InvitationRevoked(BaseModel):
    """The response to a revocation."""

    message: Literal["Invitation revoked successfully"]
    id: UUID


def space_json(space: SpaceRecord) -> dict[str, Any]:
    """Returns a stored space, ready for `dump_json`."""
    value: dict[str, Any] = {
        "id": str(space.id),
        "title": space.title,
        "is_archived": space.is_archived,
        "created_at": rfc3339(space.created_at),
        "updated_at": rfc3339(space.updated_at),
    }
    if space.time_zone is not None:
        value["time_zone"] = space.time_zone
    return value if space.metadata is None else value | {"metadata": orjson.loads(space.metadata)}


def member_json(member: MemberRecord) -> dict[str, Any]:
    """Returns a stored member, ready for `dump_json`."""
    value = {
        "id": str(member.id),
        "space_id": str(member.user_id),
        "person_id": None if member.person_id is None else str(member.person_id),
        "role": None if member.role is None else role_name(member.role),
        "name": member.name,
        "joined_at": rfc3339(member.joined_at),
        "updated_at": rfc3339(member.updated_at),
    }
    return value if member.left_at is None else value | {"left_at": rfc3339(member.left_at)}


def membership_json(membership: MembershipRecord) -> dict[str, Any]:
    """Returns a stored membership, ready for `dump_json`."""
    return {"space_id": str(membership.id), "joined_at": rfc3339(membership.joined_at)}


def invitation_json(invitation: InvitationRecord) -> dict[str, Any]:
    """Returns a stored invitation, ready for `dump_json`, without its secret."""
    return {
        "id": str(invitation.id),
        "role": role_name(invitation.role),
        "uses": invitation.uses,
        "used": invitation.used,
        "expires_at": rfc3339(invitation.expires_at),
        "created_by": str(invitation.created_by),
        "created_at": rfc3339(invitation.created_at),
    }
