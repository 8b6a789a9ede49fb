"""Time zones: those of the pinned package `tzdata`, so that they do not depend on the machine."""

import struct
from collections.abc import Sequence
from functools import cache
from importlib import resources
from importlib.metadata import version
from io import BytesIO
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_PACKAGE: Final = "tzdata"
DATA_VERSION: Final = version(_PACKAGE)
"""Like 2026.1; each one may change the rules of zones."""

_COUNTS: Final = struct.Struct(">20x6l")
"""The header: a mark and a version, then the numbers of the items of each kind."""


def is_time_zone(name: str) -> bool:
    """Returns whether there is a time zone of exactly that name."""
    return name in time_zone_names()


@cache
def time_zone_names() -> frozenset[str]:
    """Returns the names of all time zones."""
    return frozenset(resources.files(_PACKAGE).joinpath("zones").read_text("ascii").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """Returns the time zone of a name that is one."""
    return ZoneInfo.from_file(BytesIO(_data(name)), key=name)


class ZoneChanges(NamedTuple):
    """When something changes in a zone, such as its offset from UTC."""

    times: Sequence[int]
    """In seconds since 1970, ascending."""
    has_rule: bool
    """Whether there are later changes, twice in each year."""


def zone_changes(name: str) -> ZoneChanges:
    """Returns the changes of a zone.

    The format is that of RFC 9636, 3: a header and a block with times of 32 bits, both again with 64 bits,
    and a last line, in which a rule follows a comma.
    """
    data = _data(name)
    isut, isstd, leap, times, types, characters = _COUNTS.unpack_from(data)
    short = times * (4 + 1) + types * 6 + characters + leap * (4 + 4) + isstd + isut
    _, _, _, times, _, _ = _COUNTS.unpack_from(data, _COUNTS.size + short)
    last_line = data.rstrip(b"\n").rpartition(b"\n")[2]
    return ZoneChanges(
        struct.unpack_from(f">{times}q", data, 2 * _COUNTS.size + short), has_rule=b"," in last_line
    )


def _data(name: str) -> bytes:
    return resources.files(_PACKAGE).joinpath("zoneinfo", name).read_bytes()
