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
        self._roots = {parent for parent in self._children if parent not in parents}
        for root in list(self._roots):
            self._arrange_from(root)
        for task in parents:
            if task not in self.parents and task not in self._roots:
                root = _on_cycle(task, parents)  # it is reached from no task without a parent
                self._roots.add(root)
                self.notes[root] = CYCLE
                self._arrange_from(root)

    def _arrange_from(self, root: int) -> None:
        """Arranges the tasks below a root, and those below the tasks that become roots by that."""
        waiting = [root]
        while waiting:
            waiting += self._arrange(waiting.pop())

    def _arrange(self, root: int) -> list[int]:
        """Arranges the tasks below a root, in the order of the file; returns those without room."""
        below, left = 0, list[int]()
        stack = self._paths([root])
        while stack:
            task, above = stack.pop()
            if task in self._roots:
                continue
            if below == MAX_BELOW:
                self._roots.add(task)
                self.notes[task] = TOO_MANY
                left.append(task)
                continue
            below += 1
            self.tops[task] = root
            self.parents[task] = above[-1]
            if len(above) >= MAX_LEVELS:
                self.parents[task] = above[MAX_LEVELS - 2]
                self.notes[task] = TOO_DEEP
            stack += self._paths([*above[:MAX_LEVELS], task])
        return left

    def _paths(self, above: list[int]) -> list[tuple[int, list[int]]]:
        """Returns the children of the last one of a path, the first of them last, each with that path."""
        return [(child, above) for child in reversed(self._children[above[-1]])]


def _on_cycle(task: int, parents: Mapping[int, int]) -> int:
    """Returns a task of the cycle into which the parents of a task lead."""
    seen = set[int]()
    while task not in seen:
        seen.add(task)
        task = parents[task]
    return task
