"""Todoist: a response of the Sync API or a list of tasks, as JSON, or the CSV files of a backup."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from taskward.convert import todoist_csv
from taskward.convert.dates import (
    TaskDate,
    all_day,
    floating,
    local_time_in,
    minutes_between,
    moment_of,
    reminder_at,
    reminder_from_start,
    zone_name,
    zoned,
)
from taskward.convert.draft import Draft, SourceList
from taskward.convert.rules import recurrence
from taskward.convert.source import Source, Unconvertible
from taskward.convert.todoist_recurrence import rule_of
from taskward.convert.values import (
    day,
    flag,
    local_time,
    mapping,
    moment,
    number,
    objects,
    text,
    whole_number,
)

MEMBERS: Final = r"\.(?:csv|json)$"

PRIORITIES: Final = {4: "urgent", 3: "high", 2: "medium"}
"""By the number in the API, where 4 is p1 of the apps."""

Item = dict[str, Any]


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the projects and tasks of a file.

    Raises:
        Unconvertible: it is neither JSON with tasks nor a CSV file of a project.

    """
    if not source.is_json:
        yield from todoist_csv.read(source)
        return
    whole = source.json()
    items = _items(whole)
    references = _References(mapping(whole), source)
    yield from references.projects.values()
    for item in items:
        if flag(item.get("is_deleted")):
            source.report.of_file("deleted tasks are left out")
        else:
            yield _draft(item, references)


def _items(whole: Any) -> list[Item]:
    """Returns the tasks of a response, or of a list.

    Raises:
        Unconvertible: it is something else.

    """
    if isinstance(whole, dict):
        lists = (whole[key] for key in ("items", "tasks", "results") if isinstance(whole.get(key), list))
        whole = next(lists, None)
    items = list(objects(whole))
    if whole is None or any("content" not in item for item in items):
        raise Unconvertible('this is not JSON of Todoist: it has no "items" with "content"')
    return items


@dataclass(slots=True)
class _References:
    """The objects that tasks refer to, by id."""

    whole: Item
    source: Source
    projects: dict[str, SourceList] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    comments: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    reminders: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for one in sorted(self._existing("projects"), key=lambda one: number(one.get("child_order")) or 0):
            if not (flag(one.get("inbox_project")) or flag(one.get("is_inbox_project"))):
                self._add_project(one)
        self.sections = self._names("sections")
        self.labels = self._names("labels")
        for one in self._existing("notes", "comments"):
            self.comments[text(one.get("item_id") or one.get("task_id"))].append(text(one.get("content")))
        for one in self._existing("reminders"):
            self.reminders[text(one.get("item_id"))].append(one)

    def _existing(self, *kinds: str) -> Iterator[Item]:
        """Yields the objects of these kinds that were not deleted."""
        for kind in kinds:
            yield from (one for one in objects(self.whole.get(kind)) if not flag(one.get("is_deleted")))

    def _names(self, kind: str) -> dict[str, str]:
        return {text(one.get("id")): text(one.get("name")) for one in objects(self.whole.get(kind))}

    def _add_project(self, one: Item) -> None:
        key = text(one.get("id"))
        if one.get("parent_id"):
            self.source.report.of_file("projects in projects are lists beside each other now")
        self.projects[key] = SourceList(
            key, text(one.get("name")), moment(one.get("created_at")), flag(one.get("is_archived"))
        )


def _draft(item: Item, references: _References) -> Draft:
    key = text(item.get("id"))
    is_completed = flag(item.get("checked")) or flag(item.get("is_completed"))
    draft = Draft(
        key,
        text(item.get("content")),
        description=_description(item, references.comments.get(key, [])),
        created=_first_moment(item, "added_at", "created_at", "date_added"),
        updated=moment(item.get("updated_at")),
        is_completed=is_completed,
        completed_at=_first_moment(item, "completed_at", "date_completed"),
        priority=PRIORITIES.get(whole_number(item.get("priority")) or 0),
        labels=_labels(item, references),
        in_list=references.projects.get(text(item.get("project_id"))),
        parent=text(item.get("parent_id")) or None,
        order=number(item.get("child_order", item.get("order"))),
    )
    _add_dates(item, draft, references.source)
    _add_reminders(references.reminders.get(key, []), draft, references.source)
    if item.get("duration"):
        draft.notes.append("its duration is left out")
    if item.get("responsible_uid"):
        draft.notes.append("the person responsible is left out")
    return draft


