"""Access tokens: what users make for scripts and agents."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import Flag, Id, Instant

revision = "0109"
down_revision = "0108"


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("spaces", sa.Text, nullable=True),
        sa.Column("private", Flag, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant, nullable=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
