"""Import of a document: tasks are validated and staged in slices, then published in one transaction."""

import logging
from collections.abc import Callable

from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.idempotency.execution import PendingRecord
from taskward.me.import_document import ImportDocument, Problems
from taskward.me.staging import Staging

log = logging.getLogger(__name__)


async def import_document(
    document: ImportDocument,
    staging: Staging,
    record: PendingRecord | None,
    progress: Callable[[int], None] = lambda _: None,
) -> bytes:
    """Imports a document, all or nothing; returns the body of the response.

    `progress` is called from time to time with the number of staged tasks.

    Raises:
        ValidationFailed: something in the document breaks a rule.
        RateLimited: another import of the owner is in progress.

    """
    problems = Problems()
    done = 0
    await staging.claim()
    try:
        await staging.lists.add(await document.lists(problems))
        async for tasks in document.tasks(problems):
            await staging.add(tasks)
            done += len(tasks)
            progress(done)
        async for comments in document.comments(problems):
            await staging.add_comments(comments)
        problems.check()
        await staging.resolve(problems)
        problems.check()
        return await staging.publish(document.count, record)
    finally:
        await _clean_up(staging)


async def _clean_up(staging: Staging) -> None:
    try:
        await staging.clean_up()
    except (DatabaseError, ServiceUnavailable) as error:
        log.warning("Cleaning up after an import failed; it will be retried", extra={"reason": error.reason})
