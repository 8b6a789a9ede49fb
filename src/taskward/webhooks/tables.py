"""The table with the state of the receiver, which all processes share."""

from typing import Final

from sqlalchemy import Column, Integer, Table
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, Counter


class WebhookReceiverRow(SQLModel, table=True):
    """One row, with times in microseconds of the database's clock, each null if it does not apply.

    The table is named in the terms of Standard Webhooks; in this code an endpoint is one of the API.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (STRICT,)

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    failed_at: int | None = Field(sa_column=Column(Counter, nullable=True))
    """The first failed attempt since the last one that succeeded."""
    failing_since: int | None = Field(sa_column=Column(Counter, nullable=True))
    probe_at: int | None = Field(sa_column=Column(Counter, nullable=True))
    """While it fails: the next attempt of the whole deployment."""
    stopped_at: int | None = Field(sa_column=Column(Counter, nullable=True))
    """When it answered 410; processes that were started before deliver no more."""


RECEIVER: Final[Table] = SQLModel.metadata.tables["webhook_endpoint"]
