"""Sends one webhook: no redirect, proxy or cookie, 15 s in all, 64 KiB of the answer, a pinned address."""

import asyncio
import socket
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Final, Literal

import httpx

from taskward.webhooks.signature import signature_headers

ATTEMPT_TIMEOUT: Final = 15.0
"""Seconds for one attempt, from the name look-up to the head of the answer."""

CONNECT_TIMEOUT: Final = 5.0
"""Seconds for TCP, and again for TLS."""

MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read, so that its connection can be used again. None of them is used."""

DRAIN_TIMEOUT: Final = 1.0
"""Seconds for them."""

KEEP_ALIVE: Final = 4.0
"""Seconds for which an idle connection is kept: most servers close theirs after five."""

LONGEST_RETRY_AFTER: Final = 24 * 3600.0
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
    """The connections of one process to the receiver."""

    def __init__(self, url: str, secrets: Sequence[bytes], connections: int) -> None:
        self._url = httpx.URL(url)
        self._secrets = secrets
        self._connections = connections
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._pinned = lru_cache(maxsize=8)(lambda address: self._url.copy_with(host=address))
        self._headers = {
            "Host": self._url.netloc.decode(),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "taskward",
        }

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
                response = await self._attempt(delivery_id, body, headers or {})
        except (TimeoutError, httpx.TimeoutException):
            return Outcome("failed", f"no answer within {ATTEMPT_TIMEOUT:.0f} s", error="timeout")
        except Exception as error:  # noqa: BLE001 - DNS, certificates, sockets, HTTP: any failure is retried
            return Outcome("failed", _reason(error), error=type(error).__name__)
        await _drain(response)
        return _outcome(response)

    async def stop(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    async def _attempt(self, delivery_id: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        addresses = await self._addresses()
        for address in addresses[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post(address, delivery_id, body, headers)
        return await self._post(addresses[-1], delivery_id, body, headers)

    async def _addresses(self) -> list[str]:
        """Returns the addresses of the host, looked up once for the whole attempt.

        Raises:
            OSError: there is none that may be used; without TLS, only a loopback address may.

        """
        host = self._url.raw_host.decode()
        found = await asyncio.get_running_loop().getaddrinfo(
            host, self._url.port or self._url.scheme, type=socket.SOCK_STREAM
        )
        addresses = [str(entry[4][0]) for entry in found]
        if self._url.scheme == "http":
            addresses = [address for address in addresses if ip_address(address).is_loopback]
        if not addresses:
            raise OSError(f"{host} has no loopback address")
        return list(dict.fromkeys(addresses))

    async def _post(
        self, address: str, delivery_id: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Returns the answer, whose body is still to be read."""
        signature = signature_headers(self._secrets, delivery_id, body, int(time.time()))
        request = httpx.Request(
            "POST",
            self._pinned(address),
            headers={**self._headers, **signature, **headers},
            content=body,
            extensions={
                "sni_hostname": self._url.raw_host.decode(),
                "timeout": httpx.Timeout(ATTEMPT_TIMEOUT, connect=CONNECT_TIMEOUT).as_dict(),
            },
        )
        return await self._connected().handle_async_request(request)

    def _connected(self) -> httpx.AsyncHTTPTransport:
        if self._transport is None:
            _stop_searching("sniffio")
            limits = httpx.Limits(max_connections=self._connections, keepalive_expiry=KEEP_ALIVE)
            context = httpx.create_ssl_context()
            self._transport = httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)
        return self._transport


def _stop_searching(module: str) -> None:
    """Makes the import of a module that is not installed fail at once.

    The HTTP client tries to import it several times for each request, and Python searches all its paths each
    time: a quarter of the cost of a webhook.
    """
    if module not in sys.modules and find_spec(module) is None:
        sys.modules[module] = None  # type: ignore[assignment] # as the import system documents it


def _outcome(response: httpx.Response) -> Outcome:
    status = response.status_code
    reason = f"status {status}"
    if httpx.codes.is_success(status):
        return Outcome("delivered", reason, status=status)
    if status == _GONE:
        return Outcome("gone", reason, status=status, error=str(status))
    retry_after = _retry_after(response.headers.get("Retry-After", ""))
    return Outcome("failed", reason, retry_after, status, str(status))


def _reason(error: BaseException) -> str:
    """Returns why there was no response; of a certificate what is wrong with it."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(found.verify_code, "its certificate is not valid")
        found = found.__cause__ or found.__context__
    return f"it cannot be reached ({type(error).__name__})"


async def _drain(response: httpx.Response) -> None:
    """Reads the rest of a short answer; the connection of any other is closed."""
    read = 0
    try:
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                async for part in response.aiter_raw():
                    read += len(part)
                    if read > MAX_ANSWER:
                        return
    finally:
        await response.aclose()


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
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
