"""Reminders of members."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import Counter, Id

revision = "0113"
down_revision = "0112"


def upgrade() -> None:
    for name, tasks in (("member_reminders", "tasks"), ("trash_member_reminders", "trash")):
        op.create_table(
            name,
            sa.Column("user_id", Id, primary_key=True),
            sa.Column("member_id", Id, primary_key=True),
            sa.Column("task_id", Id, primary_key=True),
            sa.Column("slot", sa.Integer, nullable=False),
            sa.Column("reminders", sa.Text, nullable=False),
            sa.Column("version", Counter, nullable=False),
            sa.ForeignKeyConstraint(
                ["user_id", "task_id"],
                [f"{tasks}.user_id", f"{tasks}.id"],
                name=f"fk_{name}_task",
                ondelete="CASCADE",
            ),
            sqlite_strict=True,
            sqlite_with_rowid=False,
        )
        op.create_index(
            f"ix_{name}_user_id_task_id",
            name,
            ["user_id", "task_id", "slot"],
            postgresql_where=sa.text("task_id IS NOT NULL"),
        )
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
