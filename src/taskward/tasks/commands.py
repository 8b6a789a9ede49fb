"""The writes on the tasks of one owner: for each a statement and its values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from taskward.database.statements import Values, Write
from taskward.http.caller import Caller
from taskward.http.conditional import Versions
from taskward.tasks.ids import created_at, new_task_id
from taskward.tasks.statements import CREATE_TASK, DELETE_TASK, UPDATE_TASK
from taskward.tasks.tables import TaskRecord
from taskward.users.statements import owner_values

BoundWrite: TypeAlias = tuple[Write, dict[str, Any]]


class TaskCommands:
    """The writes of one owner. With `versions`, a task is changed only if it is in one of them."""

    def __init__(self, user: Caller, tombstones_kept: timedelta) -> None:
        self._user = user
        self._tombstones_kept = tombstones_kept

    def create(self, given: Mapping[str, Any]) -> BoundWrite:
        """Creates a task with the fields that `uses_domain` has no need for."""
        task_id = new_task_id()
        now = created_at(task_id)
        is_completed = given.get("is_completed", False)
        return CREATE_TASK, owner_values(self._user) | {
            "task_id": task_id,
            "now": now,
            **text_values(given["title"], given.get("description")),
            "is_completed": is_completed,
            "completed_at": (in_utc(given.get("completed_at")) or now) if is_completed else None,
        }

    def update(self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None) -> BoundWrite:
        """Changes fields that `uses_domain` has no need for."""
        return UPDATE_TASK, {
            "owner": self._user.id,
            "task_id": task_id,
            "now": datetime.now(UTC),
            **text_values(given.get("title"), given.get("description")),
            "is_completed": given.get("is_completed"),
            "completed_at": in_utc(given.get("completed_at")),
            "describes": "description" in given,
            "versions": versions,
        }

    def delete(self, task_id: UUID, versions: Versions | None) -> BoundWrite:
        """Deletes a task that has no subtasks."""
        now = datetime.now(UTC)
        return DELETE_TASK, {
            "owner": self._user.id,
            "task_id": task_id,
            "now": now,
            "versions": versions,
            "tombstones_since": now - self._tombstones_kept,
        }


def expected_task(values: Values) -> TaskRecord:
    """Returns the task that a creation will return; only its version comes from the database."""
    now = values["now"]
    texts = (values["title"], values["description"], values["is_completed"])
    return TaskRecord(
        values["task_id"], values["owner"], *texts, now, now, version=0, completed_at=values["completed_at"]
    )


def folded(text: str | None) -> str | None:
    """Returns a text in its case-folded form for searches."""
    return None if text is None else text.casefold()


def in_utc(moment: datetime | None) -> datetime | None:
    """Returns a time in UTC."""
    return moment and moment.astimezone(UTC)


def text_values(title: str | None, description: str | None) -> dict[str, Any]:
    """Returns the values of the columns with the texts of a task."""
    return {
        "title": title,
        "title_folded": folded(title),
        "description": description,
        "description_folded": folded(description),
    }
