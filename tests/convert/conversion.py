"""Shared by the tests of converters: files as bytes or samples, converted in memory."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from taskward.convert import convert
from taskward.convert.draft import Draft, SourceList
from taskward.convert.report import Report
from taskward.convert.source import sources
from taskward.me.import_models import Import
from taskward.tasks.steps.statements import MAX_LEVELS
from taskward.tasks.steps.subtasks import MAX_BELOW

SAMPLES = Path(__file__).parent / "samples"
SAMPLE_FORMATS = {
    "nextcloud.ics": "ical",
    "todoist-sync.json": "todoist",
    "todoist.csv": "todoist",
    "google.json": "google",
    "ticktick.csv": "ticktick",
    "taskwarrior.json": "taskwarrior",
    "vikunja.json": "vikunja",
    "microsoft.json": "microsoft",
}


@dataclass
class Converted:
    """A document and its report."""

    document: dict[str, Any]
    notes: list[str]

    @property
    def tasks(self) -> list[dict[str, Any]]:
        tasks: list[dict[str, Any]] = self.document["tasks"]
        return tasks

    def task(self, title: str) -> dict[str, Any]:
        (found,) = [task for task in self.tasks if task["title"] == title]
        return found

    def list_of(self, task: dict[str, Any]) -> str | None:
        """Returns the title of the list of a task."""
        titles = {one["id"]: one["title"] for one in self.document["lists"]}
        return titles[task["list_id"]] if "list_id" in task else None


def converted(name: str, content: bytes | str, file: str = "-", zone: str | None = None) -> Converted:
    given = content.encode() if isinstance(content, str) else content
    output = io.BytesIO()
    with Report() as report:
        convert(name, io.BytesIO(given), file, zone, output, report)
        notes = list(report.lines())
    return Converted(json.loads(output.getvalue()), notes)


def sample(name: str, zone: str | None = None) -> Converted:
    """Converts one of the sample files."""
    return converted(SAMPLE_FORMATS[name], (SAMPLES / name).read_bytes(), name, zone)


def drafts(name: str, content: bytes | str, file: str = "-", zone: str | None = None) -> dict[str, Draft]:
    """Returns the drafts of a file by title, before the limits are applied."""
    given = content.encode() if isinstance(content, str) else content
    module = import_module(f"taskward.convert.{name}")
    found: list[Draft | SourceList] = []
    with Report() as report:
        for source in sources(io.BytesIO(given), file, module.MEMBERS, zone, report):
            found += module.read(source)
    return {one.title: one for one in found if isinstance(one, Draft)}


def sample_drafts(name: str, zone: str | None = None) -> dict[str, Draft]:
    return drafts(SAMPLE_FORMATS[name], (SAMPLES / name).read_bytes(), name, zone)


def vtodo(*lines: str, calendar: str = "") -> str:
    """Returns a calendar with one task."""
    body = "\r\n".join(["UID:1", "CREATED:20260301T083000Z", "SUMMARY:Buy milk", *lines])
    return f"BEGIN:VCALENDAR\r\n{calendar}BEGIN:VTODO\r\n{body}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"


def todo(*lines: str, zone: str | None = None) -> Draft:
    """Returns the draft of a VTODO."""
    (draft,) = drafts("ical", vtodo(*lines), zone=zone).values()
    return draft


def problems(document: dict[str, Any]) -> list[str]:
    """Returns why an import would refuse a document, checked independently of how it is made."""
    try:
        Import.model_validate(document)
    except ValidationError as error:
        return [str(error)]
    tasks = {task["id"]: task for task in document["tasks"]}
    lists = {one["id"] for one in document["lists"]}
    found = ["an id is there twice"] * (len(tasks) < len(document["tasks"]))
    below = Counter[str]()
    for task in document["tasks"]:
        found += ["a list is missing"] * (task.get("list_id", "") not in {"", *lists})
        above = list(_above(task, tasks))
        found += ["it is too deep, or below itself"] * (len(above) > MAX_LEVELS - 1)
        if above:
            below[above[-1]["id"]] += 1
            found += ["it is in another list"] * (above[-1].get("list_id") != task.get("list_id"))
    return found + ["there are too many below one"] * any(count > MAX_BELOW for count in below.values())


def _above(task: dict[str, Any], tasks: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for _ in range(MAX_LEVELS):
        if "parent_id" not in task:
            return
        task = tasks[task["parent_id"]]
        yield task
