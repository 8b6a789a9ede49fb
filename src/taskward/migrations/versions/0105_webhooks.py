"""The outbox of webhooks, and the state of their receiver."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import Counter, Flag, Id

revision = "0105"
down_revision = "0104"


def upgrade() -> None:
    op.create_table(
        "webhook_marks",
        sa.Column("user_id", Id, primary_key=True),
        sa.Column("acknowledged", sa.Text, nullable=True),
        sa.Column("next_at", Counter, nullable=True),
        sa.Column("marked_at", Counter, nullable=True),
        sa.Column("holder", Id, nullable=True),
        sa.Column("delivery_id", sa.Text, nullable=True),
        sa.Column("body", sa.Text, nullable=True),
        sa.Column("upto", sa.Text, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered_at", Counter, nullable=True),
        sa.Column("is_erased", Flag, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for name, condition in (("next_at", "next_at IS NOT NULL"), ("failed", "attempts > 0")):
        where = sa.text(condition)
        op.create_index(
            f"ix_webhook_marks_{name}",
            "webhook_marks",
            ["next_at"],
            postgresql_where=where,
            sqlite_where=where,
        )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("failed_at", Counter, nullable=True),
        sa.Column("failing_since", Counter, nullable=True),
        sa.Column("probe_at", Counter, nullable=True),
        sa.Column("stopped_at", Counter, nullable=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO webhook_endpoint (id) VALUES (1)")
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())
