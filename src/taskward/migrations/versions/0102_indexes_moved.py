"""Nothing: the indexes that this migration built are those of the newest migration now."""

revision = "0102"
down_revision = "0101"


def upgrade() -> None:
    """Changes nothing."""
