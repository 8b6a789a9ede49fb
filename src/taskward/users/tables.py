"""The tables of owners and of restores."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Table, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, Counter, Id, Instant


class UserRow(SQLModel, table=True):
    """One row per owner, created by the owner's first write.

    `seq` is the number of the owner's last write. It follows the clock: each write takes the microseconds
    since 1970, or the next number if the clock has not moved past the last one. So no number is reused after
    an erasure or a restore of the database. `horizon` is the low-water mark of the feed: every change after
    that number is recorded, and tombstones below it are dropped. `members_seq` gets a new
    value with every change of the members of a space; 0 for a person.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email", name="uq_users_email"),
        STRICT,
    )

    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    email: str | None = Field(sa_column=Column(Text, nullable=True))
    seq: int = Field(sa_column=Column(Counter, nullable=False))
    horizon: int = Field(sa_column=Column(Counter, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    time_zone: str | None = Field(sa_column=Column(Text, nullable=True))
    members_seq: int = Field(sa_column=Column(Counter, nullable=False, server_default=text("0")))


class RestoreRow(SQLModel, table=True):
    """One row for each run of `taskward restored`.

    `number` is unique, and greater than every number issued before. Every change cursor holds the greatest
    one of its time; a cursor with another one is from before a restore.
    """

    __tablename__ = "restores"
    __table_args__ = (STRICT,)

    number: int = Field(sa_column=Column(Counter, primary_key=True, autoincrement=False))
    restored_at: datetime = Field(sa_column=Column(Instant, nullable=False))


USERS: Final[Table] = SQLModel.metadata.tables["users"]
RESTORES: Final[Table] = SQLModel.metadata.tables["restores"]
