"""/api/tasks, as docs/contract.md, A2 has it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response

from taskward.answers import json_answer
from taskward.routing import Endpoint
from taskward.tasks.models import NewTask, Task, TaskChanges, TaskDeleted, TaskList, task_json
from taskward.tasks.store import MyTasks
from taskward.validation import strict_uuid

router = APIRouter(prefix="/api/tasks", route_class=Endpoint, tags=["Tasks"])

TaskId = Annotated[UUID, strict_uuid("Task id"), Path(description="A UUID, in any letter case.")]


@router.get("", response_model=TaskList, summary="List my tasks")
async def list_tasks(tasks: MyTasks) -> Response:
    """Give the caller's tasks, newest first, at most 1000."""
    return json_answer({"tasks": [task_json(row) for row in await tasks.newest()]})


@router.post("", response_model=Task, status_code=201, summary="Create a task")
async def create_task(new: Annotated[NewTask, Body()], tasks: MyTasks) -> Response:
    """Create a task of the caller's."""
    task = task_json(await tasks.create(new))
    return json_answer(task, 201, {"Location": f"/api/tasks/{task['id']}"})


@router.get("/{task_id}", response_model=Task, summary="Read a task")
async def read_task(task_id: TaskId, tasks: MyTasks) -> Response:
    """Give one task. One that does not exist and one of somebody else's look alike: 404."""
    return json_answer(task_json(await tasks.get(task_id)))


@router.put("/{task_id}", response_model=Task, summary="Update a task")
async def update_task(task_id: TaskId, changes: Annotated[TaskChanges, Body()], tasks: MyTasks) -> Response:
    """Change the fields given and no others; `description: null` clears it."""
    return json_answer(task_json(await tasks.update(task_id, changes)))


@router.delete("/{task_id}", response_model=TaskDeleted, summary="Delete a task")
async def delete_task(task_id: TaskId, tasks: MyTasks) -> Response:
    """Delete a task for good."""
    await tasks.delete(task_id)
    return json_answer({"message": "Task deleted successfully", "id": str(task_id)})
