"""The entities: what concerns every kind of object walks this list, and names none."""

from typing import Final

from taskward.entity import Entity
from taskward.lists.entity import LIST
from taskward.tasks.entity import TASK

ENTITIES: Final[tuple[Entity, ...]] = (TASK, LIST)
"""Tasks are first: they are meant where a request names no kind."""
