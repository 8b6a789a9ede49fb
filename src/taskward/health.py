"""Health endpoints: liveness, and readiness for traffic."""

import asyncio
from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from taskward.auth.authenticator import AUTHENTICATOR
from taskward.database import DATABASE
from taskward.http.context import Context
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.http.responses import json_response
from taskward.http.routing import ProbeRoute

DATABASE_TIMEOUT: Final = 2.0
"""Seconds within which the database must respond to be considered usable."""

router = APIRouter(prefix="/health", route_class=ProbeRoute, tags=["Health"])


class Alive(BaseModel):
    """The process is alive."""

    status: Literal["healthy"]


class Ready(BaseModel):
    """The service is ready for requests."""

    status: Literal["ready"]


@router.get("", operation_id="getHealth", response_model=Alive, summary="Check liveness")
async def health() -> Response:
    """Returns 200 without checking anything else, least of all the database."""
    return json_response({"status": "healthy"})


@router.get("/ready", operation_id="getReadiness", response_model=Ready, summary="Check readiness")
async def ready(context: Context) -> Response:
    """Returns 200; 503 while the database or the keys cannot be used, and after the stop signal."""
    if context.draining:
        raise ServiceUnavailable("The service is stopping", retry_after=5)
    if not context.parts[AUTHENTICATOR].ready:
        raise ServiceUnavailable("The key set of the identity provider has not been loaded yet")
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT):
            await context.parts[DATABASE].ping()
    except (DatabaseError, TimeoutError) as error:
        raise ServiceUnavailable(
            "The database cannot be used", reason=getattr(error, "reason", "no response in time")
        ) from error
    return json_response({"status": "ready"})
