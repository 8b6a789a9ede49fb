"""/api/comments: docs/contract.md#comments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from taskward.comments.models import (
    Comment,
    CommentChanges,
    CommentCounts,
    CommentCountsQuery,
    CommentDeleted,
    CommentList,
    CommentQuery,
    NewComment,
    comment_json,
    comment_path,
)
from taskward.comments.store import MyComments
from taskward.comments.tables import CommentRecord
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
from taskward.tasks.records import version_tag

router = APIRouter(prefix="/api/comments", route_class=PrivateRoute, tags=["Comments"])

PutBody = Annotated[
    CommentChanges | NewComment,
    Body(),
    AlternativeBody(
        when="creates", then=NewComment, otherwise=CommentChanges, problems=problems_of_creation("comment")
    ),
]

CommentId = Annotated[UUID, strict_uuid("Comment id"), Path(description="A UUID, in any letter case.")]


@router.get("", operation_id="listComments", response_model=CommentList, summary="List my comments")
async def list_comments(
    query: Annotated[CommentQuery, Query()], comments: MyComments, known: IfNoneMatch = None
) -> Response:
    """Returns comments, a page at a time; of an unknown task there are none."""
    listing = await comments.listing(query)
    tag = await comments.tag(listing)
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    return JSONBytesResponse(await comments.body(listing), tag=tag)


@router.get(
    "/counts", operation_id="countComments", response_model=CommentCounts, summary="Count my comments"
)
async def count_comments(
    query: Annotated[CommentCountsQuery, Query()], comments: MyComments, known: IfNoneMatch = None
) -> Response:
    """Returns the tasks that have comments, a page at a time, with their number and the newest's time."""
    tag = await comments.counts_tag(query)
    if known is not None and tag_matches(tag, known):
        return not_modified(tag)
    return JSONBytesResponse(await comments.counts(query), tag=tag)


@router.post(
    "", operation_id="createComment", response_model=Comment, status_code=201, summary="Create a comment"
)
async def create_comment(
    new: Annotated[NewComment, Body()], comments: MyComments, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Creates a comment on a task, which stays as it is; with an idempotency key, once however often sent."""

    async def create(record: PendingRecord | None) -> Response:
        created = await comments.create(new, record)
        return comment_response(created, 201, comment_path(comments.owner, created.id))

    return await once.run(key, create)


@router.get("/{comment_id}", operation_id="getComment", response_model=Comment, summary="Read a comment")
async def read_comment(comment_id: CommentId, comments: MyComments, known: IfNoneMatch = None) -> Response:
    """Returns one comment. One that does not exist and one of another user have the same response: 404."""
    found = await comments.get(comment_id)
    if known is not None and tag_matches(tag := version_tag(found.version), known):
        return not_modified(tag)
    return comment_response(found)


@router.put(
    "/{comment_id}",
    operation_id="updateComment",
    response_model=Comment,
    responses={201: {"model": Comment}, **error_responses(Gone("The comment was deleted"))},
    summary="Update a comment, or create it with an id of the client",
)
async def put_comment(
    comment_id: CommentId,
    content: PutBody,
    comments: MyComments,
    if_match: IfMatch = None,
    creates: CreateOnly = None,  # noqa: ARG001 - it decides the model of the body
) -> Response:
    """Changes the given fields and no others; in a space only its author may.

    With `If-None-Match: *` it creates the comment instead: the body is that of `POST`, and the id is a UUIDv7
    that the client has made.
    """
    if isinstance(content, CommentChanges):
        return comment_response(await comments.update(comment_id, content, if_match))
    created = await comments.create_at(comment_id, content)
    return comment_response(created, 201, comment_path(comments.owner, comment_id))


@router.patch(
    "/{comment_id}",
    operation_id="patchComment",
    response_model=Comment,
    summary="Update a comment (JSON Merge Patch)",
)
async def patch_comment(
    comment_id: CommentId,
    changes: Annotated[CommentChanges, Body()],
    comments: MyComments,
    if_match: IfMatch = None,
) -> Response:
    """Changes the given fields and no others, as PUT does."""
    return comment_response(await comments.update(comment_id, changes, if_match))


@router.delete(
    "/{comment_id}",
    operation_id="deleteComment",
    response_model=CommentDeleted,
    summary="Delete a comment",
)
async def delete_comment(comment_id: CommentId, comments: MyComments, if_match: IfMatch = None) -> Response:
    """Deletes a comment permanently; in a space its author may, and an owner of the space."""
    await comments.delete(comment_id, if_match)
    return json_response({"message": "Comment deleted successfully", "id": str(comment_id)})


def comment_response(record: CommentRecord, status: int = 200, location: str | None = None) -> Response:
    """Returns a comment with its entity tag."""
    return JSONBytesResponse(
        dump_json(comment_json(record)), status, tag=version_tag(record.version), location=location
    )
