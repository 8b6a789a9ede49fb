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
from taskward.changes.statements import DEFAULT_KINDS, Kinds
from taskward.database.statements import TransactionSteps
from taskward.features import OF_PERSONS, OF_SPACES
from taskward.http.errors import CursorExpired
from taskward.http.responses import dump_json, rfc3339

MAX_CHANGES: Final = 100
"""Changes in one delivery at most."""


_OF_PERSONS: Final[Kinds] = frozenset(kind.plural for kind in OF_PERSONS)
_OF_SPACES: Final[Kinds] = frozenset(kind.plural for kind in OF_SPACES)


@dataclass(frozen=True, slots=True)
class Source:
    """The owner whose changes are delivered, a person or a space, and the `setting` of what they are of."""

    owner: UUID
    is_space: bool
    setting: Kinds

    @property
    def kinds(self) -> Kinds:
        """The kinds of the setting that the owner has."""
        return self.setting & (_OF_SPACES if self.is_space else _OF_PERSONS)

    @property
    def ids(self) -> dict[str, Any]:
        """The keys that name the owner in each delivery."""
        return {"user_id": self.owner} | ({"space_id": self.owner} if self.is_space else {})

    def type_of(self, event: str) -> str:
        """Returns the type of an event of the owner as a whole."""
        return f"{'space' if self.is_space else 'person'}.{event}"

    def acknowledged(self, cursor: str) -> str:
        """Returns what is stored as acknowledged: the cursor, and the setting unless it is the default."""
        return cursor if self.setting == DEFAULT_KINDS else f"{cursor} {','.join(sorted(self.setting))}"

    def as_acknowledged(self, acknowledged: str | None) -> "Source":
        """Returns the owner with the setting of what was acknowledged."""
        names = (acknowledged or "").partition(" ")[2]
        setting = frozenset(names.split(",")) if names else DEFAULT_KINDS
        return Source(self.owner, self.is_space, setting)

    def position(self, acknowledged: str | None) -> FeedPosition:
        """Returns the position in the feed that is acknowledged, with the present setting."""
        cursor = (acknowledged or "").partition(" ")[0]
        return decode_position(cursor, self.owner, self.kinds) or START


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored delivery: `upto` is as in `Composed`, `attempts` the number of those that have failed.

    Without an id there is nothing to deliver.
    """

    source: Source
    id: str | None
    body: str
    upto: str | None
    attempts: int

    @property
    def owner(self) -> UUID:
        return self.source.owner

    @property
    def number(self) -> int:
        """The number up to which everything is delivered with it."""
        return self.source.as_acknowledged(self.upto).position(self.upto).number

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


def next_changes_steps(source: Source, acknowledged: str | None) -> TransactionSteps[Composed]:
    """Composes the changes since what was acknowledged; of an owner who is gone, the erasure.

    After another setting it is a reset: all changes follow from the start.
    """
    if acknowledged is not None and source.as_acknowledged(acknowledged) != source:
        return compose_reset(source)
    if not source.kinds:
        return Composed(acknowledged)
    position = source.position(acknowledged)
    rows = yield changes_read(source.owner, position, MAX_CHANGES, source.kinds)
    if not rows:
        return compose_erasure(source)
    try:
        page = change_page(rows, position, MAX_CHANGES, no_owner_restore=0)
    except CursorExpired:
        return compose_reset(source)
    cursor = encode_position(page.position, source.owner, source.kinds)
    if not page.changes:
        return Composed(source.acknowledged(cursor))
    changes = [change_json(row) for row in page.changes]
    data = {**source.ids, "changes": changes, "cursor": cursor, "has_more": page.has_more}
    return compose("task.changes", data, upto=source.acknowledged(cursor))


def compose_reset(source: Source) -> Composed:
    """Returns the delivery that says that the next one begins at the start."""
    return compose(source.type_of("reset"), source.ids, upto=None)


def compose_erasure(source: Source) -> Composed:
    """Returns the delivery that says that everything about an owner was erased."""
    return compose(source.type_of("erased"), source.ids, upto=None)


def compose(kind: str, data: dict[str, Any], *, upto: str | None, delivery_id: str | None = None) -> Composed:
    """Returns a delivery of that type, by default with a new id."""
    body = dump_json({"type": kind, "timestamp": rfc3339(datetime.now(UTC)), "data": data})
    return Composed(upto, delivery_id or f"msg_{uuid4().hex}", body.decode())
