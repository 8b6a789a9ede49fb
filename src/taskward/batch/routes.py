"""/api/batch and /api/tasks/batch: docs/contract.md#changes-and-batches and #ids-batches-and-kinds."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from taskward.batch.models import AnyBatch, Batch, MixedBatch
from taskward.batch.results import BatchResults, MixedBatchResults
from taskward.batch.store import BatchStore, MyBatches
from taskward.http.responses import JSONBytesResponse
from taskward.http.routing import PrivateRoute
from taskward.http.signature import BodyLimits
from taskward.idempotency.execution import (
    IdempotencyKey,
    Idempotent,
    IdempotentExecution,
    PendingRecord,
    Unchanged,
)

router = APIRouter(prefix="/api", route_class=PrivateRoute)

_LIMITS = BodyLimits(max_body=1024 * 1024, nul_depth=0, key_depth=3)
"""Each operation's object is checked like a body of its own."""


@router.post(
    "/tasks/batch",
    operation_id="batchTasks",
    response_model=BatchResults,
    tags=["Tasks"],
    summary="Run several operations on tasks",
)
async def run_task_batch(
    batch: Annotated[Batch, Body(), _LIMITS],
    batches: MyBatches,
    once: Idempotent,
    key: IdempotencyKey = None,
) -> Response:
    """Runs up to 100 operations in one transaction; each is answered like its single request."""
    return await _run(batches, batch, once, key)


@router.post(
    "/batch",
    operation_id="batch",
    response_model=MixedBatchResults,
    tags=["Batch"],
    summary="Run several operations on tasks, lists and comments",
)
async def run_batch(
    batch: Annotated[MixedBatch, Body(), _LIMITS],
    batches: MyBatches,
    once: Idempotent,
    key: IdempotencyKey = None,
) -> Response:
    """Runs up to 100 operations in one transaction, in order; each is answered like its single request."""
    return await _run(batches, batch, once, key)


async def _run(batches: BatchStore, batch: AnyBatch, once: IdempotentExecution, key: str | None) -> Response:
    async def run(record: PendingRecord | None) -> Response | Unchanged:
        body, applied, changed = await batches.run(batch, record)
        response = JSONBytesResponse(body)
        return response if changed else Unchanged(response, is_recorded=applied)

    return await once.run(key, run)
