"""/api/spaces/{space_id}/tasks/{task_id}/reminders: docs/contract.md#own-reminders."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from taskward.http.conditional import IfMatch, IfNoneMatch, not_modified, tag_matches
from taskward.http.responses import JSONBytesResponse, dump_json
from taskward.http.roles import Role, least_role
from taskward.spaces.reminders.models import NewReminders, OwnReminders, OwnRemindersList, OwnRemindersQuery
from taskward.spaces.reminders.store import MyReminders, Reminded
from taskward.spaces.routing import PREFIX, SpaceRoute
from taskward.tasks.records import version_tag
from taskward.tasks.routes import TaskId

router = APIRouter(prefix=PREFIX, route_class=SpaceRoute, tags=["Spaces"])


@router.get(
    "/tasks/{task_id}/reminders",
    operation_id="getSpaceTaskReminders",
    response_model=OwnReminders,
    summary="Read my reminders for a space's task",
)
async def read_reminders(task_id: TaskId, mine: MyReminders, known: IfNoneMatch = None) -> Response:
    """Returns the caller's own reminders; no other member learns of them."""
    found = await mine.get(task_id)
    if known is not None and tag_matches(tag := version_tag(found.version), known):
        return not_modified(tag)
    return _response(found)


@router.put(
    "/tasks/{task_id}/reminders",
    operation_id="updateSpaceTaskReminders",
    response_model=OwnReminders,
    summary="Set my reminders for a space's task",
)
@least_role(Role.VIEWER)
async def put_reminders(
    task_id: TaskId, content: Annotated[NewReminders, Body()], mine: MyReminders, if_match: IfMatch = None
) -> Response:
    """Replaces the caller's own reminders; the task stays as it is."""
    return _response(await mine.replace(task_id, content.reminders or (), if_match))


@router.get(
    "/reminders",
    operation_id="listSpaceReminders",
    response_model=OwnRemindersList,
    summary="List my reminders in a space",
)
async def list_reminders(query: Annotated[OwnRemindersQuery, Query()], mine: MyReminders) -> Response:
    """Returns the tasks for which the caller has reminders, a page at a time."""
    return JSONBytesResponse(await mine.body(query))


def _response(found: Reminded) -> Response:
    return JSONBytesResponse(dump_json({"reminders": found.reminders}), tag=version_tag(found.version))
