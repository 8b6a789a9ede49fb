"""Export and import of a user's data by an operator: without the API, by user id, with the same checks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO
from uuid import UUID

from taskward.auth.current_user import Caller
from taskward.database import open_database
from taskward.me.import_document import ImportDocument
from taskward.me.importing import import_document
from taskward.me.recovery import resume_interrupted
from taskward.me.spool import PART, new_spool
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


async def import_from(file: BinaryIO, settings: Settings, user_id: UUID, progress: Progress) -> bytes:
    """Imports an export for a user and returns the response of the API.

    Raises:
        InvalidRequest: it is not a JSON object.
        ValidationFailed: something in it breaks a rule.

    """
    with new_spool() as spool:
        while part := file.read(PART):
            spool.append(part)
        document = await ImportDocument.of(spool)
        async with _data_of(settings, user_id) as mine:
            return await import_document(
                document, mine.staging(), None, lambda done: progress(done, document.count)
            )


@asynccontextmanager
async def _data_of(settings: Settings, user_id: UUID) -> AsyncIterator[MyData]:
    database = open_database(settings)
    await database.start()
    try:
        await resume_interrupted(database)
        yield MyData(database, Caller(user_id, None, 0), ListCache())
    finally:
        await database.stop()
