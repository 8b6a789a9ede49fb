"""Shared by the tests of converters: files as bytes or samples, converted in memory."""

import io
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from taskward.convert import convert
from taskward.convert.draft import Draft, SourceList
from taskward.convert.report import Report
from taskward.convert.source import sources

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
