"""Where imports are staged; the locks of changes that take several transactions (on SQLite)."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import SETUP_SQL
from taskward.database.types import Counter, Flag, Id, Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("token", Id, nullable=False),
        sa.Column("renewed_at", Instant, nullable=False),
        sa.Column("first_number", Counter, nullable=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_tasks",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("id", Id, primary_key=True),
        sa.Column("given_id", Id, nullable=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_folded", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("description_folded", sa.Text, nullable=True),
        sa.Column("is_completed", Flag, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    given = sa.text("given_id IS NOT NULL")
    op.create_index(
        "ix_import_tasks_user_id_given_id",
        "import_tasks",
        ["user_id", "given_id"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    op.create_table(
        "owner_locks",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("renewed_at", Counter, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if context.get_context().dialect.name == "postgresql":
        op.execute(SETUP_SQL)
