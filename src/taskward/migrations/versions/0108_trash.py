"""The trash: deleted tasks that can be restored."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import CodePointText, Counter, Flag, Id, Instant, Small

revision = "0108"
down_revision = "0107"


def upgrade() -> None:
    op.create_table(
        "trash",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("title", CodePointText, nullable=False),
        sa.Column("title_folded", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("description_folded", sa.Text, nullable=True),
        sa.Column("is_completed", Flag, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", Counter, nullable=False),
        sa.Column("list_id", Id, nullable=True),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("position", CodePointText, nullable=True),
        sa.Column("completed_at", Instant, nullable=True),
        sa.Column("extra", sa.Text, nullable=True),
        sa.Column("due_key", CodePointText, nullable=True),
        sa.Column("due_utc", Instant, nullable=True),
        sa.Column("start_key", CodePointText, nullable=True),
        sa.Column("start_utc", Instant, nullable=True),
        sa.Column("priority", Small, nullable=True),
        sa.Column("series_id", Id, nullable=True),
        sa.Column("next_version", Counter, nullable=True),
        sa.Column("past_recurrence", sa.Text, nullable=True),
        sa.Column("deleted_at", Instant, nullable=False),
        sa.Column("deleted_with", Id, nullable=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trash_deleted_at", "trash", ["deleted_at"])
    op.create_index("ix_trash_user_id_deleted_at", "trash", ["user_id", "deleted_at", "id"])
    taken_along = sa.text("deleted_with IS NOT NULL")
    op.create_index(
        "ix_trash_user_id_deleted_with",
        "trash",
        ["user_id", "deleted_with", "id"],
        postgresql_where=taken_along,
        sqlite_where=taken_along,
    )
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
