"""The JSON Schemas of the tools' arguments, which agents read."""

from typing import Any, Final

from taskward.mcp.arguments import MAX_ITEMS

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


IDS: Final = array_of(string("The id of a task."), "Ids of tasks, as find_tasks returns them.")
LIST: Final = string("The title or the id of a list; inbox: in no list.")
KEY: Final = string(
    "Any text that you make up for this call. Send the same text if you repeat the call because no answer "
    "came: then nothing is created twice. Use another text for each other call."
)
NOW: Final = string(
    "The present time at the user, with an offset: 2026-11-21T14:30:00+01:00. Without it, the time in UTC."
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
}
NEW_TASK: Final = object_of(
    {
        **_COMMON,
        "due": object_of(_DATE, "date", description="By when it must be done."),
        "start": object_of(_DATE, "date", description="Before this it is nothing to do yet."),
        "recurrence": object_of(_RECURRENCE, "rule", description="Completing it creates the next one."),
        "priority": _PRIORITY,
        "labels": _LABELS,
    },
    "title",
)
TASK_CHANGES: Final = object_of(
    {
        "id": string("The id of the task."),
        **_COMMON,
        "due": nullable(object_of(_DATE, description="Only the given parts change; null removes it.")),
        "start": nullable(object_of(_DATE, description="Only the given parts change; null removes it.")),
        "recurrence": nullable(object_of(_RECURRENCE, description="null ends the series.")),
        "priority": {"enum": [*_PRIORITY["enum"], None], "description": "null removes it."},
        "add_labels": _LABELS,
        "remove_labels": _LABELS,
        "is_completed": {"type": "boolean"},
    },
    "id",
)
