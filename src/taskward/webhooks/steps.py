"""The queue of one owner, as steps of transactions.

Those that may remove a mark, or take a reminder, begin with the lock that every write of the owner takes
first. So nothing is written while a mark is removed, and a mark that is left covers everything that the last
delivery did not. No step locks the owner after the mark, because writes lock in the other order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from taskward.changes.statements import DEFAULT_KINDS, Kinds
from taskward.database.statements import Command, Row, TransactionSteps, Values
from taskward.users.erasure import ERASED_SPACE
from taskward.webhooks.deliveries import (
    Composed,
    Delivery,
    Source,
    compose_erasure,
    next_changes_steps,
)
from taskward.webhooks.receiver import SECOND
from taskward.webhooks.reminders import next_reminder_steps
from taskward.webhooks.statements import (
    ACKNOWLEDGE,
    CLAIM_CHANGES,
    CLAIM_QUEUE,
    DROP_MARK,
    LOCK_COUNTER,
    POSTPONE,
    QUEUE,
    RELEASE_QUEUE,
    STORE,
    STORE_NEXT,
)

ComposeNext: TypeAlias = Callable[[Source, str | None], TransactionSteps[Composed]]
"""Composes the next delivery of an owner, after an acknowledged cursor."""


@dataclass(frozen=True, slots=True)
class DeliveryQueue:
    """Claims, stores and acknowledges deliveries of all owners, as the process `holder`.

    `kinds` are what the changes are of.
    """

    holder: UUID
    changes: bool
    reminders: bool
    kinds: Kinds = DEFAULT_KINDS

    def take_changes(self, owner: UUID, seen: int) -> TransactionSteps[Delivery | None]:
        """Claims an owner who was due at `seen`, if changes are next; stores the delivery, if there is none.

        Returns None if something else is next, or another process was faster.
        """
        rows = (yield CLAIM_CHANGES, self._claim_values(owner, seen)) if self.changes else ()
        return (yield from self._next_delivery(owner, rows[0], next_changes_steps)) if rows else None

    def take(self, owner: UUID, seen: int) -> TransactionSteps[Delivery | None]:
        """Claims an owner who was due at `seen`, and stores the next delivery, if there is none.

        Returns None if another process was faster.
        """
        yield LOCK_COUNTER, {"owner": owner}
        rows = yield CLAIM_QUEUE, self._claim_values(owner, seen)
        return (yield from self._next_delivery(owner, rows[0], self._compose)) if rows else None

    def acknowledge(self, delivery: Delivery) -> TransactionSteps[int | None]:
        """Ends a delivery that has succeeded; returns when the owner is due again, if they are."""
        counter = yield LOCK_COUNTER, {"owner": delivery.owner}
        has_changes = self.changes and bool(delivery.source.kinds)
        is_due = bool(counter) and has_changes and counter[0][0] > delivery.number
        return (yield from self._finish(delivery, ACKNOWLEDGE if counter else DROP_MARK, is_due=is_due))

    def replace(self, delivery: Delivery) -> TransactionSteps[Delivery | None]:
        """Ends a delivery that has succeeded, and stores the changes that follow it as the next one.

        Returns None, and does nothing, if there are none, or something else is next.
        """
        composed = yield from next_changes_steps(delivery.source, delivery.upto)
        values = {"owner": delivery.owner, **QUEUE.values(self.holder), "delivered_id": delivery.id}
        if composed.id is None or not (yield STORE_NEXT, values | composed.stored()):
            return None
        return Delivery(delivery.source, composed.id, composed.body, composed.upto, 0)

    def _next_delivery(
        self, owner: UUID, claimed: Row, compose_next: ComposeNext
    ) -> TransactionSteps[Delivery]:
        """Returns the stored delivery of an owner who was claimed, or composes and stores one."""
        _, acknowledged, delivery_id, body, upto, attempts, is_erased, is_space = claimed
        was_space = bool(is_erased) and acknowledged == ERASED_SPACE
        source = Source(owner, bool(is_space) or was_space, self.kinds)
        if delivery_id is not None:
            return Delivery(source, delivery_id, body, upto, attempts)
        if is_erased:
            composed = compose_erasure(source) if self.changes else Composed(None)
        else:
            composed = yield from compose_next(source, acknowledged)
        if composed.id is not None:
            yield STORE, {"owner": owner, "holder": self.holder, **composed.stored()}
        return Delivery(source, composed.id, composed.body, composed.upto, 0)

    def postpone(self, delivery: Delivery, seconds: float) -> TransactionSteps[None]:
        """Postpones a delivery that has failed."""
        values = {"owner": delivery.owner, "holder": self.holder, "delivery_id": delivery.id}
        if not (yield POSTPONE, {**values, "wait": int(seconds * SECOND)}):
            yield RELEASE_QUEUE, values

    def release(self, owner: UUID) -> TransactionSteps[None]:
        """Releases an owner without having delivered."""
        yield RELEASE_QUEUE, {"owner": owner, "holder": self.holder}

    def _claim_values(self, owner: UUID, seen: int) -> Values:
        return {"owner": owner, **QUEUE.values(self.holder), "seen": seen}

    def _compose(self, source: Source, acknowledged: str | None) -> TransactionSteps[Composed]:
        reminder = (yield from next_reminder_steps(source, acknowledged)) if self.reminders else None
        if reminder is not None:
            return reminder
        if not self.changes:
            return Composed(acknowledged)
        return (yield from next_changes_steps(source, acknowledged))

    def _finish(self, delivery: Delivery, finish: Command, *, is_due: bool) -> TransactionSteps[int | None]:
        """Acknowledges a delivery; returns when the owner is due again, if they are."""
        values = {"owner": delivery.owner, "holder": self.holder, "delivery_id": delivery.id}
        acknowledged = {"upto": delivery.upto, "is_due": is_due, "is_last": delivery.is_last_page}
        rows = yield finish, values | acknowledged
        if not rows:  # an erasure or a replay has dropped the delivery meanwhile
            yield RELEASE_QUEUE, values
        return rows[0][1] if rows and finish is ACKNOWLEDGE else None
