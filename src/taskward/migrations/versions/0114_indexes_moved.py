"""Nothing: the indexes that this migration built are those of the newest migration now."""

revision = "0114"
down_revision = "0113"


def upgrade() -> None:
    """Changes nothing."""
