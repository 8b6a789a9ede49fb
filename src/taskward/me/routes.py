"""/api/me, a user's own data: docs/contract.md#a-users-own-data."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive

from taskward.http.caller import Need
from taskward.http.context import Context, RequestContext
from taskward.http.fair_semaphore import FairThreads
from taskward.http.parts import Key
from taskward.http.requests import require_json_type
from taskward.http.responses import json_response
from taskward.http.routing import ControlRoute, StrictRoute
from taskward.http.signature import BodyLimits
from taskward.idempotency.errors import IdempotencyKeyReused
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord, digest_prefix
from taskward.me.import_document import ImportDocument, Problems
from taskward.me.importing import import_document
from taskward.me.models import (
    Erased,
    Export,
    ExportQuery,
    Imported,
    SpaceExport,
    User,
    UserChanges,
    user_json,
)
from taskward.me.spool import UPLOADS
from taskward.me.store import AllMyData
from taskward.spaces.routing import PREFIX, SpaceRoute

CALENDAR_THREAD: Final = Key[FairThreads]("thread that writes calendars")
"""It writes exports as iCalendar, a few tasks at a time."""


class AccountRoute(StrictRoute):
    """A route to everything of the user."""

    need = Need.ACCOUNT


class ErasureRoute(StrictRoute):
    """The route that erases everything of the user."""

    need = Need.ERASURE


router = APIRouter(prefix="/api/me", route_class=AccountRoute, tags=["My data"])
space_router = APIRouter(prefix=PREFIX, route_class=SpaceRoute, tags=["Spaces"])


class CalendarResponse(StreamingResponse):
    """An iCalendar object, in pieces."""

    media_type = "text/calendar; charset=utf-8"


class ImportRoute(ControlRoute):
    """A route that stores its large body in a file, and validates it in threads."""

    async def respond(self, context: RequestContext, receive: Receive) -> Response:
        largest = self.signature.limits.max_body
        with context.parts[UPLOADS].new_spool(context, largest, digest_prefix(context)) as spool:
            await spool.receive(context, receive, largest)
            await context.admit()
            require_json_type(context)
            context.digest = spool.digest
            document = await ImportDocument.of(spool)
            arguments = await self._read_import(context, document)
            if context.caller.reach is not None:
                if not context.caller.reach.permits(self.need, context.method):
                    await document.validate()  # its fields are validated first, as in other requests
                self.check_reach(context, context.caller.reach)
            return await self.handler(**arguments)

    async def _read_import(self, context: RequestContext, document: ImportDocument) -> dict[str, Any]:
        arguments: dict[str, Any] = {"document": document}
        problems = Problems()
        problems.add(self.read_head(context, arguments))
        if problems.named:
            await document.add_problems(problems)
        problems.check()
        self.resolve(context, arguments)
        return arguments


@router.get("", operation_id="getMe", response_model=User, summary="Get my user row")
async def read_me(me: AllMyData) -> Response:
    """Returns the caller's row; 404 before their first write."""
    return json_response(user_json(await me.user()))


@router.patch("", operation_id="patchMe", response_model=User, summary="Set my time zone")
async def patch_me(changes: Annotated[UserChanges, Body()], me: AllMyData) -> Response:
    """Sets the caller's time zone, or removes it with null; it makes the row, as a first write does.

    `application/merge-patch+json` is accepted too.
    """
    return json_response(user_json(await me.set_time_zone(changes.time_zone)))


@router.get("/export", operation_id="exportMe", response_model=Export, summary="Export all my data")
async def export(
    query: Annotated[ExportQuery, Query(include_in_schema=False)], me: AllMyData, context: Context
) -> Response:
    """Returns everything that is stored about the caller, as a stream."""
    if query.format == "ics":
        return await export_calendar(me, context)
    pieces = () if context.method == "HEAD" else await me.export()
    return StreamingResponse(pieces, headers=_file("json"), media_type="application/json")


@router.get(
    "/calendar.ics",
    operation_id="exportCalendar",
    response_class=CalendarResponse,
    summary="Export my tasks as a calendar",
)
async def export_calendar(me: AllMyData, context: Context) -> Response:
    """Returns the caller's tasks as iCalendar, for other products, as a stream."""
    if context.method == "HEAD":
        return CalendarResponse((), headers=_file("ics"))
    pieces = await me.export_calendar(context.parts[CALENDAR_THREAD], context.caller.id.int)
    return CalendarResponse(pieces, headers=_file("ics"))


@space_router.get("/export", operation_id="exportSpace", response_model=SpaceExport, summary="Export a space")
async def export_space(data: AllMyData, context: Context) -> Response:
    """Returns everything in the space, as a stream; it breaks off once the caller is no member any more."""
    space = await data.space()
    pieces = () if context.method == "HEAD" else await data.export_space(space)
    return StreamingResponse(pieces, headers=_file("json"), media_type="application/json")


def _file(extension: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="taskward-export.{extension}"'}


async def import_tasks(
    document: Annotated[ImportDocument, Body(), BodyLimits(max_body=64 * 1024 * 1024)],
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


router.add_api_route(
    "/import",
    import_tasks,
    methods=["POST"],
    operation_id="importMe",
    response_model=Imported,
    summary="Import an export",
    route_class_override=ImportRoute,
)


async def erase(me: AllMyData) -> Response:
    """Erases everything that is stored about the caller, permanently."""
    await me.erase()
    return json_response({"message": "All data deleted"})


router.add_api_route(
    "",
    erase,
    methods=["DELETE"],
    operation_id="eraseMe",
    response_model=Erased,
    summary="Erase all my data",
    route_class_override=ErasureRoute,
)
