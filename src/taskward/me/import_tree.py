"""Resolves the parents of imported tasks and checks depth and size of each tree.

The tasks that are new are staged, each with the id of its parent as the document has it. A parent may come
later in the document, it may be stored under another id, and it may be a task that the owner already has.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from taskward.database import Queries
from taskward.database.statements import TransactionSteps
from taskward.http.errors import FieldError
from taskward.me.import_document import Problems, in_thread
from taskward.me.import_models import ImportedTask
from taskward.me.import_tree_statements import STAGED_AMONG, STAGED_CHILDREN
from taskward.tasks.steps.statements import ANCESTORS, MAX_LEVELS, SUBTREE
from taskward.tasks.steps.subtasks import MAX_BELOW

MAX_ROWS: Final = 1000

_FIRST: Final = UUID(int=0)


class _Anchor(NamedTuple):
    """A task that the owner already has, as a parent of new ones."""

    level: int
    top: UUID
    list_id: UUID | None
    below: int
    """The tasks below `top`."""


class _Place(NamedTuple):
    """The place of a task in the tree."""

    level: int
    top: UUID
    list_id: UUID | None
    is_anchored: bool


class ImportTree:
    """The tree of one import."""

    def __init__(self, database: Queries, owner: UUID) -> None:
        self._database = database
        self._owner = owner
        self.stored_ids: dict[UUID, UUID] = {}
        """By its id in the document, of a task that is stored under another one."""
        self._numbers: dict[UUID, int] = {}
        self._parents: dict[UUID, UUID] = {}
        self._lists: dict[UUID, UUID | None] = {}
        self._anchors: dict[UUID, _Anchor] = {}
        self._places: dict[UUID, _Place] = {}
        self._below: Counter[UUID] = Counter()
        self._changed: set[UUID] = set()

    def add(self, number: int, task: ImportedTask) -> None:
        """Adds a task of the document, before it is staged; its number names it in errors."""
        if task.id != task.stored_id:
            self.stored_ids[task.id] = task.stored_id
        if task.parent_id is not None:
            self._numbers[task.stored_id] = number

    async def resolve(self, problems: Problems) -> None:
        """Reads the staged references and adds what is wrong with them to `problems`."""
        if not self._numbers:
            return
        await self._read_children()
        await self._read_parents()
        async for _ in in_thread(self._check(problems)):
            pass

    def changed_rows(self) -> Iterator[str]:
        """Yields the staged tasks whose references change, in JSON arrays of `[id, parent_id, list_id]`."""
        changed = iter(self._changed)
        while some := list(islice(changed, MAX_ROWS)):
            rows = [(task, self._parents.get(task), self._list_of(task)) for task in some]
            yield orjson.dumps(rows).decode()

    def verify_steps(self) -> TransactionSteps[bool]:
        """Returns whether the parents that the owner already has are still where they were."""
        for parent, known in self._anchors.items():
            found = yield from self._anchor_steps(parent)
            if found != known:
                return False
        return True

    async def clear(self) -> None:
        """Frees what is known of the tasks: hundreds of thousands at once would hold the event loop."""
        async for _ in in_thread(self._drop_all()):
            pass

    def _drop_all(self) -> Iterator[None]:
        for known in (self._places, self._lists, self._parents, self._numbers, self.stored_ids):
            while known:
                known.popitem()
                yield
        while self._changed:
            self._changed.pop()
            yield

    async def _read_children(self) -> None:
        after = _FIRST
        while rows := await self._database.rows(
            STAGED_CHILDREN, {"owner": self._owner, "after_id": after, "limit": MAX_ROWS}
        ):
            for task, parent, list_id in rows:
                after, given = _uuid(task), _uuid(parent)
                self._parents[after] = self.stored_ids.get(given, given)
                self._lists[after] = list_id and _uuid(list_id)
                if given in self.stored_ids:
                    self._changed.add(after)
            await asyncio.sleep(0)  # SQLite returns the next page at once; this lets other requests run

    async def _read_parents(self) -> None:
        """Reads the parents that have none themselves, and drops references to what does not exist."""
        missing: set[UUID] = set()
        async for parents in self._unknown_parents():
            values = {"owner": self._owner, "ids": parents}
            staged = {
                _uuid(task): list_id for task, list_id in await self._database.rows(STAGED_AMONG, values)
            }
            self._lists |= {task: list_id and _uuid(list_id) for task, list_id in staged.items()}
            for parent in parents:
                if parent not in staged and not await self._read_anchor(parent):
                    missing.add(parent)
            await asyncio.sleep(0)
        await asyncio.to_thread(self._drop_references, missing)

    def _drop_references(self, missing: set[UUID]) -> None:
        for task in [task for task, parent in self._parents.items() if parent in missing]:
            del self._parents[task]
            self._changed.add(task)

    async def _unknown_parents(self) -> AsyncIterator[list[UUID]]:
        parents = iter(await asyncio.to_thread(lambda: set(self._parents.values()) - self._parents.keys()))
        while some := list(islice(parents, MAX_ROWS)):
            yield some

    async def _read_anchor(self, parent: UUID) -> bool:
        anchor = await self._database.transact(lambda: self._anchor_steps(parent))
        if anchor is not None:
            self._anchors[parent] = anchor
        return anchor is not None

    def _anchor_steps(self, parent: UUID) -> TransactionSteps[_Anchor | None]:
        ancestors = yield ANCESTORS, {"owner": self._owner, "task_id": parent}
        if not ancestors:
            return None
        top, list_id = _uuid(ancestors[-1][0]), ancestors[0][1]
        subtree = yield SUBTREE, {"owner": self._owner, "task_id": top}
        return _Anchor(len(ancestors), top, list_id and _uuid(list_id), len(subtree) - 1)

    def _check(self, problems: Problems) -> Iterator[None]:
        for task in self._parents:
            self._place(task, problems)
            yield

    def _place(self, task: UUID, problems: Problems) -> None:
        """Finds the place of a task and of those above it."""
        path: dict[UUID, None] = {}
        while task in self._parents and task not in self._places:
            if task in path:
                problems.add([self._problem(task, "parent_id", "A task cannot be below itself")])
                self._places |= dict.fromkeys(path, _Place(1, task, None, is_anchored=True))
                return
            path[task] = None
            task = self._parents[task]
        place = self._places.get(task) or self._root(task)
        for below in reversed(path):
            place = self._places[below] = self._place_below(below, place, problems)

    def _root(self, task: UUID) -> _Place:
        anchor = self._anchors.get(task)
        if anchor is None:
            return _Place(1, task, self._lists[task], is_anchored=False)
        self._below[anchor.top] = self._below[anchor.top] or anchor.below
        return _Place(anchor.level, anchor.top, anchor.list_id, is_anchored=True)

    def _place_below(self, task: UUID, above: _Place, problems: Problems) -> _Place:
        if above.level == MAX_LEVELS:
            problems.add([self._problem(task, "parent_id", f"Tasks nest at most {MAX_LEVELS} levels deep")])
        self._below[above.top] += 1
        if self._below[above.top] == MAX_BELOW + 1:
            message = f"A task has at most {MAX_BELOW} tasks below it"
            problems.add([self._problem(task, "parent_id", message)])
        own = self._lists[task]
        if own != above.list_id:
            if own is not None and not above.is_anchored:
                problems.add([self._problem(task, "list_id", "List must be that of the parent")])
            self._changed.add(task)
        return above._replace(level=above.level + 1)

    def _list_of(self, task: UUID) -> UUID | None:
        return self._places[task].list_id if task in self._places else self._lists[task]

    def _problem(self, task: UUID, field: str, message: str) -> FieldError:
        return FieldError(f"tasks.{self._numbers[task]}.{field}", message)


def _uuid(value: Any) -> UUID:
    return UUID(str(value))  # the driver's own class cannot be written as JSON
