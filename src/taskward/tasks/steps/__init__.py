"""The writes of one owner as steps of a transaction, each for one operation: docs/contract.md, C2 and C4.

Each write checks everything before its first change, so that a batch can go on after one that fails.
"""

from datetime import timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from taskward.auth.current_user import User
from taskward.database.statements import TransactionSteps
from taskward.http.conditional import Versions
from taskward.tasks.models import NewTask, TaskChanges
from taskward.tasks.tables import TaskRecord

Subtasks: TypeAlias = Literal["keep", "delete"]
"""What happens to the subtasks of a deleted task: they move up to its parent, or are deleted too."""


class TaskSteps:
    """The writes of one owner; any of them may follow others in one transaction."""

    def __init__(self, user: User, tombstones_kept: timedelta) -> None:
        self._user = user
        self._tombstones_kept = tombstones_kept

    def create(self, new: NewTask, task_id: UUID | None = None) -> TransactionSteps[TaskRecord]:
        """Stores a new task; with a `task_id`, at that id, which `problem_of_client_id` has no problem with.

        Raises:
            PreconditionFailed: there is a task with that id.
            Gone: there was one.
            ValidationFailed: a list, parent or neighbour does not exist, or there is no room for it.

        """
        raise NotImplementedError

    def update(
        self, task_id: UUID, changes: TaskChanges, versions: Versions | None
    ) -> TransactionSteps[TaskRecord]:
        """Changes the given fields; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: as for `create`, or the changes do not fit what is stored.

        """
        raise NotImplementedError

    def delete(
        self, task_id: UUID, versions: Versions | None, subtasks: Subtasks = "keep"
    ) -> TransactionSteps[None]:
        """Deletes a task; with `versions`, only if it is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        raise NotImplementedError
