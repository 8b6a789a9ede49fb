"""Positions that the service computes: after or before another task, first or last among the siblings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from taskward.database.statements import Row, TransactionSteps, Values
from taskward.http.errors import FieldError, ValidationFailed
from taskward.ids import new_id
from taskward.tasks.fields.placement import POSITION_MESSAGE
from taskward.tasks.positions import default_key, key_between, keys_between
from taskward.tasks.steps.statements import FIND_POSITION, SIBLINGS
from taskward.tasks.steps.subtasks import Place

MAX_MOVED: Final = 100
"""Siblings that are moved to make room for one task."""

_NO_ROOM: Final = f"There is no room here without moving more than {MAX_MOVED} tasks"


class Point(NamedTuple):
    """A point in the order of siblings: by key, then by id."""

    key: str
    near: UUID


_LOWEST: Final = Point("", UUID(int=0))
_HIGHEST: Final = Point("~", UUID(int=(1 << 128) - 1))
"""Before and after every task; no key has this character."""


class NewPosition(NamedTuple):
    """The position of a task, and the new positions of siblings that make room for it, by id."""

    position: str | None
    moved: Mapping[Any, str] = MappingProxyType({})


class Siblings(Protocol):
    """The siblings of a moved object, without itself, as rows of an id and a key."""

    def before(self, point: Point, limit: int = 1, /) -> TransactionSteps[Sequence[Row]]:
        """Returns the last ones before a point, the nearest first."""

    def after(self, point: Point, limit: int = 1, /) -> TransactionSteps[Sequence[Row]]:
        """Returns the first ones after a point, the nearest first."""

    def point(self, neighbour: UUID, /) -> TransactionSteps[Point | None]:
        """Returns the point where another one is; None if it does not exist, or is the moved one itself."""


@dataclass(frozen=True, slots=True)
class TaskSiblings:
    """The tasks of the same list and parent."""

    owner: UUID
    task_id: UUID
    place: Place

    def before(self, point: Point, limit: int = 1) -> TransactionSteps[Sequence[Row]]:
        return (yield SIBLINGS[self._scope, False], self._values(point, limit))

    def after(self, point: Point, limit: int = 1) -> TransactionSteps[Sequence[Row]]:
        return (yield SIBLINGS[self._scope, True], self._values(point, limit))

    def point(self, neighbour: UUID) -> TransactionSteps[Point | None]:
        rows = yield FIND_POSITION, {"owner": self.owner, "task_id": neighbour}
        return Point(rows[0][0], neighbour) if rows and neighbour != self.task_id else None

    @property
    def _scope(self) -> str:
        if self.place.parent_id is not None:
            return "below a parent"
        return "in no list" if self.place.list_id is None else "in a list"

    def _values(self, point: Point, limit: int) -> Values:
        values = {"owner": self.owner, "task_id": self.task_id, "limit": limit}
        return values | self.place._asdict() | point._asdict()


def position_steps(siblings: Siblings, given: Mapping[str, Any]) -> TransactionSteps[NewPosition]:
    """Returns the position that `{"after": UUID}`, `{"before": UUID}` or `{"at": …}` means.

    Raises:
        ValidationFailed: there is no such neighbour, or no room beside it.

    """
    match given:
        case {"at": "first"}:
            left = right = _LOWEST
            position = key_between(None, _key((yield from siblings.after(right))))
        case {"at": _}:
            left = right = _HIGHEST
            position = _last_key(_key((yield from siblings.before(left))))
        case {"after": neighbour}:
            right = yield from neighbour_steps(siblings, neighbour)
            left = right._replace(near=UUID(int=right.near.int + 1))  # the neighbour itself is to the left
            position = key_between(right.key, _key((yield from siblings.after(right))))
        case _:
            left = yield from neighbour_steps(siblings, given["before"])
            right = left._replace(near=UUID(int=left.near.int - 1))
            position = key_between(_key((yield from siblings.before(left))), left.key)
    if position is not None:
        return NewPosition(position)
    before = yield from siblings.before(left, MAX_MOVED + 1)
    after = yield from siblings.after(right, MAX_MOVED + 1)
    return _with_room(before, after)


def neighbour_steps(siblings: Siblings, neighbour: UUID) -> TransactionSteps[Point]:
    """Returns the point where a neighbour is; raises ValidationFailed if there is no such one."""
    point = yield from siblings.point(neighbour)
    if point is None:
        raise ValidationFailed([FieldError("position", POSITION_MESSAGE)])
    return point


def _last_key(greatest: str | None) -> str | None:
    """Returns a key after the greatest one, and before the default ones of later tasks if possible."""
    present = default_key(new_id())
    return present if greatest is None or greatest < present else key_between(greatest, None)


def _with_room(before: Sequence[Row], after: Sequence[Row]) -> NewPosition:
    """Moves as few siblings as possible, on one side of the new position; the nearest come first.

    Raises:
        ValidationFailed: it would be too many.

    """
    left, right = _key(before), _key(after)
    for count in range(1, MAX_MOVED + 1):
        if count <= len(after) and (keys := keys_between(left, _key(after[count:]), count + 1)):
            return NewPosition(keys[0], _moved(after, keys[1:]))
        if count <= len(before) and (keys := keys_between(_key(before[count:]), right, count + 1)):
            return NewPosition(keys[-1], _moved(before, keys[-2::-1]))
    raise ValidationFailed([FieldError("position", _NO_ROOM)])


def _moved(siblings: Sequence[Row], keys: Sequence[str]) -> dict[Any, str]:
    return {row[0]: key for row, key in zip(siblings, keys, strict=False)}


def _key(siblings: Sequence[Row]) -> str | None:
    """Returns the key of the nearest one; None if there is none."""
    return siblings[0][1] if siblings else None
