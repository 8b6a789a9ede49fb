"""The services of the application: created by `create_app`, and used by all requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

# For types alone: each package of a service uses this module, through the context of a request.
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from taskward.auth.authenticator import Authenticator
    from taskward.changes.streams import StreamRegistry
    from taskward.database import Database
    from taskward.http.admission import Admission
    from taskward.http.fair_slots import FairThreads
    from taskward.idempotency.execution import InFlightKeys
    from taskward.mcp.endpoint import McpEndpoint
    from taskward.me.recovery import Recovery
    from taskward.me.spool import Uploads
    from taskward.observability.tracing import Tracing
    from taskward.tasks.list_cache import ListCache
    from taskward.tasks.zone_data import ZoneDataUpdate
    from taskward.web_app.session import DevelopmentSession
    from taskward.webhooks.passed_reminders import PassedReminders
    from taskward.webhooks.worker import WebhookWorker


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one application."""

    database: Database
    authenticator: Authenticator
    admission: Admission
    streams: StreamRegistry
    list_cache: ListCache
    in_flight_keys: InFlightKeys
    large_bodies: FairThreads
    """A thread that parses and validates large bodies."""
    calendars: FairThreads
    """A thread that writes exports as iCalendar, a few tasks at a time."""
    uploads: Uploads
    recovery: Recovery
    zone_data: ZoneDataUpdate
    webhooks: WebhookWorker | None
    passed_reminders: PassedReminders | None
    """None if reminders are delivered."""
    tombstones_kept: timedelta
    tracing: Tracing | None
    openapi: Callable[[], dict[str, Any]]
    mcp: McpEndpoint | None
    web_session: DevelopmentSession | None
