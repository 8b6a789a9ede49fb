"""/api/changes and /api/events: docs/contract.md#changes-and-batches."""

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from taskward.auth.current_caller import CurrentCaller
from taskward.changes.feed import MAX_CHANGES, START, MyChanges, change_json
from taskward.changes.sse import INVALID_EVENT_ID, EventStream, LastEventId
from taskward.changes.statements import Kinds
from taskward.changes.streams import Streams
from taskward.http.body_schemas import EXACTLY_ONE, without
from taskward.http.cursors import well_formed_cursor
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import JSONBytesResponse, write_json_list
from taskward.http.routing import StrictRoute
from taskward.http.validation import field_error, query_number
from taskward.lists.models import List
from taskward.tasks.models import Task

_INVALID_SINCE: Final = "Since is not a valid cursor"
_KINDS: Final[dict[str, Kinds]] = {kinds: kinds for kinds in get_args(Kinds)} | {"lists,tasks": "tasks,lists"}
_StateTag: TypeAlias = Annotated[str, Field(description="The entity tag of that state.")]
_KindsText: TypeAlias = Annotated[str, Field(pattern="^(tasks|lists|tasks,lists|lists,tasks)$")]

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Changes"])


def _known_kinds(value: Any) -> Any:
    if value not in _KINDS:
        raise field_error("Kinds must be tasks, lists or both, like tasks,lists")
    return _KINDS[value]


class KindsQuery(BaseModel):
    """The query of `GET /api/events`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[Kinds, PlainValidator(_known_kinds, json_schema_input_type=_KindsText)] = Field(
        default="tasks",
        description="What the changes are of. A cursor is valid for the kinds that it was given for.",
        examples=["tasks,lists"],
        json_schema_extra={"default": "tasks"},
    )


class ChangesQuery(KindsQuery):
    """The query of `GET /api/changes`."""

    since: Annotated[str, well_formed_cursor(_INVALID_SINCE)] | None = Field(
        default=None, description="`cursor` of the previous response; without it, from the beginning."
    )
    limit: Annotated[int, query_number("Limit", 1, MAX_CHANGES)] = Field(
        default=MAX_CHANGES, ge=1, le=MAX_CHANGES, description="How many changes to return at most."
    )


class TaskUpsert(BaseModel):
    """A task that was created or changed, in its current state."""

    op: Literal["upsert"]
    task: Task
    etag: _StateTag


class ListUpsert(BaseModel):
    """A list that was created or changed, in its current state; only with `kinds`."""

    op: Literal["upsert"]
    list: List
    etag: _StateTag


class ListDeletion(BaseModel):
    """A deleted list; only with `kinds`."""

    op: Literal["delete"]
    kind: Literal["list"]
    id: UUID


class TaskDeletion(BaseModel):
    """A deleted task."""

    model_config = ConfigDict(json_schema_extra=without("kind"))

    op: Literal["delete"]
    id: UUID


Change: TypeAlias = TaskUpsert | ListUpsert | ListDeletion | TaskDeletion
"""Generated clients that try one class after the other find that of a list first: it has more keys."""


class ChangeList(BaseModel):
    """Changes, in the order in which they are to be applied."""

    changes: list[Annotated[Change, EXACTLY_ONE]]
    cursor: str = Field(description="For the next request, whether more follows or not.")
    has_more: bool


@router.get("/changes", operation_id="listChanges", response_model=ChangeList, summary="List my changes")
async def list_changes(query: Annotated[ChangesQuery, Query()], feed: MyChanges) -> Response:
    """Returns the changes since a cursor: a client that applies them has the same tasks as in the list."""
    feed = feed.of(query.kinds)
    position = START if query.since is None else feed.decode(query.since)
    if position is None:
        raise ValidationFailed([FieldError("since", _INVALID_SINCE)])
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
    feed = feed.of(query.kinds)
    position = START if last_event_id is None else feed.decode(last_event_id)
    if position is None:
        raise ValidationFailed([FieldError("Last-Event-ID", INVALID_EVENT_ID)])
    return EventStream(feed, position, caller, streams)
