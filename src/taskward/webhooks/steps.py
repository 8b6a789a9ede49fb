"""The queue of one person, as steps of transactions.

Each begins with the lock that every write of the person takes first. So nothing is written while a mark is
removed, and a mark that is left covers everything that the last delivery did not.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from taskward.database.statements import TransactionSteps
from taskward.webhooks.deliveries import (
    Composed,
    Delivery,
    compose,
    next_changes_steps,
    number_of,
)
from taskward.webhooks.reminders import next_reminder_steps
from taskward.webhooks.statements import (
    ACKNOWLEDGE,
    CLAIM,
    DROP_MARK,
    LOCK_COUNTER,
    POSTPONE,
    RELEASE,
    STORE,
)

LEASE: Final = 20.0
"""Seconds for which a process has a person to itself; longer than an attempt. Those of a process that died
become free after that."""

_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of all people, as the process `holder` works on them, with what is delivered."""

    holder: UUID
    changes: bool
    reminders: bool

    def take(self, owner: UUID, seen: int) -> TransactionSteps[Delivery | None]:
        """Claims a person who was due at `seen`, and stores the next delivery, if there is none.

        Returns None if another process was faster, or if there is nothing to deliver.
        """
        values = {"owner": owner, "holder": self.holder}
        counter = yield LOCK_COUNTER, values
        rows = yield CLAIM, {**values, "seen": seen, "lease": int(LEASE * _SECOND)}
        if not rows:
            return None
        acknowledged, delivery_id, body, upto, attempts, is_erased = rows[0]
        if delivery_id is not None:
            return Delivery(owner, delivery_id, body, upto, attempts)
        composed = yield from self._compose(owner, acknowledged, is_gone=is_erased or not counter)
        if composed.id is None or composed.body is None:
            yield from self._finish(owner, None, composed.upto, is_last=False)
            return None
        stored = {"delivery_id": composed.id, "body": composed.body, "upto": composed.upto}
        yield STORE, values | stored
        return Delivery(owner, composed.id, composed.body, composed.upto, 0)

    def acknowledge(self, delivery: Delivery) -> TransactionSteps[int | None]:
        """Ends a delivery that has succeeded; returns when the person is due again, if they are."""
        is_last = delivery.is_last_page
        return (yield from self._finish(delivery.owner, delivery.id, delivery.upto, is_last=is_last))

    def postpone(self, delivery: Delivery, seconds: float) -> TransactionSteps[None]:
        """Postpones a delivery that has failed."""
        values = {"owner": delivery.owner, "holder": self.holder, "delivery_id": delivery.id}
        if not (yield POSTPONE, {**values, "wait": int(seconds * _SECOND)}):
            yield RELEASE, values

    def release(self, owner: UUID) -> TransactionSteps[None]:
        """Releases a person without having delivered."""
        yield RELEASE, {"owner": owner, "holder": self.holder}

    def _compose(self, owner: UUID, acknowledged: str | None, *, is_gone: bool) -> TransactionSteps[Composed]:
        if is_gone:
            return compose("person.erased", {"user_id": owner}, upto=None) if self.changes else Composed(None)
        reminder = (yield from next_reminder_steps(owner, acknowledged)) if self.reminders else None
        if reminder is not None:
            return reminder
        return (
            (yield from next_changes_steps(owner, acknowledged)) if self.changes else Composed(acknowledged)
        )

    def _finish(
        self, owner: UUID, delivery_id: str | None, upto: str | None, *, is_last: bool
    ) -> TransactionSteps[int | None]:
        """Acknowledges everything up to a cursor; returns when the person is due again, if they are."""
        values = {"owner": owner, "holder": self.holder, "delivery_id": delivery_id, "upto": upto}
        counter = yield LOCK_COUNTER, values
        is_due = bool(counter) and self.changes and counter[0][0] > number_of(upto, owner)
        finish = ACKNOWLEDGE if counter else DROP_MARK
        rows = yield finish, {**values, "is_due": is_due, "is_last": is_last}
        if not rows:  # an erasure or a replay has dropped the delivery meanwhile
            yield RELEASE, values
        return rows[0][1] if rows and counter else None
