"""The declaration of lists as an entity."""

from typing import Final

from taskward.entity import Entity
from taskward.lists.models import List, list_json
from taskward.lists.tables import ListRecord
from taskward.tasks.tables import LIST_TOMBSTONES, LISTS

LIST: Final = Entity(
    kind="list",
    plural="lists",
    table=LISTS,
    tombstones=LIST_TOMBSTONES,
    record=ListRecord,
    to_json=list_json,
    model=List,
)
