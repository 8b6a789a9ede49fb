"""Drops PostgreSQL's index of versions, so that the newest migration builds it with a condition.

Until it is built, which happens while the service runs, the change feed looks through all tasks of its owner.
The other indexes that this migration built are those of the newest migration now.
"""

from alembic import context, op

revision = "0106"
down_revision = "0105"


def upgrade() -> None:
    if context.get_context().dialect.name == "postgresql":
        op.drop_index("ix_tasks_user_id_version", "tasks", if_exists=True)
