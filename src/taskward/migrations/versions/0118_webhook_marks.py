"""The outbox of webhooks on SQLite has rowids, so that a search for an owner reads no deliveries."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.types import Counter, Flag, Id

revision = "0118"
down_revision = "0117"


def upgrade() -> None:
    if context.get_context().dialect.name != "sqlite":
        return
    op.rename_table("webhook_marks", "old_webhook_marks")
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
    )
    op.execute("INSERT INTO webhook_marks SELECT * FROM old_webhook_marks")
    op.drop_table("old_webhook_marks")
    for name, condition in (("next_at", "next_at IS NOT NULL"), ("failed", "attempts > 0")):
        op.create_index(
            f"ix_webhook_marks_{name}", "webhook_marks", ["next_at"], sqlite_where=sa.text(condition)
        )
