"""Answers to keyed requests."""

import sqlalchemy as sa
from alembic import op

from taskward.database.types import Id, Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
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
