"""What tasks and lists of one person are meant to be after any writes, as plain dictionaries."""

from typing import Any

from support import Person
from support.change_feed import Change, changes_since

Fields = dict[str, Any]
Problems = dict[str, str]

PLACE = ("list_id", "parent_id")
COMPARED = ("title", "is_completed", "labels", *PLACE)


def key_of(task: Fields) -> tuple[str, str]:
    """Returns what a task is sorted by among its siblings."""
    return task.get("position") or "m" + task["id"].replace("-", "") + "h", task["id"]


class Model:
    """One person's tasks and lists. A write returns what is refused of it, by field; empty if it is done."""

    def __init__(self) -> None:
        self.tasks: dict[str, Fields] = {}
        self.lists: set[str] = set()

    def create(self, task_id: str, body: Fields) -> Problems:
        return self._store({"id": task_id, "is_completed": False}, body)

    def update(self, task_id: str, body: Fields) -> Problems:
        return self._store(self.tasks[task_id], body)

    def delete(self, task_id: str, subtasks: str) -> None:
        if subtasks == "delete":
            for below in self.below(task_id):
                del self.tasks[below]
        else:
            for child in self.children(task_id):
                self.tasks[child] = with_values(
                    self.tasks[child], parent_id=self.tasks[task_id].get("parent_id")
                )
        del self.tasks[task_id]

    def delete_list(self, list_id: str, tasks: str) -> None:
        self.lists.remove(list_id)
        for task in [task for task in self.tasks.values() if task.get("list_id") == list_id]:
            if tasks == "delete":
                del self.tasks[task["id"]]
            else:
                self.tasks[task["id"]] = with_values(task, list_id=None)

    def children(self, task_id: str) -> list[str]:
        return [one for one, task in self.tasks.items() if task.get("parent_id") == task_id]

    def below(self, task_id: str) -> set[str]:
        children = self.children(task_id)
        return {*children}.union(*map(self.below, children))

    def above(self, task_id: str | None) -> list[str]:
        """Returns a task and those above it."""
        return [] if task_id is None else [task_id, *self.above(self.tasks[task_id].get("parent_id"))]

    def height(self, task_id: str) -> int:
        return 1 + max(map(self.height, self.children(task_id)), default=0)

    def siblings(self, task_id: str) -> list[str]:
        """Returns the tasks of the same list and parent, itself included, in their order."""
        place = [self.tasks[task_id].get(name) for name in PLACE]
        same = [task for task in self.tasks.values() if [task.get(name) for name in PLACE] == place]
        return [task["id"] for task in sorted(same, key=key_of)]

    def _store(self, before: Fields, body: Fields) -> Problems:
        refused = self._problems(before, body)
        if refused:
            return refused
        task = with_values(before, **{name: body[name] for name in body if name in COMPARED})
        if "add_labels" in body or "remove_labels" in body:
            labels = {*before.get("labels", ())} - {*body.get("remove_labels", ())}
            task = with_values(task, labels=sorted(labels | {*body.get("add_labels", ())}))
        if task.get("parent_id") is not None:
            task = with_values(task, list_id=self.tasks[task["parent_id"]].get("list_id"))
        self.tasks[task["id"]] = task
        for below in self.below(task["id"]):
            self.tasks[below] = with_values(self.tasks[below], list_id=task.get("list_id"))
        return {}

    def _problems(self, before: Fields, body: Fields) -> Problems:
        task_id, parent_id = before["id"], body.get("parent_id", before.get("parent_id"))
        if not body.keys() & {*PLACE}:
            return {}
        missing = {}
        if body.get("list_id") not in {None, before.get("list_id"), *self.lists}:
            missing["list_id"] = "List not found"
        if parent_id == task_id:
            missing["parent_id"] = "A task cannot be below itself"
        elif parent_id is not None and parent_id not in self.tasks:
            missing["parent_id"] = "Parent task not found"
        if missing or parent_id is None:
            return missing
        return self._problems_below(parent_id, before, body)

    def _problems_below(self, parent_id: str, before: Fields, body: Fields) -> Problems:
        task_id = before["id"]
        if parent_id != before.get("parent_id"):
            if task_id in self.above(parent_id):
                return {"parent_id": "A task cannot be below itself"}
            height = self.height(task_id) if task_id in self.tasks else 1
            if len(self.above(parent_id)) + height > 5:
                return {"parent_id": "Tasks nest at most 5 levels deep"}
        if "list_id" in body and body["list_id"] != self.tasks[parent_id].get("list_id"):
            return {"list_id": "List must be that of the parent"}
        return {}


class Device:
    """Holds what the feed says, as an app would that was offline now and then."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.held: dict[str, dict[str, Fields]] = {"task": {}, "list": {}}
        self._cursor: str | None = None

    async def follow(self) -> list[Change]:
        """Takes all changes since the last time."""
        changes, self._cursor = await changes_since(self.person, self._cursor, "tasks,lists")
        for change in changes:
            kind = change.get("kind") or ("list" if "list" in change else "task")
            if change["op"] == "delete":
                self.held[kind].pop(change["id"], None)
            else:
                self.held[kind][change[kind]["id"]] = change[kind]
        return changes


def with_values(fields: Fields, **values: Any) -> Fields:
    """Returns the fields with others; those that are null or empty are absent."""
    return {name: value for name, value in (fields | values).items() if value not in (None, [])}


def content(task: Fields) -> Fields:
    """Returns the part of a task that the model knows beforehand."""
    return {name: task[name] for name in ("id", *COMPARED) if name in task}
