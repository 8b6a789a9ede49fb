"""The activity of spaces."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import Id, Instant

revision = "0112"
down_revision = "0111"


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("task_id", Id, nullable=True),
        sa.Column("list_id", Id, nullable=True),
        sa.Column("comment_id", Id, nullable=True),
        sa.Column("member_id", Id, nullable=True),
        sa.Column("number", sa.Integer, nullable=True),
        sa.Column("fields", sa.Text, nullable=True),
        sa.Column("via", sa.Text, nullable=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    has_task = sa.text("task_id IS NOT NULL")
    op.create_index(
        "ix_activity_user_id_task_id",
        "activity",
        ["user_id", "task_id", "id"],
        postgresql_where=has_task,
        sqlite_where=has_task,
    )
    op.create_index("ix_activity_at", "activity", ["at"])
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
