"""An entry of the table: one of the largest legal requests to a route, or with an operation or a tool."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from support.latency import Reply, Request, Sender
from support.worst_requests.world import BIG, World

TASKS: Final = "/api/tasks"
LISTS: Final = "/api/lists"
TASK_BATCH: Final = "/api/tasks/batch"
BATCH: Final = "/api/batch"
OPERATIONS: Final = 100
"""In a batch."""

REFUSED: Final = 400
_TOOL_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that costs as much as it can; it is made anew each time, on rows of its own."""

    of: str
    """`POST /api/tasks`, `update task` for an operation of a batch, or `find_tasks` for a tool."""

    case: str
    make: Callable[[World], Sender]
    statuses: frozenset[int] = frozenset({200})
    """What it is answered with: the request is legal, and does what it should."""

    others: Mapping[str, Request] = field(default_factory=dict)
    """More requests of other users, which use what this one uses."""

    is_long_batch: bool = False
    """Whether it is a batch that changes thousands of rows, in one transaction. A tool's call is a batch."""

    is_first: bool = False
    """Whether only the first one in a process costs as much, so that it cannot be tried again."""

    @property
    def is_batch(self) -> bool:
        """Whether it is a batch, of an operation of it or of a tool's call."""
        method, _, path = self.of.partition(" ")
        return not path.startswith("/") or (method == "POST" and path.endswith("/batch"))

    def __str__(self) -> str:
        return f"{self.of}: {self.case}"


def request(
    method: str,
    path: str,
    value: Any = None,
    person: UUID = BIG,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Returns a request of the large owner, or of another person, with a value as its body."""
    body = b"" if value is None else orjson.dumps(value)
    return Request(method, path, body, tuple((headers or {}).items()), str(person))


def batch(operations: Iterable[Any], path: str = TASK_BATCH, person: UUID = BIG) -> Request:
    return request("POST", path, {"operations": list(operations)}, person)


def statuses(reply: Reply) -> set[int]:
    """Returns the status of a response, or those of the results of a batch; 400 if a tool has failed."""
    if reply.status != 200 or not reply.body.startswith(b"{"):
        return {reply.status}
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:  # it is longer than what is kept of a response
        return {reply.status}
    if "results" in value:
        return {one["status"] for one in value["results"]}
    if "jsonrpc" in value:
        return {_TOOL_ERROR if "error" in value or value["result"].get("isError") else 200}
    return {reply.status}
