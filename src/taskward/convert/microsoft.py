"""Microsoft To Do: the JSON of Microsoft Graph, of all lists with their tasks or of the tasks of one list."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from taskward.convert.dates import TaskDate, all_day, local_time_in, moment_of, reminder_at, zone_name
from taskward.convert.draft import Draft, SourceList
from taskward.convert.microsoft_recurrence import rule_of
from taskward.convert.plain_text import plain_text
from taskward.convert.rules import recurrence
from taskward.convert.source import Source, Unconvertible
from taskward.convert.values import flag, local_time, mapping, moment, objects, text, texts

MEMBERS: Final = r"\.json$"

_PRIORITIES: Final = {"low": "low", "high": "high"}

Task = dict[str, Any]


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the lists and tasks of a response of Graph.

    Raises:
        Unconvertible: it is not such a file.

    """
    whole = source.json()
    given = whole.get("value", [whole]) if isinstance(whole, dict) else whole
    values = list(objects(given))
    if not isinstance(given, list) or not all(_is_of_graph(one) for one in values):
        raise Unconvertible("this is not JSON of Microsoft Graph: it has neither lists nor tasks")
    _report_next_page(mapping(whole), source)
    yield from _read_values(values, source)


def _is_of_graph(one: Task) -> bool:
    """Returns whether an object is a list, a task, or a page of them."""
    return "displayName" in one or ("title" in one and "status" in one) or "value" in one


def _read_values(values: list[Task], source: Source) -> Iterator[Draft | SourceList]:
    for one in values:
        if "displayName" in one and "status" not in one:
            yield from _read_list(one, source)
        elif isinstance(one.get("value"), list):  # a page
            yield from _read_values(
                [inner for inner in objects(one["value"]) if "value" not in inner], source
            )
        else:
            yield from _drafts(one, None, source)


def _read_list(given: Task, source: Source) -> Iterator[Draft | SourceList]:
    title = text(given.get("displayName"))
    in_list = None
    if given.get("wellknownListName") != "defaultList":
        in_list = SourceList(text(given.get("id")) or title, title)
        yield in_list
    for task in _tasks_of(given.get("tasks") or given.get("value"), source):
        yield from _drafts(task, in_list, source)


def _tasks_of(given: Any, source: Source) -> Iterator[Task]:
    """Yields the tasks of an array, of a response of Graph, or of several responses."""
    if isinstance(given, dict):
        _report_next_page(given, source)
        given = [given]
    for one in objects(given):
        if "title" in one:
            yield one
        elif isinstance(one.get("value"), list):
            yield from objects(one["value"])
        else:
            source.report.of_file("what is neither a task nor a page of tasks is left out of a list")


def _report_next_page(page: Task, source: Source) -> None:
    if page.get("@odata.nextLink"):
        source.report.of_file("the file is one page of several: the others are not in it")


def _drafts(task: Task, in_list: SourceList | None, source: Source) -> Iterator[Draft]:
    """Yields a task and its steps."""
    draft = _draft(task, in_list, source)
    yield draft
    for number, step in enumerate(objects(task.get("checklistItems"))):
        yield Draft(
            text(step.get("id")) or f"{draft.source_id} {number}",
            text(step.get("displayName")),
            created=moment(step.get("createdDateTime")) or draft.created,
            is_completed=flag(step.get("isChecked")),
            completed_at=moment(step.get("checkedDateTime")),
            in_list=in_list,
            parent=draft.source_id,
            order=number,
        )


def _draft(task: Task, in_list: SourceList | None, source: Source) -> Draft:
    body = mapping(task.get("body"))
    content = text(body.get("content"))
    draft = Draft(
        text(task.get("id")) or f"{text(task.get('title'))} {text(task.get('createdDateTime'))}",
        text(task.get("title")),
        location=in_list.title if in_list else "",
        description=plain_text(content) if body.get("contentType") == "html" else content,
        created=moment(task.get("createdDateTime")),
        updated=moment(task.get("lastModifiedDateTime")),
        is_completed=task.get("status") == "completed",
        priority=_PRIORITIES.get(text(task.get("importance"))),
        labels=texts(task.get("categories")),
        in_list=in_list,
    )
    draft.completed_at = _moment(task.get("completedDateTime"), draft)
    draft.due = _day("dueDateTime", task, draft, source)
    draft.start = _day("startDateTime", task, draft, source)
    reminder = _moment(task.get("reminderDateTime"), draft)
    if flag(task.get("isReminderOn")) and reminder is not None:
        draft.reminders.append(reminder_at(reminder))
    if flag(task.get("hasAttachments")):
        draft.notes.append("its attachments are left out")
    if task.get("linkedResources"):
        draft.notes.append("its links are left out")
    _add_recurrence(mapping(task.get("recurrence")), draft, source)
    return draft


def _local(value: Any, draft: Draft) -> tuple[datetime, str] | None:
    """Returns a time and its time zone, which is UTC if it is unknown."""
    given = mapping(value)
    local = local_time(given.get("dateTime"))
    if local is None:
        return None
    name = text(given.get("timeZone")) or "UTC"
    zone = zone_name(name)
    if zone is None:
        draft.notes.append(f'the time zone "{name[:60]}" is unknown: UTC is used')
    return local.replace(tzinfo=None), zone or "UTC"


def _moment(value: Any, draft: Draft) -> datetime | None:
    found = _local(value, draft)
    if found is None or (day := all_day(found[0].date())) is None:
        return None
    return moment_of({**day, "time": f"{found[0]:%H:%M}"}, found[1])


def _day(name: str, task: Task, draft: Draft, source: Source) -> TaskDate | None:
    """Returns the day of a date.

    Clients write midnight of their own time zone, some of them in UTC: such a time is one in the time zone
    that the caller has given.
    """
    found = _local(task.get(name), draft)
    if found is None:
        if task.get(name):
            draft.notes.append(f"{name} is left out: it is not a time")
        return None
    local, _ = found
    if source.zone and f"{local:%H:%M}" != "00:00" and (moment := _moment(task[name], Draft("", ""))):
        local = local_time_in(moment, source.zone) or local
    return all_day(local.date())


def _add_recurrence(given: dict[str, Any], draft: Draft, source: Source) -> None:
    if not given or draft.is_completed:
        return
    rule = rule_of(mapping(given.get("pattern")), mapping(given.get("range")))
    if rule is None:
        draft.notes.append("the recurrence is left out: its pattern is unknown")
        return
    recurrence(rule, draft.due, source.zone or "UTC").set_on(draft)
