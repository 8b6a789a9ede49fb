"""Receives a large request body into an unnamed temporary file, so that it takes no memory."""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO, Final, cast
from uuid import UUID

from starlette.types import Receive

from taskward.http.context import RequestContext
from taskward.http.errors import RateLimited, ServiceUnavailable
from taskward.http.parts import Key
from taskward.http.requests import announced_size, receive_part, refuse_announced

PART: Final = 1024 * 1024
"""Bytes that are written at once, in a thread."""

MAX_UPLOADS: Final = 2
"""Bodies that one user may have at once, in transfer or being read: each may need 64 MiB of disk."""

MAX_UPLOADED: Final = 256 * 1024 * 1024
"""Bytes of all uploads of a process at once, on a disk with enough space."""

RETRY_AFTER: Final = 10
"""Seconds after which a rejected upload may be retried."""


def space_for_uploads(workers: int) -> int:
    """Returns the bytes that the uploads of this process may have: of all workers a third of what is free."""
    return min(MAX_UPLOADED, shutil.disk_usage(tempfile.gettempdir()).free // 3 // workers)


class Spool:
    """A received body: its file, its size, and the SHA-256 of prefix and body.

    `reserve` is called with the bytes of each part before it is received into the file.
    """

    def __init__(
        self, file: BinaryIO, prefix: bytes = b"", reserve: Callable[[int], None] = lambda _: None
    ) -> None:
        self.size = 0
        self._file = file
        self._reserve = reserve
        self._digest = sha256(prefix)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    async def receive(self, context: RequestContext, receive: Receive, largest: int) -> None:
        """Writes the body to the file as it arrives.

        Raises:
            PayloadTooLarge: it is longer than `largest`, or announced as such.
            ServiceUnavailable: there is no space for it.
            ClientDisconnect: the connection closed before the body was complete.

        """
        refuse_announced(context, largest)
        part, more = bytearray(), context.has_body
        while more:
            some, more = await receive_part(receive, largest - self.size - len(part))
            part += some
            self._reserve(len(some))
            if len(part) >= PART:
                await asyncio.to_thread(self.append, bytes(part))
                part.clear()
        if part:
            await asyncio.to_thread(self.append, bytes(part))

    def append(self, part: bytes) -> None:
        self._file.write(part)
        self._digest.update(part)
        self.size += len(part)

    def read(self, start: int, end: int) -> bytes:
        """Returns the bytes from one offset to another; callable from any thread."""
        self._file.flush()
        return os.pread(self._file.fileno(), end - start, start)


@contextmanager
def spooled(file: BinaryIO) -> Iterator[Spool]:
    """Returns a spool with the content of a file, which may be readable only once."""
    with tempfile.TemporaryFile() as copy:
        spool = Spool(cast("BinaryIO", copy))
        while part := file.read(PART):
            spool.append(part)
        yield spool


class Uploads:
    """The bodies that are received or read in this process, also those whose client has disconnected."""

    def __init__(self, space: int) -> None:
        """Takes the bytes that they may have together."""
        self._space = space
        self._running = Counter[UUID]()

    @contextmanager
    def new_spool(self, context: RequestContext, largest: int, prefix: bytes) -> Iterator[Spool]:
        """Returns an empty spool for a body of up to `largest` bytes; the end of the block removes its file.

        Raises:
            RateLimited: the user has the maximum number of uploads in progress.
            ServiceUnavailable: the body is announced as larger than the space that is left.

        """
        caller = context.caller.id
        if self._running[caller] >= MAX_UPLOADS:
            raise RateLimited("Too many imports are being uploaded", retry_after=RETRY_AFTER)
        if (announced := announced_size(context)) <= largest:  # `receive` rejects it otherwise
            self._check(announced)
        self._running[caller] += 1
        reserved = 0

        def reserve(size: int) -> None:
            nonlocal reserved
            self._check(size)
            self._space -= size
            reserved += size

        try:
            with tempfile.TemporaryFile() as file:
                yield Spool(cast("BinaryIO", file), prefix, reserve)
        finally:
            self._space += reserved
            self._running[caller] -= 1
            if not self._running[caller]:
                del self._running[caller]

    def _check(self, size: int) -> None:
        if size > self._space:
            raise ServiceUnavailable(reason="there is no space for more uploads", retry_after=RETRY_AFTER)


UPLOADS: Final = Key[Uploads]("uploads")
