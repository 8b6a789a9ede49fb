"""The declaration of lists as an entity."""

from typing import Final

from taskward.entity import Entity
from taskward.tasks.tables import LIST_TOMBSTONES, LISTS

LIST: Final = Entity(kind="list", table=LISTS, tombstones=LIST_TOMBSTONES)
