"""The body and the response of `POST /api/tasks/batch`.

A batch is parsed as a list of `operations.Operation`. Its fields are validated one operation at a time: an
invalid one is a 400 in its own result and does not reject the batch. The OpenAPI document shows each kind of
operation with its types.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from taskward.http.errors import ServiceError
from taskward.http.validation import field_error
from taskward.tasks.models import NewTask, Subtasks, Task, TaskChanges, TaskDeleted
from taskward.tasks.operations import Operation, ValidOperation, validated

MAX_OPERATIONS: Final = 100


_IfMatch = Annotated[
    str | None,
    Field(description="As the header `If-Match`.", min_length=1, examples=['"1764000000000000"']),
]


class _TypedOperation(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CreateOperation(_TypedOperation):
    """Creates a task, as `POST /api/tasks` does, or `PUT` with the id that the client has made."""

    op: Literal["create"]
    id: UUID | None = None
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
    subtasks: Subtasks = "keep"


_TypedOperations: TypeAlias = Annotated[
    list[Annotated[CreateOperation | UpdateOperation | DeleteOperation, Field(discriminator="op")]],
    Field(min_length=1, max_length=MAX_OPERATIONS),
]
"""The documented types of the operations."""


def _operation_count(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OPERATIONS:
        raise field_error(f"Operations must be a list of 1 to {MAX_OPERATIONS} operations")
    return value


class Batch(BaseModel):
    """The body of `POST /api/tasks/batch`."""

    model_config = ConfigDict(extra="forbid")

    operations: Annotated[
        list[Operation], BeforeValidator(_operation_count, json_schema_input_type=_TypedOperations)
    ]
    atomic: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="All of them or none: with a failure among them, the others are 424."
    )
    _validated: list[ValidOperation | ServiceError] = PrivateAttr()

    def model_post_init(self, _context: Any) -> None:
        """Validates the operations, in the thread that validates the body, and drops their raw fields."""
        self._validated = [validated(operation) for operation in self.operations]
        self.operations = []

    def validated(self) -> list[ValidOperation | ServiceError]:
        """Returns each operation, or what is wrong with it."""
        return self._validated


class CreatedResult(BaseModel):
    """The result of an operation that created a task."""

    status: Literal[201]
    etag: str
    task: Task


class UpdatedResult(BaseModel):
    """The result of an operation that updated a task."""

    status: Literal[200]
    etag: str
    task: Task


class DeletedResult(TaskDeleted):
    """The result of an operation that deleted a task."""

    status: Literal[200]


class BrokenField(BaseModel):
    """The problem of one field."""

    field: str
    message: str


class FailedResult(BaseModel):
    """The result of an operation that was not carried out: the error of its single form, or 424."""

    status: Literal[400, 404, 410, 412, 424]
    error: str
    code: str
    details: list[BrokenField] = Field(default=[], description="Present where fields can be named.")


def _exactly_one(schema: dict[str, Any]) -> None:
    """Documents the results as `oneOf`: their statuses and required keys rule each other out.

    They have no discriminator in the sense of OpenAPI: `status` is a number, and an update and a deletion
    are both 200.
    """
    items = schema["properties"]["results"]["items"]
    items["oneOf"] = items.pop("anyOf")


class BatchResults(BaseModel):
    """The results of a batch, in the order of its operations."""

    model_config = ConfigDict(json_schema_extra=_exactly_one)

    results: list[CreatedResult | UpdatedResult | DeletedResult | FailedResult]
