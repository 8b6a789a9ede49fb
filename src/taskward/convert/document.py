"""The document of an import, written from drafts. Only what connects tasks is kept in memory."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final, NamedTuple, Self
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from taskward.convert.draft import Draft, SourceList
from taskward.convert.limits import (
    UNKNOWN_TIME,
    limited_task,
    limited_title,
    without_invalid_fields,
)
from taskward.convert.report import Report
from taskward.convert.tree import Tree
from taskward.convert.values import in_range
from taskward.http.responses import rfc3339
from taskward.ids import imported_id_at
from taskward.lists.steps import MAX_LISTS
from taskward.tasks.positions import SMALL_DIGITS

MAX_REQUEST_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a document that the API takes; `taskward import` takes more."""

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "taskward:convert")
_PROGRESS: Final = 1000
"""Tasks that are written between two calls of `progress`."""


class _Entry(NamedTuple):
    """The part of a task that is kept in memory."""

    task_id: UUID
    location: str
    parent: str | None
    list_key: str | None
    order: float | None


class Document:
    """The lists and tasks of one conversion."""

    def __init__(self, name: str, report: Report) -> None:
        self._format = name
        self._report = report
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._entries: list[_Entry] = []
        self._numbers: dict[str, int] = {}
        self._repetitions = Counter[str]()
        """By the id in the source: the number that its last task has got, if several have it."""
        self._lists: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def add(self, one: Draft | SourceList) -> None:
        """Adds a list, or a task and its list."""
        if isinstance(one, SourceList):
            self._add_list(one)
        else:
            self._add_task(one)

    def write(self, output: BinaryIO, progress: Callable[[float], None]) -> None:
        """Writes the document; calls `progress` with the share that is written."""
        self._report.lists, self._report.tasks = len(self._lists), len(self._entries)
        output.write(b'{"lists":' + orjson.dumps(list(self._lists.values())) + b',"tasks":[')
        size = 0
        for number, task in enumerate(self._tasks()):
            piece = (b",\n" if number else b"\n") + orjson.dumps(task)
            size += len(piece)
            output.write(piece)
            if number % _PROGRESS == 0:
                progress(number / len(self._entries))
        output.write(b"]}\n")
        output.flush()
        progress(1)
        if size > MAX_REQUEST_SIZE:
            self._report.of_file(
                "the document is larger than 64 MiB, the limit of the API: use `taskward import`"
            )

    def _add_list(self, given: SourceList) -> None:
        if given.key in self._lists:
            return
        if len(self._lists) == MAX_LISTS:
            self._report.of_file(f"the tasks of lists after the first {MAX_LISTS} are in no list")
            return
        title = limited_title(given.title)
        if title != given.title.strip():
            self._report.of_file(f'the list "{given.title[:60]}" is now called "{title[:60]}"')
        created = in_range(given.created) or UNKNOWN_TIME
        self._lists[given.key] = {
            "id": str(given.own_id or self._id(f"list {given.key}", created)),
            "title": title,
            "is_archived": given.is_archived,
            "position": _position(len(self._lists) + 1),
            "created_at": rfc3339(created),
            "updated_at": rfc3339(created),
        }

    def _add_task(self, draft: Draft) -> None:
        if draft.in_list is not None:
            self._add_list(draft.in_list)
        key = self._free_key(draft)
        created = in_range(draft.created) or UNKNOWN_TIME
        task_id = draft.own_id if draft.own_id and key == draft.source_id else self._id(key, created)
        task = without_invalid_fields({"id": str(task_id), **limited_task(draft)}, draft)
        for note in draft.notes:
            self._report.of_task(draft.location, task["title"], note)
        list_key = draft.in_list.key if draft.in_list and draft.in_list.key in self._lists else None
        self._numbers[key] = len(self._entries)
        self._entries.append(_Entry(task_id, draft.location, draft.parent, list_key, draft.order))
        self._spool.write(orjson.dumps(task) + b"\n")

    def _free_key(self, draft: Draft) -> str:
        """Returns the id of a task in the source, with a number if it is taken."""
        if draft.source_id not in self._numbers:
            return draft.source_id
        draft.notes.append("another task of the file has the same id: both are kept")
        number = max(2, self._repetitions[draft.source_id] + 1)
        while (key := f"{draft.source_id} {number}") in self._numbers:
            number += 1
        self._repetitions[draft.source_id] = number
        return key

    def _id(self, key: str, created: datetime) -> UUID:
        key = key.encode("utf-8", "backslashreplace").decode()  # a lone surrogate has no bytes to hash
        return imported_id_at(created, uuid5(_NAMESPACE, f"{self._format} {key}"))

    def _tasks(self) -> Iterator[dict[str, Any]]:
        """Yields the tasks with their ids, parents, lists and positions."""
        tree = Tree(self._parents())
        positions = self._positions()
        self._spool.seek(0)
        for number, (line, entry) in enumerate(zip(self._spool, self._entries, strict=True)):
            task = orjson.loads(line)
            list_key = self._entries[tree.tops.get(number, number)].list_key
            if list_key is not None:
                task["list_id"] = self._lists[list_key]["id"]
            if number in tree.parents:
                task["parent_id"] = str(self._entries[tree.parents[number]].task_id)
            if number in positions:
                task.setdefault("position", positions[number])
            for note in self._notes(number, entry, list_key, tree):
                self._report.of_task(entry.location, task["title"], note)
            yield task

    def _parents(self) -> dict[int, int]:
        """Returns the parents that are in the file, by number."""
        return {
            number: self._numbers[entry.parent]
            for number, entry in enumerate(self._entries)
            if entry.parent is not None and entry.parent in self._numbers
        }

    def _notes(self, number: int, entry: _Entry, list_key: str | None, tree: Tree) -> Iterator[str]:
        if entry.parent is not None and entry.parent not in self._numbers:
            yield "its parent is not in the file: it is below none now"
        if number in tree.notes:
            yield tree.notes[number]
        if entry.list_key != list_key and entry.list_key is not None:
            yield "it is in the list of its parent now"

    def _positions(self) -> dict[int, str]:
        """Returns a position for each task that has a sort key."""
        ordered = [
            (entry.order, number) for number, entry in enumerate(self._entries) if entry.order is not None
        ]
        return {number: _position(rank) for rank, (_, number) in enumerate(sorted(ordered), 1)}


def _position(rank: int) -> str:
    """Returns a key of fractional indexing: an integer of five digits, before all default positions."""
    digits = []
    for _ in range(5):
        rank, digit = divmod(rank, len(SMALL_DIGITS))
        digits.append(SMALL_DIGITS[digit])
    return "e" + "".join(reversed(digits))
