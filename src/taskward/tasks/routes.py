"""/api/tasks: docs/contract.md, A2, B1, B2 and C3."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from taskward.http.conditional import IfMatch, IfNoneMatch, not_modified, tag_matches
from taskward.http.responses import JSONBytesResponse, dump_json, json_response
from taskward.http.routing import StrictRoute
from taskward.http.signature import BodyLimits
from taskward.http.validation import strict_uuid
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord, Unrecorded
from taskward.tasks.batch_models import Batch, BatchResults
from taskward.tasks.models import (
    NewTask,
    Task,
    TaskChanges,
    TaskDeleted,
    TaskList,
    task_json,
    task_path,
    version_tag,
)
from taskward.tasks.query import ListQuery
from taskward.tasks.store import MyTasks
from taskward.tasks.summary import MySummary, SummaryQuery, TaskSummary
from taskward.tasks.tables import TaskRecord

router = APIRouter(prefix="/api/tasks", route_class=StrictRoute, tags=["Tasks"])

BatchBody = Annotated[Batch, Body(), BodyLimits(max_body=1024 * 1024, nul_depth=0, key_depth=3)]
"""Each operation's task is checked like a body of its own."""

TaskId = Annotated[UUID, strict_uuid("Task id"), Path(description="A UUID, in any letter case.")]


@router.get("", operation_id="listTasks", response_model=TaskList, summary="List my tasks")
async def list_tasks(
    query: Annotated[ListQuery, Query()], tasks: MyTasks, known: IfNoneMatch = None
) -> Response:
    """Returns the caller's tasks, a page at a time; the newest first, unless `sort` is given."""
    if known is not None and tag_matches(tag := await tasks.tag_now(query), known):
        return not_modified(tag)
    listed = await tasks.list_body(query)
    return JSONBytesResponse(listed.body, tag=listed.tag)


@router.get(
    "/summary", operation_id="summarizeTasks", response_model=TaskSummary, summary="Count my open tasks"
)
async def summarize_tasks(
    query: Annotated[SummaryQuery, Query()], summary: MySummary, known: IfNoneMatch = None
) -> Response:
    """Counts the caller's open tasks: overdue, due today, due later and undated, and in each list."""
    if known is not None and tag_matches(tag := await summary.tag(query.now), known):
        return not_modified(tag)
    body, tag = await summary.read(query.now)
    return JSONBytesResponse(body, tag=tag)


@router.post("", operation_id="createTask", response_model=Task, status_code=201, summary="Create a task")
async def create_task(
    new: Annotated[NewTask, Body()], tasks: MyTasks, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Creates a task of the caller; with an idempotency key, once however often it is sent."""

    async def create(record: PendingRecord | None) -> Response:
        task = await tasks.create(new, record)
        return task_response(task, 201, task_path(task.id))

    return await once.run(key, create)


@router.post(
    "/batch", operation_id="batchTasks", response_model=BatchResults, summary="Run several operations"
)
async def carry_out_batch(
    batch: BatchBody, tasks: MyTasks, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Runs up to 100 operations in one transaction; each is answered like its single request."""

    async def carry_out(record: PendingRecord | None) -> Response | Unrecorded:
        body, applied = await tasks.batch(batch, record)
        return JSONBytesResponse(body) if applied else Unrecorded(JSONBytesResponse(body))

    return await once.run(key, carry_out)


@router.get("/{task_id}", operation_id="getTask", response_model=Task, summary="Read a task")
async def read_task(task_id: TaskId, tasks: MyTasks, known: IfNoneMatch = None) -> Response:
    """Returns one task. One that does not exist and one of another user have the same response: 404."""
    task = await tasks.get(task_id)
    if known is not None and tag_matches(tag := version_tag(task.version), known):
        return not_modified(tag)
    return task_response(task)


@router.put("/{task_id}", operation_id="updateTask", response_model=Task, summary="Update a task")
@router.patch(
    "/{task_id}", operation_id="patchTask", response_model=Task, summary="Update a task (JSON Merge Patch)"
)
async def update_task(
    task_id: TaskId,
    changes: Annotated[TaskChanges, Body()],
    tasks: MyTasks,
    if_match: IfMatch = None,
) -> Response:
    """Changes the given fields and no others; `description: null` clears it. PUT and PATCH do the same."""
    return task_response(await tasks.update(task_id, changes, if_match))


@router.delete("/{task_id}", operation_id="deleteTask", response_model=TaskDeleted, summary="Delete a task")
async def delete_task(task_id: TaskId, tasks: MyTasks, if_match: IfMatch = None) -> Response:
    """Deletes a task permanently."""
    await tasks.delete(task_id, if_match)
    return json_response({"message": "Task deleted successfully", "id": str(task_id)})


def task_response(task: TaskRecord, status: int = 200, location: str | None = None) -> Response:
    """Returns a task with its entity tag."""
    tag = version_tag(task.version)
    return JSONBytesResponse(dump_json(task_json(task)), status, tag=tag, location=location)
