"""/api/spaces/{space_id}/activity: docs/contract.md#activity."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from taskward.activity.models import ActivityList, ActivityQuery
from taskward.activity.store import MyActivity
from taskward.http.responses import JSONBytesResponse
from taskward.spaces.routing import PREFIX, SpaceRoute

router = APIRouter(prefix=PREFIX, route_class=SpaceRoute, tags=["Spaces"])


@router.get(
    "/activity",
    operation_id="listSpaceActivity",
    response_model=ActivityList,
    summary="List the activity of a space",
)
async def list_activity(query: Annotated[ActivityQuery, Query()], activity: MyActivity) -> Response:
    """Returns what members did in the space, newest first: names of fields, never their values."""
    return JSONBytesResponse(await activity.body(query))
