"""The access token on the wire: its request models and its response models."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from taskward.http.body_schemas import Ignored, ignoring
from taskward.http.parts import Key
from taskward.http.responses import json_timestamp
from taskward.http.validation import Absent, canonical_uuid, field_error
from taskward.tokens.tables import TokenRecord

MAX_NAME: Final = 100
"""Unicode code points, after trimming."""
MAX_SPACES: Final = 20
MIN_SECONDS: Final = 3600
DEFAULT_SECONDS: Final = 30 * 24 * 3600


class Validity(NamedTuple):
    """The seconds for which a token is valid at most, and without `expires_in`."""

    longest: int

    @property
    def default(self) -> int:
        return min(DEFAULT_SECONDS, self.longest)


VALIDITY: Final = Key[Validity]("validity of access tokens")


def _name(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise field_error("Name must be text")
    name = (value or "").strip()
    if not name:
        raise field_error("Name is required and cannot be empty")
    if len(name) > MAX_NAME:
        raise field_error(f"Name cannot exceed {MAX_NAME} characters")
    return name


def _access(value: Any) -> Any:
    if value not in ("read", "write"):
        raise field_error("Access must be read or write")
    return value


def _spaces(value: Any) -> list[UUID]:
    ids = [canonical_uuid(one) for one in value] if isinstance(value, list) else []
    if not 1 <= len(ids) <= MAX_SPACES or None in ids:
        raise field_error(f"Spaces must be a list of 1 to {MAX_SPACES} ids")
    return [one for one in ids if one is not None]


def _private(value: Any) -> bool:
    if not isinstance(value, bool):
        raise field_error("Private must be true or false")
    return value


def _expires_in(value: Any, info: ValidationInfo) -> int:
    longest = info.context[VALIDITY].longest if info.context else DEFAULT_SECONDS
    if not isinstance(value, int) or isinstance(value, bool) or not MIN_SECONDS <= value <= longest:
        raise field_error(f"Expires in must be a whole number of seconds from {MIN_SECONDS} to {longest}")
    return value


Access = Annotated[Literal["read", "write"], Field(description="`read` allows GET and HEAD only.")]
_SPACES: Final = Field(
    description="The only spaces that it reaches; without it, all of the user's.",
    json_schema_extra={"minItems": 1, "maxItems": MAX_SPACES},
)
_PRIVATE: Final = Field(
    description="Whether it reaches the private tasks; without it, only a token without `spaces` does."
)


class NewToken(BaseModel):
    """The body of `POST /api/tokens`."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=ignoring("id", "created_at", "expires_at", "last_used_at")
    )

    id: Ignored = None
    created_at: Ignored = None
    expires_at: Ignored = None
    last_used_at: Ignored = None
    name: Annotated[
        str,
        BeforeValidator(_name),
        Field(
            description="1-100 characters (Unicode code points) after trimming white space.",
            examples=["Backup script"],
            json_schema_extra={"minLength": 1, "maxLength": MAX_NAME, "pattern": r"\S"},
        ),
    ]
    access: Annotated[Access, BeforeValidator(_access)]
    spaces: Annotated[list[UUID], BeforeValidator(_spaces), _SPACES] = []
    private: Annotated[bool | Absent, BeforeValidator(_private), _PRIVATE] = None
    expires_in: Annotated[
        int | Absent,
        BeforeValidator(_expires_in),
        Field(
            description="Seconds for which it is valid, at most `TOKEN_DAYS`. Without it 30 days, or "
            "`TOKEN_DAYS` if that is shorter.",
            json_schema_extra={"minimum": MIN_SECONDS},
        ),
    ] = None

    @property
    def reach(self) -> dict[str, Any]:
        """The values of the columns `spaces` and `private`: null where it was not given."""
        return {
            "spaces": orjson.dumps(self.spaces).decode() if self.spaces else None,
            "private": self.private,
        }


class Token(BaseModel):
    """An access token, without its secret."""

    id: UUID
    name: str = Field(min_length=1, max_length=MAX_NAME)
    access: Access
    spaces: Annotated[list[UUID] | Absent, _SPACES] = None
    private: Annotated[bool | Absent, _PRIVATE] = None
    created_at: datetime = Field(description="RFC 3339, UTC.")
    expires_at: datetime = Field(description="RFC 3339, UTC.")
    last_used_at: Annotated[datetime | Absent, Field(description="The hour of the last use.")] = None


class CreatedToken(Token):
    """A new access token. The token itself is in this response only, and not in a repeated one."""

    token: Annotated[
        str | Absent,
        Field(description="What a script sends as its bearer token.", examples=["twp_…"]),
    ] = None


class TokenList(BaseModel):
    """The caller's tokens, the newest first; expired ones for 30 days."""

    tokens: list[Token]


class TokenRevoked(BaseModel):
    """The response to a revocation."""

    message: Literal["Token revoked successfully"]
    id: UUID


class TokensRevoked(BaseModel):
    """The number of tokens that were revoked."""

    revoked: int = Field(ge=0)


def token_json(record: TokenRecord) -> dict[str, Any]:
    """Returns a stored token, ready for `dump_json`."""
    value: dict[str, Any] = {"id": str(record.id), "name": record.name, "access": record.access}
    if record.spaces is not None:
        value["spaces"] = orjson.loads(record.spaces)
    if record.private is not None:
        value["private"] = record.private
    value["created_at"] = json_timestamp(record.created_at)
    value["expires_at"] = json_timestamp(record.expires_at)
    if record.last_used_at is not None:
        value["last_used_at"] = json_timestamp(record.last_used_at)
    return value
