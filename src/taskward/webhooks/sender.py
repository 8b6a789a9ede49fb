"""Sends one webhook: no redirect, proxy or cookie, 15 s in all, 64 KiB of the answer, a pinned address."""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, ip_address
from typing import Final, Literal

import httpx

from taskward.settings.parsing import DEFAULT_PORTS
from taskward.webhooks.connection import Address, HttpConnection, ResponseHead
from taskward.webhooks.signature import signature_headers

ATTEMPT_TIMEOUT: Final = 15.0
"""Seconds for one attempt, from the name look-up to the head of the response."""

MAX_RETRY_AFTER: Final = 24 * 3600.0
"""Seconds. A receiver that asks for more is asked again after these."""

_GONE: Final = 410

_CERTIFICATES: Final = {
    10: "its certificate has expired",
    **dict.fromkeys((18, 19, 20, 21), "its certificate is of an unknown authority; see SSL_CERT_FILE"),
    **dict.fromkeys((62, 64), "its certificate is for another host name"),
}
"""By the code of OpenSSL's verification."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt, in words of our own, and for how many seconds the receiver asks to wait."""

    kind: Literal["delivered", "failed", "gone"]
    reason: str
    retry_after: float = 0.0
    status: int | None = field(default=None, compare=False)
    error: str = field(default="", compare=False)
    """The type of a failure: the status, or that of the exception."""


class WebhookSender:
    """The connections of one process to the receiver, at most one for each attempt in progress.

    The URL is parsed by the library that has checked it in the settings.
    """

    def __init__(self, url: str, secrets: Sequence[bytes]) -> None:
        self._url = httpx.URL(url)
        self._host = self._url.raw_host.decode()
        self._port = self._url.port or DEFAULT_PORTS[self._url.scheme]
        self._literal = _literal_address(self._host, self._port)
        self._secrets = secrets
        self._tls: ssl.SSLContext | None = None
        self._idle: list[HttpConnection] = []
        self._head = (
            f"POST {self._url.raw_path.decode()} HTTP/1.1\r\n"
            f"Host: {self._url.netloc.decode()}\r\n"
            "Content-Type: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: taskward\r\n"
        )

    async def send(
        self,
        delivery_id: str,
        body: bytes,
        until: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Makes one attempt, with further headers, which ends by `until` on the loop's clock.

        It raises nothing.
        """
        end = asyncio.get_running_loop().time() + ATTEMPT_TIMEOUT
        try:
            async with asyncio.timeout_at(end if until is None else min(end, until)):
                connection = await self._connected()
                response = await self._post(connection, delivery_id, body, headers or {})
        except TimeoutError:
            return Outcome("failed", f"no answer within {ATTEMPT_TIMEOUT:.0f} s", error="timeout")
        except Exception as error:  # noqa: BLE001 - DNS, certificates, sockets, HTTP: any failure is retried
            return Outcome("failed", _reason(error), error=type(error).__name__)
        if await connection.finish():
            self._idle.append(connection)
        return _outcome(response)

    async def stop(self) -> None:
        for connection in self._idle:
            connection.close()

    async def _connected(self) -> HttpConnection:
        """Returns a connection to the first address that accepts one; an idle one is used again."""
        self._idle = [connection for connection in self._idle if not connection.is_closed]
        addresses = await self._addresses()
        for address in addresses[:-1]:
            with suppress(OSError):
                return await self._connection_to(address)
        return await self._connection_to(addresses[-1])

    async def _connection_to(self, address: Address) -> HttpConnection:
        for connection in reversed(self._idle):
            if connection.address == address and not connection.is_closed:
                self._idle.remove(connection)
                return connection
        if self._tls is None and self._url.scheme == "https":
            self._tls = httpx.create_ssl_context()
        return await HttpConnection.open(address, self._tls, self._host)

    async def _addresses(self) -> list[Address]:
        """Returns the addresses of the host, looked up once for the whole attempt unless it is an address.

        Raises:
            OSError: there is none that may be used; without TLS, only a loopback address may.

        """
        addresses = [self._literal] if self._literal else await self._look_up()
        if self._url.scheme == "http":
            addresses = [one for one in addresses if ip_address(one.target[0]).is_loopback]
        if not addresses:
            raise OSError(f"{self._host} has no loopback address")
        return list(dict.fromkeys(addresses))

    async def _look_up(self) -> list[Address]:
        found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        return [Address(entry[0], entry[4]) for entry in found]

    async def _post(
        self, connection: HttpConnection, delivery_id: str, body: bytes, headers: Mapping[str, str]
    ) -> ResponseHead:
        """Returns the head of the response; the rest is still to be read."""
        signature = signature_headers(self._secrets, delivery_id, body, int(time.time()))
        lines = [f"{name}: {value}\r\n" for name, value in {**signature, **headers}.items()]
        head = f"{self._head}{''.join(lines)}Content-Length: {len(body)}\r\n\r\n"
        try:
            return await connection.post(head.encode() + body)
        except BaseException:
            connection.close()
            raise


def _literal_address(host: str, port: int) -> Address | None:
    """Returns the address that a host is; None if it has to be looked up."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return Address(socket.AF_INET, (host, port))
    return None if address.scope_id else Address(socket.AF_INET6, (host, port, 0, 0))


def _outcome(response: ResponseHead) -> Outcome:
    status = response.status
    reason = f"status {status}"
    if httpx.codes.is_success(status):
        return Outcome("delivered", reason, status=status)
    if status == _GONE:
        return Outcome("gone", reason, status=status, error=str(status))
    return Outcome("failed", reason, _retry_after(response.retry_after), status, str(status))


def _reason(error: BaseException) -> str:
    """Returns why there was no response; of a certificate what is wrong with it."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(found.verify_code, "its certificate is not valid")
        found = found.__cause__ or found.__context__
    return f"it cannot be reached ({type(error).__name__})"


def _retry_after(value: str) -> float:
    """Returns the seconds of a `Retry-After` header (RFC 9110, 10.2.3); 0 for a malformed one."""
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        try:
            moment = parsedate_to_datetime(value)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return 0.0
    return min(max(0.0, seconds), MAX_RETRY_AFTER)