def _description(item: Item, comments: list[str]) -> str:
    return "\n\n".join([text(item.get("description")), *(f"Comment: {comment}" for comment in comments)])


def _first_moment(item: Item, *names: str) -> Any:
    return next((found for name in names if (found := moment(item.get(name)))), None)


def _labels(item: Item, references: _References) -> list[str]:
    """Returns the labels, of older versions by their ids, and the section."""
    given = item.get("labels")
    labels = [references.labels.get(text(one), text(one)) for one in given] if isinstance(given, list) else []
    section = references.sections.get(text(item.get("section_id")))
    return [*labels, section] if section else labels


def _add_dates(item: Item, draft: Draft, source: Source) -> None:
    """Adds due and start: with a deadline, that is the due date and the other one the start."""
    due, deadline = mapping(item.get("due")), mapping(item.get("deadline"))
    draft.due = _date(due, draft)
    _add_recurrence(due, draft, source)
    last = day(deadline.get("date"))
    if last is None:
        return
    if draft.recurrence is not None:
        draft.notes.append("the deadline is left out: the date recurs")
        return
    draft.due, draft.start = all_day(last), draft.due


def _date(due: Item, draft: Draft) -> TaskDate | None:
    """Returns a due object: a day, a local time, or a time in UTC with a time zone."""
    given = text(due.get("datetime")) or text(due.get("date"))
    local = local_time(given)
    if local is None:
        if given:
            draft.notes.append(f'the due date is left out: "{given[:40]}" is not a date')
        return None
    if len(given.strip()) <= len("2026-01-31"):
        found = all_day(local.date())
    elif local.tzinfo is None:
        zone = _zone(due, draft)
        found = zoned(local, zone) if zone else floating(local)
    else:
        zone = _zone(due, draft) or "UTC"
        shown = local_time_in(local, zone)
        found = None if shown is None else zoned(shown, zone)
    if found is None:
        draft.notes.append("the due date is left out: it is not of the years 1970 to 9998")
    return found


def _zone(due: Item, draft: Draft) -> str | None:
    given = text(due.get("timezone"))
    zone = zone_name(given)
    if given and zone is None:
        draft.notes.append(f'the time zone "{given[:60]}" is unknown and left out')
    return zone


def _add_recurrence(due: Item, draft: Draft, source: Source) -> None:
    if not flag(due.get("is_recurring")) or draft.is_completed:
        return
    given = text(due.get("string"))
    read = rule_of(given) if text(due.get("lang") or "en") == "en" else None
    if read is None:
        draft.notes.append(
            f'the recurrence "{given[:60]}" is left out: it is not among those that can be converted'
        )
        return
    found = recurrence(read.text, draft.due, source.zone or "UTC", after_completion=read.after_completion)
    found.set_on(draft)


def _add_reminders(reminders: list[Item], draft: Draft, source: Source) -> None:
    for one in reminders:
        minutes = whole_number(one.get("minute_offset", one.get("mm_offset")))
        due = mapping(one.get("due"))
        found = _date(due, draft) if due else None
        if minutes is not None and one.get("type") != "absolute" and draft.due:
            draft.reminders.append(reminder_from_start(draft.due, draft.start, -minutes))
        elif found and draft.due and "time_zone" not in found and "time_zone" not in draft.due:
            draft.reminders.append({"offset_minutes": minutes_between(draft.due, found)})
        elif found and (at := moment_of(found, source.zone or "UTC")):
            draft.reminders.append(reminder_at(at))
        else:
            draft.notes.append("a reminder is left out: it is at a place, or has no time")
