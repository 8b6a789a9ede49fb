"""Batches: up to a hundred operations, each validated and answered like its single request."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from taskward.database.statements import Rollback, TransactionSteps, Values, Write
from taskward.http.errors import NotFound, PreconditionFailed, ServiceError
from taskward.http.responses import dump_json
from taskward.tasks.commands import TaskCommands
from taskward.tasks.models import task_json, version_tag
from taskward.tasks.operations import ValidOperation
from taskward.tasks.statements import DROP_EXPIRED_RESPONSES, GET_TASK, STORE_BATCH_RESPONSE
from taskward.tasks.tables import TaskRecord, task_record


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """A valid operation: its commands, and the conversion of its rows to a result."""

    op: str
    write: Write
    values: Values

    def result(self, task: TaskRecord) -> dict[str, Any]:
        if self.op == "delete":
            return {"status": 200, "message": "Task deleted successfully", "id": str(task.id)}
        status = 201 if self.op == "create" else 200
        return {"status": status, "etag": version_tag(task.version), "task": task_json(task)}


Result: TypeAlias = dict[str, Any] | ServiceError


def plan_operation(
    operation: ValidOperation | ServiceError, commands: TaskCommands
) -> PlannedOperation | ServiceError:
    """Returns the plan of a valid operation; for an invalid one, its error."""
    match operation:
        case ServiceError():
            return operation
        case ValidOperation(op="create"):
            return PlannedOperation("create", *commands.create(operation.task))
        case ValidOperation(op="update"):
            return PlannedOperation(
                "update", *commands.update(operation.task_id, operation.task, operation.versions)
            )
        case _:
            return PlannedOperation("delete", *commands.delete(operation.task_id, operation.versions))


class NotApplied(ServiceError):
    """Another operation of the same atomic batch failed."""

    status = 424
    code = "NOT_APPLIED"
    text = "Not applied, because another operation of the batch failed"


class BatchResponse(NamedTuple):
    """The body of a response, and whether the batch was applied; an atomic one with a failure is not."""

    body: bytes
    applied: bool


def batch_steps(
    planned: Sequence[PlannedOperation | ServiceError],
    kept: Callable[[bytes], Values | None],
    *,
    atomic: bool,
) -> TransactionSteps[BatchResponse]:
    """Runs the plans in order and returns the response.

    `kept` returns the values that store this response under its idempotency key, or None without one.
    """
    results: list[Result] = []
    for plan in planned:
        result = yield from _operation_steps(plan)
        results.append(result)
    if atomic and any(isinstance(result, ServiceError) for result in results):
        failures = (result if isinstance(result, ServiceError) else NotApplied() for result in results)
        raise Rollback(BatchResponse(_body(failures), applied=False))
    body = _body(results)
    if values := kept(body):
        yield STORE_BATCH_RESPONSE, values
        yield DROP_EXPIRED_RESPONSES, values
    return BatchResponse(body, applied=True)


def _operation_steps(plan: PlannedOperation | ServiceError) -> TransactionSteps[Result]:
    if isinstance(plan, ServiceError):
        return plan
    rows = yield plan.write, plan.values
    if rows:
        return plan.result(task_record(rows[0]))
    if plan.values["versions"] is None:  # no version was expected, so the task does not exist
        return NotFound()
    rows = yield GET_TASK, plan.values
    return PreconditionFailed(version_tag(task_record(rows[0]).version)) if rows else NotFound()


def _body(results: Iterable[Result]) -> bytes:
    told = [
        {"status": result.status, **result.envelope()} if isinstance(result, ServiceError) else result
        for result in results
    ]
    return dump_json({"results": told})
