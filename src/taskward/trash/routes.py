"""/api/trash: docs/contract.md#trash."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from taskward.http.conditional import IfNoneMatch, not_modified, tag_matches
from taskward.http.responses import JSONBytesResponse, json_response
from taskward.http.roles import Role, least_role
from taskward.http.routing import ControlRoute, PrivateRoute
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.tasks.models import Task
from taskward.tasks.routes import TaskId, task_response
from taskward.trash.models import Restoration, TaskPurged, TrashEmptied, TrashList, TrashQuery
from taskward.trash.store import MyTrash

router = APIRouter(prefix="/api/trash", route_class=PrivateRoute, tags=["Trash"])


@router.get("", operation_id="listTrash", response_model=TrashList, summary="List my trash")
async def list_trash(
    query: Annotated[TrashQuery, Query()], trash: MyTrash, known: IfNoneMatch = None
) -> Response:
    """Returns the tasks in the trash, a page at a time, the newest deletion first."""
    tag = await trash.tag(query)
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    return JSONBytesResponse(await trash.body(query), tag=tag)


@router.post("/{task_id}/restore", operation_id="restoreTask", response_model=Task, summary="Restore a task")
async def restore_task(
    task_id: TaskId,
    body: Annotated[Restoration, Body()],  # noqa: ARG001 - it has no fields
    trash: MyTrash,
    once: Idempotent,
    key: IdempotencyKey = None,
) -> Response:
    """Restores a task from the trash, with all that were deleted with it."""

    async def restore(record: PendingRecord | None) -> Response:
        return task_response(await trash.restore(task_id, record))

    return await once.run(key, restore)


@router.delete(
    "/{task_id}", operation_id="purgeTask", response_model=TaskPurged, summary="Delete a task permanently"
)
@least_role(Role.OWNER)
async def purge_task(task_id: TaskId, trash: MyTrash) -> Response:
    """Deletes a task from the trash, with all that were deleted with it."""
    await trash.purge(task_id)
    return json_response({"message": "Task deleted permanently", "id": str(task_id)})


@least_role(Role.OWNER)
async def empty_trash(trash: MyTrash) -> Response:
    """Deletes all that is in the trash, permanently."""
    return json_response({"deleted": await trash.empty()})


router.add_api_route(
    "",
    empty_trash,
    methods=["DELETE"],
    operation_id="emptyTrash",
    response_model=TrashEmptied,
    summary="Empty my trash",
    route_class_override=ControlRoute,
)
