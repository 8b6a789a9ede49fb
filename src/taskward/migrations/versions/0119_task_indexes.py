"""The indexes of tasks, the order of lists and due reminders, which PostgreSQL builds while the service runs.

This stays the newest migration, because the service uses the schema before it: a new migration takes the next
number, this one the number after that, and a migration of its old number that changes nothing stays, because
databases may be at that revision. An index that is there is left as it is. On SQLite they are built in the
transaction of the migration.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0119"
down_revision = "0118"


def upgrade() -> None:
    is_open = "NOT is_completed" if context.get_context().dialect.name == "postgresql" else "is_completed = 0"
    position = sa.text("coalesce(position, 'm' || replace(CAST(id AS TEXT), '-', '') || 'h')")
    for name, columns, condition in (
        ("open", ["id", "list_id", "due_key", "due_utc", "is_completed"], is_open),
        ("open_position", ["list_id", position, "id"], f"list_id IS NOT NULL AND {is_open}"),
        ("list_id_position", ["list_id", position, "id"], "list_id IS NOT NULL"),
        (
            "top_position",
            ["list_id", position, "id"],
            f"parent_id IS NULL AND (list_id IS NOT NULL OR {is_open})",
        ),
        ("parent_id_position", ["parent_id", position, "id"], "parent_id IS NOT NULL"),
        ("due_key", ["due_key", "id"], f"due_key IS NOT NULL AND {is_open}"),
        ("priority", ["priority", "id"], f"priority IS NOT NULL AND {is_open}"),
        ("completed_at", ["completed_at", "id"], "completed_at IS NOT NULL"),
        ("series_id", ["series_id", "id"], "series_id IS NOT NULL"),
        ("assigned", ["assigned_to", "id"], f"assigned_to IS NOT NULL AND {is_open}"),
        ("assigned_to", ["assigned_to", "due_key", "id"], f"assigned_to IS NOT NULL AND {is_open}"),
    ):
        where = sa.text(condition)
        op.create_index(
            f"ix_tasks_user_id_{name}",
            "tasks",
            ["user_id", *columns],
            postgresql_where=where,
            sqlite_where=where,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.create_index(
        "ix_tasks_user_id_version",
        "tasks",
        ["user_id", "version"],
        postgresql_where=sa.text("version IS NOT NULL"),
        postgresql_concurrently=True,
        if_not_exists=True,
    )
    op.create_index(
        "ix_lists_user_id_position",
        "lists",
        ["user_id", "position", "id"],
        postgresql_concurrently=True,
        if_not_exists=True,
    )
    has_moment = sa.text("fire_at IS NOT NULL")
    op.create_index(
        "ix_reminders_user_id_fire_at",
        "reminders",
        ["user_id", "fire_at"],
        postgresql_where=has_moment,
        sqlite_where=has_moment,
        postgresql_concurrently=True,
        if_not_exists=True,
    )
