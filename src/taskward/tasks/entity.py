"""The declaration of tasks as an entity."""

from functools import partial
from typing import Final

from taskward.entity import Entity
from taskward.tasks.models import NewTask, Task, TaskChanges
from taskward.tasks.records import task_json
from taskward.tasks.statements import GET_TASK
from taskward.tasks.steps import TaskSteps
from taskward.tasks.tables import TASK_LABELS, TASKS, TOMBSTONES, TaskRecord

TASK: Final = Entity(
    kind="task",
    plural="tasks",
    table=TASKS,
    tombstones=TOMBSTONES,
    record=TaskRecord,
    to_json=task_json,
    model=Task,
    new=NewTask,
    changes=TaskChanges,
    get=GET_TASK,
    batch_steps=partial(TaskSteps, is_batch=True),
    option="subtasks",
    trash="object",
    fields_of_others=frozenset({"is_completed", "list_id", "parent_id", "position"}),
    parts=(TASK_LABELS,),
)
