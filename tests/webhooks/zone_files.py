"""Time zones of the tests' own, whose clocks change when a test needs it: TZif files (RFC 9636)."""

import struct
from importlib import resources
from pathlib import Path
from typing import NamedTuple

HOUR = 3600


class Change(NamedTuple):
    """A change of the clocks: at a moment in seconds since 1970, from one offset in seconds to another."""

    at: int
    before: int
    after: int


def write_zones(folder: Path, zones: dict[str, Change]) -> None:
    """Makes `tzdata` of a process that runs in that folder have these zones beside the real ones.

    The folder is the first one in which Python looks for packages.
    """
    package = folder / "tzdata"
    (package / "zoneinfo" / "Test").mkdir(parents=True)
    for part in (package, package / "zoneinfo", package / "zoneinfo" / "Test"):
        (part / "__init__.py").touch()
    for name, change in zones.items():
        (package / "zoneinfo" / name).write_bytes(zone_file(change))
    names = resources.files("tzdata").joinpath("zones").read_text("ascii")
    (package / "zones").write_text(names + "\n".join(zones) + "\n", "ascii")


def zone_file(change: Change) -> bytes:
    """Returns a TZif file of version 2 with one change."""
    names = b"AAA\0BBB\0"
    types = struct.pack(">lBB", change.before, 0, 0) + struct.pack(">lBB", change.after, 0, 4)
    data = struct.pack(">q", change.at) + b"\x01" + types + names
    return _header(0, 0, 0) + _header(1, 2, len(names)) + data + b"\n\n"


def _header(times: int, types: int, characters: int) -> bytes:
    return b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, times, types, characters)
