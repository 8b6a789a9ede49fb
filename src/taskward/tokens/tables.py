"""The table of access tokens, and a stored one as statements return it."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Table, Text
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, Flag, Id, Instant


class AccessTokenRow(SQLModel, table=True):
    """An access token of a user, without its secret."""

    __tablename__ = "access_tokens"
    __table_args__ = (STRICT,)

    user_id: UUID = Field(sa_column=Column(Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True))
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    """SHA-256 of the secret, in hexadecimal digits."""
    name: str = Field(sa_column=Column(Text, nullable=False))
    access: str = Field(sa_column=Column(Text, nullable=False))
    """`read` or `write`."""
    spaces: str | None = Field(sa_column=Column(Text, nullable=True))
    """A JSON array of ids; null for all."""
    private: bool | None = Field(sa_column=Column(Flag, nullable=True))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    last_used_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    """The hour."""


ACCESS_TOKENS: Final[Table] = SQLModel.metadata.tables["access_tokens"]


class TokenRecord(NamedTuple):
    """A stored token, as its user sees it."""

    id: UUID | str
    """Text on SQLite; `str` of it is the id on both engines."""
    name: str
    access: str
    spaces: str | None
    private: bool | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


COLUMNS: Final = tuple(ACCESS_TOKENS.c[name] for name in TokenRecord._fields)
"""The columns that the statements on tokens return, in the order of `TokenRecord`."""
