"""The entities and their routes: what concerns every kind of object walks these lists, and names none."""

from typing import Final

from taskward.entity import Entity
from taskward.labels import routes as labels
from taskward.lists import routes as lists
from taskward.lists.entity import LIST
from taskward.tasks import routes as tasks
from taskward.tasks.entity import TASK
from taskward.tokens import routes as tokens
from taskward.trash import routes as trash

ENTITIES: Final[tuple[Entity, ...]] = (TASK, LIST)
"""Tasks are first: they are meant where a request names no kind."""

ROUTERS: Final = (tasks.router, labels.router, lists.router, trash.router, tokens.router)
"""In the order of the OpenAPI document."""
