"""The JSON Schemas of the tools' arguments and results, which agents read."""

from collections.abc import Set as AbstractSet
from typing import Any, Final

from pydantic import BaseModel

from taskward.mcp.arguments import MAX_ITEMS
from taskward.tasks.models import NewTask, Task, TaskChanges

Schema = dict[str, Any]


def string(description: str) -> Schema:
    return {"type": "string", "description": description}


def enum_of(description: str, *values: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": description}


def array_of(item: Schema, description: str) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_ITEMS, "description": description}


def object_of(properties: Schema, *required: str, description: str | None = None) -> Schema:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema | ({"description": description} if description else {})


def nullable(schema: Schema) -> Schema:
    """Returns the schema of a value that null removes."""
    return {**schema, "type": [schema["type"], "null"]}


def nullable_constant(description: str, value: str) -> Schema:
    return {"enum": [value, None], "description": description}


def with_others(known: Schema, model: type[BaseModel], hidden: AbstractSet[str]) -> Schema:
    """Returns the known properties, and each other field of a model that is not hidden as the API has it."""
    schema = model.model_json_schema()
    others = [name for name in schema["properties"] if name not in known and name not in hidden]
    return known | {name: _inlined(schema["properties"][name], schema) for name in others}


def _inlined(schema: Any, root: Schema) -> Any:
    """Returns a schema without references, and without titles and defaults, which tell an agent nothing."""
    if isinstance(schema, list):
        return [_inlined(one, root) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]] | schema
    dropped = {"$ref", "title", "default"}
    return {name: _inlined(value, root) for name, value in schema.items() if name not in dropped}


IDS: Final = array_of(string("The id of a task."), "Ids of tasks, as find_tasks returns them.")
TRASHED_IDS: Final = array_of(string("The id of a task."), "Ids, as delete_tasks and find_trash return them.")
LIST: Final = string("The title or the id of a list; inbox: in no list.")
SPACE: Final = string("The title or the id of a space; without it, the user's own tasks and lists.")
ASSIGNEE: Final = string("Only in a space: me, or the id of a member as find_spaces returns it with a space.")
KEY: Final = string(
    "Any text that you make up for this call. Send the same text if you repeat the call because no answer "
    "came: then nothing is created twice. Use another text for each other call."
)
NEXT_PAGE: Final = string("The cursor of the previous result, with the same other arguments.")
NOW: Final = string(
    "The present time at the user, with an offset or Z: 2026-11-21T14:30:00+01:00. Without it, the time "
    "in UTC."
)
_LABELS: Final = {"type": "array", "items": {"type": "string"}}
_DATE: Final = {
    "date": string("A day: 2026-11-21."),
    "time": nullable(string("A time of that day: 14:30. Without it, all day.")),
    "time_zone": nullable(string("Where that time is: Europe/Berlin. Without it, that of the user.")),
}
_RECURRENCE: Final = {
    "rule": string("An RRULE of days, without a time: FREQ=WEEKLY;BYDAY=MO,TH. It needs a due date."),
    "after": nullable_constant("Count from the day it was completed, not from the schedule.", "completion"),
    "missed": nullable_constant("Keep days that have passed, instead of skipping them.", "keep"),
}
_PRIORITY: Final = enum_of("How important it is.", "low", "medium", "high", "urgent")
_COMMON: Final = {
    "title": string("1 to 200 characters."),
    "description": nullable(string("Up to 2000 characters.")),
    "list": nullable(LIST),
    "parent_id": nullable(string("The id of the task that this one is a part of.")),
    "assigned_to": nullable(ASSIGNEE),
}
_NOT_WRITTEN: Final = frozenset({"list_id", "position", "metadata", "reminders", "completed_at"})
"""The fields that agents do not write, or not under this name."""

_NEW_TASK: Final[Schema] = {
    **_COMMON,
    "due": object_of(_DATE, "date", description="By when it must be done."),
    "start": object_of(_DATE, "date", description="Before this it is nothing to do yet."),
    "recurrence": object_of(_RECURRENCE, "rule", description="Completing it creates the next one."),
    "priority": _PRIORITY,
    "labels": _LABELS,
}
NEW_TASK: Final = object_of(
    with_others(_NEW_TASK, NewTask, _NOT_WRITTEN | {"is_completed", "add_labels", "remove_labels"}),
    "title",
)
_TASK_CHANGES: Final[Schema] = {
    "id": string("The id of the task."),
    **_COMMON,
    "due": nullable(object_of(_DATE, description="Only the given parts change; null removes it.")),
    "start": nullable(object_of(_DATE, description="Only the given parts change; null removes it.")),
    "recurrence": nullable(object_of(_RECURRENCE, description="null ends the series.")),
    "priority": {"enum": [*_PRIORITY["enum"], None], "description": "null removes it."},
    "add_labels": _LABELS,
    "remove_labels": _LABELS,
    "is_completed": {"type": "boolean"},
}
TASK_CHANGES: Final = object_of(
    with_others(_TASK_CHANGES, TaskChanges, _NOT_WRITTEN | {"labels"}),
    "id",
)


