"""Nothing: the indexes that this migration built are those of the newest migration now."""

revision = "0106"
down_revision = "0105"


def upgrade() -> None:
    """Changes nothing."""
