"""Erasure of all data of an owner, in parts.

PostgreSQL does it in one transaction. On SQLite it is split, so that other owners' writes do not wait for it,
and the owner's data is locked from the first part to the last: nothing is visible half erased, and the
owner's next write waits for the end. An interrupted erasure is completed.
"""

from typing import Final
from uuid import UUID, uuid4

from taskward.database.statements import RESUME, SPLIT, TransactionSteps
from taskward.database.types import Id
from taskward.me.import_statements import DROP_IMPORT, IMPORT_LEASE, SEIZE_IMPORT
from taskward.me.statements import ERASE, ERASE_PART, RESET_WEBHOOKS
from taskward.users.statements import LOCK_OWNER

CHANGE: Final = "erasure"
"""The name of the change in the owner's lock."""

MAX_ROWS: Final = 300
"""Rows that are deleted in one transaction: of the largest tasks, which are in many indexes, 0.1 ms each."""


def erase_steps(owner: UUID) -> TransactionSteps[None]:
    """Deletes the rows of an owner from every table, the one in `users` last.

    Undelivered webhooks are dropped, except that the receiver still gets the erasure.
    """
    yield LOCK_OWNER, {"owner": owner}
    yield SEIZE_IMPORT, {"owner": owner, **IMPORT_LEASE.values(uuid4())}
    for table in ERASE_PART:
        yield from _part_steps(owner, table)
    yield RESET_WEBHOOKS, {"owner": owner}
    yield ERASE, {"owner": owner}
    yield DROP_IMPORT, {"owner": owner}


def _part_steps(owner: UUID, table: str) -> TransactionSteps[None]:
    """Deletes the rows of an owner from one table in key order, so that none is scanned twice."""
    read, delete = ERASE_PART[table]
    after: object = UUID(int=0) if isinstance(read.statement.selected_columns[0].type, Id) else ""
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
    """Completes an interrupted erasure."""
    if (yield RESUME, {"owner": owner}):
        yield from erase_steps(owner)
