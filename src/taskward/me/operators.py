"""A person's data for whoever runs the service: past the API, by the person's id, with the same checks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO
from uuid import UUID

from pydantic import ValidationError

from taskward.auth.current_user import User
from taskward.database import open_database
from taskward.errors import FieldProblem, ValidationFailed
from taskward.me.models import IMPORT, NUL_DEPTH, ImportedTask
from taskward.me.store import MyData
from taskward.requests import json_object, nul_problems
from taskward.settings import Settings
from taskward.validation import field_problems

Progress = Callable[[int, int], None]
"""Is told how many tasks are done, and of how many."""


async def export_to(file: BinaryIO, settings: Settings, user_id: UUID, progress: Progress) -> None:
    """Write a person's export.

    Raises:
        NotFound: nothing is stored about them.

    """
    async with _data_of(settings, user_id) as mine:
        await mine.user()
        done, count = 0, await mine.count()
        async for piece in await mine.export():
            file.write(piece)
            done = min(count, done + piece.count(b'"is_completed":'))
            progress(done, count)


async def import_from(body: bytes, settings: Settings, user_id: UUID, progress: Progress) -> bytes:
    """Store what an export gave as a person's; give the answer that the API would.

    Raises:
        InvalidRequest: it is no JSON object.
        ValidationFailed: something in it breaks a rule.

    """
    tasks = read_tasks(body)
    async with _data_of(settings, user_id) as mine:
        return await mine.take_in(tasks, None, lambda done: progress(done, len(tasks)))


def read_tasks(body: bytes) -> list[ImportedTask]:
    """Give the tasks of a document, judged as the API judges it."""
    document = json_object(body)
    problems: list[FieldProblem] = nul_problems(document, body, NUL_DEPTH)
    try:
        read = IMPORT.validate_python(document, context=problems)
    except ValidationError as error:
        raise ValidationFailed(problems + field_problems(error)) from None
    if problems:
        raise ValidationFailed(problems)
    return read.tasks


@asynccontextmanager
async def _data_of(settings: Settings, user_id: UUID) -> AsyncIterator[MyData]:
    database = open_database(settings)
    await database.start()
    try:
        yield MyData(database, User(user_id, None, 0))
    finally:
        await database.stop()
