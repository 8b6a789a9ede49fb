"""Batches: up to a hundred operations, each answered like its single request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from taskward.batch.operations import ValidOperation
from taskward.batch.results import deletion_message
from taskward.database.statements import Rollback, TransactionSteps, Values
from taskward.entity import Entity, EntitySteps
from taskward.http.errors import ServiceError
from taskward.http.responses import dump_json
from taskward.idempotency.statements import store_response_steps
from taskward.tasks.records import version_tag

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

    steps: Mapping[Entity, EntitySteps]

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
            yield from store_response_steps(values)
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
        entity, steps = operation.entity, self.steps[operation.entity]
        match operation:
            case ValidOperation(op="create", body=new, id=new_id):
                return _stored(201, entity, (yield from steps.create(new, new_id)))
            case ValidOperation(op="update", body=changes, id=target, versions=versions):
                return _stored(200, entity, (yield from steps.update(target, changes, versions)))
            case ValidOperation(id=target, versions=versions, option=option, to=to):
                yield from steps.delete(target, versions, option, to)
                return {"status": 200, "message": deletion_message(entity), "id": str(target)}


def _stored(status: int, entity: Entity, record: Any) -> dict[str, Any]:
    return {"status": status, "etag": version_tag(record.version), entity.kind: entity.to_json(record)}


def batch_body(results: Iterable[Result]) -> bytes:
    """Returns the body of the response."""
    entries = [
        {"status": result.status, **result.envelope()} if isinstance(result, ServiceError) else result
        for result in results
    ]
    return dump_json({"results": entries})
