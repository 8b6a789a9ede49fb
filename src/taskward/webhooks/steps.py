"""The queue of one owner, as steps of transactions.

Each begins with the lock that every write of the owner takes first. So nothing is written while a mark is
removed, and a mark that is left covers everything that the last delivery did not.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from taskward.database.statements import Command, TransactionSteps
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
"""Seconds for which a process has an owner to itself; longer than an attempt. Those of a process that died
become free after that."""

_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of all owners, as the process `holder` works on them, with what is delivered."""

    holder: UUID
    changes: bool
    reminders: bool

    def take(self, owner: UUID, seen: int) -> TransactionSteps[Delivery | None]:
        """Claims an owner who was due at `seen`, and stores the next delivery, if there is none.

        Returns None if another process was faster.
        """
        counter = yield LOCK_COUNTER, {"owner": owner}
        return (yield from self._claim(owner, seen, is_gone=not counter))

    def acknowledge(self, delivery: Delivery) -> TransactionSteps[int | None]:
        """Ends a delivery that has succeeded; returns when the owner is due again, if they are.

        It may remove the mark, so it must not run within `SETTLED` seconds of the claim.
        """
        counter = yield LOCK_COUNTER, {"owner": delivery.owner}
        is_due = bool(counter) and self.changes and counter[0][0] > number_of(delivery.upto, delivery.owner)
        return (yield from self._finish(delivery, ACKNOWLEDGE if counter else DROP_MARK, is_due=is_due))

    def acknowledge_page(self, delivery: Delivery) -> TransactionSteps[Delivery | None]:
        """Ends a delivery that has succeeded and that more changes follow; takes the next one."""
        counter = yield LOCK_COUNTER, {"owner": delivery.owner}
        seen = yield from self._finish(delivery, ACKNOWLEDGE, is_due=True)
        if seen is None:
            return None
        return (yield from self._claim(delivery.owner, seen, is_gone=not counter))

    def _claim(self, owner: UUID, seen: int, *, is_gone: bool) -> TransactionSteps[Delivery | None]:
        values = {"owner": owner, "holder": self.holder}
        rows = yield CLAIM, {**values, "seen": seen, "lease": int(LEASE * _SECOND)}
        if not rows:
            return None
        acknowledged, delivery_id, body, upto, attempts, is_erased = rows[0]
        if delivery_id is not None:
            return Delivery(owner, delivery_id, body, upto, attempts)
        composed = yield from self._compose(owner, acknowledged, is_gone=is_erased or is_gone)
        if composed.id is not None:
            stored = {"delivery_id": composed.id, "body": composed.body, "upto": composed.upto}
            yield STORE, values | stored
        return Delivery(owner, composed.id, composed.body, composed.upto, 0)

    def postpone(self, delivery: Delivery, seconds: float) -> TransactionSteps[None]:
        """Postpones a delivery that has failed."""
        values = {"owner": delivery.owner, "holder": self.holder, "delivery_id": delivery.id}
        if not (yield POSTPONE, {**values, "wait": int(seconds * _SECOND)}):
            yield RELEASE, values

    def release(self, owner: UUID) -> TransactionSteps[None]:
        """Releases an owner without having delivered."""
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

    def _finish(self, delivery: Delivery, finish: Command, *, is_due: bool) -> TransactionSteps[int | None]:
        """Acknowledges a delivery; returns when the owner is due again, if they are."""
        values = {"owner": delivery.owner, "holder": self.holder, "delivery_id": delivery.id}
        acknowledged = {"upto": delivery.upto, "is_due": is_due, "is_last": delivery.is_last_page}
        rows = yield finish, values | acknowledged
        if not rows:  # an erasure or a replay has dropped the delivery meanwhile
            yield RELEASE, values
        return rows[0][1] if rows and finish is ACKNOWLEDGE else None
