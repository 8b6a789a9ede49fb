"""Taskwarrior: the JSON of `task export`."""

import io
from collections.abc import Iterator
from typing import Any, Final

from taskward.convert.dates import TaskDate, date_in_zone
from taskward.convert.draft import Draft, SourceList
from taskward.convert.rules import recurrence
from taskward.convert.source import Source, Unconvertible, parse_json
from taskward.convert.taskwarrior_recurrence import rule_of
from taskward.convert.values import moment, number, objects, text, texts

MEMBERS: Final = r"\.json$"

_PRIORITIES: Final = {"H": "high", "M": "medium", "L": "low"}
_STATUSES: Final = frozenset({"pending", "waiting", "completed", "recurring"})
_KNOWN: Final = frozenset(
    {
        *("uuid", "description", "status", "entry", "modified", "end", "due", "wait", "scheduled"),
        *("priority", "tags", "project", "recur", "annotations", "parent"),
        *("id", "urgency", "mask", "imask", "rtype", "last", "template", "start"),
    }
)
"""Attributes that are converted, or that matter to Taskwarrior alone."""

Task = dict[str, Any]


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the tasks of an export. A recurring template becomes the rule of its last open task.

    Raises:
        Unconvertible: it is not such a file.

    """
    tasks = [task for task in _tasks(source) if _is_kept(task, source)]
    if source.zone is None:
        source.report.of_file("times are kept as times in UTC: --time-zone gives them another time zone")
    templates = {text(task.get("uuid")): task for task in tasks if task.get("status") == "recurring"}
    last_open = _last_open_tasks(tasks, templates)
    for task in tasks:
        uuid = text(task.get("uuid"))
        if uuid in templates and uuid in last_open:
            continue
        template = task if uuid in templates else templates.get(text(task.get("parent")))
        is_last_open = uuid in templates or last_open.get(text(task.get("parent"))) is task
        yield _draft(task, template if is_last_open else None, source)


def _tasks(source: Source) -> list[Task]:
    """Returns the tasks of a list, or of one object a line as older versions write it."""
    content = source.text()
    if content.lstrip().startswith("["):
        whole = parse_json(content)
        found = list(objects(whole))
        if not whole:
            return []
    else:
        lines = enumerate(io.StringIO(content, newline=None), 1)  # in JSON the line ends of Unicode are text
        found = [
            one for n, line in lines if line.strip() for one in _tasks_of_line(line.strip().rstrip(","), n)
        ]
    if not any("uuid" in task and "description" in task for task in found):
        raise Unconvertible('this is not an export of Taskwarrior: no task has "uuid" and "description"')
    return found


def _tasks_of_line(line: str, line_number: int) -> list[Task]:
    return list(objects([parse_json(line, line_number)]))


def _is_kept(task: Task, source: Source) -> bool:
    status = text(task.get("status"))
    if status == "deleted":
        source.report.of_file("deleted tasks are left out")
    elif status not in _STATUSES:
        title = text(task.get("description"))
        source.report.of_task("", title, f'it is left out: its status "{status[:40]}" is unknown')
    return status in _STATUSES


def _last_open_tasks(tasks: list[Task], templates: dict[str, Task]) -> dict[str, Task]:
    """Returns the last open task of each template."""
    last_open: dict[str, Task] = {}
    for task in tasks:
        parent = text(task.get("parent"))
        if parent in templates and task.get("status") in {"pending", "waiting"}:
            best = last_open.get(parent)
            if best is None or (number(task.get("imask")) or 0) >= (number(best.get("imask")) or 0):
                last_open[parent] = task
    return last_open


def _draft(task: Task, template: Task | None, source: Source) -> Draft:
    zone = source.zone or "UTC"
    project = text(task.get("project")).strip()
    draft = Draft(
        text(task.get("uuid")),
        text(task.get("description")),
        description=_annotations(task),
        created=moment(task.get("entry")),
        updated=moment(task.get("modified")),
        is_completed=task.get("status") == "completed",
        completed_at=moment(task.get("end")),
        priority=_PRIORITIES.get(text(task.get("priority"))),
        labels=texts(task.get("tags")),
        in_list=SourceList(project, project) if project else None,
    )
    draft.due = _date("due", task, zone, draft)
    draft.start = _date("wait" if task.get("wait") else "scheduled", task, zone, draft)
    draft.notes += [f"{name} is left out" for name in sorted(task.keys() - _KNOWN)]
    if task.get("wait") and task.get("scheduled"):
        draft.notes.append("scheduled is left out: wait is its start")
    if template is not None:
        _add_recurrence(text(template.get("recur")), zone, draft)
    return draft


def _add_recurrence(recur: str, zone: str, draft: Draft) -> None:
    rule = rule_of(recur)
    if rule is None:
        draft.notes.append(f'the recurrence "{recur[:40]}" is left out: it is not one of days')
        return
    recurrence(rule, draft.due, zone).set_on(draft)


def _date(name: str, task: Task, zone: str, draft: Draft) -> TaskDate | None:
    if not task.get(name):
        return None
    found = moment(task[name])
    task_date = None if found is None else date_in_zone(found, zone)
    if task_date is None:
        draft.notes.append(
            f'{name} is left out: "{text(task[name])[:40]}" is not a time of the years 1970 to 9998'
        )
    return task_date


def _annotations(task: Task) -> str:
    """Returns the annotations, one a line, each with its day."""
    lines = []
    for one in objects(task.get("annotations")):
        entry = moment(one.get("entry"))
        prefix = f"{entry:%Y-%m-%d}: " if entry else ""
        lines.append(prefix + text(one.get("description")))
    return "\n".join(lines)
