"""The schema of the first version."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import CodePointText, Counter, Flag, Id, Instant

revision = "0100"
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
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=True),
        sa.Column("tag", sa.Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_idempotency_keys_user_id_created_at", "idempotency_keys", ["user_id", "created_at"])
    op.create_table(
        "restores",
        sa.Column("number", Counter, primary_key=True, autoincrement=False),
        sa.Column("restored_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "imports",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("token", Id, nullable=False),
        sa.Column("renewed_at", Instant, nullable=False),
        sa.Column("first_number", Counter, nullable=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_tasks",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("given_id", Id, nullable=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_folded", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("description_folded", sa.Text, nullable=True),
        sa.Column("is_completed", Flag, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    given = sa.text("given_id IS NOT NULL")
    op.create_index(
        "ix_import_tasks_user_id_given_id",
        "import_tasks",
        ["user_id", "given_id"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    op.create_table(
        "owner_locks",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("renewed_at", Counter, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
