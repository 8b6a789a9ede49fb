"""The composition root: everything is wired here and nowhere else. Read this first.

bytes -> Taskward -> RequestMiddleware -> RequestPipeline -> StrictRoute -> handler -> TaskStore -> Database
any failure, anywhere: raise -> RequestMiddleware -> envelope; see docs/request-path.md
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter
from starlette.types import Receive, Scope, Send

from taskward import __version__, health, log
from taskward.api_docs import swagger_ui
from taskward.api_docs.openapi import openapi_document
from taskward.auth.authenticator import authenticator
from taskward.batch import routes as batch
from taskward.changes import routes as changes
from taskward.changes.streams import StreamRegistry
from taskward.database import Database, open_database
from taskward.http.admission import Admission, Capacity
from taskward.http.application import RequestMiddleware, RequestPipeline, Taskward
from taskward.http.cors import CrossOrigin
from taskward.http.fair_slots import FairThreads
from taskward.http.rate_limit import RateLimit
from taskward.http.responses import CommonHeaders
from taskward.http.routing import Router
from taskward.labels import routes as labels
from taskward.lists import routes as lists
from taskward.mcp import routes as mcp
from taskward.mcp.endpoint import McpEndpoint
from taskward.me import routes as me
from taskward.me.recovery import Recovery
from taskward.me.spool import Uploads, space_for_uploads
from taskward.metrics import merge
from taskward.observability.audit import AuditMiddleware, ChangeLog
from taskward.observability.http_metrics import MetricsMiddleware
from taskward.observability.tracing import Tracing, tracing_from_env
from taskward.services import Services
from taskward.settings import Settings, load_settings
from taskward.tasks import routes as tasks
from taskward.tasks.list_cache import ListCache
from taskward.tasks.zone_data import ZoneDataUpdate
from taskward.web_app import routes as web_app
from taskward.web_app.session import development_session
from taskward.webhooks.attempts import untraced
from taskward.webhooks.passed_reminders import PassedReminders
from taskward.webhooks.worker import WebhookWorker

ROUTERS = (
    tasks.router,
    labels.router,
    lists.router,
    batch.router,
    changes.router,
    me.router,
    health.router,
    swagger_ui.router,
    mcp.router,
    web_app.router,
)


def create_app(settings: Settings | None = None) -> Taskward:
    """Returns the ASGI application, by default with the settings of the environment.

    Raises:
        SettingsError: a setting is missing or invalid.

    """
    settings = settings or load_settings()
    if not logging.getLogger().handlers:
        log.configure(settings)
    app = Taskward(openapi_document, title="Taskward", version=__version__, lifespan=_lifespan)
    rate_limit = settings.rate and RateLimit(settings.rate)
    app.services = _services(settings, app, rate_limit)
    for feature in ROUTERS:
        if _is_served(feature, settings):
            app.router.routes.extend(feature.routes)
    router = Router(app.routes)
    cross_origin = CrossOrigin(settings.allowed_origins, mcp.CROSS_ORIGIN if settings.serves_mcp else {})
    app.pipeline = RequestMiddleware(
        RequestPipeline(router, rate_limit),
        cross_origin,
        CommonHeaders(cross_origin, https_only=settings.production),
    )
    _add_observability(app, settings, router)
    return app


def _is_served(feature: APIRouter, settings: Settings) -> bool:
    if feature is mcp.router:
        return settings.serves_mcp
    return feature is not web_app.router or settings.serves_web_app


def _services(settings: Settings, app: Taskward, rate_limit: RateLimit | None) -> Services:
    tracing = tracing_from_env()
    database = _database(settings, tracing)
    list_cache, streams = ListCache(), StreamRegistry(database, settings)
    webhooks = _webhooks(settings, database, tracing)
    database.on_change = _changed(list_cache, streams, webhooks)
    return Services(
        database=database,
        authenticator=authenticator(settings),
        admission=Admission(Capacity.of(settings)),
        streams=streams,
        list_cache=list_cache,
        in_flight_keys=set(),
        large_bodies=FairThreads(1, "large-bodies"),
        calendars=FairThreads(1, "calendars", timeout=None),  # their responses have begun
        uploads=Uploads(space_for_uploads(settings.workers)),
        recovery=Recovery(database),
        zone_data=ZoneDataUpdate(database),
        webhooks=webhooks,
        passed_reminders=None if webhooks and webhooks.reminds else PassedReminders(database),
        tombstones_kept=timedelta(days=settings.tombstone_days),
        tracing=tracing,
        openapi=app.openapi,
        mcp=_mcp(settings, app, rate_limit),
        web_session=development_session(settings),
    )


def _webhooks(settings: Settings, database: Database, tracing: Tracing | None) -> WebhookWorker | None:
    if settings.webhooks is None:
        return None
    trace = tracing.deliveries(settings.webhooks.url) if tracing else untraced
    return WebhookWorker(database, settings.webhooks, trace)


def _mcp(settings: Settings, app: Taskward, rate_limit: RateLimit | None) -> McpEndpoint | None:
    if not settings.serves_mcp:
        return None

    async def pipeline(scope: Scope, receive: Receive, send: Send) -> None:
        await app.pipeline(scope, receive, send)

    return McpEndpoint(settings, rate_limit, pipeline)


def _database(settings: Settings, tracing: Tracing | None) -> Database:
    """Returns the database, observed by the audit log and by tracing, each only if it is on."""
    database = open_database(settings)
    if settings.audit_log:
        database.observers.append(ChangeLog)
    if tracing:
        tracing.observe(database)
    return database


def _add_observability(app: Taskward, settings: Settings, router: Router) -> None:
    """Wraps the pipeline with audit, tracing and metrics middleware, each only if its setting is on."""
    services = app.services
    if settings.audit_log:
        app.pipeline = AuditMiddleware(app.pipeline, router.route_template)
    if services.tracing:
        app.pipeline = services.tracing.middleware(app.pipeline, router.route_template)
    if settings.metrics_port is not None:
        app.pipeline = meter = MetricsMiddleware(app.pipeline, router.route_template)
        parts = (meter, services.admission, services.database, services.authenticator, services.streams)
        others = (services.webhooks,) if services.webhooks else ()
        app.collect_metrics = lambda: merge([part.collect() for part in (*parts, *others)])


def _changed(
    list_cache: ListCache, streams: StreamRegistry, webhooks: WebhookWorker | None
) -> Callable[[UUID], None]:
    """Returns a callback that drops an owner's cached lists, and notifies their streams and webhooks."""

    def changed(owner: UUID) -> None:
        list_cache.forget(owner)
        streams.notify(owner)

    if webhooks is None:
        return changed

    def changed_with_webhooks(owner: UUID) -> None:
        changed(owner)
        webhooks.wake()

    return changed_with_webhooks


@asynccontextmanager
async def _lifespan(app: Taskward) -> AsyncIterator[None]:
    services = app.services
    async with AsyncExitStack() as running:
        if services.tracing:
            services.tracing.start()
            running.push_async_callback(services.tracing.stop)
        for part in (services.authenticator, services.database):
            running.push_async_callback(part.stop)
            await part.start()
        running.push_async_callback(services.streams.stop)
        running.push_async_callback(services.large_bodies.stop)
        running.push_async_callback(services.calendars.stop)
        running.push_async_callback(services.recovery.stop)
        if services.mcp:
            running.push_async_callback(services.mcp.stop)
        services.recovery.start()
        running.push_async_callback(services.zone_data.stop)
        services.zone_data.start(after=services.recovery)
        if services.webhooks:
            running.push_async_callback(services.webhooks.stop)
            services.webhooks.start()
        if services.passed_reminders:
            running.push_async_callback(services.passed_reminders.stop)
            services.passed_reminders.start(after=services.zone_data)
        yield
