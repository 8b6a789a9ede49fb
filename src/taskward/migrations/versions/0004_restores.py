"""When the database was restored (`taskward restored`), and with it which change cursors are void."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import SETUP_SQL
from taskward.database.types import Counter, Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "restores",
        sa.Column("number", Counter, primary_key=True, autoincrement=False),
        sa.Column("restored_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if context.get_context().dialect.name == "postgresql":
        op.execute(SETUP_SQL)
