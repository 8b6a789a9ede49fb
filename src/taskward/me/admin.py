"""Export and import of a user's data by an operator: without the API, by user id, with the same checks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO
from uuid import UUID

from taskward.database.engines import open_database
from taskward.http.caller import Owner
from taskward.me.import_document import ImportDocument
from taskward.me.importing import import_document
from taskward.me.recovery import Recovery, resume_interrupted
from taskward.me.spool import Spool
from taskward.me.staging import Staging
from taskward.me.store import MyData
from taskward.settings import Settings
from taskward.tasks.list_cache import ListCache

Progress = Callable[[int, int], None]
"""Called with the number of finished tasks, and the total."""


async def export_to(file: BinaryIO, settings: Settings, user_id: UUID, progress: Progress) -> None:
    """Writes a user's export.

    Raises:
        NotFound: nothing is stored about the user.

    """
    async with _data_of(settings, user_id) as mine:
        await mine.user()
        done, count = 0, await mine.count()
        async for piece in await mine.export():
            file.write(piece)
            done = min(count, done + piece.count(b'"is_completed":'))
            progress(done, count)


async def import_from(spool: Spool, settings: Settings, user_id: UUID, progress: Progress) -> bytes:
    """Imports an export for a user and returns the response of the API.

    A cancellation has no effect once the import is being published, which is then completed.

    Raises:
        InvalidRequest: it is not a JSON object.
        ValidationFailed: something in it breaks a rule.
        RateLimited: another import of the user is in progress, or was a moment ago when its process died.

    """
    document = await ImportDocument.of(spool)
    async with _data_of(settings, user_id) as mine:
        staging = mine.staging()
        importing = import_document(document, staging, None, lambda done: progress(done, document.count))
        return await _until_published(asyncio.ensure_future(importing), staging)


async def _until_published(importing: asyncio.Task[bytes], staging: Staging) -> bytes:
    """Returns the result of an import, which is cancelled with its caller unless it is being published."""
    try:
        return await asyncio.shield(importing)
    except asyncio.CancelledError:
        if not staging.is_publishing:
            importing.cancel()
        return await importing


@asynccontextmanager
async def _data_of(settings: Settings, user_id: UUID) -> AsyncIterator[MyData]:
    database = open_database(settings)
    await database.start()
    recovery = Recovery(database)
    try:
        await resume_interrupted(database)
        await recovery.start()  # a process may have died a moment ago: its locks are not abandoned yet
        await recovery.has_run.wait()  # it has deleted what an abandoned import has staged
        yield MyData(database, Owner(user_id), ListCache())
    finally:
        await recovery.stop()
        await database.stop()
