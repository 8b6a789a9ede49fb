"""/api/me/agenda: docs/contract.md#agenda."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from taskward.http.caller import Need
from taskward.http.conditional import IfNoneMatch, not_modified, tag_matches
from taskward.http.responses import JSONBytesResponse
from taskward.http.routing import StrictRoute
from taskward.spaces.agenda.query import AgendaQuery
from taskward.spaces.agenda.store import MyAgenda
from taskward.tasks.models import TaskList


class AgendaRoute(StrictRoute):
    """A route to tasks of the caller and of all their spaces."""

    need = Need.ACCOUNT


router = APIRouter(prefix="/api/me", route_class=AgendaRoute, tags=["My data"])


@router.get(
    "/agenda", operation_id="getAgenda", response_model=TaskList, summary="List my work in all spaces"
)
async def get_agenda(
    query: Annotated[AgendaQuery, Query()], agenda: MyAgenda, known: IfNoneMatch = None
) -> Response:
    """Returns the caller's open private tasks, and the open tasks assigned to them in all of their spaces.

    `user_id` of a task is the owner: the caller or the space. Pages go on over all owners.
    """
    position = agenda.check_cursor(query)
    owners = await agenda.owners()
    tag = owners.tag(query)
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    return JSONBytesResponse(await agenda.body(query, position, owners), tag=tag)
