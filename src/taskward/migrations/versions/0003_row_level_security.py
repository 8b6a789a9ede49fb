"""On PostgreSQL: row-level security on every table, and a role that sees one owner's rows (DATABASE_RLS)."""

from alembic import context, op

from taskward.database.postgres.row_level_security import SETUP_SQL

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if context.get_context().dialect.name == "postgresql":
        op.execute(SETUP_SQL)
