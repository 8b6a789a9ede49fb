"""/api/tasks: docs/contract.md#endpoints."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from taskward.http.conditional import (
    CreateOnly,
    Gone,
    IfMatch,
    IfNoneMatch,
    not_modified,
    tag_matches,
)
from taskward.http.error_docs import error_responses
from taskward.http.errors import PreconditionFailed
from taskward.http.responses import JSONBytesResponse, dump_json, json_response
from taskward.http.routing import PrivateRoute
from taskward.http.signature import AlternativeBody
from taskward.http.validation import strict_uuid
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.ids import problems_of_creation
from taskward.tasks.errors import TASK_CHANGED, TASK_DELETED
from taskward.tasks.models import NewTask, Task, TaskChanges, TaskDeleted, TaskDeletionQuery, TaskList
from taskward.tasks.occurrences import Occurrences, OccurrencesQuery, occurrences
from taskward.tasks.query import ListQuery
from taskward.tasks.records import task_json, task_path, version_tag
from taskward.tasks.store import MyTasks
from taskward.tasks.summary import MySummary, SummaryQuery, TaskSummary
from taskward.tasks.tables import TaskRecord

router = APIRouter(prefix="/api/tasks", route_class=PrivateRoute, tags=["Tasks"])

PutBody = Annotated[
    TaskChanges | NewTask,
    Body(),
    AlternativeBody(
        when="creates", then=NewTask, otherwise=TaskChanges, problems=problems_of_creation("task")
    ),
]

TaskId = Annotated[UUID, strict_uuid("Task id"), Path(description="A UUID, in any letter case.")]


@router.get("", operation_id="listTasks", response_model=TaskList, summary="List my tasks")
async def list_tasks(
    query: Annotated[ListQuery, Query()], tasks: MyTasks, known: IfNoneMatch = None
) -> Response:
    """Returns the caller's tasks, a page at a time; the newest first, unless `sort` is given."""
    if query.assigned_to is not None:
        query = await tasks.for_caller(query)
    counter = None
    if known is not None:
        tag, counter = await tasks.tag_now(query)
        if tag_matches(tag, known):
            return not_modified(tag)
    listed = await tasks.list_body(query, counter)
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
        return task_response(task, 201, task_path(tasks.owner, task.id))

    if key is not None:
        tasks.check(new)  # an invalid request is rejected before a stored response is looked up
    return await once.run(key, create)


@router.get("/{task_id}", operation_id="getTask", response_model=Task, summary="Read a task")
async def read_task(task_id: TaskId, tasks: MyTasks, known: IfNoneMatch = None) -> Response:
    """Returns one task. One that does not exist and one of another user have the same response: 404."""
    task = await tasks.get(task_id)
    if known is not None and tag_matches(tag := version_tag(task.version), known):
        return not_modified(tag)
    return task_response(task)


@router.get(
    "/{task_id}/occurrences",
    operation_id="listOccurrences",
    response_model=Occurrences,
    summary="List the next days of a recurring task",
)
async def list_occurrences(
    task_id: TaskId, query: Annotated[OccurrencesQuery, Query()], tasks: MyTasks
) -> Response:
    """Returns the days on which a task comes again by its rule; without a recurrence there are none."""
    return json_response({"dates": occurrences(await tasks.get(task_id), query.limit)})


@router.put(
    "/{task_id}",
    operation_id="updateTask",
    response_model=Task,
    responses={
        201: {"model": Task},
        **error_responses(PreconditionFailed('"1764000000000000"', TASK_CHANGED), Gone(TASK_DELETED)),
    },
    summary="Update a task, or create it with an id of the client",
)
async def put_task(
    task_id: TaskId,
    content: PutBody,
    tasks: MyTasks,
    if_match: IfMatch = None,
    creates: CreateOnly = None,  # noqa: ARG001 - it decides the model of the body
) -> Response:
    """Changes the given fields and no others; `description: null` clears it.

    With `If-None-Match: *` it creates the task instead: the body is that of `POST`, and the id is a UUIDv7
    that the client has made.
    """
    if isinstance(content, TaskChanges):
        return task_response(await tasks.update(task_id, content, if_match))
    return task_response(await tasks.create_at(task_id, content), 201, task_path(tasks.owner, task_id))


@router.patch(
    "/{task_id}", operation_id="patchTask", response_model=Task, summary="Update a task (JSON Merge Patch)"
)
async def patch_task(
    task_id: TaskId,
    changes: Annotated[TaskChanges, Body()],
    tasks: MyTasks,
    if_match: IfMatch = None,
) -> Response:
    """Changes the given fields and no others, as PUT does."""
    return task_response(await tasks.update(task_id, changes, if_match))


@router.delete("/{task_id}", operation_id="deleteTask", response_model=TaskDeleted, summary="Delete a task")
async def delete_task(
    task_id: TaskId,
    query: Annotated[TaskDeletionQuery, Query()],
    tasks: MyTasks,
    if_match: IfMatch = None,
) -> Response:
    """Deletes a task, for good or to the trash; `subtasks` says what becomes of the tasks below it."""
    await tasks.delete(task_id, if_match, query.subtasks, query.to)
    return json_response({"message": "Task deleted successfully", "id": str(task_id)})


def task_response(task: TaskRecord, status: int = 200, location: str | None = None) -> Response:
    """Returns a task with its entity tag."""
    tag = version_tag(task.version)
    return JSONBytesResponse(dump_json(task_json(task)), status, tag=tag, location=location)