def objects_of(schema: Schema, description: str | None = None) -> Schema:
    """Returns the schema of a list of these objects in a result."""
    return {"type": "array", "items": schema} | ({"description": description} if description else {})


def _open(*required: str) -> Schema:
    """Returns the schema of an object of the API, which may have further keys."""
    return {"type": "object", "required": list(required)}


_IDENTIFIER: Final[Schema] = {"type": "string"}
_INSTANT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_TASK: Final[Schema] = {
    "id": _IDENTIFIER,
    "title": _IDENTIFIER,
    "description": _IDENTIFIER,
    "is_shortened": {"type": "boolean", "description": "get_tasks returns the rest of it."},
    "is_completed": {"type": "boolean"},
    "completed_at": _INSTANT,
    "due": _open("date"),
    "start": _open("date"),
    "priority": _PRIORITY,
    "labels": _LABELS,
    "list": string("The title of its list; without it, it is in the inbox."),
    "list_id": _IDENTIFIER,
    "parent_id": _IDENTIFIER,
    "recurrence": _open("rule"),
    "reminders": objects_of(_open()),
    "series_id": string("The first task of its series."),
    "next_id": string("The task that was created when it was completed."),
    "metadata": {"type": "object"},
    "created_at": _INSTANT,
}
TASK: Final = object_of(
    with_others(_TASK, Task, {"user_id", "updated_at", "position"}),
    *("id", "title", "is_completed", "created_at"),
)
"""A task in a result; its properties are those that an agent gets."""

CURSOR: Final = string("There are more: send it with the same other arguments.")
NOT_SHOWN: Final = {
    "type": "array",
    "items": _IDENTIFIER,
    "description": "Ids of further tasks of this call, for which there was no room: get_tasks returns them.",
}
TASKS: Final = object_of({"tasks": objects_of(TASK), "not_shown": NOT_SHOWN}, "tasks")
TASK_PAGE: Final = object_of({"tasks": objects_of(TASK), "cursor": CURSOR}, "tasks")
_LIST_FORM: Final = {"id": _IDENTIFIER, "title": _IDENTIFIER}
NEW_LISTS: Final = object_of(
    {"lists": objects_of(object_of(_LIST_FORM, *_LIST_FORM)), "not_shown": objects_of(_IDENTIFIER)}, "lists"
)
LIST_PAGE: Final = object_of(
    {
        "lists": objects_of(
            object_of(_LIST_FORM | {"is_archived": {"type": "boolean"}}, *_LIST_FORM, "is_archived")
        ),
        "cursor": CURSOR,
    },
    "lists",
)
_ROLE: Final = enum_of("What the member may do.", "owner", "editor", "viewer")
_MEMBER: Final[Schema] = {"id": _IDENTIFIER, "name": nullable(_IDENTIFIER), "role": _ROLE}
_SPACE: Final[Schema] = {
    "id": _IDENTIFIER,
    "title": _IDENTIFIER,
    "is_archived": {"type": "boolean"},
    "role": enum_of("What the user may do.", "owner", "editor", "viewer"),
    "member_id": string("The user, as tasks name them under assigned_to, created_by and updated_by."),
}
SPACE_PAGE: Final = object_of(
    {
        "spaces": objects_of(
            object_of(
                _SPACE | {"members": objects_of(object_of(_MEMBER, *_MEMBER), "If a space was given.")},
                *_SPACE,
            )
        ),
        "cursor": CURSOR,
    },
    "spaces",
)
LABEL_PAGE: Final = object_of(
    {
        "labels": objects_of(object_of({"label": _IDENTIFIER, "tasks": _COUNT}, "label", "tasks")),
        "cursor": CURSOR,
    },
    "labels",
)
DELETED: Final = object_of(
    {
        "deleted": objects_of(_IDENTIFIER),
        "in_trash": {"type": "boolean", "description": "Whether restore_tasks restores them."},
        "not_found": objects_of(_IDENTIFIER),
    },
    *("deleted", "in_trash", "not_found"),
)
RESTORED: Final = object_of(
    {
        "restored": objects_of(_IDENTIFIER, "These are tasks again."),
        "not_found": objects_of(_IDENTIFIER, "These are neither in the trash nor tasks."),
    },
    *("restored", "not_found"),
)
TRASHED: Final = object_of(
    {
        "id": _IDENTIFIER,
        "title": _IDENTIFIER,
        "deleted_at": _INSTANT,
        "deleted_with": string("In place of an id: the task to restore, whose deletion took this one along."),
    },
    *("title", "deleted_at"),
)
TRASH_PAGE: Final = object_of({"tasks": objects_of(TRASHED), "cursor": CURSOR}, "tasks")
_COUNTS: Final = dict.fromkeys(("open", "overdue", "today", "later", "undated"), _COUNT)
OVERVIEW: Final = object_of(
    {
        "now": _INSTANT,
        "counts": object_of(_COUNTS, *_COUNTS),
        "overdue": objects_of(TASK),
        "today": objects_of(TASK),
        "has_more": {
            "type": "boolean",
            "description": "Whether there are more tasks of these kinds: find_tasks with due_before, sorted "
            "by due, returns them page by page.",
        },
    },
    *("now", "counts", "overdue", "today", "has_more"),
)
