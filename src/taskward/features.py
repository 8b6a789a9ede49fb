"""The entities, the kinds of the change feeds, and the routes.

What concerns every kind of object walks these lists, and names none.
"""

from typing import Final

from taskward.comments import routes as comments
from taskward.comments.entity import COMMENT
from taskward.entity import Entity, FeedKind
from taskward.labels import routes as labels
from taskward.lists import routes as lists
from taskward.lists.entity import LIST
from taskward.spaces.kinds import MEMBER, MEMBERSHIP, SPACE
from taskward.tasks import routes as tasks
from taskward.tasks.entity import TASK
from taskward.trash import routes as trash

ENTITIES: Final[tuple[Entity, ...]] = (TASK, LIST, COMMENT)
"""Tasks are first: they are meant where a request names no kind."""

IN_DOCUMENTS: Final = (
    *(one for one in reversed(ENTITIES) if one.goes_with is None),
    *(one for one in ENTITIES if one.goes_with is not None),
)
"""In the order of an export: lists before the tasks in them, and after the tasks what goes with them."""

OF_PERSONS: Final[tuple[FeedKind, ...]] = (*ENTITIES, MEMBERSHIP)
OF_SPACES: Final[tuple[FeedKind, ...]] = (*ENTITIES, MEMBER, SPACE)
FEED_KINDS: Final[tuple[FeedKind, ...]] = (*ENTITIES, MEMBERSHIP, MEMBER, SPACE)
"""The kinds of objects in the change feed of a person, of a space, and of any owner."""

OWNER_ROUTERS: Final = (tasks.router, labels.router, lists.router, comments.router, trash.router)
"""Those whose routes a space has, too; in the order of the OpenAPI document."""
