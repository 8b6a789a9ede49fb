"""Batches: up to a hundred operations, each answered like its single request."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from taskward.batch.operations import ValidOperation
from taskward.database.statements import Rollback, TransactionSteps, Values
from taskward.http.errors import ServiceError
from taskward.http.responses import dump_json
from taskward.lists.models import list_json
from taskward.lists.steps import ListSteps
from taskward.tasks.records import task_json, version_tag
from taskward.tasks.statements import DROP_EXPIRED_RESPONSES, STORE_RESPONSE
from taskward.tasks.steps import TaskSteps

Result: TypeAlias = dict[str, Any] | ServiceError


class NotApplied(ServiceError):
    """Another operation of the same atomic batch failed."""

    status = 424
    code = "NOT_APPLIED"
    text = "Not applied, because another operation of the batch failed"


class BatchOutcome(NamedTuple):
    """The results of a batch, and the body of its response if it was applied.

    An atomic batch with a failure is not.
    """

    results: Sequence[Result]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class BatchSteps:
    """The operations of one batch as steps of a transaction."""

    tasks: TaskSteps
    lists: ListSteps

    def run(
        self,
        operations: Sequence[ValidOperation | ServiceError],
        record_of: Callable[[bytes], Values | None],
        *,
        atomic: bool,
    ) -> TransactionSteps[BatchOutcome]:
        """Runs the operations in order and returns their results.

        `record_of` returns the values that store a response under its idempotency key; None without a key.
        """
        results: list[Result] = []
        for operation in operations:
            result = yield from self._result_of(operation)
            results.append(result)
        if atomic and any(isinstance(result, ServiceError) for result in results):
            failures = [result if isinstance(result, ServiceError) else NotApplied() for result in results]
            raise Rollback(BatchOutcome(failures, None))
        body = batch_body(results)
        if values := record_of(body):
            yield STORE_RESPONSE, values
            yield DROP_EXPIRED_RESPONSES, values
        return BatchOutcome(results, body)

    def _result_of(self, operation: ValidOperation | ServiceError) -> TransactionSteps[Result]:
        """Runs an operation; its error is its result, because it comes before its first change."""
        if isinstance(operation, ServiceError):
            return operation
        try:
            return (yield from self._steps_of(operation))
        except ServiceError as error:
            return error.with_traceback(None)  # its frames refer to the results: a cycle would keep them

    def _steps_of(self, operation: ValidOperation) -> TransactionSteps[dict[str, Any]]:
        match operation:
            case ValidOperation(kind="task", op="create", body=new, id=task_id):
                task = yield from self.tasks.create(new, task_id)
                return {"status": 201, "etag": version_tag(task.version), "task": task_json(task)}
            case ValidOperation(kind="task", op="update", body=changes, id=task_id, versions=versions):
                task = yield from self.tasks.update(task_id, changes, versions)
                return {"status": 200, "etag": version_tag(task.version), "task": task_json(task)}
            case ValidOperation(kind="task", id=task_id, versions=versions, option=option):
                yield from self.tasks.delete(task_id, versions, option or "keep")
                return {"status": 200, "message": "Task deleted successfully", "id": str(task_id)}
            case ValidOperation(op="create", body=new, id=list_id):
                one = yield from self.lists.create(new, list_id)
                return {"status": 201, "etag": version_tag(one.version), "list": list_json(one)}
            case ValidOperation(op="update", body=changes, id=list_id, versions=versions):
                one = yield from self.lists.update(list_id, changes, versions)
                return {"status": 200, "etag": version_tag(one.version), "list": list_json(one)}
            case ValidOperation(id=list_id, versions=versions, option=option):
                yield from self.lists.delete(list_id, option, versions)
                return {"status": 200, "message": "List deleted successfully", "id": str(list_id)}


def batch_body(results: Iterable[Result]) -> bytes:
    """Returns the body of the response."""
    entries = [
        {"status": result.status, **result.envelope()} if isinstance(result, ServiceError) else result
        for result in results
    ]
    return dump_json({"results": entries})
