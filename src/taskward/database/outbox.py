"""The outbox of webhooks: one row for each owner, which says that their changes are to be delivered.

With webhooks on, every transaction that changes what an owner sees marks that owner, before it commits. The
engines do it where they also notify of changes, so no statement of a feature names the outbox. While an owner
is marked, further writes change nothing in the row, so that an outage of the receiver costs one row for each
owner.

A mark is an upsert, which locks the row and sees it as it is then: what a statement has seen of it before it
waited for its owner does not count. A mark is removed under the lock of the owner, by a transaction that has
compared the owner's counter. Locks are taken in one order: the owner, then marks by the ids of their owners.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    false,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel

from taskward.database.functions import clock_number, greatest
from taskward.database.statements import Command, TransactionSteps
from taskward.database.types import WITH_ROWID, Counter, Flag, Id

MIN_DELIVERY_INTERVAL: Final = 1_000_000
"""Microseconds between two deliveries of one owner who writes all the time: they are the same work for many
changes as for one. Pages that are full are delivered without a pause."""


class WebhookMarkRow(SQLModel, table=True):
    """The queue of one owner: what is acknowledged, when it is due, and the delivery in progress.

    It has no foreign key, because it outlives the owner: their erasure has to be delivered too. Times are
    microseconds of the database's clock. A stored delivery is sent with the same id and body until it is
    acknowledged; `upto` is what `acknowledged` becomes then.
    """

    __tablename__ = "webhook_marks"
    __table_args__ = (
        Index(
            "ix_webhook_marks_next_at",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
        Index(
            "ix_webhook_marks_failed",
            "next_at",
            postgresql_where=text("attempts > 0"),
            sqlite_where=text("attempts > 0"),
        ),
        WITH_ROWID,
    )

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    acknowledged: str | None = Field(sa_column=Column(Text, nullable=True))
    """The position in the feed as JSON; null before the first delivery."""
    next_at: int | None = Field(sa_column=Column(Counter, nullable=True))
    """When the owner is due, or until when `holder` has the owner; null if nothing is to be delivered."""
    marked_at: int | None = Field(sa_column=Column(Counter, nullable=True))
    """Since when something is to be delivered."""
    holder: UUID | None = Field(sa_column=Column(Id, nullable=True))
    """The process that is delivering."""
    delivery_id: str | None = Field(sa_column=Column(Text, nullable=True))
    body: str | None = Field(sa_column=Column(Text, nullable=True))
    upto: str | None = Field(sa_column=Column(Text, nullable=True))
    attempts: int = Field(sa_column=Column(Integer, nullable=False))
    """Failed attempts at the stored delivery."""
    delivered_at: int | None = Field(sa_column=Column(Counter, nullable=True))
    """When the last of the waiting changes were acknowledged."""
    is_erased: bool = Field(sa_column=Column(Flag, nullable=False))
    """Whether the receiver has yet to learn that the owner was erased."""


MARKS: Final[Table] = SQLModel.metadata.tables["webhook_marks"]

_OWNER: Final = bindparam("owner", type_=Id())
_NEW: Final[dict[str, Any]] = {
    "next_at": clock_number(),
    "marked_at": clock_number(),
    "attempts": literal_column("0", Integer()),
    "is_erased": false(),
}


def mark_owners(owners: Select[Any]) -> Insert:
    """Marks the owners that a query returns, unless they are marked; for PostgreSQL.

    The query returns each owner with the number of the write, which there is once the owner's row is locked;
    so the mark comes after that lock.
    """
    owner, number = owners.selected_columns
    marked = owners.with_only_columns(owner, *_NEW.values()).where(number.is_not(None)).order_by(owner)
    return _unless_marked(insert(MARKS).from_select(["user_id", *_NEW], marked))


def _unless_marked(marked: Any) -> Insert:
    """Marks an owner as due now, or `MIN_DELIVERY_INTERVAL` after the last delivery."""
    paced = func.coalesce(
        MARKS.c.delivered_at + literal_column(str(MIN_DELIVERY_INTERVAL), Counter), literal_column("0")
    )
    unless: Insert = marked.on_conflict_do_update(
        index_elements=["user_id"],
        set_={"next_at": greatest(marked.excluded.next_at, paced), "marked_at": marked.excluded.marked_at},
        where=MARKS.c.next_at.is_(None),
    )
    return unless


MARK: Final = Command(
    "mark an owner for webhooks", _unless_marked(insert(MARKS).values(user_id=_OWNER, **_NEW)), quiet=True
)


def mark_steps(owners: Iterable[UUID]) -> TransactionSteps[None]:
    """Marks owners without a change of theirs."""
    for owner in sorted(owners):
        yield MARK, {"owner": owner}
