"""Batches: up to a hundred operations, each validated and answered like its single request."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from taskward.database.statements import Rollback, TransactionSteps, Values
from taskward.http.errors import ServiceError
from taskward.http.responses import dump_json
from taskward.tasks.models import task_json, version_tag
from taskward.tasks.operations import ValidOperation
from taskward.tasks.statements import DROP_EXPIRED_RESPONSES, STORE_RESPONSE
from taskward.tasks.steps import TaskSteps
from taskward.tasks.tables import TaskRecord

Result: TypeAlias = dict[str, Any] | ServiceError
Plan: TypeAlias = Callable[[], TransactionSteps[dict[str, Any]]]
"""Runs a valid operation and returns its result."""


def plan_operation(operation: ValidOperation | ServiceError, steps: TaskSteps) -> Plan | ServiceError:
    """Returns the plan of a valid operation; for an invalid one, its error."""
    match operation:
        case ServiceError():
            return operation
        case ValidOperation(op="create"):
            return partial(_stored, 201, partial(steps.create, operation.task, operation.task_id))
        case ValidOperation(op="update"):
            arguments = operation.task_id, operation.task, operation.versions
            return partial(_stored, 200, partial(steps.update, *arguments))
        case _:
            return partial(_deleted, steps, operation)


def _stored(
    status: int, steps: Callable[[], TransactionSteps[TaskRecord]]
) -> TransactionSteps[dict[str, Any]]:
    task = yield from steps()
    return {"status": status, "etag": version_tag(task.version), "task": task_json(task)}


def _deleted(steps: TaskSteps, operation: ValidOperation) -> TransactionSteps[dict[str, Any]]:
    yield from steps.delete(operation.task_id, operation.versions, operation.subtasks)
    message = "Task deleted successfully"
    return {"status": 200, "message": message, "id": str(operation.task_id)}


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
    planned: Sequence[Plan | ServiceError],
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
        yield STORE_RESPONSE, values
        yield DROP_EXPIRED_RESPONSES, values
    return BatchResponse(body, applied=True)


def _operation_steps(plan: Plan | ServiceError) -> TransactionSteps[Result]:
    if isinstance(plan, ServiceError):
        return plan
    try:
        return (yield from plan())
    except ServiceError as error:  # raised before its first change
        return error


def _body(results: Iterable[Result]) -> bytes:
    told = [
        {"status": result.status, **result.envelope()} if isinstance(result, ServiceError) else result
        for result in results
    ]
    return dump_json({"results": told})
