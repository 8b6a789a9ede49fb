"""The responses of `POST /api/batch` and of `POST /api/tasks/batch`, for the OpenAPI document."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from taskward.http.body_schemas import EXACTLY_ONE, without
from taskward.lists.models import List, ListDeleted
from taskward.tasks.models import Task, TaskDeleted


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


class CreatedListResult(BaseModel):
    """The result of an operation that created a list."""

    status: Literal[201]
    etag: str
    list: List


class UpdatedListResult(BaseModel):
    """The result of an operation that updated a list."""

    status: Literal[200]
    etag: str
    list: List


class DeletedListResult(ListDeleted):
    """The result of an operation that deleted a list."""

    status: Literal[200]


class BrokenField(BaseModel):
    """The problem of one field."""

    field: str
    message: str


_CurrentTag: TypeAlias = Annotated[str, Field(description="The entity tag of what is there.")]
_Details: TypeAlias = Annotated[list[BrokenField], Field(description="Present where fields can be named.")]


class MismatchedResult(BaseModel):
    """The result of an operation not carried out: the task is in another version, or there already."""

    status: Literal[412]
    error: str
    code: str
    task: Task = Field(description="The task that is there.")
    etag: _CurrentTag


class MismatchedListResult(BaseModel):
    """The result of an operation not carried out: the list is in another version, or there already."""

    status: Literal[412]
    error: str
    code: str
    list: List = Field(description="The list that is there.")
    etag: _CurrentTag


class FailedResult(BaseModel):
    """The result of an operation that was not carried out: the error of its single form, or 424."""

    model_config = ConfigDict(json_schema_extra=without("task", "list"))

    status: Literal[400, 404, 409, 410, 412, 424] = Field(
        description="412 only if the batch had made the object itself, and was not applied."
    )
    error: str
    code: str
    details: _Details = []


_TaskResult: TypeAlias = CreatedResult | UpdatedResult | DeletedResult | MismatchedResult
_ListResult: TypeAlias = CreatedListResult | UpdatedListResult | DeletedListResult | MismatchedListResult


class BatchResults(BaseModel):
    """The results of a batch, in the order of its operations."""

    results: list[Annotated[_TaskResult | FailedResult, EXACTLY_ONE]]


class MixedBatchResults(BaseModel):
    """The results of a batch, in the order of its operations."""

    results: list[Annotated[_TaskResult | _ListResult | FailedResult, EXACTLY_ONE]]
