"""The errors of requests on tasks."""

from typing import Final

from taskward.http.errors import NotFound

TASK_CHANGED: Final = "The task has been changed since it was read"
"""The text of a PreconditionFailed about a task in another version."""

TASK_DELETED: Final = "The task was deleted"
"""The text of a Gone about a task."""


class TaskNotFound(NotFound):
    text = "Task not found"
