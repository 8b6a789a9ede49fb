"""Erasure of all data of a person, who also leaves all spaces; see `taskward.users.erasure`."""

from typing import Final
from uuid import UUID, uuid4

from taskward.database.statements import RESUME, TransactionSteps
from taskward.me.import_statements import DROP_IMPORT, IMPORT_LEASE, SEIZE_IMPORT
from taskward.spaces.erasure import leave_all_steps
from taskward.spaces.recording import Recorder
from taskward.spaces.tables import MEMBERSHIPS
from taskward.users import erasure
from taskward.users.erasure import erase_owner_steps, erase_rows_steps
from taskward.users.statements import LOCK_OWNER

CHANGE: Final = erasure.CHANGE


def erase_steps(person: UUID, recorder: Recorder | None = None) -> TransactionSteps[None]:
    """Deletes the rows of a person from every table, the one in `users` last.

    The recorder adds to the activity of the spaces that the person leaves.

    The memberships are next to last: they say which spaces the person is still named in.
    """
    yield LOCK_OWNER, {"owner": person}
    yield SEIZE_IMPORT, {"owner": person, **IMPORT_LEASE.values(uuid4())}
    yield from erase_rows_steps(person, kept={MEMBERSHIPS.name})
    yield from leave_all_steps(person, recorder)
    yield from erase_owner_steps(person)
    yield DROP_IMPORT, {"owner": person}


def resume_steps(person: UUID) -> TransactionSteps[None]:
    """Completes an interrupted erasure; what it does after the interruption is not in the activity."""
    if (yield RESUME, {"owner": person}):
        yield from erase_steps(person)
