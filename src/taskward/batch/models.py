"""The bodies of `POST /api/batch` and of `POST /api/tasks/batch`.

A batch is parsed as a list of `operations.Operation`. Its fields are validated one operation at a time: an
invalid one is a 400 in its own result and does not reject the batch. The OpenAPI document shows each kind of
operation with its types.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from taskward.batch.operations import Operation, TaskOperation, ValidOperation
from taskward.http.errors import ServiceError
from taskward.http.validation import field_error
from taskward.lists.models import ListChanges, NewList
from taskward.tasks.models import NewTask, TaskChanges

MAX_OPERATIONS: Final = 100

MAX_SHORT: Final = 10
"""Operations that may each change all subtasks of a task, so that a batch of more is long."""

_IfMatch = Annotated[
    str | None,
    Field(description="As the header `If-Match`.", min_length=1, examples=['"1764000000000000"']),
]
_NewId = Annotated[
    UUID | None, Field(description="An id that the client has made: a UUIDv7. Without it, the service's own.")
]
_Option: TypeAlias = Literal["delete", "keep"] | None


class _TypedOperation(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CreateOperation(_TypedOperation):
    """Creates a task, as `POST /api/tasks` does, or `PUT /api/tasks/{task_id}` with `If-None-Match: *`."""

    op: Literal["create"]
    id: _NewId = None
    task: NewTask


class UpdateOperation(_TypedOperation):
    """Changes the given fields of a task, as `PUT /api/tasks/{task_id}` does."""

    op: Literal["update"]
    id: UUID
    if_match: _IfMatch = None
    task: TaskChanges


class DeleteOperation(_TypedOperation):
    """Deletes a task, as `DELETE /api/tasks/{task_id}` does."""

    op: Literal["delete"]
    id: UUID
    if_match: _IfMatch = None


class CreateTask(CreateOperation):
    """Creates a task, as `POST /api/tasks` does, or `PUT /api/tasks/{task_id}` with `If-None-Match: *`."""

    kind: Literal["task"] = "task"


class UpdateTask(UpdateOperation):
    """Changes the given fields of a task, as `PUT /api/tasks/{task_id}` does."""

    kind: Literal["task"] = "task"


class DeleteTask(DeleteOperation):
    """Deletes a task, as `DELETE /api/tasks/{task_id}` does."""

    kind: Literal["task"] = "task"
    subtasks: _Option = None


class CreateList(_TypedOperation):
    """Creates a list, as `POST /api/lists` does, or `PUT /api/lists/{list_id}` with `If-None-Match: *`."""

    op: Literal["create"]
    kind: Literal["list"]
    id: _NewId = None
    list: NewList


class UpdateList(_TypedOperation):
    """Changes the given fields of a list, as `PUT /api/lists/{list_id}` does."""

    op: Literal["update"]
    kind: Literal["list"]
    id: UUID
    if_match: _IfMatch = None
    list: ListChanges


class DeleteList(_TypedOperation):
    """Deletes a list, as `DELETE /api/lists/{list_id}` does."""

    op: Literal["delete"]
    kind: Literal["list"]
    id: UUID
    if_match: _IfMatch = None
    tasks: _Option = None


_BOUNDS: Final = Field(min_length=1, max_length=MAX_OPERATIONS)
_TypedTaskOperations: TypeAlias = Annotated[
    list[Annotated[CreateOperation | UpdateOperation | DeleteOperation, Field(discriminator="op")]], _BOUNDS
]
_TypedOperations: TypeAlias = Annotated[
    list[CreateTask | UpdateTask | DeleteTask | CreateList | UpdateList | DeleteList], _BOUNDS
]
"""The documented types of the operations."""


def _operation_count(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OPERATIONS:
        raise field_error(f"Operations must be a list of 1 to {MAX_OPERATIONS} operations")
    return value


class AnyBatch(BaseModel):
    """The common part of batches."""

    model_config = ConfigDict(extra="forbid")

    operations: Any
    atomic: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="All of them or none: with a failure among them, the others are 424."
    )
    _validated: list[ValidOperation | ServiceError] = PrivateAttr()

    def model_post_init(self, _context: Any) -> None:
        """Validates the operations, in the thread that validates the body, and drops their raw fields."""
        self._validated = [operation.validated() for operation in self.operations]
        self.operations = []

    def validated(self) -> list[ValidOperation | ServiceError]:
        """Returns each operation, or its error."""
        return self._validated

    def is_long(self) -> bool:
        """Returns whether the batch may change thousands of tasks."""
        valid = [one for one in self._validated if isinstance(one, ValidOperation)]
        deletes_several = any(one.option is not None for one in valid)
        return deletes_several or sum(one.may_change_others for one in valid) > MAX_SHORT


class Batch(AnyBatch):
    """The body of `POST /api/tasks/batch`."""

    operations: Annotated[
        list[TaskOperation], BeforeValidator(_operation_count, json_schema_input_type=_TypedTaskOperations)
    ]


class MixedBatch(AnyBatch):
    """The body of `POST /api/batch`."""

    operations: Annotated[
        list[Operation], BeforeValidator(_operation_count, json_schema_input_type=_TypedOperations)
    ]
