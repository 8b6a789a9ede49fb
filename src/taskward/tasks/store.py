"""One owner's tasks. There is no way from here to anybody else's: every statement begins with the owner."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from taskward.auth.current_user import CurrentUser, User
from taskward.database import Database
from taskward.database.statements import Row
from taskward.errors import NotFound
from taskward.tasks.ids import created_at, new_task_id
from taskward.tasks.models import NewTask, TaskChanges
from taskward.tasks.statements import CREATE_TASK, DELETE_TASK, GET_TASK, LIST_TASKS, UPDATE_TASK
from taskward.users.store import owner_values


class TaskStore:
    """The tasks of the owner it was made for."""

    def __init__(self, database: Database, user: User) -> None:
        self._database = database
        self._user = user

    async def newest(self) -> Sequence[Row]:
        """Give the owner's tasks, newest first, at most `MOST_TASKS`."""
        return await self._database.rows(LIST_TASKS, {"owner": self._user.id})

    async def get(self, task_id: UUID) -> Row:
        """Give one task.

        Raises:
            NotFound: the owner has none of that id.

        """
        rows = await self._database.rows(GET_TASK, {"owner": self._user.id, "task_id": task_id})
        if not rows:
            raise NotFound
        return rows[0]

    async def create(self, new: NewTask) -> Row:
        """Store a new task, and the owner's row with the first one."""
        task_id = new_task_id()
        values = owner_values(self._user) | {
            "task_id": task_id,
            "now": created_at(task_id),
            **_texts(new.title, new.description),
            "is_completed": new.is_completed,
        }
        row = await self._database.write(CREATE_TASK, values)
        if row is None:
            raise AssertionError("a task was created and not returned")
        return row

    async def update(self, task_id: UUID, changes: TaskChanges) -> Row:
        """Change the fields given, and nothing else.

        Raises:
            NotFound: the owner has no such task.

        """
        given = changes.given()
        values = {
            "owner": self._user.id,
            "task_id": task_id,
            "now": datetime.now(UTC),
            **_texts(given.get("title"), given.get("description")),
            "is_completed": given.get("is_completed"),
            "describes": "description" in given,
        }
        return _found(await self._database.write(UPDATE_TASK, values))

    async def delete(self, task_id: UUID) -> None:
        """Delete a task for good.

        Raises:
            NotFound: the owner has no such task.

        """
        values = {"owner": self._user.id, "task_id": task_id, "now": datetime.now(UTC)}
        _found(await self._database.write(DELETE_TASK, values))


def _my_tasks(request: Request, user: CurrentUser) -> TaskStore:
    return TaskStore(request.app.state.database, user)


MyTasks = Annotated[TaskStore, Depends(_my_tasks)]
"""For a handler: the caller's tasks."""


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFound
    return row


def _texts(title: str | None, description: str | None) -> dict[str, Any]:
    return {
        "title": title,
        "title_folded": title and title.casefold(),
        "description": description,
        "description_folded": description and description.casefold(),
    }
