"""The owner's row."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Table, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from taskward.database.types import Counter, Id, Instant


class UserRow(SQLModel, table=True):
    """One row an owner, made by the owner's first write.

    `seq` counts the owner's writes. It begins at the microseconds since 1970 of the first one, so that
    no number comes again after an erasure. `horizon` is the lowest number from which every later change
    is still known: tombstones below it are gone.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email", name="uq_users_email"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )

    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    email: str | None = Field(sa_column=Column(Text, nullable=True))
    seq: int = Field(sa_column=Column(Counter, nullable=False))
    horizon: int = Field(sa_column=Column(Counter, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))


USERS: Final[Table] = SQLModel.metadata.tables["users"]
