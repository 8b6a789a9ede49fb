"""The listening sockets."""

import errno
import socket
from typing import Final

from taskward.server.protocol import StrictProtocol
from taskward.settings import Settings

BACKLOG: Final = 2048
SEND_BUFFER: Final = 128 * 1024
"""Bytes of a connection that the kernel holds; Linux doubles them. By itself it would hold up to 4 MB, which
no budget counts."""
_FAMILY_OFF: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Errors of a machine without IPv6 for the IPv6 address of `localhost`."""


class CannotListen(Exception):
    """The address cannot be bound. The message names it and the reason."""


def bind_sockets(settings: Settings) -> tuple[list[socket.socket], list[socket.socket]]:
    """Returns the sockets of the API, and those of the metrics if `METRICS_PORT` is set."""
    sockets = listen(settings.host, settings.port)
    if settings.metrics_port is None:
        return sockets, []
    try:
        return sockets, listen(settings.metrics_host, settings.metrics_port)
    except CannotListen:
        for taken in sockets:
            taken.close()
        raise


def listen(host: str, port: int) -> list[socket.socket]:
    """Returns one listening socket for each address of this machine that the host name resolves to."""
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        refusal = OSError("it has no address")
        for family, address in dict.fromkeys((one[0], one[4]) for one in found):
            try:
                sockets.append(_bound(family, address))
            except OSError as error:
                if error.errno not in _FAMILY_OFF:
                    raise
                refusal = error
        if not sockets:
            raise refusal
    except OSError as error:
        for taken in sockets:
            taken.close()
        raise CannotListen(f"Cannot listen on {host}:{port}: {error.strerror or error}") from error
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # of each accepted connection
        if family == socket.AF_INET6:  # `::` stands for IPv4 too, and no other address does
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # the kernel detects a peer that vanished
            milliseconds = int(StrictProtocol.stall_seconds * 1000)
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        taken.bind(address)
        taken.listen(BACKLOG)  # now: bind alone does not keep another process from binding too
    except OSError:
        taken.close()
        raise
    return taken


def url_of(listening: socket.socket) -> str:
    """Returns the URL under which this machine reaches the socket."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - the reverse of the wildcard
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
