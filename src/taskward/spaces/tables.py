"""The tables of spaces: a space is an owner that is no person, and a row of `users`.

Every table begins with the owner. Nothing refers from one owner to another: `person_id` and `space_id` are
plain values.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, CodePointText, Counter, Flag, Id, Instant, Small


def _owner() -> Column[UUID]:
    return Column(Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


class SpaceRow(SQLModel, table=True):
    """A space, beside its row in `users`, which every write in the space changes."""

    __tablename__ = "spaces"
    __table_args__ = (STRICT,)

    user_id: UUID = Field(sa_column=_owner())
    title: str = Field(sa_column=Column(CodePointText, nullable=False))
    is_archived: bool = Field(sa_column=Column(Flag, nullable=False))
    metadata_json: str | None = Field(sa_column=Column("metadata", Text, nullable=True))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    version: int = Field(sa_column=Column(Counter, nullable=False))


class MemberRow(SQLModel, table=True):
    """A member of a space, and the only authority for what they may do.

    `role` is that of `taskward.http.roles`, null for one who has left; `person_id` is null once that person
    has erased their data. `removed_version` is the number of the last removal by another member.
    """

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("user_id", "person_id", name="uq_members_user_id_person_id"),
        Index("ix_members_user_id_version", "user_id", "version"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=_owner())
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    person_id: UUID | None = Field(sa_column=Column(Id, nullable=True))
    role: int | None = Field(sa_column=Column(Small, nullable=True))
    name: str | None = Field(sa_column=Column(Text, nullable=True))
    joined_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    left_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    removed_version: int | None = Field(sa_column=Column(Counter, nullable=True))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    version: int = Field(sa_column=Column(Counter, nullable=False))


class InvitationRow(SQLModel, table=True):
    """An invitation to a space; its secret is stored as a digest. `closed_at` is when it was revoked.

    `made_after` is the number of the last change in the space when it was made.
    """

    __tablename__ = "invitations"
    __table_args__ = (STRICT,)

    user_id: UUID = Field(sa_column=_owner())
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    role: int = Field(sa_column=Column(Small, nullable=False))
    uses: int = Field(sa_column=Column(Small, nullable=False))
    used: int = Field(sa_column=Column(Small, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    closed_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    made_after: int = Field(sa_column=Column(Counter, nullable=False))
    created_by: UUID = Field(sa_column=Column(Id, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class MembershipRow(SQLModel, table=True):
    """A space that a person is in, or was: a pointer among the person's own rows, never an authority."""

    __tablename__ = "memberships"
    __table_args__ = (Index("ix_memberships_user_id_version", "user_id", "version"), STRICT)

    user_id: UUID = Field(sa_column=_owner())
    space_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    joined_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    has_left: bool = Field(sa_column=Column(Flag, nullable=False))
    version: int = Field(sa_column=Column(Counter, nullable=False))


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


SPACES: Final = _table("spaces")
MEMBERS: Final = _table("members")
INVITATIONS: Final = _table("invitations")
MEMBERSHIPS: Final = _table("memberships")
