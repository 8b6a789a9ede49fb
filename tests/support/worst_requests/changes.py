"""A change of a task or a list: as a single request, and as the operations of a batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from support.latency import Sender
from support.worst_requests.entries import BATCH, LISTS, OPERATIONS, TASK_BATCH, TASKS, Entry, batch, request
from support.worst_requests.world import BIG, World

Operation: TypeAlias = dict[str, Any]

CREATED: Final = frozenset({201})
CHANGED: Final = frozenset({200})

_METHODS: Final = {"create": "POST", "update": "PUT", "delete": "DELETE"}
_PATHS: Final = {"task": TASKS, "list": LISTS}
_OPTIONS: Final = ("subtasks", "tasks", "to")


class Operations(NamedTuple):
    """Operations, and whose they are."""

    operations: Sequence[Operation]
    person: UUID = BIG


@dataclass(frozen=True, slots=True)
class Change:
    """An operation that costs as much as it can; `make` returns that many of them."""

    kind: Literal["task", "list"]
    op: Literal["create", "update", "delete"]
    case: str
    make: Callable[[World, int], Operations]
    statuses: frozenset[int]
    is_heavy: bool = False
    """Whether one touches hundreds of rows."""

    method: str = ""
    """Of the single request, if there are two that do the same."""

    def entries(self) -> Iterator[Entry]:
        """Yields it as a single request and as a batch."""
        method = self.method or _METHODS[self.op]
        one = "" if method == "POST" else f"/{{{self.kind}_id}}"
        yield Entry(f"{method} {_PATHS[self.kind]}{one}", self.case, self._single, self.statuses)
        long = self.is_heavy
        yield Entry(f"{self.op} {self.kind}", self.case, self._batch, self.statuses, is_long_batch=long)

    def _single(self, world: World) -> Sender:
        operations, person = self.make(world, 1)
        given, method = operations[0], self.method or _METHODS[self.op]
        path = _PATHS[self.kind] if method == "POST" else f"{_PATHS[self.kind]}/{given['id']}"
        query = "&".join(f"{name}={given[name]}" for name in _OPTIONS if name in given)
        headers = {"If-Match": given["if_match"]} if "if_match" in given else {}
        if self.op == "create" and method == "PUT":
            headers = {"If-None-Match": "*"}
        return request(method, f"{path}?{query}".rstrip("?"), given.get(self.kind), person, headers)

    def _batch(self, world: World) -> Sender:
        operations, person = self.make(world, world.scale.heavy if self.is_heavy else OPERATIONS)
        if self.kind == "task" and "subtasks" not in operations[0]:
            return batch(operations, TASK_BATCH, person)
        return batch(({**one, "kind": self.kind} for one in operations), BATCH, person)
