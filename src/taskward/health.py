"""For machines that look after the service: is it alive, and may traffic be sent to it?"""

import asyncio
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.http.responses import json_response
from taskward.http.routing import ProbeRoute

PATIENCE: Final = 2.0
"""Seconds that the database has to answer before it counts as not usable."""

router = APIRouter(prefix="/health", route_class=ProbeRoute, tags=["Health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["healthy"]


class Ready(BaseModel):
    """The service can do its work."""

    status: Literal["ready"]


@router.get("", operation_id="getHealth", response_model=Alive, summary="Is the process alive?")
async def health() -> Response:
    """Answer without looking at anything else, the database least of all."""
    return json_response({"status": "healthy"})


@router.get("/ready", operation_id="getReadiness", response_model=Ready, summary="May traffic be sent here?")
async def ready(request: Request) -> Response:
    """Answer 200, or 503 while the database or the keys cannot be used and from the stop signal on."""
    if request.scope.get("state", {}).get("draining"):
        raise ServiceUnavailable("The service is stopping", retry_after=5)
    if not request.app.state.authenticator.ready:
        raise ServiceUnavailable("The key set of the identity provider has not been loaded yet")
    try:
        async with asyncio.timeout(PATIENCE):
            await request.app.state.database.ping()
    except (DatabaseError, TimeoutError) as error:
        raise ServiceUnavailable(
            "The database cannot be used", reason=getattr(error, "reason", "no answer in time")
        ) from error
    return json_response({"status": "ready"})
