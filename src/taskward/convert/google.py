"""Google Tasks: `Tasks.json` of Google Takeout."""

from collections.abc import Iterator
from typing import Any, Final

from taskward.convert.dates import all_day
from taskward.convert.draft import Draft, SourceList
from taskward.convert.source import Source, Unconvertible
from taskward.convert.values import day, flag, mapping, moment, objects, text, whole_number

MEMBERS: Final = r"(?:^|/)Tasks\.json$"


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the lists and tasks of a file of all lists, or of one.

    Raises:
        Unconvertible: it is not such a file.

    """
    whole = mapping(source.json())
    kind = text(whole.get("kind"))
    if not isinstance(whole.get("items"), list) or not kind.startswith("tasks#"):
        raise Unconvertible(
            'this is not a Tasks.json of Google Takeout: it has no "kind" and "items" of tasks'
        )
    for one in objects(whole["items"]) if kind == "tasks#taskLists" else [whole]:
        yield from _read_list(one, source)


def _read_list(given: dict[str, Any], source: Source) -> Iterator[Draft | SourceList]:
    title = text(given.get("title")) or "My Tasks"
    in_list = SourceList(text(given.get("id")) or title, title)
    yield in_list
    for number, task in enumerate(objects(given.get("items"))):
        if flag(task.get("deleted")):
            source.report.of_file("deleted tasks are left out")
            continue
        draft = _draft(task, in_list)
        draft.location = f"{in_list.title}, item {number + 1}"
        draft.source_id = draft.source_id or f"{in_list.key} {number}"
        yield draft


def _draft(task: dict[str, Any], in_list: SourceList) -> Draft:
    due_day = day(task.get("due"))
    draft = Draft(
        text(task.get("id")),
        text(task.get("title")),
        description=text(task.get("notes")),
        created=moment(task.get("created")) or moment(task.get("updated")),
        updated=moment(task.get("updated")),
        is_completed=task.get("status") == "completed",
        completed_at=moment(task.get("completed")),
        due=None if due_day is None else all_day(due_day),
        in_list=in_list,
        parent=text(task.get("parent")) or None,
        order=whole_number(task.get("position")),
    )
    if task.get("due") and draft.due is None:
        draft.notes.append(f'the due date is left out: "{text(task["due"])[:40]}" is not a day')
    if task.get("links"):
        draft.notes.append("its links are left out")
    return draft
