"""The limits of the service, applied to a draft: what does not fit is shortened or left out, and noted."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from taskward.convert.draft import Draft
from taskward.convert.values import in_range
from taskward.http.responses import rfc3339
from taskward.http.validation import field_errors
from taskward.me.import_models import ImportedTask
from taskward.tasks.fields.labels import MAX_LABEL_LENGTH, MAX_LABELS, folded_label
from taskward.tasks.fields.reminders import MAX_OFFSET, MAX_REMINDERS
from taskward.tasks.fields.rule import present
from taskward.tasks.fields.texts import MAX_DESCRIPTION_LENGTH, MAX_TITLE_LENGTH

UNTITLED: Final = "Untitled"
UNKNOWN_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The creation time of tasks and lists without one, so that each conversion gives them the same id."""

_TASK: Final = TypeAdapter(ImportedTask)
_REQUIRED: Final = frozenset({"id", "title", "created_at", "updated_at", "is_completed"})


def limited_task(draft: Draft) -> dict[str, Any]:
    """Returns the task of a draft as in an export, without id, list and parent; adds to its notes."""
    title, description = _texts(draft)
    created = in_range(draft.created) or UNKNOWN_TIME
    task = {
        "title": title,
        "description": description or None,
        "is_completed": draft.is_completed,
        "created_at": rfc3339(created),
        "updated_at": rfc3339(in_range(draft.updated) or created),
        "due": draft.due,
        "start": draft.start,
        "priority": draft.priority,
        "labels": _labels(draft),
        "reminders": _reminders(draft),
        "recurrence": _recurrence(draft),
        "position": draft.position,
        "metadata": draft.metadata,
        **draft.others,
    }
    if draft.is_completed and (completed := in_range(draft.completed_at)):
        task["completed_at"] = rfc3339(completed)
    return present(task)


def without_invalid_fields(task: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """Returns the task without the fields that an import would reject; adds to the notes of its draft."""
    while True:
        try:
            _TASK.validate_python(task)
        except ValidationError as error:
            invalid = {problem.field.partition(".")[0]: problem.message for problem in field_errors(error)}
            if not _REQUIRED.isdisjoint(invalid):
                raise
            draft.notes += [f"{name} is left out: {message}" for name, message in invalid.items()]
            task = {name: value for name, value in task.items() if name not in invalid}
        else:
            return task


def clean_text(text: str) -> str:
    """Returns a text as it can be stored: trimmed, without U+0000 and lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def limited_title(title: str) -> str:
    """Returns the title of a list or task."""
    return clean_text(title)[:MAX_TITLE_LENGTH].strip() or UNTITLED


def _texts(draft: Draft) -> tuple[str, str]:
    whole, description = clean_text(draft.title), clean_text(draft.description)
    if not whole:
        draft.notes.append(f'it has no title: it is called "{UNTITLED}"')
    if len(whole) > MAX_TITLE_LENGTH:
        draft.notes.append(
            f"the title is cut at {MAX_TITLE_LENGTH} characters; all of it is in the description"
        )
        description = f"{whole}\n\n{description}".strip()
    if len(description) > MAX_DESCRIPTION_LENGTH:
        draft.notes.append(f"the description is cut at {MAX_DESCRIPTION_LENGTH} characters")
        description = description[:MAX_DESCRIPTION_LENGTH].strip()
    return limited_title(whole), description


def _labels(draft: Draft) -> list[str]:
    labels: dict[str, str] = {}
    for given in draft.labels:
        whole = clean_text(given)
        label = whole[:MAX_LABEL_LENGTH].strip()
        if len(whole) > MAX_LABEL_LENGTH:
            draft.notes.append(f'the label "{label}" is cut at {MAX_LABEL_LENGTH} characters')
        if label:
            labels.setdefault(folded_label(label), label)
    kept = list(labels.values())
    if len(kept) > MAX_LABELS:
        left = ", ".join(kept[MAX_LABELS:])
        draft.notes.append(f"it has more than {MAX_LABELS} labels; left out: {left}")
    return kept[:MAX_LABELS]


def _reminders(draft: Draft) -> list[dict[str, Any]]:
    fitting = [one for one in _distinct(draft.reminders) if _fits(one, draft)]
    if len(fitting) < len(draft.reminders):
        draft.notes.append("a reminder is left out: it is a repetition, too far away, or needs a due date")
    if len(fitting) > MAX_REMINDERS:
        draft.notes.append(f"it has more than {MAX_REMINDERS} reminders; the first ones are kept")
    return fitting[:MAX_REMINDERS]


def _fits(reminder: dict[str, Any], draft: Draft) -> bool:
    if "at" in reminder:
        return True
    return draft.due is not None and abs(reminder["offset_minutes"]) <= MAX_OFFSET


def _distinct(reminders: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({tuple(one.items()): one for one in reminders}.values())


def _recurrence(draft: Draft) -> dict[str, str] | None:
    if draft.recurrence is None or (draft.due and not draft.is_completed):
        return draft.recurrence
    reason = "the task is completed" if draft.is_completed else "it has no due date"
    draft.notes.append(f"the recurrence is left out: {reason}")
    return None
