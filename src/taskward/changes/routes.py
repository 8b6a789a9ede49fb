"""/api/changes and /api/events: docs/contract.md, B3."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from taskward.auth.current_user import CurrentUser
from taskward.changes.feed import MAX_CHANGES, START, MyChanges
from taskward.changes.sse import EventStream, LastEventId
from taskward.changes.streams import Streams
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import JSONBytesResponse, write_json_list
from taskward.http.routing import StrictRoute
from taskward.http.validation import query_number
from taskward.tasks.models import Task

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Changes"])


class ChangesQuery(BaseModel):
    """The query of `GET /api/changes`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: str | None = Field(
        default=None, description="`cursor` of the previous response; without it, from the beginning."
    )
    limit: Annotated[int, query_number("Limit", 1, MAX_CHANGES)] = Field(
        default=MAX_CHANGES, ge=1, le=MAX_CHANGES, description="How many changes to return at most."
    )


class Upsert(BaseModel):
    """A task that was created or changed, in its current state."""

    op: Literal["upsert"]
    task: Task


class Deletion(BaseModel):
    """A deleted task."""

    op: Literal["delete"]
    id: UUID


class ChangeList(BaseModel):
    """Changes, in the order in which they are to be applied."""

    changes: list[Annotated[Upsert | Deletion, Field(discriminator="op")]]
    cursor: str = Field(description="For the next request, whether more follows or not.")
    has_more: bool


@router.get("/changes", operation_id="listChanges", response_model=ChangeList, summary="List my changes")
async def list_changes(query: Annotated[ChangesQuery, Query()], feed: MyChanges) -> Response:
    """Returns the changes since a cursor: a client that applies them has the same tasks as in the list."""
    position = START if query.since is None else feed.decode(query.since)
    if position is None:
        raise ValidationFailed([FieldError("since", "Since is not a valid cursor")])
    found = await feed.since(position, query.limit)
    others = {"cursor": feed.encode(found.position), "has_more": found.has_more}
    return JSONBytesResponse(
        await write_json_list("changes", found.changes, lambda change: change[0], others)
    )


@router.get(
    "/events",
    operation_id="streamChanges",
    response_class=EventStream,
    status_code=200,
    summary="Stream my changes",
)
async def push_changes(
    feed: MyChanges, user: CurrentUser, streams: Streams, last_event_id: LastEventId = None
) -> Response:
    """Returns the same feed as Server-Sent Events: `id` is the cursor after the change, `data` the change."""
    position = START if last_event_id is None else feed.decode(last_event_id)
    if position is None:
        raise ValidationFailed([FieldError("Last-Event-ID", "Last-Event-ID is not a valid cursor")])
    return EventStream(feed, position, user, streams)
