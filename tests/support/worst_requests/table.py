"""The table: for each route, each operation of a batch and each tool its largest legal requests."""

from collections.abc import Iterator
from typing import Final, get_args

from starlette.routing import BaseRoute

from support.latency import Request
from support.worst_requests.comments import COMMENT_REQUESTS
from support.worst_requests.entries import Entry
from support.worst_requests.hostile import HOSTILE
from support.worst_requests.list_changes import LIST_CHANGES
from support.worst_requests.moves import MOVES
from support.worst_requests.own_data import OWN_DATA
from support.worst_requests.reading import READING
from support.worst_requests.spaces import SPACE_REQUESTS
from support.worst_requests.task_changes import TASK_CHANGES
from support.worst_requests.tokens import TOKEN_REQUESTS
from support.worst_requests.tools import TOOLS
from support.worst_requests.trash import TRASH_REQUESTS
from taskward.app import IN_SPACES, ROUTERS
from taskward.batch.operations import Op
from taskward.features import ENTITIES
from taskward.http.routing import StrictRoute
from taskward.mcp import tools

_SESSION: Final = Entry(
    "POST /app/session",
    "a request of another site",
    lambda _: Request("POST", "/app/session", headers=(("Origin", "http://taskward.test"),)),
    frozenset({404}),
)

_CHANGES: Final = tuple(entry for change in (*TASK_CHANGES, *LIST_CHANGES) for entry in change.entries())
TABLE: Final = (
    *READING,
    *_CHANGES,
    *TRASH_REQUESTS,
    *COMMENT_REQUESTS,
    *SPACE_REQUESTS,
    *MOVES,
    *TOKEN_REQUESTS,
    *OWN_DATA,
    *TOOLS,
    *HOSTILE,
    _SESSION,
)


def named_by_service() -> Iterator[str]:
    """Yields what must have an entry: routes by method, operations of a batch, and tools."""
    private = [route for router in ROUTERS if router not in IN_SPACES for route in router.routes]
    handlers = {_handler(route) for route in private}
    in_spaces = [route for router in IN_SPACES for route in router.routes]
    for route in (*private, *(route for route in in_spaces if _handler(route) not in handlers)):
        assert isinstance(route, StrictRoute)
        yield from (f"{method} {route.path}" for method in route.methods or ())
    yield from (f"{op} {entity.kind}" for op in get_args(Op) for entity in ENTITIES)
    yield from (tool.name for tool in tools.TOOLS)


def _handler(route: BaseRoute) -> str:
    """Returns the name of the function that handles a route: for a person and a space it is the same."""
    assert isinstance(route, StrictRoute)
    return f"{route.endpoint.__module__}.{route.endpoint.__name__}"
