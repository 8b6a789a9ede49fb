"""/api/me, a user's own data: docs/contract.md, B4."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from taskward.http.errors import IdempotencyKeyReused
from taskward.http.requests import require_json_type, wait_for_admission
from taskward.http.responses import json_response
from taskward.http.routing import StrictRoute
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord, digest_prefix
from taskward.me.import_document import ImportDocument, Problems
from taskward.me.importing import import_document
from taskward.me.models import Erased, Export, Imported, User, user_json
from taskward.me.spool import Uploads, new_spool
from taskward.me.store import AllMyData

router = APIRouter(prefix="/api/me", route_class=StrictRoute, tags=["My data"])


class ImportEndpoint(StrictRoute):
    """A route that stores its large body in a file, and validates it in threads."""

    max_body = 64 * 1024 * 1024

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        uploads: Uploads = scope["app"].state.uploads
        with uploads.one_more(scope["user"].id), new_spool(digest_prefix(scope)) as spool:
            await spool.receive(scope, receive, self.max_body)
            await wait_for_admission(scope)
            require_json_type(scope)
            scope["digest"] = spool.digest
            arguments = await self._import_arguments(scope, await ImportDocument.of(spool))
            response = await self._handler(**arguments)
        await response(scope, receive, send)

    async def _import_arguments(self, scope: Scope, document: ImportDocument) -> dict[str, Any]:
        arguments: dict[str, Any] = {"document": document}
        problems = Problems()
        problems.add(self._signature.read_without_body(scope, arguments, any_query=False))
        if problems.named:
            await document.add_problems(problems)
        problems.check()
        self._signature.make(scope, arguments)
        return arguments


import_router = APIRouter(prefix="/api/me", route_class=ImportEndpoint, tags=["My data"])


@router.get("", operation_id="getMe", response_model=User, summary="Get my user row")
async def read_me(me: AllMyData) -> Response:
    """Returns the caller's row; 404 before their first write."""
    return json_response(user_json(await me.user()))


@router.get("/export", operation_id="exportMe", response_model=Export, summary="Export all my data")
async def export(me: AllMyData, request: Request) -> Response:
    """Returns everything that is stored about the caller, as a stream."""
    headers = {"Content-Disposition": 'attachment; filename="taskward-export.json"'}
    document = () if request.method == "HEAD" else await me.export()
    return StreamingResponse(document, headers=headers, media_type="application/json")


@import_router.post("/import", operation_id="importMe", response_model=Imported, summary="Import an export")
async def import_tasks(
    document: Annotated[ImportDocument, Body()],
    me: AllMyData,
    once: Idempotent,
    key: IdempotencyKey = None,
) -> Response:
    """Stores the tasks of an export as the caller's, all or nothing; tasks they already have are skipped."""

    async def act(record: PendingRecord | None) -> Response:
        return Response(await import_document(document, me.staging(), record), media_type="application/json")

    try:
        return await once.run(key, act)
    except IdempotencyKeyReused:
        await document.validate()  # an invalid request is rejected before a stored response is looked up
        raise


@router.delete("", operation_id="eraseMe", response_model=Erased, summary="Erase all my data")
async def erase(me: AllMyData) -> Response:
    """Erases everything that is stored about the caller, permanently."""
    await me.erase()
    return json_response({"message": "All data deleted"})
