"""Spaces, their members and invitations."""

import sqlalchemy as sa
from alembic import context, op

from taskward.database.postgres.row_level_security import setup_sql
from taskward.database.types import CodePointText, Counter, Flag, Id, Instant, Small

revision = "0110"
down_revision = "0109"


def upgrade() -> None:
    for table in ("tasks", "trash"):
        for name in ("assigned_to", "created_by", "updated_by"):
            op.add_column(table, sa.Column(name, Id, nullable=True))
    op.add_column("users", sa.Column("members_seq", Counter, nullable=False, server_default=sa.text("0")))
    _create(
        "spaces",
        sa.Column("title", CodePointText, nullable=False),
        sa.Column("is_archived", Flag, nullable=False),
        sa.Column("metadata", sa.Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", Counter, nullable=False),
    )
    _create(
        "members",
        sa.Column("id", Id, primary_key=True),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("role", Small, nullable=True),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("joined_at", Instant, nullable=False),
        sa.Column("left_at", Instant, nullable=True),
        sa.Column("removed_version", Counter, nullable=True),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", Counter, nullable=False),
        sa.UniqueConstraint("user_id", "person_id", name="uq_members_user_id_person_id"),
    )
    op.create_index("ix_members_user_id_version", "members", ["user_id", "version"])
    _create(
        "invitations",
        sa.Column("id", Id, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("role", Small, nullable=False),
        sa.Column("uses", Small, nullable=False),
        sa.Column("used", Small, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("closed_at", Instant, nullable=True),
        sa.Column("made_after", Counter, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
    )
    _create(
        "memberships",
        sa.Column("space_id", Id, primary_key=True),
        sa.Column("joined_at", Instant, nullable=False),
        sa.Column("has_left", Flag, nullable=False),
        sa.Column("version", Counter, nullable=False),
    )
    op.create_index("ix_memberships_user_id_version", "memberships", ["user_id", "version"])
    if context.get_context().dialect.name == "postgresql":
        op.execute(setup_sql())


def _create(name: str, *others: sa.Column[object] | sa.UniqueConstraint) -> None:
    owner = sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    op.create_table(name, owner, *others, sqlite_strict=True, sqlite_with_rowid=False)
