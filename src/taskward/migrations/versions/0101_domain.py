"""Lists, labels, and the optional fields of tasks.

Adding nullable columns is immediate on both engines.
"""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import CodePointText, Counter, Flag, Id, Instant, Small

revision = "0101"
down_revision = "0100"


def upgrade() -> None:
    _add_tables()
    _add_columns()
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())


def _add_tables() -> None:
    op.create_table(
        "lists",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("title", CodePointText, nullable=False),
        sa.Column("is_archived", Flag, nullable=False),
        sa.Column("position", CodePointText, nullable=False),
        sa.Column("metadata", sa.Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", Counter, nullable=False),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name="ck_lists_title_length"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lists_user_id_version", "lists", ["user_id", "version"])
    op.create_table(
        "list_tombstones",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("list_id", Id, primary_key=True),
        sa.Column("version", Counter, nullable=False),
        sa.Column("deleted_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_list_tombstones_user_id_version", "list_tombstones", ["user_id", "version"])
    op.create_table(
        "task_labels",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("task_id", Id, primary_key=True),
        sa.Column("label_folded", CodePointText, primary_key=True),
        sa.Column("label", CodePointText, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_task_labels_task",
            ondelete="CASCADE",
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_task_labels_user_id_label_folded", "task_labels", ["user_id", "label_folded", "task_id"]
    )


def _add_columns() -> None:
    for table in ("tasks", "import_tasks"):
        for name, kind in (
            ("list_id", Id),
            ("parent_id", Id),
            ("position", CodePointText),
            ("completed_at", Instant),
            ("extra", sa.Text),
            ("due_key", CodePointText),
            ("due_utc", Instant),
            ("start_key", CodePointText),
            ("start_utc", Instant),
            ("priority", Small),
            ("series_id", Id),
        ):
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column("import_tasks", sa.Column("labels", sa.Text, nullable=True))
