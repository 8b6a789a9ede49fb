"""A batch: up to a hundred operations, each validated and answered as its single form would be."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from taskward.answers import write_json
from taskward.conditional import IfMatch, version_tag
from taskward.database.statements import Row, Steps, Undo, Values, Write
from taskward.errors import (
    FieldProblem,
    InvalidRequest,
    NotApplied,
    NotFound,
    PreconditionFailed,
    ServiceError,
    ValidationFailed,
)
from taskward.requests import holds_nul
from taskward.tasks.models import VERSION_COLUMN, NewTask, Task, TaskChanges, TaskDeleted, task_json
from taskward.tasks.statements import DROP_EXPIRED_ANSWERS, GET_TASK, KEEP_BATCH_ANSWER
from taskward.validation import NUL_REFUSED, UNKNOWN_FIELD, field_problems, refusal, strict_uuid

MOST_OPERATIONS: Final = 100

_NEW: Final = TypeAdapter(NewTask)
_CHANGES: Final = TypeAdapter(TaskChanges)
_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Task id")])
_VERSIONS: Final[TypeAdapter[str | None]] = TypeAdapter(IfMatch)


def _known_op(value: Any) -> Any:
    if value not in ("create", "update", "delete"):  # what is given need not be hashable
        raise refusal("Op must be one of create, update, delete")
    return value


def _some(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_OPERATIONS:
        raise refusal(f"Operations must be a list of 1 to {MOST_OPERATIONS} operations")
    return value


class Operation(BaseModel):
    """One operation; what is in `id`, `if_match` and `task` is judged as the single form would judge it."""

    model_config = ConfigDict(extra="forbid")

    op: Annotated[Literal["create", "update", "delete"], BeforeValidator(_known_op)]
    id: Any = Field(default=None, description="Of the task, for `update` and `delete`.")
    if_match: Any = Field(default=None, description="As the header `If-Match`, for `update` and `delete`.")
    task: Any = Field(default=None, description="As the body of the single form, for `create` and `update`.")


class Batch(BaseModel):
    """The body of `POST /api/tasks/batch`."""

    model_config = ConfigDict(extra="forbid")

    operations: Annotated[list[Operation], BeforeValidator(_some)] = Field(
        min_length=1, max_length=MOST_OPERATIONS
    )
    atomic: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="All of them or none: with a failure among them, the others are 424."
    )


class Written(BaseModel):
    """The result of an operation that created or updated a task."""

    status: Literal[200, 201]
    etag: str
    task: Task


class Deleted(TaskDeleted):
    """The result of an operation that deleted a task."""

    status: Literal[200]


class BrokenField(BaseModel):
    """What is wrong with one field of an operation."""

    field: str
    message: str


class Failed(BaseModel):
    """The result of an operation that was not carried out: the error of its single form, or 424."""

    status: Literal[400, 404, 412, 424]
    error: str
    code: str
    details: list[BrokenField] = Field(default=[], description="Present where fields can be named.")


class BatchResults(BaseModel):
    """What came of a batch, in the order of its operations."""

    results: list[Written | Deleted | Failed]


class Planner(Protocol):
    """Who turns validated operations into statements: the store of one owner."""

    def creation(self, new: NewTask) -> tuple[Write, dict[str, Any]]: ...
    def change(
        self, task_id: UUID, changes: TaskChanges, versions: str | None
    ) -> tuple[Write, dict[str, Any]]: ...
    def deletion(self, task_id: UUID, versions: str | None) -> tuple[Write, dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid operation: what it asks of the database, and how its result is told."""

    op: str
    write: Write
    values: Values

    def result(self, row: Row) -> dict[str, Any]:
        if self.op == "delete":
            return {"status": 200, "message": "Task deleted successfully", "id": str(row[0])}
        status = 201 if self.op == "create" else 200
        return {"status": status, "etag": version_tag(row[VERSION_COLUMN]), "task": task_json(row)}


Result: TypeAlias = dict[str, Any] | ServiceError


def plan_of(operation: Operation, planner: Planner) -> Plan | ServiceError:
    """Judge an operation as its single form would be, and give its plan or what is wrong with it."""
    try:
        match operation.op:
            case "create":
                _refuse_keys(operation, "id", "if_match")
                return Plan("create", *planner.creation(_judge_task(_NEW, operation, [])))
            case "update":
                problems: list[FieldProblem] = []
                target = _judge_target(operation, problems)
                changes = _judge_task(_CHANGES, operation, problems)
                return Plan("update", *planner.change(target[0], changes, target[1]))
            case _:
                _refuse_keys(operation, "task")
                problems = []
                target = _judge_target(operation, problems)
                if problems:
                    raise ValidationFailed(problems)
                return Plan("delete", *planner.deletion(*target))
    except ServiceError as error:
        return error


def batch_steps(
    planned: Sequence[Plan | ServiceError], kept: Callable[[bytes], Values | None], *, atomic: bool
) -> Steps[bytes]:
    """Carry out the plans in order; give the answer's body.

    `kept` gives the values with which that answer is kept under its key, or None without one.
    """
    results: list[Result] = []
    for plan in planned:
        result = yield from _operation_steps(plan)
        results.append(result)
    if atomic and any(isinstance(result, ServiceError) for result in results):
        raise Undo(_body(result if isinstance(result, ServiceError) else NotApplied() for result in results))
    body = _body(results)
    if values := kept(body):
        yield KEEP_BATCH_ANSWER, values
        yield DROP_EXPIRED_ANSWERS, values
    return body


def _operation_steps(plan: Plan | ServiceError) -> Steps[Result]:
    if isinstance(plan, ServiceError):
        return plan
    rows = yield plan.write, plan.values
    if rows:
        return plan.result(rows[0])
    if plan.values["versions"] is None:  # there was none, whatever is there by now
        return NotFound()
    rows = yield GET_TASK, plan.values
    return PreconditionFailed(version_tag(rows[0][VERSION_COLUMN])) if rows else NotFound()


def _body(results: Iterable[Result]) -> bytes:
    told = [
        {"status": result.status, **result.envelope()} if isinstance(result, ServiceError) else result
        for result in results
    ]
    return write_json({"results": told})


def _judge_target(operation: Operation, problems: list[FieldProblem]) -> tuple[Any, str | None]:
    """Give the id and the versions of `if_match`, and add to the problems what is wrong with them."""
    task_id = versions = None
    try:
        task_id = _ID.validate_python(operation.id)
    except ValidationError as error:
        problems += field_problems(error, "task_id")
    if operation.if_match is not None:
        try:
            given = operation.if_match
            versions = _VERSIONS.validate_python([given.encode("utf-8") if isinstance(given, str) else b""])
        except ValidationError as error:
            problems += field_problems(error, "If-Match")
    return task_id, versions


def _judge_task(kind: TypeAdapter[Any], operation: Operation, problems: list[FieldProblem]) -> Any:
    if not isinstance(operation.task, dict):
        raise InvalidRequest(reason="the task of an operation is not an object")
    nul = [FieldProblem(key, NUL_REFUSED) for key, value in operation.task.items() if holds_nul([key, value])]
    problems += nul
    task = None
    try:
        task = kind.validate_python(operation.task)
    except ValidationError as error:
        named = {problem.field for problem in nul}
        problems += [problem for problem in field_problems(error, "body") if problem.field not in named]
    if problems:
        raise ValidationFailed(problems)
    return task


def _refuse_keys(operation: Operation, *keys: str) -> None:
    given = [key for key in keys if getattr(operation, key) is not None]
    if given:
        raise ValidationFailed(FieldProblem(key, UNKNOWN_FIELD) for key in given)
