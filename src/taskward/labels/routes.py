"""/api/labels: docs/contract.md#optional-fields."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from taskward.http.conditional import IfNoneMatch, not_modified, tag_matches
from taskward.http.responses import JSONBytesResponse, dump_json
from taskward.http.routing import PrivateRoute
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.labels.models import LabelList, LabelRemoval, LabelRenaming, LabelsChanged, LabelsQuery
from taskward.labels.store import MyLabels

router = APIRouter(prefix="/api/labels", route_class=PrivateRoute, tags=["Labels"])


@router.get("", operation_id="listLabels", response_model=LabelList, summary="List my labels")
async def list_labels(
    query: Annotated[LabelsQuery, Query()], labels: MyLabels, known: IfNoneMatch = None
) -> Response:
    """Returns the labels in use, a page at a time, each with its number of tasks."""
    tag = await labels.tag(query)
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    page = await labels.page(query)
    listed = [{"label": label, "tasks": tasks} for label, tasks in page.labels]
    return JSONBytesResponse(dump_json({"labels": listed, "next_cursor": page.next_cursor}), tag=tag)


@router.post(
    "/rename", operation_id="renameLabel", response_model=LabelsChanged, summary="Rename a label everywhere"
)
async def rename_label(
    names: Annotated[LabelRenaming, Body()], labels: MyLabels, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Replaces a label of every task that has it, in one transaction; completed tasks too."""

    async def rename(record: PendingRecord | None) -> Response:
        return JSONBytesResponse(await labels.change(names.old, names.new, record))

    return await once.run(key, rename)


@router.post(
    "/remove", operation_id="removeLabel", response_model=LabelsChanged, summary="Remove a label everywhere"
)
async def remove_label(
    removal: Annotated[LabelRemoval, Body()], labels: MyLabels, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Removes a label from every task that has it, in one transaction; completed tasks too."""

    async def remove(record: PendingRecord | None) -> Response:
        return JSONBytesResponse(await labels.change(removal.label, None, record))

    return await once.run(key, remove)
