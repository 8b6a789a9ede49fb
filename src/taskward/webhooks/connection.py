"""A connection to the receiver of webhooks: HTTP/1.1, one request at a time, parsed by httptools."""

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Any, Final, NamedTuple, cast

import httptools

CONNECT_TIMEOUT: Final = 5.0
"""Seconds for TCP, and again for TLS."""

MAX_RESPONSE: Final = 64 * 1024
"""Bytes of a response that are read, so that its connection can be used again. Its content is not used."""

DRAIN_TIMEOUT: Final = 1.0
"""Seconds for what follows the head of a response."""

KEEP_ALIVE: Final = 4.0
"""Seconds for which an idle connection is kept: most servers close theirs after five."""

_FIRST_FINAL: Final = 200
_SWITCHING_PROTOCOLS: Final = 101


class Address(NamedTuple):
    """A resolved address, as the socket takes it."""

    family: int
    target: tuple[Any, ...]


class ResponseHead(NamedTuple):
    """The parts of a response that are used: its status, and the header `Retry-After`, empty without one."""

    status: int
    retry_after: str


class HttpConnection(asyncio.Protocol):
    """A connection to one address."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._response: _Response | None = None
        self._expiry: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, address: Address, tls: ssl.SSLContext | None, host: str) -> "HttpConnection":
        """Connects to an address; with TLS only to a server that has a certificate for the host.

        Raises:
            OSError: it cannot.

        """
        loop = asyncio.get_running_loop()
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(0.0)
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await loop.sock_connect(sock, address.target)
            _, connection = await loop.create_connection(
                lambda: cls(address),
                sock=sock,
                ssl=tls,
                server_hostname=host if tls else None,
                ssl_handshake_timeout=CONNECT_TIMEOUT if tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return connection

    @property
    def is_closed(self) -> bool:
        return self._transport.is_closing()

    async def post(self, request: bytes) -> ResponseHead:
        """Sends a request and returns the head of its response.

        Raises:
            OSError: the receiver has closed the connection.
            httptools.HttpParserError: the response is not HTTP, or its head is too long.

        """
        if self._expiry is not None:
            self._expiry.cancel()
        self._response = response = _Response(self._loop)
        self._transport.write(request)
        return await response.head

    async def finish(self) -> bool:
        """Reads the rest of a short response; returns whether the connection stays open for another one."""
        response = self._response
        if response is not None and not response.end.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_TIMEOUT):
                    await response.end
        self._response = None
        is_sent = self._transport.get_write_buffer_size() == 0
        if self.is_closed or response is None or not (response.allows_another and is_sent):
            self.close()
            return False
        self._expiry = self._loop.call_later(KEEP_ALIVE, self.close)
        return True

    def close(self) -> None:
        """Closes it at once."""
        if self._expiry is not None:
            self._expiry.cancel()
        self._transport.abort()

    # Callbacks of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._response is None or not self._response.feed(data):
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._response is not None:
            self._response.fail(error or ConnectionResetError("the receiver has closed the connection"))


class _Response:
    """A response while it is read. `end` is done once no more of it is awaited."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.head: asyncio.Future[ResponseHead] = loop.create_future()
        self.end: asyncio.Future[None] = loop.create_future()
        self.allows_another = False
        self._retry_after = b""
        self._size = 0
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> bool:
        """Reads a part; returns whether more may follow."""
        left = MAX_RESPONSE - self._size
        self._size += len(data)
        try:
            self._parser.feed_data(data[:left])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.fail(error)
            return False
        if len(data) > left:
            self.fail(httptools.HttpParserError("the response is too long"))
        return len(data) <= left

    def fail(self, error: Exception) -> None:
        """Ends it, with an error if the head has not been read."""
        self.allows_another = False
        if not self.head.done():
            self.head.set_exception(error)
        self._finish()

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        if self.end.done():
            raise ValueError("a response without a request")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self._retry_after = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == _SWITCHING_PROTOCOLS:
            raise ValueError("a protocol that was not asked for")
        if status >= _FIRST_FINAL and not self.head.done():
            self.head.set_result(ResponseHead(status, self._retry_after.decode("latin-1")))

    def on_message_complete(self) -> None:
        if not self.head.done():  # it was informational
            self._retry_after = b""
        else:
            self.allows_another = self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        if not self.end.done():
            self.end.set_result(None)
