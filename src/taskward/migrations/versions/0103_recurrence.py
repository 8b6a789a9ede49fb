"""Recurring tasks, the time zones of users, and pending reminders.

Adding nullable columns is immediate on both engines.
"""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import Counter, Id, Instant
from taskward.time_zones import DATA_VERSION

revision = "0103"
down_revision = "0102"


def upgrade() -> None:
    op.add_column("users", sa.Column("time_zone", sa.Text, nullable=True))
    op.add_column("tasks", sa.Column("next_version", Counter, nullable=True))
    op.add_column("tasks", sa.Column("past_recurrence", sa.Text, nullable=True))
    op.create_table(
        "reminders",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("task_id", Id, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("fire_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_reminders_task",
            ondelete="CASCADE",
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reminders_fire_at", "reminders", ["fire_at"])
    op.create_table(
        "time_zone_data",
        sa.Column("number", Counter, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Text, nullable=True),
        sa.Column("renewed_at", Instant, nullable=True),
        sa.CheckConstraint("number = 1", name="ck_time_zone_data_one_row"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # In a new database there are no instants to compute again.
    op.execute(
        f"INSERT INTO time_zone_data (number, version) SELECT 1, '{DATA_VERSION}' "  # noqa: S608 - of a package, without quotes
        "WHERE NOT EXISTS (SELECT 1 FROM users)"
    )
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
