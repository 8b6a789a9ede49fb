"""Users with their counter, tasks with their version, tombstones."""

import sqlalchemy as sa
from alembic import op

from taskward.database.types import CodePointText, Counter, Flag, Id, Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, primary_key=True),
        sa.Column("email", sa.Text, nullable=True),
        sa.Column("seq", Counter, nullable=False),
        sa.Column("horizon", Counter, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tasks",
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
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name="ck_tasks_title_length"),
        sa.CheckConstraint("length(description) <= 2000", name="ck_tasks_description_length"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tasks_user_id_version", "tasks", ["user_id", "version"])
    op.create_table(
        "tombstones",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("task_id", Id, primary_key=True),
        sa.Column("version", Counter, nullable=False),
        sa.Column("deleted_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tombstones_user_id_version", "tombstones", ["user_id", "version"])
