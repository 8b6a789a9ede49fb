"""The subtasks of a document, arranged so that they keep the limits of the service."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from taskward.tasks.steps.statements import MAX_LEVELS
from taskward.tasks.steps.subtasks import MAX_BELOW

TOO_DEEP: Final = f"it was below level {MAX_LEVELS} and is now on level {MAX_LEVELS}"
TOO_MANY: Final = f"its parent has more than {MAX_BELOW} tasks below it, so that this task is below none"
CYCLE: Final = "it is below itself in the file and is below none now"


class Tree:
    """The parents of tasks, which are known by their numbers."""

    def __init__(self, parents: Mapping[int, int]) -> None:
        self.parents: dict[int, int] = {}
        """The parents that remain."""
        self.tops: dict[int, int] = {}
        """The uppermost task of each subtask."""
        self.notes: dict[int, str] = {}
        """The changes, by task."""
        self._children = defaultdict[int, list[int]](list)
        for task, parent in parents.items():
            self._children[parent].append(task)
        self._tops = [parent for parent in self._children if parent not in parents]
        self._arrange_all()
        for task in parents:
            if task not in self.parents and task not in self.notes:
                self.notes[task] = CYCLE  # it is reached from no task without a parent
                self._tops.append(task)
                self._arrange_all()

    def _arrange_all(self) -> None:
        while self._tops:
            self._arrange(self._tops.pop())

    def _arrange(self, top: int) -> None:
        """Places the tasks below one without a parent, in the order of the file."""
        below = 0
        stack = self._paths([top])
        while stack:
            task, above = stack.pop()
            if task in self.parents or task in (top, *above):
                continue
            if below == MAX_BELOW:
                self.notes[task] = TOO_MANY
                self._tops.append(task)
                continue
            below += 1
            self.tops[task] = top
            self.parents[task] = above[-1]
            if len(above) >= MAX_LEVELS:
                self.parents[task] = above[MAX_LEVELS - 2]
                self.notes[task] = TOO_DEEP
            stack += self._paths([*above[:MAX_LEVELS], task])

    def _paths(self, above: list[int]) -> list[tuple[int, list[int]]]:
        """Returns the children of the last one of a path, the first of them last, each with that path."""
        return [(child, above) for child in reversed(self._children[above[-1]])]
