"""The batches of one owner."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from taskward.auth.current_user import User
from taskward.batch.models import AnyBatch
from taskward.batch.steps import BatchResponse, BatchSteps
from taskward.database import Queries
from taskward.database.statements import Values
from taskward.http.context import Context
from taskward.idempotency.execution import PendingRecord
from taskward.lists.steps import ListSteps
from taskward.tasks.list_cache import ListCache
from taskward.tasks.steps import TaskSteps


class BatchStore:
    """The batches of one owner, who is fixed for the store's lifetime."""

    def __init__(
        self, database: Queries, user: User, list_cache: ListCache, tombstones_kept: timedelta
    ) -> None:
        self._database = database
        self._list_cache = list_cache
        self._user = user
        self._steps = BatchSteps(
            TaskSteps(user, tombstones_kept, is_batch=True), ListSteps(user, tombstones_kept, is_batch=True)
        )

    async def run(self, batch: AnyBatch, record: PendingRecord | None = None) -> BatchResponse:
        """Runs the operations of a batch in one transaction and returns the response."""
        operations = batch.validated()

        def kept(body: bytes) -> Values | None:
            return {"owner": self._user.id, **record.values(200, body)} if record else None

        response = await self._database.transact(
            lambda: self._steps.run(operations, kept, atomic=batch.atomic), long=batch.is_long()
        )
        self._list_cache.forget(self._user.id)
        return response


def _my_batches(context: Context) -> BatchStore:
    services = context.services
    return BatchStore(services.database, context.caller, services.list_cache, services.tombstones_kept)


MyBatches = Annotated[BatchStore, Depends(_my_batches)]
"""For a handler: the caller's batches."""
