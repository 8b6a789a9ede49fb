"""/api/me: a person's own data, as docs/contract.md, B4 has it."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from taskward.answers import json_answer
from taskward.errors import ServiceUnavailable
from taskward.idempotency.once import IdempotencyKey, OncePerKey, Recording
from taskward.me.models import NUL_DEPTH, Erased, Export, Import, Imported, User, user_json
from taskward.me.store import AllMyData
from taskward.routing import Endpoint

router = APIRouter(prefix="/api/me", route_class=Endpoint, tags=["My data"])


class ImportEndpoint(Endpoint):
    """Takes documents of many megabytes, a few at a time, and judges them beside the other requests."""

    largest_body = 64 * 1024 * 1024
    nul_depth = NUL_DEPTH
    most_at_once = 2
    _running = 0

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._running >= self.most_at_once:
            raise ServiceUnavailable("Too many imports are running", retry_after=10)
        self._running += 1
        try:
            await super()._run(scope, receive, send)
        finally:
            self._running -= 1

    async def _arguments(self, scope: Scope, body: bytes) -> dict[str, Any]:
        return await asyncio.to_thread(self._read, scope, body)


import_router = APIRouter(prefix="/api/me", route_class=ImportEndpoint, tags=["My data"])


@router.get("", operation_id="getMe", response_model=User, summary="See my row")
async def read_me(me: AllMyData) -> Response:
    """Give the caller's row; there is none before their first write."""
    return json_answer(user_json(await me.user()))


@router.get("/export", operation_id="exportMe", response_model=Export, summary="Export all my data")
async def export(me: AllMyData, request: Request) -> Response:
    """Give everything that is stored about the caller, as a stream."""
    headers = {"Content-Disposition": 'attachment; filename="taskward-export.json"'}
    document = () if request.method == "HEAD" else await me.export()
    return StreamingResponse(document, headers=headers, media_type="application/json")


@import_router.post(
    "/import", operation_id="importMe", response_model=Imported, summary="Import what an export gave"
)
async def take_in(
    document: Annotated[Import, Body()], me: AllMyData, once: OncePerKey, key: IdempotencyKey = None
) -> Response:
    """Store the tasks of an export as the caller's, all or nothing; those they have already are skipped."""

    async def act(recording: Recording | None) -> Response:
        return Response(await me.take_in(document.tasks, recording), media_type="application/json")

    return await once.answer(key, act)


@router.delete("", operation_id="eraseMe", response_model=Erased, summary="Erase all my data")
async def erase(me: AllMyData) -> Response:
    """Erase everything that is stored about the caller, for good."""
    await me.erase()
    return json_answer({"message": "All data deleted"})
