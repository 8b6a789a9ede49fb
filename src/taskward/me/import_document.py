"""The document of an import, validated slice by slice."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema

from taskward.http.errors import MAX_DETAILS, FieldError, ValidationFailed
from taskward.http.requests import MAX_KEYS, TOO_MANY_KEYS, nul_problems, replace_wide_objects
from taskward.http.validation import UNKNOWN_FIELD, field_errors, first_of_each_field
from taskward.lists.steps import MAX_LISTS, TOO_MANY_LISTS
from taskward.me.import_models import Import, ImportedComment, ImportedList, ImportedTask
from taskward.me.import_scanner import ARRAYS, Outline, Scanner, Slice, parse
from taskward.me.spool import Spool

BUDGET: Final = 0.004
"""Seconds that a thread works on a document before the event loop runs again."""

_NUL: Final = b"\\u0000"
_CONTAINERS: Final = frozenset({dict, list})
_TASK: Final = TypeAdapter(ImportedTask)
_LIST: Final = TypeAdapter(ImportedList)
_COMMENT: Final = TypeAdapter(ImportedComment)

T = TypeVar("T")


@dataclass(slots=True)
class Problems:
    """The first hundred problems of a document, and the number of further ones."""

    named: list[FieldError] = field(default_factory=list)
    omitted: int = 0

    def add(self, problems: Iterable[FieldError]) -> None:
        for problem in problems:
            if len(self.named) < MAX_DETAILS:
                self.named.append(problem)
            else:
                self.omitted += 1

    @property
    def full(self) -> bool:
        """Whether a further problem is counted and not named."""
        return len(self.named) >= MAX_DETAILS

    def check(self) -> None:
        """Raises ValidationFailed if there are any."""
        if self.named:
            raise ValidationFailed(self.named, omitted=self.omitted)


class ImportDocument:
    """The body of an import, known to be JSON; its fields are still to be validated."""

    def __init__(self, spool: Spool, outline: Outline) -> None:
        self._spool = spool
        self._outline = outline

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Makes the OpenAPI document describe it as the `Import` model."""
        return handler.generate_schema(Import)

    @classmethod
    async def of(cls, spool: Spool) -> "ImportDocument":
        """Reads the outline of a document.

        Raises:
            InvalidRequest: it is not a JSON object.
            ValidationFailed: a value in it is too large.

        """
        outline = Outline()
        async for found in in_thread(Scanner(spool).scan()):
            outline = found
        return cls(spool, outline)

    @property
    def count(self) -> int:
        """Returns the number of tasks."""
        return self._outline.count("tasks")

    async def lists(self, problems: Problems) -> list[ImportedList]:
        """Returns the lists, and adds the problems outside of tasks and comments to `problems`."""
        problems.add(first_of_each_field(_problems_beside_arrays(self._outline)))
        lists: list[ImportedList] = []
        if self._outline.keys <= MAX_KEYS and self._outline.count("lists") <= MAX_LISTS:
            async for some in self._items("lists", _LIST, problems):
                lists += some
        return lists

    async def tasks(self, problems: Problems) -> AsyncIterator[list[ImportedTask]]:
        """Yields the tasks in slices, and adds their problems to `problems`.

        Once there are problems, only empty lists are given; the rest is still validated.
        """
        if self._outline.keys <= MAX_KEYS:
            async for tasks in self._items("tasks", _TASK, problems):
                yield tasks

    async def comments(self, problems: Problems) -> AsyncIterator[list[ImportedComment]]:
        """Yields the comments as `tasks` does."""
        if self._outline.keys <= MAX_KEYS:
            async for comments in self._items("comments", _COMMENT, problems):
                yield comments

    async def validate(self) -> None:
        """Raises ValidationFailed if something in the document breaks a rule."""
        problems = Problems()
        await self.add_problems(problems)
        problems.check()

    async def add_problems(self, problems: Problems) -> None:
        """Adds all problems of the document."""
        await self.lists(problems)
        async for _ in self.tasks(problems):
            pass
        async for _ in self.comments(problems):
            pass

    async def _items(self, name: str, model: TypeAdapter[T], problems: Problems) -> AsyncIterator[list[T]]:
        slices = (self._validated(one, name, model, problems) for one in self._outline.slices(name))
        async for items in in_thread(slices):
            yield [] if problems.named else items

    def _validated(self, some: Slice, name: str, model: TypeAdapter[T], problems: Problems) -> list[T]:
        text = self._spool.read(some.start, some.end)
        values = parse(text, outside=2, is_list=True)
        may_hold_nul = _NUL in text
        items = []
        for n, value in enumerate(values, some.first):
            found = _problems_of_form(name, n, value) if may_hold_nul or _may_be_wide(value) else []
            try:
                items.append(model.validate_python(value))
            except ValidationError as error:
                if problems.full and not found:
                    problems.omitted += error.error_count()  # a field has one error: no need to name it
                elif not any(problem.message == TOO_MANY_KEYS for problem in found):
                    found += field_errors(error, within=(name, n))
            if found:
                problems.add(first_of_each_field(found))
        return items


def _problems_of_form(name: str, number: int, item: Any) -> list[FieldError]:
    """Returns the problems of form of a task or list: too many keys, U+0000."""
    within = {name: {number: item}}
    return replace_wide_objects(within) or nul_problems(within, depth=3)


def _may_be_wide(item: Any) -> bool:
    """Returns whether the value may be or contain an object with too many keys."""
    if not isinstance(item, dict):
        return isinstance(item, list)
    return len(item) > MAX_KEYS or not _CONTAINERS.isdisjoint(map(type, item.values()))


def _problems_beside_arrays(outline: Outline) -> Iterator[FieldError]:
    if outline.keys > MAX_KEYS:
        yield FieldError("body", TOO_MANY_KEYS)
        return
    yield from replace_wide_objects(outline.values)
    yield from nul_problems(outline.values)
    for name in ARRAYS:
        if name in outline.arrays and outline.arrays[name] is None:
            yield FieldError(name, f"{name.capitalize()} must be a list")
    if "tasks" not in outline.arrays:
        yield FieldError("tasks", "Tasks is required and cannot be empty")
    if outline.count("lists") > MAX_LISTS:
        yield FieldError("lists", TOO_MANY_LISTS)
    for name in outline.values:
        if name != "user":
            yield FieldError(name, UNKNOWN_FIELD)


async def in_thread(steps: Iterator[T], clock: Callable[[], float] = time.perf_counter) -> AsyncIterator[T]:
    """Iterates in threads, a few milliseconds at a time, and yields the results."""

    def some() -> tuple[list[T], bool]:
        found, end = [], clock() + BUDGET
        for one in steps:
            found.append(one)
            if clock() >= end:
                return found, True
        return found, False

    more = True
    while more:
        found, more = await asyncio.to_thread(some)
        for one in found:
            yield one
