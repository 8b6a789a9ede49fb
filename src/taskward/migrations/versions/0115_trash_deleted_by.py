"""The member who deleted a task that is in the trash of a space."""

import sqlalchemy as sa
from alembic import op

from taskward.database.types import Id

revision = "0115"
down_revision = "0114"


def upgrade() -> None:
    op.add_column("trash", sa.Column("deleted_by", Id, nullable=True))
