"""The deliveries of one owner: which is the next, and its body. See docs/contract.md#webhooks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from taskward.changes.feed import (
    START,
    FeedPosition,
    change_json,
    change_page,
    changes_read,
    decode_position,
    encode_position,
)
from taskward.database.statements import TransactionSteps
from taskward.http.errors import CursorExpired
from taskward.http.responses import dump_json, rfc3339

MAX_CHANGES: Final = 100
"""Changes in one delivery at most."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored delivery: `upto` is as in `Composed`, `attempts` the number of those that have failed.

    Without an id there is nothing to deliver.
    """

    owner: UUID
    id: str | None
    body: str
    upto: str | None
    attempts: int

    @property
    def is_last_page(self) -> bool:
        """Whether it has all changes that there were, so that the next may wait for more."""
        return self.body.endswith('"has_more":false}}')

    @property
    def is_full_page(self) -> bool:
        """Whether more changes follow it at once."""
        return self.body.endswith('"has_more":true}}')


@dataclass(frozen=True, slots=True)
class Composed:
    """The next delivery; `id` is None if there is nothing to deliver.

    `upto` is the cursor that is acknowledged with it; None if the next one is to begin at the start.
    """

    upto: str | None
    id: str | None = None
    body: str = ""

    def stored(self) -> dict[str, Any]:
        """Returns the values of the statements that store it."""
        return {"delivery_id": self.id, "body": self.body, "upto": self.upto}


def next_changes_steps(owner: UUID, acknowledged: str | None) -> TransactionSteps[Composed]:
    """Composes the changes since a cursor, or from the start; of an owner who is gone, the erasure."""
    position = _position(acknowledged, owner)
    rows = yield changes_read(owner, position, MAX_CHANGES)
    if not rows:
        return compose_erasure(owner)
    try:
        page = change_page(rows, position, MAX_CHANGES, no_owner_restore=0)
    except CursorExpired:
        return compose("person.reset", {"user_id": owner}, upto=None)
    cursor = encode_position(page.position, owner)
    if not page.changes:
        return Composed(cursor)
    changes = [change_json(row) for row in page.changes]
    data = {"user_id": owner, "changes": changes, "cursor": cursor, "has_more": page.has_more}
    return compose("task.changes", data, upto=cursor)


def compose_erasure(owner: UUID) -> Composed:
    """Returns the delivery that says that everything about an owner was erased."""
    return compose("person.erased", {"user_id": owner}, upto=None)


def compose(kind: str, data: dict[str, Any], *, upto: str | None, delivery_id: str | None = None) -> Composed:
    """Returns a delivery of that type, by default with a new id."""
    body = dump_json({"type": kind, "timestamp": rfc3339(datetime.now(UTC)), "data": data})
    return Composed(upto, delivery_id or f"msg_{uuid4().hex}", body.decode())


def number_of(cursor: str | None, owner: UUID) -> int:
    """Returns the number up to which everything was delivered."""
    return _position(cursor, owner).number


def _position(cursor: str | None, owner: UUID) -> FeedPosition:
    found = None if cursor is None else decode_position(cursor, owner)
    return START if found is None else found
