"""The declaration of tasks as an entity."""

from typing import Final

from taskward.entity import Entity
from taskward.tasks.tables import TASK_LABELS, TASKS, TOMBSTONES

TASK: Final = Entity(kind="task", table=TASKS, tombstones=TOMBSTONES, parts=(TASK_LABELS,))
