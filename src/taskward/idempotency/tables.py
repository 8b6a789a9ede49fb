"""The table of stored responses."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, Id, Instant


class IdempotencyKeyRow(SQLModel, table=True):
    """The response to the first request with an owner's key; `digest` identifies that request."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index("ix_idempotency_keys_user_id_created_at", "user_id", "created_at"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    status: int = Field(sa_column=Column(Integer, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    location: str | None = Field(sa_column=Column(Text, nullable=True))
    tag: str | None = Field(sa_column=Column(Text, nullable=True))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))


IDEMPOTENCY_KEYS: Final[Table] = SQLModel.metadata.tables["idempotency_keys"]
