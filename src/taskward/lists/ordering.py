"""The position of a list among the others of its owner: there are few, so all of them are read."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from taskward.database.statements import Row, TransactionSteps
from taskward.lists.statements import LIST_POSITIONS
from taskward.tasks.steps.ordering import Point


@dataclass(frozen=True, slots=True)
class ListSiblings:
    """The other lists of one owner, in order; see `taskward.tasks.steps.ordering.Siblings`."""

    points: Sequence[Point]

    @classmethod
    def read(cls, owner: UUID, list_id: UUID) -> TransactionSteps[Self]:
        """Returns the other lists."""
        rows = yield LIST_POSITIONS, {"owner": owner}
        points = (Point(key, UUID(str(one))) for one, key in rows)
        return cls([point for point in points if point.near != list_id])

    def before(self, point: Point, limit: int = 1) -> TransactionSteps[Sequence[Row]]:
        yield from ()
        end = bisect_left(self.points, point)
        return [(one.near, one.key) for one in reversed(self.points[max(0, end - limit) : end])]

    def after(self, point: Point, limit: int = 1) -> TransactionSteps[Sequence[Row]]:
        yield from ()
        start = bisect_right(self.points, point)
        return [(one.near, one.key) for one in self.points[start : start + limit]]

    def point(self, neighbour: UUID) -> TransactionSteps[Point | None]:
        yield from ()
        return next((one for one in self.points if one.near == neighbour), None)
