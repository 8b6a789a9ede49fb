"""Tasks with optional fields, put straight into the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI

from support import Person
from support.paging import NOON, insert_rows, insert_tasks
from taskward.ids import created_at, new_id
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.reminders import Reminders, moments

_FIRST_SEQ: Final = 1_000_000


@dataclass(frozen=True)
class TaskRow:
    """A task to be put into the tables."""

    title: str = "Task"
    is_completed: bool = False
    list_id: UUID | None = None
    parent_id: UUID | None = None
    position: str | None = None
    completed_at: datetime | None = None
    due: Mapping[str, str] | None = None
    start: Mapping[str, str] | None = None
    priority: str | None = None
    labels: tuple[str, ...] = ()
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reminders: Reminders = ()
    recurrence: Mapping[str, str] | None = None
    series_id: UUID | None = None
    assigned_to: UUID | None = None
    updated_at: datetime = NOON
    id: UUID = field(default_factory=new_id)

    @cached_property
    def place(self) -> str:
        return self.position or f"m{self.id.hex}h"

    def row(self, owner: UUID, version: int) -> dict[str, Any]:
        fields = TaskFields().replaced(
            due=self.due,
            start=self.start,
            priority=self.priority,
            labels=self.labels,
            metadata=self.metadata,
            reminders=self.reminders,
            recurrence=self.recurrence,
            series_id=str(self.series_id) if self.series_id else None,
        )
        return {
            "user_id": owner,
            "id": self.id,
            "title": self.title,
            "title_folded": self.title.casefold(),
            "description": self.description,
            "description_folded": self.description and self.description.casefold(),
            "is_completed": self.is_completed,
            "created_at": created_at(self.id),
            "updated_at": self.updated_at,
            "version": version,
            "list_id": self.list_id,
            "parent_id": self.parent_id,
            "position": self.position,
            "completed_at": self.completed_at,
            "assigned_to": self.assigned_to,
            **fields.columns(),
        }


async def insert_task_rows(
    app: FastAPI, owner: Person | UUID, tasks: Sequence[TaskRow], archived: Mapping[UUID, bool] | None = None
) -> None:
    """Puts the tasks of an owner who has none yet, and their lists, into the tables."""
    owner_id = UUID(owner.sub) if isinstance(owner, Person) else owner
    await insert_tasks(app, owner_id, [])
    if archived:
        await insert_rows(app, "lists", [_list_row(owner_id, *one) for one in archived.items()])
    for table, rows in rows_of(owner_id, tasks, _FIRST_SEQ).items():
        await insert_rows(app, table, rows)


def rows_of(
    owner: UUID, tasks: Sequence[TaskRow], first_version: int, zone: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Returns the rows of tasks by table, of an owner in a time zone; only of tables that have some."""
    rows = {
        "tasks": [task.row(owner, first_version + n) for n, task in enumerate(tasks)],
        "task_labels": [
            {"user_id": owner, "task_id": task.id, "label_folded": label.casefold(), "label": label}
            for task in tasks
            for label in task.labels
        ],
        "reminders": [
            {"user_id": owner, "task_id": task.id, "n": n, "fire_at": moment}
            for task in tasks
            if not task.is_completed
            for n, moment in moments(task.reminders, task.due, zone)
        ],
    }
    return {table: of_table for table, of_table in rows.items() if of_table}


def _list_row(owner: UUID, list_id: UUID, archived: bool) -> dict[str, Any]:  # noqa: FBT001 - a pair of a mapping
    return {
        "user_id": owner,
        "id": list_id,
        "title": "List",
        "is_archived": archived,
        "position": "a0",
        "created_at": NOON,
        "updated_at": NOON,
        "version": _FIRST_SEQ,
    }
