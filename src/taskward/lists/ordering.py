"""The position of a list among the others of its owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from taskward.database.statements import Row, TransactionSteps, Values
from taskward.lists.statements import FIND_LIST_POSITION, LIST_SIBLINGS
from taskward.tasks.steps.ordering import Point


@dataclass(frozen=True, slots=True)
class ListSiblings:
    """The other lists of one owner; see `taskward.tasks.steps.ordering.Siblings`."""

    owner: UUID
    list_id: UUID

    def before(self, point: Point, limit: int = 1) -> TransactionSteps[Sequence[Row]]:
        return (yield LIST_SIBLINGS[False], self._values(point, limit))

    def after(self, point: Point, limit: int = 1) -> TransactionSteps[Sequence[Row]]:
        return (yield LIST_SIBLINGS[True], self._values(point, limit))

    def point(self, neighbour: UUID) -> TransactionSteps[Point | None]:
        rows = yield FIND_LIST_POSITION, {"owner": self.owner, "list_id": neighbour}
        return Point(rows[0][0], neighbour) if rows and neighbour != self.list_id else None

    def _values(self, point: Point, limit: int) -> Values:
        return {"owner": self.owner, "list_id": self.list_id, "limit": limit} | point._asdict()
