"""From a document to tasks: validated and staged some at a time, then published all at once."""

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
    """Store what an export gave, all or nothing; return the answer's body.

    `progress` is told from time to time how many tasks have been staged.

    Raises:
        ValidationFailed: something in the document breaks a rule.
        RateLimited: another import of the owner's is in progress.

    """
    problems = Problems()
    done = 0
    await staging.claim()
    try:
        async for tasks in document.tasks(problems):
            await staging.add(tasks)
            done += len(tasks)
            progress(done)
        problems.check()
        return await staging.publish(document.count, record)
    finally:
        await _clean_up(staging)


async def _clean_up(staging: Staging) -> None:
    try:
        await staging.clean_up()
    except (DatabaseError, ServiceUnavailable) as error:
        log.warning("A finished import is not cleaned up yet", extra={"reason": error.reason})
