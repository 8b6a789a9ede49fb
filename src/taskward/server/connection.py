"""The transport side of a client connection: flow control in both directions, and an orderly close."""

import asyncio
from typing import ClassVar

from taskward.server.limits import MAX_BUFFERED, WRITE_HIGH_WATER


class BufferedConnection(asyncio.Protocol):
    """A connection that keeps what it has received in one buffer until it is parsed."""

    stall_seconds: ClassVar[float] = 30.0
    """For a client that reads nothing of its response."""
    linger_seconds: ClassVar[float] = 10.0
    """For a client that is still sending, to read its last response (RFC 9112, 9.6)."""

    def __init__(self) -> None:
        self.closing = False
        self.paused = False  # by admission control, after a 503
        self.write_paused = False
        self._buffer = b""
        self._offset = 0  # of the first byte of the buffer that is not parsed yet
        self._eof = False
        self._read_paused = False
        self._writable: asyncio.Event | None = None
        self._waited = 0.0  # seconds since the last step forward
        self._unsent = 0  # bytes, at the last sweep
        self._stalled = 0.0  # seconds for which the client read nothing

    # Called by the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as TCP has it
        self.transport = transport
        self.write = transport.write
        transport.set_write_buffer_limits(high=WRITE_HIGH_WATER, low=0)
        self._addresses = _address(transport, "sockname"), _address(transport, "peername")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason does not matter
        self.closing = True
        self._buffer, self._offset = b"", 0
        self.resume_writing()

    def pause_writing(self) -> None:
        self.write_paused = True
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        self._stalled = 0.0
        self.write_paused = False
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    # Writing

    def unsent_bytes(self) -> int:
        """Returns the number of bytes that were written and that the kernel has not accepted yet."""
        return self.transport.get_write_buffer_size()

    async def drain(self) -> None:
        """Waits until the client has read enough of what was sent."""
        if self._writable is not None:
            await self._writable.wait()

    # Reading

    def pause_reading(self) -> None:
        if not self._read_paused and not self._eof and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on, unless the connection is paused or has enough in its buffers."""
        may_read = self.closing or self._may_read()
        if self._read_paused and may_read and not self.transport.is_closing():
            self._read_paused = False
            self.transport.resume_reading()

    def _may_read(self) -> bool:
        return not self.paused and len(self._buffer) - self._offset <= MAX_BUFFERED

    # Closing

    def is_closing(self) -> bool:
        return self.closing or self.transport.is_closing()

    def close(self) -> None:
        """Closes once all that is written is sent and, if the client is still sending, has been read."""
        if self.is_closing():
            return
        lingers = not self._eof and (self._buffer or self._read_paused or self._is_receiving())
        self.closing = True
        self.paused = False
        self._buffer, self._offset = b"", 0
        self._waited = 0.0
        if lingers:  # closing now would reset the connection, and the client could lose the response
            self.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def _is_receiving(self) -> bool:
        """Returns whether a request has been received in part."""
        raise NotImplementedError

    # Time

    def sweep(self, seconds: float) -> None:
        """Adds `seconds` to the waiting time, and ends the connection if a limit is exceeded."""
        unsent = self.unsent_bytes()
        self._stalled = self._stalled + seconds if unsent >= self._unsent > 0 else 0.0
        self._unsent = unsent
        if self._stalled >= self.stall_seconds:
            self.transport.abort()
        elif self.closing:
            self._waited += seconds
            if self._waited >= self.linger_seconds and not unsent:
                self.transport.abort()
        elif not self._read_paused:
            self._waited += seconds
            self._check_timeout()

    def _check_timeout(self) -> None:
        """Ends the connection if the client has waited too long with its request."""
        raise NotImplementedError


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    address = transport.get_extra_info(name)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None
