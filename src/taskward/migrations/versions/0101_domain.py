"""Lists, labels, and the optional fields of tasks.

Adding nullable columns is immediate on both engines. The indexes of `tasks` are built while writes wait.
"""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import SETUP_SQL
from taskward.database.types import CodePointText, Counter, Flag, Id, Instant, Priority

revision = "0101"
down_revision = "0100"


def upgrade() -> None:
    on_postgresql = context.get_context().dialect.name == "postgresql"
    _add_tables()
    _add_columns()
    _add_indexes("NOT is_completed" if on_postgresql else "is_completed = 0")
    if on_postgresql:
        op.execute(SETUP_SQL)


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
            ("priority", Priority),
            ("series_id", Id),
        ):
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column("import_tasks", sa.Column("labels", sa.Text, nullable=True))


def _add_indexes(is_open: str) -> None:
    position = sa.text("coalesce(position, 'm' || replace(CAST(id AS TEXT), '-', '') || 'h')")
    for name, columns, condition in (
        ("open", ["id"], is_open),
        ("open_position", ["list_id", position, "id"], is_open),
        ("list_id_position", ["list_id", position, "id"], "list_id IS NOT NULL"),
        ("parent_id_position", ["parent_id", position, "id"], "parent_id IS NOT NULL"),
        ("due_key", ["due_key", "id"], f"due_key IS NOT NULL AND {is_open}"),
        ("priority", ["priority", "id"], f"priority IS NOT NULL AND {is_open}"),
        ("completed_at", ["completed_at", "id"], "completed_at IS NOT NULL"),
        ("series_id", ["series_id", "id"], "series_id IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(
            f"ix_tasks_user_id_{name}",
            "tasks",
            ["user_id", *columns],
            postgresql_where=where,
            sqlite_where=where,
        )
