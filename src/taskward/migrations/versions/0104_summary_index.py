"""Drops the index of open tasks, so that the newest migration builds it with what the summary reads.

Until PostgreSQL has built it, which it does while the service runs, lists of open tasks look through all
tasks of their owner.
"""

from alembic import op

revision = "0104"
down_revision = "0103"


def upgrade() -> None:
    op.drop_index("ix_tasks_user_id_open", "tasks", if_exists=True)
