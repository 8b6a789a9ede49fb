"""The batches of one owner."""

from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends

from taskward.batch.models import AnyBatch
from taskward.batch.steps import BatchSteps, Result, batch_body
from taskward.database import OWNED_ROWS, Queries
from taskward.database.statements import Values
from taskward.features import ENTITIES
from taskward.http.caller import Owner
from taskward.http.context import Context
from taskward.http.errors import PreconditionFailed, ServiceError
from taskward.idempotency.execution import PendingRecord
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.records import version_tag
from taskward.users.retention import RETENTION, Retention


class BatchResponse(NamedTuple):
    """The body of a response, whether the batch was applied, and whether it has changed anything.

    An atomic batch with a failure is not applied.
    """

    body: bytes
    applied: bool
    changed: bool


class BatchStore:
    """The batches of one owner, who is fixed for the store's lifetime."""

    def __init__(self, database: Queries, owner: Owner, list_cache: ListCache, retention: Retention) -> None:
        self._database = database
        self._list_cache = list_cache
        self._owner = owner
        self._steps = BatchSteps({one: one.batch_steps(owner, retention) for one in ENTITIES})

    async def run(self, batch: AnyBatch, record: PendingRecord | None = None) -> BatchResponse:
        """Runs the operations of a batch in one transaction."""
        operations = batch.validated()

        def record_of(body: bytes) -> Values | None:
            return {"owner": self._owner.id, **record.values(200, body)} if record else None

        results, body = await self._database.transact(
            lambda: self._steps.run(operations, record_of, atomic=batch.atomic), long=batch.is_long()
        )
        self._list_cache.forget(self._owner.id)
        if body is not None:
            changed = any(not isinstance(one, ServiceError) for one in results)
            return BatchResponse(body, applied=True, changed=changed)
        body = batch_body([await self._after_rollback(one) for one in results])
        return BatchResponse(body, applied=False, changed=False)

    async def _after_rollback(self, result: Result) -> Result:
        """Returns a result with the stored object, without the changes of the batch that was rolled back."""
        if not isinstance(result, PreconditionFailed) or result.current is None:
            return result
        ((kind, shown),) = result.current.items()
        values = {"owner": self._owner.id, f"{kind}_id": UUID(shown["id"])}
        entity = next(one for one in ENTITIES if one.kind == kind)
        rows = await self._database.rows(entity.get, values)
        if not rows:  # the batch had made it
            return PreconditionFailed("", result.error)
        stored = entity.record(*rows[0])
        return PreconditionFailed(version_tag(stored.version), result.error, {kind: entity.to_json(stored)})


def _my_batches(context: Context) -> BatchStore:
    parts = context.parts
    return BatchStore(parts[OWNED_ROWS], context.owner, parts[LIST_CACHE], parts[RETENTION])


MyBatches = Annotated[BatchStore, Depends(_my_batches)]
"""For a handler: the caller's batches."""
