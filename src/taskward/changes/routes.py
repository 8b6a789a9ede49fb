"""/api/changes and /api/events: docs/contract.md#changes-and-batches."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from taskward.auth.current_caller import CurrentCaller
from taskward.changes.feed import START, ChangeFeed, MyChanges, change_json
from taskward.changes.models import (
    INVALID_SINCE,
    ChangeList,
    ChangesQuery,
    KindsQuery,
    SpaceChangeList,
    SpaceChangesQuery,
    SpaceKindsQuery,
)
from taskward.changes.sse import INVALID_EVENT_ID, EventStream, LastEventId
from taskward.changes.streams import StreamRegistry, Streams
from taskward.http.caller import Caller
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import JSONBytesResponse, write_json_list
from taskward.http.routing import PrivateRoute

router = APIRouter(prefix="/api", route_class=PrivateRoute, tags=["Changes"])
router_in_space = APIRouter(prefix="/api", route_class=PrivateRoute, tags=["Changes"])
"""The same routes, with the kinds of a space's feed."""


@router.get("/changes", operation_id="listChanges", response_model=ChangeList, summary="List my changes")
async def list_changes(query: Annotated[ChangesQuery, Query()], feed: MyChanges) -> Response:
    """Returns the changes since a cursor: a client that applies them has the same tasks as in the list."""
    return await _page(query, feed)


@router_in_space.get(
    "/changes", operation_id="listChanges", response_model=SpaceChangeList, summary="List my changes"
)
async def list_space_changes(query: Annotated[SpaceChangesQuery, Query()], feed: MyChanges) -> Response:
    """Returns the changes since a cursor: a client that applies them has the same tasks as in the list."""
    return await _page(query, feed)


async def _page(query: ChangesQuery, feed: ChangeFeed) -> Response:
    feed = feed.of(query.kinds)
    position = START if query.since is None else feed.decode(query.since)
    if position is None:
        raise ValidationFailed([FieldError("since", INVALID_SINCE)])
    found = await feed.since(position, query.limit)
    others = {"cursor": feed.encode(found.position), "has_more": found.has_more}
    return JSONBytesResponse(await write_json_list("changes", found.changes, change_json, others))


@router.get(
    "/events",
    operation_id="streamChanges",
    response_class=EventStream,
    status_code=200,
    summary="Stream my changes",
)
async def push_changes(
    query: Annotated[KindsQuery, Query()],
    feed: MyChanges,
    caller: CurrentCaller,
    streams: Streams,
    last_event_id: LastEventId = None,
) -> Response:
    """Returns the same feed as Server-Sent Events: `id` is the cursor after the change, `data` the change."""
    return _stream(query, feed, caller, streams, last_event_id)


@router_in_space.get(
    "/events",
    operation_id="streamChanges",
    response_class=EventStream,
    status_code=200,
    summary="Stream my changes",
)
async def push_space_changes(
    query: Annotated[SpaceKindsQuery, Query()],
    feed: MyChanges,
    caller: CurrentCaller,
    streams: Streams,
    last_event_id: LastEventId = None,
) -> Response:
    """Returns the same feed as Server-Sent Events: `id` is the cursor after the change, `data` the change."""
    return _stream(query, feed, caller, streams, last_event_id)


def _stream(
    query: KindsQuery, feed: ChangeFeed, caller: Caller, streams: StreamRegistry, last_event_id: str | None
) -> Response:
    feed = feed.of(query.kinds)
    position = START if last_event_id is None else feed.decode(last_event_id)
    if position is None:
        raise ValidationFailed([FieldError("Last-Event-ID", INVALID_EVENT_ID)])
    return EventStream(feed, position, caller, streams)
