"""The writes on the tasks of one owner: for each a statement and its values."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from taskward.auth.current_user import User
from taskward.database.statements import Write
from taskward.http.conditional import Versions
from taskward.tasks.ids import created_at, new_task_id
from taskward.tasks.models import NewTask, TaskChanges
from taskward.tasks.statements import CREATE_TASK, DELETE_TASK, UPDATE_TASK
from taskward.users.statements import owner_values

Command: TypeAlias = tuple[Write, dict[str, Any]]


class TaskCommands:
    """The writes of one owner. With `versions`, a task is changed only if it is in one of them."""

    def __init__(self, user: User, tombstones_kept: timedelta) -> None:
        self._user = user
        self._tombstones_kept = tombstones_kept

    def create(self, new: NewTask) -> Command:
        task_id = new_task_id()
        return CREATE_TASK, owner_values(self._user) | {
            "task_id": task_id,
            "now": created_at(task_id),
            **_texts(new.title, new.description),
            "is_completed": new.is_completed,
            "completed_at": created_at(task_id) if new.is_completed else None,
        }

    def update(self, task_id: UUID, changes: TaskChanges, versions: Versions | None) -> Command:
        given = changes.given()
        return UPDATE_TASK, {
            "owner": self._user.id,
            "task_id": task_id,
            "now": datetime.now(UTC),
            **_texts(given.get("title"), given.get("description")),
            "is_completed": given.get("is_completed"),
            "describes": "description" in given,
            "versions": versions,
        }

    def delete(self, task_id: UUID, versions: Versions | None) -> Command:
        now = datetime.now(UTC)
        return DELETE_TASK, {
            "owner": self._user.id,
            "task_id": task_id,
            "now": now,
            "versions": versions,
            "tombstones_since": now - self._tombstones_kept,
        }


def folded(text: str | None) -> str | None:
    """Returns a text in its case-folded form for searches."""
    return None if text is None else text.casefold()


def _texts(title: str | None, description: str | None) -> dict[str, Any]:
    return {
        "title": title,
        "title_folded": folded(title),
        "description": description,
        "description_folded": folded(description),
    }
