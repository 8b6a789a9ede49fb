"""Expired activity is found by the space and the id, so that no write needs an index of times."""

from alembic import op

revision = "0116"
down_revision = "0115"


def upgrade() -> None:
    op.drop_index("ix_activity_at", "activity")
