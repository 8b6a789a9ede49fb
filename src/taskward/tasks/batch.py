"""A batch: up to a hundred operations, each validated and answered as its single form would be."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

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
from taskward.tasks.batch_models import Operation
from taskward.tasks.models import VERSION_COLUMN, NewTask, TaskChanges, task_json
from taskward.tasks.statements import DROP_EXPIRED_ANSWERS, GET_TASK, KEEP_BATCH_ANSWER
from taskward.validation import NUL_REFUSED, UNKNOWN_FIELD, field_problems, strict_uuid

_NEW: Final = TypeAdapter(NewTask)
_CHANGES: Final = TypeAdapter(TaskChanges)
_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Task id")])
_VERSIONS: Final[TypeAdapter[str | None]] = TypeAdapter(IfMatch)


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


class BatchResponse(NamedTuple):
    """The body of a response, and whether the batch was applied; an atomic one with a failure is not."""

    body: bytes
    applied: bool


def batch_steps(
    planned: Sequence[Plan | ServiceError], kept: Callable[[bytes], Values | None], *, atomic: bool
) -> Steps[BatchResponse]:
    """Carry out the plans in order; return the response.

    `kept` gives the values with which that answer is kept under its key, or None without one.
    """
    results: list[Result] = []
    for plan in planned:
        result = yield from _operation_steps(plan)
        results.append(result)
    if atomic and any(isinstance(result, ServiceError) for result in results):
        failures = (result if isinstance(result, ServiceError) else NotApplied() for result in results)
        raise Undo(BatchResponse(_body(failures), applied=False))
    body = _body(results)
    if values := kept(body):
        yield KEEP_BATCH_ANSWER, values
        yield DROP_EXPIRED_ANSWERS, values
    return BatchResponse(body, applied=True)


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
