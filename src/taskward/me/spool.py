"""Receives a large request body into an unnamed temporary file, so that it takes no memory."""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO, Final, cast
from uuid import UUID

from starlette.types import Receive

from taskward.http.context import RequestContext
from taskward.http.errors import RateLimited
from taskward.http.requests import body_parts

PART: Final = 1024 * 1024
"""Bytes that are written at once, in a thread."""

MAX_UPLOADS: Final = 2
"""Bodies that one user may have at once, in transfer or being read: each may need 64 MiB of disk."""

RETRY_AFTER: Final = 10
"""Seconds after which a rejected upload may be retried."""


class Spool:
    """A received body: its file, its size, and the SHA-256 of prefix and body."""

    def __init__(self, file: BinaryIO, prefix: bytes = b"") -> None:
        self.size = 0
        self._file = file
        self._digest = sha256(prefix)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    async def receive(self, context: RequestContext, receive: Receive, largest: int) -> None:
        """Writes the body to the file as it arrives.

        Raises:
            PayloadTooLarge: it is longer than `largest`, or announced as such.
            ClientDisconnect: the connection closed before the body was complete.

        """
        part = bytearray()
        async for some in body_parts(context, receive, largest):
            part += some
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
def new_spool(prefix: bytes = b"") -> Iterator[Spool]:
    """Returns an empty spool; its file is removed with the block, or with the process."""
    with tempfile.TemporaryFile() as file:
        yield Spool(cast("BinaryIO", file), prefix)


@contextmanager
def spooled(file: BinaryIO) -> Iterator[Spool]:
    """Returns a spool with the content of a file, which may be readable only once."""
    with new_spool() as spool:
        while part := file.read(PART):
            spool.append(part)
        yield spool


class Uploads:
    """Counts the bodies of each user in this process, also those whose client has disconnected."""

    def __init__(self) -> None:
        self._running: Counter[UUID] = Counter()

    @contextmanager
    def one_more(self, owner: UUID) -> Iterator[None]:
        """Counts one upload while the block runs.

        Raises:
            RateLimited: the user has the maximum number of uploads in progress.

        """
        if self._running[owner] >= MAX_UPLOADS:
            raise RateLimited("Too many imports are being uploaded", retry_after=RETRY_AFTER)
        self._running[owner] += 1
        try:
            yield
        finally:
            self._running[owner] -= 1
            if not self._running[owner]:
                del self._running[owner]
