"""The responses of `POST /api/batch` and of `POST /api/tasks/batch`, for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from taskward.http.validation import Absent
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


_Details = Annotated[list[BrokenField], Field(description="Present where fields can be named.")]


class FailedResult(BaseModel):
    """The result of an operation that was not carried out: the error of its single form, or 424."""

    status: Literal[400, 404, 409, 410, 412, 424]
    error: str
    code: str
    details: _Details = []
    etag: str | Absent = Field(default=None, description="Of the object that is there: with 412.")
    task: Task | Absent = Field(default=None, description="The task that is there: with 412.")
    list: List | Absent = Field(default=None, description="The list that is there: with 412.")


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


class MixedBatchResults(BaseModel):
    """The results of a batch, in the order of its operations."""

    model_config = ConfigDict(json_schema_extra=_exactly_one)

    results: list[
        CreatedResult
        | UpdatedResult
        | DeletedResult
        | CreatedListResult
        | UpdatedListResult
        | DeletedListResult
        | FailedResult
    ]
