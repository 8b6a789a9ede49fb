"""Nothing: the indexes that this migration built are those of the newest migration now."""

revision = "0117"
down_revision = "0116"


def upgrade() -> None:
    """Changes nothing."""
