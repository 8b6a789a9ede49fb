"""Vikunja: the ZIP archive of a data export, or the `data.json` in it."""

from collections.abc import Iterator
from typing import Any, Final

from taskward.convert.dates import TaskDate, date_in_zone, reminder_at
from taskward.convert.draft import Draft, SourceList
from taskward.convert.plain_text import plain_text
from taskward.convert.rules import every, recurrence
from taskward.convert.source import Source, Unconvertible
from taskward.convert.values import flag, local_time, mapping, moment, number, objects, text, whole_number

MEMBERS: Final = r"(?:^|/)data\.json$"

_PRIORITIES: Final = {1: "low", 2: "medium", 3: "high", 4: "urgent", 5: "urgent"}
_DAY: Final = 24 * 60 * 60
_BY_MONTH: Final = 1
_FROM_COMPLETION: Final = 2
_UNSUPPORTED: Final = ("assignees", "attachments", "end_date", "hex_color", "percent_done")

Task = dict[str, Any]


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the projects and tasks of an export.

    Raises:
        Unconvertible: it is not such a file.

    """
    whole = source.json()
    if not isinstance(whole, list) or not all(isinstance(one, dict) and "title" in one for one in whole):
        raise Unconvertible("this is not a data export of Vikunja: it is not a list of projects")
    if source.zone is None:
        source.report.of_file("times are kept as times in UTC: --time-zone gives them another time zone")
    for project in _projects(whole):
        if project.get("parent_project_id"):
            source.report.of_file("projects in projects are lists beside each other now")
        title = text(project.get("title"))
        in_list = SourceList(
            text(project.get("id")) or title,
            title,
            moment(project.get("created")),
            flag(project.get("is_archived")),
        )
        yield in_list
        for task in objects(project.get("tasks")):
            yield _draft(task, in_list, source.zone or "UTC")


def _projects(whole: Any) -> Iterator[dict[str, Any]]:
    """Yields the projects; older versions have them in namespaces."""
    for one in objects(whole):
        if (whole_number(one.get("id")) or 0) >= 0:  # favourites have a negative one and repeat tasks
            yield from objects(one["lists"]) if isinstance(one.get("lists"), list) else [one]


def _draft(task: Task, in_list: SourceList, zone: str) -> Draft:
    draft = Draft(
        text(task.get("id")),
        text(task.get("title")),
        location=in_list.title,
        description=_description(task),
        created=moment(task.get("created")),
        updated=moment(task.get("updated")),
        is_completed=flag(task.get("done")),
        completed_at=moment(task.get("done_at")),
        due=_date(task.get("due_date"), zone),
        start=_date(task.get("start_date"), zone),
        priority=_PRIORITIES.get(whole_number(task.get("priority")) or 0),
        labels=[text(label.get("title")) for label in objects(task.get("labels"))],
        in_list=in_list,
        parent=_parent(task),
        order=number(task.get("position")) or None,
    )
    draft.notes += [f"{name} is left out" for name in _UNSUPPORTED if _is_given(task.get(name))]
    _add_reminders(task, draft)
    if not draft.is_completed:
        _add_recurrence(task, zone, draft)
    return draft


def _is_given(value: Any) -> bool:
    """Returns whether a property has a value; a time of the year 1 is none."""
    return moment(value) is not None if local_time(value) else bool(value)


def _date(value: Any, zone: str) -> TaskDate | None:
    found = moment(value)
    return None if found is None else date_in_zone(found, zone)


def _description(task: Task) -> str:
    """Returns the description, and the comments below it."""
    comments = [f"Comment: {plain_text(text(one.get('comment')))}" for one in objects(task.get("comments"))]
    return "\n\n".join([plain_text(text(task.get("description"))), *comments])


def _parent(task: Task) -> str | None:
    parents = objects(mapping(task.get("related_tasks")).get("parenttask"))
    return next((text(one.get("id")) for one in parents), None)


def _add_reminders(task: Task, draft: Draft) -> None:
    for one in objects(task.get("reminders")):
        seconds = whole_number(one.get("relative_period"))
        if one.get("relative_to") == "due_date" and seconds is not None and draft.due:
            draft.reminders.append({"offset_minutes": (_seconds_of(draft.due) + seconds) // 60})
        elif found := moment(one.get("reminder")):
            draft.reminders.append(reminder_at(found))
        else:
            draft.notes.append("a reminder is left out: it has no time")
    dates = task.get("reminder_dates")
    for value in dates if isinstance(dates, list) else ():
        if found := moment(value):
            draft.reminders.append(reminder_at(found))


def _seconds_of(due: TaskDate) -> int:
    """Returns the seconds from a due date to what it is in Vikunja: all day is the last second there."""
    return 0 if "time" in due else _DAY - 1


def _add_recurrence(task: Task, zone: str, draft: Draft) -> None:
    rule = text(task.get("repeats")) or _rule(task, draft)
    if rule:
        from_completion = task.get("repeat_mode") == _FROM_COMPLETION or flag(
            task.get("repeat_from_current_date")
        )
        recurrence(rule, draft.due, zone, after_completion=from_completion).set_on(draft)


def _rule(task: Task, draft: Draft) -> str | None:
    """Returns the rule of a number of seconds, or of each month."""
    if task.get("repeat_mode") == _BY_MONTH:
        return every("MONTHLY")
    seconds = whole_number(task.get("repeat_after")) or 0
    days, rest = divmod(seconds, _DAY)
    if seconds <= 0:
        return None
    if rest:
        draft.notes.append(f"the recurrence is left out: {seconds} seconds are not whole days")
        return None
    return every("DAILY", days) if days % 7 else every("WEEKLY", days // 7)
