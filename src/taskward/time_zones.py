"""Time zones: those of the pinned package `tzdata`, so that they do not depend on the machine."""

from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Final
from zoneinfo import ZoneInfo

_PACKAGE: Final = "tzdata"
DATA_VERSION: Final = version(_PACKAGE)
"""Like 2026.1; each one may change the rules of zones."""


def is_time_zone(name: str) -> bool:
    """Returns whether there is a time zone of exactly that name."""
    return name in _names()


@cache
def time_zone(name: str) -> ZoneInfo:
    """Returns the time zone of a name that is one."""
    with resources.files(_PACKAGE).joinpath("zoneinfo", name).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@cache
def _names() -> frozenset[str]:
    return frozenset(resources.files(_PACKAGE).joinpath("zones").read_text("ascii").split())
