"""Erasing everything about an owner, part by part.

PostgreSQL does it in one transaction. On SQLite it is split, so that nobody else waits for it, and the
owner's data is locked from the first part to the last: nobody sees it half erased, and what the owner writes
next waits until all of it is gone. An interrupted erasure is completed.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from taskward.database.statements import RESUME, SPLIT, TransactionSteps
from taskward.idempotency.models import IDEMPOTENCY_KEYS
from taskward.me.statements import DROP_IMPORT, ERASE, ERASE_PART, LOCK_OWNER, SEIZE_IMPORT

CHANGE: Final = "erasure"
"""What an interrupted erasure is called."""

MAX_ROWS: Final = 1000
"""Rows that are deleted in one transaction."""


def erase_steps(owner: UUID) -> TransactionSteps[None]:
    """Delete the rows of an owner from every table, theirs in `users` last."""
    yield LOCK_OWNER, {"owner": owner}
    yield SEIZE_IMPORT, {"owner": owner, "token": uuid4(), "now": datetime.now(UTC)}
    for table in ERASE_PART:
        yield from _part_steps(owner, table)
    yield ERASE, {"owner": owner}
    yield DROP_IMPORT, {"owner": owner}


def _part_steps(owner: UUID, table: str) -> TransactionSteps[None]:
    """Delete the rows of an owner from one table, key by key: what is deleted is not gone through again."""
    read, delete = ERASE_PART[table]
    after: object = "" if table == IDEMPOTENCY_KEYS.name else UUID(int=0)
    while True:
        keys = yield read, {"owner": owner, "after": after, "limit": MAX_ROWS}
        if not keys:
            return
        yield delete, {"owner": owner, "after": after, "up_to": keys[-1][0]}
        if len(keys) < MAX_ROWS:
            return
        after = keys[-1][0]
        yield SPLIT, {"owner": owner, "change": CHANGE}


def resume_steps(owner: UUID) -> TransactionSteps[None]:
    """Complete an erasure that was interrupted."""
    if (yield RESUME, {"owner": owner}):
        yield from erase_steps(owner)
