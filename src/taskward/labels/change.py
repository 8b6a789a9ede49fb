"""The change of a label of all tasks, in parts.

PostgreSQL does it in one transaction. On SQLite it is split, so that other owners' writes do not wait for it,
and the owner's data is locked from the first part to the last. The first part takes the numbers of all
changes. An interrupted change is completed: the tasks that are left have the label in a spelling that is
replaced, and get the last of the numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.database.statements import RESUME, SPLIT, Row, TransactionSteps, Values
from taskward.labels.statements import ADD_LABELS, CHANGE_TASKS, COUNT_LABELLED, DROP_LABELS, LABELLED_AFTER
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.statements import COUNTER

MAX_ROWS: Final = 50
"""Tasks that are changed in one transaction, and held in memory at once: at most 0.4 MB."""

CHANGE: Final = "change of a label"
"""The name of the change in the owner's lock; the two labels follow, as a line of JSON."""

_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class LabelChange:
    """The replacement of a label of one owner's tasks; with None as the new one, its removal."""

    owner: UUID
    old: str
    new: str | None

    def count_steps(self) -> TransactionSteps[int]:
        """Returns the number of tasks to change, without those that have the new spelling."""
        rows = yield COUNT_LABELLED, self._values()
        total: int = rows[0][0]
        return total

    def steps(self, total: int, last: int) -> TransactionSteps[None]:
        """Changes the `total` tasks, each with a number of its own up to `last`."""
        numbers = count(last - total + 1)
        values = self._values() | {"after_id": _FIRST, "limit": MAX_ROWS}
        for done in range(0, total, MAX_ROWS):
            if done:
                yield SPLIT, {"owner": self.owner, "change": self._change()}
            rows = yield LABELLED_AFTER, values
            values["up_to_id"] = UUID(str(rows[-1][0]))
            yield from self._page_steps(rows, numbers, values)
            values["after_id"] = values["up_to_id"]

    def _page_steps(
        self, rows: Sequence[Row], numbers: Iterator[int], values: Values
    ) -> TransactionSteps[None]:
        values = {
            **values,
            "tasks": self._changed(rows, numbers),
            "now": datetime.now(UTC),
            "count": len(rows),
        }
        yield CHANGE_TASKS, values
        yield DROP_LABELS, values
        if self.new is not None:
            yield ADD_LABELS, values

    def _changed(self, rows: Sequence[Row], numbers: Iterator[int]) -> str:
        """Returns tasks after the change, as the JSON that the statements take."""
        changes = {"remove_labels": [self.old], "add_labels": [] if self.new is None else [self.new]}
        return orjson.dumps(
            [
                (str(task_id), TaskFields.parse(extra).merged(changes).columns()["extra"], next(numbers))
                for task_id, extra in rows
            ]
        ).decode()

    def _values(self) -> dict[str, Any]:
        return {
            "owner": self.owner,
            "folded": folded_label(self.old),
            "new": self.new or "",
            "new_folded": folded_label(self.new or ""),
            "now": datetime.now(UTC),
        }

    def _change(self) -> str:
        return f"{CHANGE}\n{orjson.dumps([self.old, self.new]).decode()}"


def resume_steps(owner: UUID, labels: str) -> TransactionSteps[None]:
    """Completes an interrupted change of these labels."""
    if not (yield RESUME, {"owner": owner}):
        return
    change = LabelChange(owner, *orjson.loads(labels))
    total = yield from change.count_steps()
    rows = yield COUNTER, {"owner": owner}
    yield from change.steps(total, rows[0][0])
