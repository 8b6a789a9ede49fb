"""The declaration of lists as an entity."""

from functools import partial
from typing import Final

from taskward.entity import Entity
from taskward.lists.models import List, ListChanges, NewList, list_json
from taskward.lists.statements import GET_LIST
from taskward.lists.steps import ListSteps
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
    new=NewList,
    changes=ListChanges,
    get=GET_LIST,
    batch_steps=partial(ListSteps, is_batch=True),
    option="tasks",
    trash="option",
)
