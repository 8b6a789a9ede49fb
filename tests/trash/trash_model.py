"""What the tasks and the trash of one person are meant to be after any writes, as plain dictionaries."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tasks.domain_model import Fields, with_values
from tasks.series_model import COMPARED as OF_SERIES
from tasks.series_model import SeriesModel

COMPARED = (*OF_SERIES, "labels", "list_id")
MAX_LEVELS = 5


class Trashed(NamedTuple):
    """A task in the trash."""

    task: Fields
    deleted_with: str | None
    number: int
    """Of the deletion: later ones have higher numbers, and tasks that were deleted together have the same."""


class TrashModel(SeriesModel):
    """The tasks, the lists and the trash of one person, where at most `max_below` tasks are below one."""

    def __init__(self, max_below: int) -> None:
        super().__init__()
        self.lists: set[str] = set()
        self.trash: dict[str, Trashed] = {}
        self.tombstones: set[str] = set()
        self._max_below = max_below
        self._deletions = 0

    def can_create(self, body: Fields) -> bool:
        """Returns whether a new task can be below the parent of the body, and in its list."""
        parent_id, list_id = body.get("parent_id"), body.get("list_id")
        return list_id in {None, *self.lists} and (parent_id is None or self._has_room(parent_id, 1, 1))

    def create(self, task: Fields) -> None:
        self.tombstones.discard(task["id"])
        self.tasks[task["id"]] = with_values(compared(task), list_id=self._list_of(task))

    def can_move(self, task_id: str, place: Fields) -> bool:
        """Returns whether a task can have another parent, or another list, as the only field of a body."""
        task = self.tasks[task_id]
        parent_id = place.get("parent_id", task.get("parent_id"))
        list_id = place.get("list_id", task.get("list_id"))
        if list_id not in {None, task.get("list_id"), *self.lists}:
            return False
        if "list_id" in place:
            return parent_id is None or list_id == self.tasks[parent_id].get("list_id")
        tree = [task_id, *self.below(task_id)]
        if parent_id is None or parent_id == task.get("parent_id"):
            return True
        if parent_id not in self.tasks or parent_id in tree:
            return False
        is_of_the_tree = self.above(parent_id)[-1] == self.above(task_id)[-1]
        return self._has_room(parent_id, 0 if is_of_the_tree else len(tree), self.height(task_id))

    def move(self, task_id: str, place: Fields) -> None:
        before = self.tasks[task_id].get("list_id")
        self.change(task_id, **place)
        list_id = self._list_of(self.tasks[task_id])
        self.tasks[task_id] = with_values(self.tasks[task_id], list_id=list_id)
        if list_id != before:
            for below in self.below(task_id):
                self.change(below, list_id=list_id)

    def can_recur_below(self, task_id: str) -> bool:
        """Returns whether there is room for the next task of a series beside one."""
        parent_id = self.tasks[task_id].get("parent_id")
        return parent_id is None or self._has_room(parent_id, 1, 1)

    def remove(self, task_id: str, *, with_subtasks: bool, to_trash: bool) -> None:
        """Deletes a task, for good or to the trash."""
        self._deletions += 1
        if with_subtasks:
            for below in self.below(task_id):
                self._remove(below, to_trash=to_trash, deleted_with=task_id)
        else:
            for child in self.children(task_id):
                self.change(child, parent_id=self.tasks[task_id].get("parent_id"))
        self._remove(task_id, to_trash=to_trash, deleted_with=None)

    def remove_list(self, list_id: str, fate: str) -> None:
        """Deletes a list; its tasks are kept, deleted, or go to the trash."""
        self._deletions += 1
        self.lists.remove(list_id)
        for task_id in [one for one, task in self.tasks.items() if task.get("list_id") == list_id]:
            if fate == "keep":
                self.change(task_id, list_id=None)
            else:
                self._remove(task_id, to_trash=fate == "trash", deleted_with=None)

    def reopen(self, task_id: str) -> None:
        before = {*self.tasks}
        super().reopen(task_id)
        self.tombstones |= before - self.tasks.keys()

    def group(self, task_id: str) -> list[str]:
        """Returns a task in the trash and those that were deleted with it."""
        return [task_id, *(one for one, trashed in self.trash.items() if trashed.deleted_with == task_id)]

    def restore(self, task_id: str, parents: Mapping[str, str | None]) -> None:
        """Restores a task; `parents` are those that the service gave, where several compete for room."""
        group = self.group(task_id)
        before = {one: self.trash[one].task for one in group}
        roots = [one for one in group if before[one].get("parent_id") not in before]
        trees = {root: _tree(root, before) for root in roots}
        goes_on = {one for one in group if self._goes_on(before[one])}
        places = {root: self._place_of(root, trees, before, parents) for root in roots}
        for root in roots:
            parent_id, list_id = places[root]
            for one in trees[root]:
                own = parent_id if one == root else before[one]["parent_id"]
                recurrence = None if one in goes_on else before[one].get("recurrence")
                self.tasks[one] = with_values(
                    before[one], parent_id=own, list_id=list_id, recurrence=recurrence
                )
        for one in group:
            del self.trash[one]
            self.tombstones.discard(one)

    def purge(self, ids: Iterable[str]) -> None:
        """Deletes tasks from the trash."""
        for one in ids:
            del self.trash[one]
            self._untouched.pop(one, None)

    def age(self, ids: Iterable[str]) -> None:
        """Makes tasks in the trash the oldest ones."""
        for one in ids:
            self.trash[one] = self.trash[one]._replace(number=0)

    def listed(self) -> list[str]:
        """Returns the ids of the tasks in the trash, the newest deletion first."""
        return sorted(self.trash, key=lambda one: (self.trash[one].number, one), reverse=True)

    def imported(self, document: Fields) -> dict[str, Fields] | None:
        """Returns the new tasks of a document as they are to be; None if they have no room."""
        new = {
            one["id"]: compared(one)
            for one in document["tasks"]
            if one["id"] not in self.tasks.keys() | self.trash.keys()
        }
        known = new.keys() | self.tasks.keys()
        for one, task in new.items():
            series_id = task.get("series_id") if task.get("series_id") in known else None
            next_id = task.get("next_id") if series_id and task.get("next_id") in known else None
            parent_id = task.get("parent_id") if task.get("parent_id") in known else None
            new[one] = with_values(task, series_id=series_id, next_id=next_id, parent_id=parent_id)
        both = {**self.tasks, **new}
        added: dict[str, int] = {}
        for one, task in new.items():
            above = _above(one, both)
            if len(above) > MAX_LEVELS:
                return None
            anchor = next((up for up in above if up in self.tasks), above[-1])
            new[one] = with_values(task, list_id=both[anchor].get("list_id"))
            added[above[-1]] = added.get(above[-1], 0) + (len(above) > 1)
        for top, count in added.items():
            if count and count + (len(self.below(top)) if top in self.tasks else 0) > self._max_below:
                return None
        return new

    def take(self, new: Mapping[str, Fields], lists: Iterable[str]) -> None:
        """Adds what was imported."""
        self.lists |= {*lists}
        self.tasks |= new
        self.tombstones -= new.keys()

    def below(self, task_id: str) -> list[str]:
        return [below for one in self.children(task_id) for below in (one, *self.below(one))]

    def above(self, task_id: str) -> list[str]:
        """Returns a task and those above it."""
        return _above(task_id, self.tasks)

    def height(self, task_id: str) -> int:
        return 1 + max(map(self.height, self.children(task_id)), default=0)

    def _has_room(self, parent_id: str, count: int, height: int) -> bool:
        if parent_id not in self.tasks:
            return False
        above = self.above(parent_id)
        return len(above) + height <= MAX_LEVELS and len(self.below(above[-1])) + count <= self._max_below

    def _list_of(self, task: Fields) -> str | None:
        parent_id = task.get("parent_id")
        found: str | None = (task if parent_id is None else self.tasks[parent_id]).get("list_id")
        return found

    def _remove(self, task_id: str, *, to_trash: bool, deleted_with: str | None) -> None:
        self._touch(task_id)
        task = self.tasks.pop(task_id)
        self.tombstones.add(task_id)
        if to_trash:
            self.trash[task_id] = Trashed(task, deleted_with, self._deletions)
        else:
            self._untouched.pop(task_id, None)

    def _goes_on(self, task: Fields) -> bool:
        """Returns whether the series of a task in the trash is continued by another one."""
        series_id = task.get("series_id", task["id"])
        return task.get("next_id") in self.tasks or any(
            one.get("series_id", one["id"] if "recurrence" in one else None) == series_id
            for one in self.tasks.values()
            if not one["is_completed"]
        )

    def _place_of(
        self,
        root: str,
        trees: Mapping[str, list[str]],
        before: Mapping[str, Fields],
        parents: Mapping[str, str | None],
    ) -> tuple[str | None, str | None]:
        """Returns the parent and the list of a restored tree."""
        parent_id, list_id = before[root].get("parent_id"), before[root].get("list_id")
        if parent_id in self.tasks:
            top = self.above(parent_id)[-1]
            rivals = [
                one
                for one in trees
                if (other := before[one].get("parent_id")) in self.tasks and self.above(other)[-1] == top
            ]
            height = max(len(_above(one, {two: before[two] for two in trees[root]})) for one in trees[root])
            fits = self._has_room(parent_id, len(trees[root]), height)
            if (
                fits
                and len(rivals) > 1
                and not self._has_room(parent_id, sum(len(trees[one]) for one in rivals), height)
            ):
                fits = parents[root] is not None
            if fits:
                return parent_id, self.tasks[parent_id].get("list_id")
        return None, list_id if list_id in self.lists else None


def compared(task: Fields) -> Fields:
    """Returns the part of a task that the model knows."""
    return {name: task[name] for name in COMPARED if name in task}


def _above(task_id: str, tasks: Mapping[str, Fields]) -> list[str]:
    """Returns a task and those above it that are among the tasks."""
    found = [task_id]
    while (parent_id := tasks[found[-1]].get("parent_id")) is not None and parent_id in tasks:
        found.append(parent_id)
    return found


def _tree(root: str, tasks: Mapping[str, Fields]) -> list[str]:
    children = [one for one, task in tasks.items() if task.get("parent_id") == root]
    return [root, *(below for child in children for below in _tree(child, tasks))]
