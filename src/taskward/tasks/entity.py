"""The declaration of tasks as an entity."""

from typing import Final

from taskward.entity import Entity
from taskward.tasks.models import Task
from taskward.tasks.records import task_json
from taskward.tasks.tables import TASK_LABELS, TASKS, TOMBSTONES, TaskRecord

TASK: Final = Entity(
    kind="task",
    plural="tasks",
    table=TASKS,
    tombstones=TOMBSTONES,
    record=TaskRecord,
    to_json=task_json,
    model=Task,
    parts=(TASK_LABELS,),
)
