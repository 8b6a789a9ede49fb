"""The responses of /api/me."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from taskward.database.statements import Row
from taskward.entity import Entity
from taskward.features import ENTITIES, IN_DOCUMENTS
from taskward.http.body_schemas import Ignored, ignoring, list_of, model_of, union_of
from taskward.http.responses import rfc3339
from taskward.http.validation import Absent, field_error, known_time_zone
from taskward.spaces.models import Member, Space
from taskward.tokens.models import Token
from taskward.trash.models import TrashedTask

_ZONE: Final = Field(
    description="The IANA name of the user's time zone, for dates that have none.",
    examples=["Europe/Berlin"],
)


class User(BaseModel):
    """The owner's row."""

    id: UUID
    email: str | None
    created_at: datetime
    updated_at: datetime
    time_zone: Annotated[str, _ZONE] | Absent = None


class UserChanges(BaseModel):
    """Changes of the owner's row; null removes the time zone."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=ignoring("id", "email", "created_at", "updated_at")
    )

    id: Ignored = None
    email: Ignored = None
    created_at: Ignored = None
    updated_at: Ignored = None
    time_zone: Annotated[str | None, BeforeValidator(known_time_zone), _ZONE]


class OwnMembership(BaseModel):
    """A space, and the user as its member."""

    space_id: UUID
    member: Member


def _array(entity: Entity) -> Any:
    every = list_of(entity.model)
    return every if entity is ENTITIES[0] else (union_of([every, Absent]), None)


Export: Final = model_of(
    "Export",
    "Everything that is stored about a user; `user` is null before their first write.",
    {
        "user": union_of([User, None]),
        **{one.plural: _array(one) for one in IN_DOCUMENTS},
        "trash": (union_of([list_of(TrashedTask), Absent]), None),
        "tokens": (union_of([list_of(Token), Absent]), None),
        "spaces": (union_of([list_of(OwnMembership), Absent]), None),
    },
)
SpaceExport: Final = model_of(
    "SpaceExport",
    "Everything in a space, with its former members.",
    {
        "space": Space,
        "members": list_of(Member),
        **{one.plural: _array(one) for one in IN_DOCUMENTS},
    },
)


def _known_format(value: Any) -> Any:
    if value not in ("json", "ics"):
        raise field_error("Format must be json or ics")
    return value


class ExportQuery(BaseModel):
    """The query of `GET /api/me/export`; not documented, because `ics` has an operation of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[Literal["json", "ics"], BeforeValidator(_known_format)] = "json"


class Imported(BaseModel):
    """The number of imported tasks, and of tasks that the caller already had."""

    imported: int
    skipped: int


class Erased(BaseModel):
    """The response to an erasure."""

    message: Literal["All data deleted"]


def user_json(row: Row) -> dict[str, Any]:
    """Returns the User of a row, ready for the JSON writer."""
    user_id, email, created_at, updated_at, time_zone = row
    value = {
        "id": str(user_id),
        "email": email,
        "created_at": rfc3339(created_at),
        "updated_at": rfc3339(updated_at),
    }
    return value if time_zone is None else value | {"time_zone": time_zone}
