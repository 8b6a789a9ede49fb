"""The tables of instants that are computed from local times: pending reminders, and with which time zones."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Table, Text, text
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, Counter, Id, Instant


class ReminderRow(SQLModel, table=True):
    """A pending reminder: of an open task, not fired yet; `n` is its index in the task's `reminders`.

    In a space it is one of a member, `n` is its index among those and ten times the `slot` of their row.

    `fire_at` is the moment at which it should fire; it is pending also after that, and fires late. It is null
    while it depends on the time zone of an owner who has none. The process that fires it deletes the row in
    the transaction that stores the delivery. After that only a change of the task's reminders, due date or
    completion makes it pending again, and only for a moment in the future.

    Rows are written and deleted by transactions that have locked the owner (`LOCK_OWNER`, or the bump of a
    `Write`). One that has found a due row without the lock has to read the row again once it has it. Rows are
    there also where webhooks are off; they go when the task is completed or deleted.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_reminders_task",
            ondelete="CASCADE",
        ),
        Index("ix_reminders_fire_at", "fire_at"),
        Index(
            "ix_reminders_user_id_fire_at",
            "user_id",
            "fire_at",
            postgresql_where=text("fire_at IS NOT NULL"),
            sqlite_where=text("fire_at IS NOT NULL"),
        ),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    task_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    n: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    fire_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))


class TimeZoneDataRow(SQLModel, table=True):
    """The one row that notes the version of `tzdata` with which all stored instants are computed.

    The process that computes them again renews the row; others wait while it does.
    """

    __tablename__ = "time_zone_data"
    __table_args__ = (
        CheckConstraint("number = 1", name="ck_time_zone_data_one_row"),
        STRICT,
    )

    number: int = Field(sa_column=Column(Counter, primary_key=True, autoincrement=False))
    version: str | None = Field(sa_column=Column(Text, nullable=True))
    renewed_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    holder: UUID | None = Field(sa_column=Column(Id, nullable=True))


REMINDERS: Final[Table] = SQLModel.metadata.tables["reminders"]
TIME_ZONE_DATA: Final[Table] = SQLModel.metadata.tables["time_zone_data"]
