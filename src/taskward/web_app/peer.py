"""The user of the program at the other end of a connection within this machine, from the tables of Linux."""

import os
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

_SOCKETS: Final = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
"""The tables of the kernel, by version of IP; other systems have none."""
ATTEMPTS: Final = 5
"""Readings of a table, which the kernel gives in parts."""

_LOCAL, _REMOTE, _USER = 1, 2, 7
"""The columns of a table."""


def parse_ip(host: str) -> IPv4Address | IPv6Address:
    """Returns an address; an IPv4 address that is written as one of IPv6 in its own form.

    Raises:
        ValueError: it is not an address.

    """
    address = ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address


def is_of_another_user(peer: tuple[str, int], own: tuple[str, int]) -> bool:
    """Returns whether the program at `peer` has another user than this process; False without such a table.

    Both addresses are of one connection; `own` is the end of this process.
    """
    sockets = _SOCKETS[parse_ip(peer[0]).version]
    if not sockets.exists():
        return False
    ends = [_entry(peer), _entry(own)]
    for _ in range(ATTEMPTS):
        if users := _users(sockets, ends):
            return users != [str(os.geteuid())]
    return True


def _users(sockets: Path, ends: list[str]) -> list[str]:
    """Returns the users of a connection; none if the kernel has left it out, because others came and went."""
    with sockets.open() as lines:
        rows = (line.split() for line in lines)
        return [row[_USER] for row in rows if [row[_LOCAL], row[_REMOTE]] == ends]


def _entry(address: tuple[str, int]) -> str:
    """Returns an address as in the tables: words of 32 bits in the order of the machine, and the port."""
    packed = parse_ip(address[0]).packed
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"
