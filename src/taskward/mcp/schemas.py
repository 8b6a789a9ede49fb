"""The JSON Schemas of the tools' arguments: what an agent reads of them."""

from typing import Any, Final

from taskward.mcp.arguments import MAX_ITEMS

Schema = dict[str, Any]


def text(description: str) -> Schema:
    return {"type": "string", "description": description}


def words(description: str, *values: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": description}


def several(item: Schema, description: str) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_ITEMS, "description": description}


def object_of(properties: Schema, *required: str, description: str | None = None) -> Schema:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema | ({"description": description} if description else {})


def nullable(schema: Schema) -> Schema:
    """Returns the schema of a value that null removes."""
    return {**schema, "type": [schema["type"], "null"]}


def nullable_word(description: str, word: str) -> Schema:
    return {"enum": [word, None], "description": description}


IDS: Final = several(text("The id of a task."), "Ids of tasks, as find_tasks returns them.")
LIST: Final = text("The title or the id of a list; inbox: in no list.")
KEY: Final = text(
    "Any text that you make up for this call. Send the same text if you repeat the call because no answer "
    "came: then nothing is created twice. Use another text for each other call."
)
NOW: Final = text(
    "The present time at the user, with an offset: 2026-11-21T14:30:00+01:00. Without it, the time in UTC."
)
_LABELS: Final = {"type": "array", "items": {"type": "string"}}
_DATE: Final = {
    "date": text("A day: 2026-11-21."),
    "time": nullable(text("A time of that day: 14:30. Without it, all day.")),
    "time_zone": nullable(text("Where that time is: Europe/Berlin. Without it, that of the user.")),
}
_RECURRENCE: Final = {
    "rule": text("An RRULE of days, without a time: FREQ=WEEKLY;BYDAY=MO,TH. It needs a due date."),
    "after": nullable_word("Count from the day it was completed, not from the schedule.", "completion"),
    "missed": nullable_word("Keep days that have passed, instead of skipping them.", "keep"),
}
_PRIORITY: Final = words("How important it is.", "low", "medium", "high", "urgent")
_COMMON: Final = {
    "title": text("1 to 200 characters."),
    "description": nullable(text("Up to 2000 characters.")),
    "list": nullable(LIST),
    "parent_id": nullable(text("The id of the task that this one is a part of.")),
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
        "id": text("The id of the task."),
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
