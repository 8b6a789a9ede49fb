"""Parser for the PostgreSQL URLs of `DATABASE_URL`, with one host or several.

The forms are those of libpq: `postgresql://user:password@host1:5432,host2:5433/name`, a port missing,
IPv6 addresses in brackets, user, password, hosts and name percent-encoded, and
`postgresql:///name?host=host1,host2&port=5432,5433` or `?host=/run/postgresql`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import parse_qsl, unquote

LAST_PORT: Final = 65535

WRITABLE: Final = "read-write"
"""The `target_session_attrs` of several hosts if the URL has none."""

_URL: Final = re.compile(r"postgres(?:ql)?://([^/?]*)(?:/([^?]*))?(?:\?(.*))?", re.DOTALL)
_HOST: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::([^:]*))?", re.DOTALL)
_SESSION_ATTRS: Final = ("any", "primary", WRITABLE)

_DRIVER_OPTIONS: Final = frozenset(
    {"options", "target_session_attrs", "sslcert", "sslcrl", "sslkey", "sslmode", "sslrootcert"}
)
"""Query parameters for the driver. It would send others (`channel_binding`, `pgbouncer`, …) to the server as
settings, which poolers reject."""

_UNREADABLE: Final = (
    "the host and the port cannot be read; special characters of the user and the password must be "
    "percent-encoded"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A host name, an address or the folder of a Unix socket, and its port; None is the driver's default."""

    name: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        if self.name is None:
            return "the default host"
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port is None else f"{name}:{self.port}"


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A parsed URL. `options` are the parameters for the driver; its text shows no password."""

    hosts: tuple[Host, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str) -> "PostgresUrl":
        """Parses a URL.

        Raises:
            ValueError: the URL is not valid; the text contains the reason and no part of the URL.

        """
        match = _URL.fullmatch(url)
        if match is None:
            raise ValueError(_UNREADABLE)
        authority, path, query = match.groups(default="")
        credentials, _, hosts = authority.rpartition("@")
        user, _, password = credentials.partition(":")
        parameters = dict(parse_qsl(query))
        options = {name: value for name, value in parameters.items() if name in _DRIVER_OPTIONS}
        found = _hosts(hosts, parameters)
        return cls(
            found,
            unquote(user) or parameters.get("user"),
            unquote(password) or parameters.get("password"),
            unquote(path) or parameters.get("dbname"),
            options | _session_attrs(options, len(found)),
        )


def _session_attrs(options: Mapping[str, str], hosts: int) -> dict[str, str]:
    wanted = options.get("target_session_attrs")
    if wanted is not None and wanted not in _SESSION_ATTRS:
        raise ValueError(f"target_session_attrs must be one of {', '.join(_SESSION_ATTRS)}")
    return {"target_session_attrs": WRITABLE} if wanted is None and hosts > 1 else {}


def _hosts(authority: str, parameters: Mapping[str, str]) -> tuple[Host, ...]:
    """Returns the hosts of the authority, else of the parameter `host`; `port` supplies missing ports."""
    hosts = [_host(text, encoded=True) for text in authority.split(",")] if authority else [Host()]
    if "host" in parameters and hosts[0].name is None and len(hosts) == 1:
        named = [_host(text, encoded=False) for text in parameters["host"].split(",")]
        hosts = [Host(host.name, host.port or hosts[0].port) for host in named]
    if "port" not in parameters:
        return tuple(hosts)
    ports = [_port(text) for text in parameters["port"].split(",")]
    if len(ports) not in {1, len(hosts)}:
        raise ValueError(f"names {len(hosts)} hosts and {len(ports)} ports")
    if len(ports) == 1:
        ports *= len(hosts)
    return tuple(Host(host.name, host.port or port) for host, port in zip(hosts, ports, strict=True))


def _host(text: str, *, encoded: bool) -> Host:
    if not encoded and (text.startswith("/") or (text.count(":") > 1 and "[" not in text)):
        return Host(text if text.startswith("/") else _ipv6(text))
    match = _HOST.fullmatch(text)
    if match is None:
        raise ValueError(_UNREADABLE)
    bracketed, name, port = match.groups()
    if encoded:
        name = name and unquote(name)
        bracketed = bracketed and unquote(bracketed)
    if not name and bracketed is None and port is None:
        raise ValueError("a host is empty")
    if name and not name.startswith("/"):
        check_host(name)
    host = name or None if bracketed is None else _ipv6(bracketed)
    return Host(host, _port(unquote(port) if encoded else port) if port else None)


def check_host(text: str) -> str:
    """Accepts what a resolver takes: a name of short enough labels, or an address."""
    try:
        text.encode("idna")
    except UnicodeError:  # its message contains the invalid text
        raise ValueError("a host is not a name or an address") from None
    return text


def _ipv6(text: str) -> str:
    try:
        IPv6Address(text)
    except ValueError:  # its message contains the invalid text
        raise ValueError("the address in brackets is not an IPv6 address") from None
    return text


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= LAST_PORT):
        raise ValueError(f"a port must be a number from 1 to {LAST_PORT}; {_UNREADABLE}")
    return int(text)
