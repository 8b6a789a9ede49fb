"""The activity of a space on the wire: the query and the response of its route."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from taskward.activity.tables import ActivityRecord
from taskward.http.cursors import well_formed_cursor
from taskward.http.responses import json_timestamp
from taskward.http.validation import Absent, query_number, strict_uuid

MAX_ENTRIES: Final = 200
"""Entries in one response at most."""

Action = Literal[
    "created",
    "updated",
    "completed",
    "reopened",
    "deleted",
    "trashed",
    "restored",
    "moved_in",
    "moved_out",
    "commented",
    "joined",
    "left",
    "removed",
    "role_changed",
    "renamed",
]
_IDS: Final = ("id", "actor_id", "task_id", "list_id", "comment_id", "member_id")


class ActivityQuery(BaseModel):
    """The query of `GET /api/spaces/{space_id}/activity`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_ENTRIES)] = Field(
        default=50, ge=1, le=MAX_ENTRIES, description="How many entries to return at most."
    )
    cursor: Annotated[str, well_formed_cursor()] | None = Field(
        default=None, description="`next_cursor` of the previous page, with the same `task_id`."
    )
    task_id: Annotated[UUID, strict_uuid("Task id")] | None = Field(
        default=None, description="Only what was done to this task and to its comments."
    )


class ActivityEntry(BaseModel):
    """A change by a member: names of fields, never their values."""

    id: UUID
    at: datetime = Field(description="RFC 3339, UTC.")
    actor_id: UUID | None = Field(description="The member who did it.")
    action: Action
    task_id: Annotated[UUID | Absent, Field(description="The task, or that of the comment.")] = None
    list_id: UUID | Absent = None
    comment_id: UUID | Absent = None
    member_id: UUID | Absent = None
    count: Annotated[
        int | Absent, Field(description="The number of tasks that changed with a list or a label.")
    ] = None
    fields: Annotated[list[str] | Absent, Field(description="The names of the fields that were given.")] = (
        None
    )
    via: Annotated[
        Literal["token", "service"] | Absent,
        Field(description="An access token of the member, or the app's back end for the member."),
    ] = None


class ActivityList(BaseModel):
    """A page of the activity of a space, newest first."""

    activity: list[ActivityEntry]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


def entry_json(entry: ActivityRecord) -> dict[str, Any]:
    """Returns an entry, ready for the JSON writer."""
    ids = {name: getattr(entry, name) for name in _IDS}
    others = {"action": entry.action, "count": entry.number, "via": entry.via}
    fields = None if entry.fields is None else orjson.loads(entry.fields)
    given = {name: str(one) for name, one in ids.items() if one is not None} | others | {"fields": fields}
    there = {name: value for name, value in given.items() if value is not None}
    return there | {"at": json_timestamp(entry.at), "actor_id": given.get("actor_id")}
