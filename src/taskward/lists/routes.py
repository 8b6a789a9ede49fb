"""/api/lists: docs/contract.md#lists-subtasks-and-order."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from taskward.http.conditional import (
    CreateOnly,
    Gone,
    IfMatch,
    IfNoneMatch,
    not_modified,
    tag_matches,
)
from taskward.http.error_docs import error_responses
from taskward.http.responses import JSONBytesResponse, dump_json, json_response
from taskward.http.routing import PrivateRoute
from taskward.http.signature import AlternativeBody
from taskward.http.validation import strict_uuid
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.ids import problems_of_creation
from taskward.lists.errors import ListNotEmpty
from taskward.lists.models import (
    List,
    ListChanges,
    ListCollection,
    ListDeleted,
    ListDeletionQuery,
    NewList,
    list_json,
    list_path,
)
from taskward.lists.store import MyLists
from taskward.lists.tables import ListRecord
from taskward.tasks.records import version_tag

router = APIRouter(prefix="/api/lists", route_class=PrivateRoute, tags=["Lists"])

PutBody = Annotated[
    ListChanges | NewList,
    Body(),
    AlternativeBody(
        when="creates", then=NewList, otherwise=ListChanges, problems=problems_of_creation("list")
    ),
]

ListId = Annotated[UUID, strict_uuid("List id"), Path(description="A UUID, in any letter case.")]


@router.get("", operation_id="listLists", response_model=ListCollection, summary="List my lists")
async def list_lists(lists: MyLists, known: IfNoneMatch = None) -> Response:
    """Returns all lists of the caller, archived ones too, by position."""
    tag = await lists.tag()
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    return JSONBytesResponse(await lists.body(), tag=tag)


@router.post("", operation_id="createList", response_model=List, status_code=201, summary="Create a list")
async def create_list(
    new: Annotated[NewList, Body()], lists: MyLists, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Creates a list of the caller; with an idempotency key, once however often it is sent."""

    async def create(record: PendingRecord | None) -> Response:
        created = await lists.create(new, record)
        return list_response(created, 201, list_path(lists.owner, created.id))

    return await once.run(key, create)


@router.get("/{list_id}", operation_id="getList", response_model=List, summary="Read a list")
async def read_list(list_id: ListId, lists: MyLists, known: IfNoneMatch = None) -> Response:
    """Returns one list. One that does not exist and one of another user have the same response: 404."""
    found = await lists.get(list_id)
    if known is not None and tag_matches(tag := version_tag(found.version), known):
        return not_modified(tag)
    return list_response(found)


@router.put(
    "/{list_id}",
    operation_id="updateList",
    response_model=List,
    responses={
        201: {"model": List},
        **error_responses(Gone("The list was deleted")),
    },
    summary="Update a list, or create it with an id of the client",
)
async def put_list(
    list_id: ListId,
    content: PutBody,
    lists: MyLists,
    if_match: IfMatch = None,
    creates: CreateOnly = None,  # noqa: ARG001 - it decides the model of the body
) -> Response:
    """Changes the given fields and no others.

    With `If-None-Match: *` it creates the list instead: the body is that of `POST`, and the id is a UUIDv7
    that the client has made.
    """
    if isinstance(content, ListChanges):
        return list_response(await lists.update(list_id, content, if_match))
    return list_response(await lists.create_at(list_id, content), 201, list_path(lists.owner, list_id))


@router.patch(
    "/{list_id}", operation_id="patchList", response_model=List, summary="Update a list (JSON Merge Patch)"
)
async def patch_list(
    list_id: ListId,
    changes: Annotated[ListChanges, Body()],
    lists: MyLists,
    if_match: IfMatch = None,
) -> Response:
    """Changes the given fields and no others, as PUT does."""
    return list_response(await lists.update(list_id, changes, if_match))


@router.delete(
    "/{list_id}",
    operation_id="deleteList",
    response_model=ListDeleted,
    responses=error_responses(ListNotEmpty()),
    summary="Delete a list",
)
async def delete_list(
    list_id: ListId, query: Annotated[ListDeletionQuery, Query()], lists: MyLists, if_match: IfMatch = None
) -> Response:
    """Deletes a list permanently. If there are tasks in it, `tasks` says what becomes of them."""
    await lists.delete(list_id, query.tasks, if_match, query.to)
    return json_response({"message": "List deleted successfully", "id": str(list_id)})


def list_response(record: ListRecord, status: int = 200, location: str | None = None) -> Response:
    """Returns a list with its entity tag."""
    return JSONBytesResponse(
        dump_json(list_json(record)), status, tag=version_tag(record.version), location=location
    )
