"""Comments on tasks."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import CodePointText, Counter, Id, Instant

revision = "0111"
down_revision = "0110"


def upgrade() -> None:
    _create_comments("comments", "tasks", sa.CheckConstraint(_LENGTH, name="ck_comments_text_length"))
    has_author = sa.text("author_id IS NOT NULL")
    op.create_index(
        "ix_comments_user_id_author_id",
        "comments",
        ["user_id", "author_id", "id"],
        postgresql_where=has_author,
        sqlite_where=has_author,
    )
    op.create_index(
        "ix_comments_user_id_version",
        "comments",
        ["user_id", "version"],
        postgresql_where=sa.text("version IS NOT NULL"),
    )
    _create_comments("trash_comments", "trash")
    op.create_table(
        "comment_tombstones",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("comment_id", Id, primary_key=True),
        sa.Column("version", Counter, nullable=False),
        sa.Column("deleted_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_comment_tombstones_user_id_version", "comment_tombstones", ["user_id", "version"])
    op.create_table(
        "import_comments",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_import_comments_user_id_task_id", "import_comments", ["user_id", "task_id", "id"])
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())


_LENGTH = "length(text) BETWEEN 1 AND 4000"


def _create_comments(name: str, tasks: str, *constraints: sa.Constraint) -> None:
    op.create_table(
        name,
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("text", CodePointText, nullable=False),
        sa.Column("mentions", sa.Text, nullable=True),
        sa.Column("metadata", sa.Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", Counter, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            [f"{tasks}.user_id", f"{tasks}.id"],
            name=f"fk_{name}_task",
            ondelete="CASCADE",
        ),
        *constraints,
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        f"ix_{name}_user_id_task_id",
        name,
        ["user_id", "task_id", "id"],
        postgresql_where=sa.text("task_id IS NOT NULL"),
    )
