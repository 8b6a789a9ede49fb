"""What the tasks of one person are meant to be after any writes on recurring ones, as plain dictionaries."""

from datetime import date, timedelta
from typing import Any

from tasks.domain_model import Fields, with_values

COMPARED = (
    *("id", "title", "is_completed", "due", "recurrence"),
    *("series_id", "next_id", "parent_id"),
)


class SeriesModel:
    """The tasks of one person; all rules are daily, with COUNT or without, and all tasks are due on a day."""

    def __init__(self) -> None:
        self.tasks: dict[str, Fields] = {}
        self._untouched: dict[str, tuple[str, Fields]] = {}
        """By the id of a completed task: the next one, while untouched, and the recurrence that it had."""

    def change(self, task_id: str, **values: Any) -> None:
        """Changes a task, so that it is not untouched any more."""
        self.tasks[task_id] = with_values(self.tasks[task_id], **values)
        self._touch(task_id)

    def complete(self, task_id: str, day: date, next_id: str | None) -> None:
        """Completes a task on a day; `next_id` is what the service has named the next one."""
        task = self.tasks[task_id]
        self.change(task_id, is_completed=True)
        if "recurrence" not in task or task["is_completed"]:
            return
        series_id = task.get("series_id", task_id)
        following = _following(task, day)
        self.change(task_id, recurrence=None, series_id=series_id, next_id=next_id)
        assert (next_id is None) == (following is None)
        if next_id is None or following is None:
            return
        assert next_id not in self.tasks
        self.tasks[next_id] = {**following, "id": next_id, "series_id": series_id}
        for below in self._going_along(task_id):
            parent_id = self.tasks[below]["parent_id"]
            self.change(below, parent_id=next_id if parent_id == task_id else parent_id, is_completed=False)
        self._untouched[task_id] = next_id, task["recurrence"]

    def reopen(self, task_id: str) -> None:
        task = self.tasks[task_id]
        undone = self._untouched.pop(task_id, None) if task["is_completed"] else None
        if undone is None:
            self.change(task_id, is_completed=False)
            return
        next_id, recurrence = undone
        for child in self.children(next_id):
            self.change(child, parent_id=task_id)
        del self.tasks[next_id]
        series_id = None if task["series_id"] == task_id else task["series_id"]
        self.change(task_id, is_completed=False, recurrence=recurrence, series_id=series_id, next_id=None)

    def delete(self, task_id: str) -> None:
        for child in self.children(task_id):
            self.change(child, parent_id=self.tasks[task_id].get("parent_id"))
        self._touch(task_id)
        self._untouched.pop(task_id, None)
        del self.tasks[task_id]

    def may_recur(self, task_id: str) -> bool:
        """Returns whether an open task can be given a recurrence."""
        task = self.tasks[task_id]
        if "recurrence" in task:
            return True
        series_id = task.get("series_id", "none")
        return "next_id" not in task and not any(
            "recurrence" in one for one in self.tasks.values() if one.get("series_id") == series_id
        )

    def children(self, task_id: str) -> list[str]:
        return [one for one, task in self.tasks.items() if task.get("parent_id") == task_id]

    def _going_along(self, task_id: str) -> list[str]:
        """Returns the tasks below one that move to the next task: not those that are history."""
        children = [
            one
            for one in self.children(task_id)
            if not self.tasks[one]["is_completed"] or "next_id" not in self.tasks[one]
        ]
        return [below for one in children for below in (one, *self._going_along(one))]

    def _touch(self, task_id: str) -> None:
        """Notes that a task is not the untouched next one of another any more."""
        for done in [one for one, (next_id, _) in self._untouched.items() if next_id == task_id]:
            del self._untouched[done]


def compared(task: Fields) -> Fields:
    """Returns the part of a task that the model knows."""
    return {name: task[name] for name in COMPARED if name in task}


def recurring_of(tasks: dict[str, Fields]) -> list[str]:
    """Returns the series of each task with a recurrence: each series may be there once."""
    return [task.get("series_id", one) for one, task in tasks.items() if "recurrence" in task]


def _following(task: Fields, day: date) -> Fields | None:
    """Returns the next task of one that is completed on that day; None at the end of the series."""
    rule, _, left = task["recurrence"]["rule"].partition(";COUNT=")
    occurrence = date.fromisoformat(task["recurrence"]["occurrence"])
    found = max(occurrence, date.fromisoformat(task["due"]["date"]), day) + timedelta(days=1)
    if left:
        left_then = int(left) - (found - occurrence).days
        if left_then < 1:
            return None
        rule += f";COUNT={left_then}"
    return {**task, "due": {"date": str(found)}, "recurrence": {"rule": rule, "occurrence": str(found)}}
