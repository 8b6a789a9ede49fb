"""The holder of the lease on the time zone data, as other leases have one.

The previous version of the service, which leaves it null, tells its claim by `renewed_at`.
"""

import sqlalchemy as sa
from alembic import op

from taskward.database.types import Id

revision = "0107"
down_revision = "0106"


def upgrade() -> None:
    op.add_column("time_zone_data", sa.Column("holder", Id, nullable=True))
