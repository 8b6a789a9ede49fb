"""The errors of a copy, for an operator: each names the option that it is about."""


class CopyFailed(Exception):
    """The copy cannot be made or continued; nothing of the source is changed."""


class Differs(CopyFailed):
    """The verification has found rows that differ."""

    def __init__(self, table: str, owner: str | None) -> None:
        of_user = "" if owner is None else f" of user {owner}"
        super().__init__(
            f"--to: the copy is not what the source has: rows of {table}{of_user} differ; remove the cause, "
            "like a trigger or another program that writes there, and begin again with an empty database"
        )
