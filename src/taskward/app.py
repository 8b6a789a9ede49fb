"""The composition root: everything is wired here and nowhere else. Read this first.

bytes -> Taskward -> RequestMiddleware -> RequestPipeline -> StrictRoute -> handler -> TaskStore -> Database
any failure, anywhere: raise -> RequestMiddleware -> envelope; see docs/request-path.md
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID

import anyio
from fastapi import APIRouter
from starlette.types import Receive, Scope, Send

from taskward import __version__, features, health, log
from taskward.activity import routes as activity
from taskward.activity.expiry import ActivityExpiry
from taskward.api_docs import swagger_ui
from taskward.api_docs.openapi import openapi_document
from taskward.api_docs.swagger_ui import OPENAPI
from taskward.auth.authenticator import AUTHENTICATOR, authenticator
from taskward.batch import routes as batch
from taskward.changes import routes as changes
from taskward.changes.streams import STREAM_REGISTRY, StreamRegistry
from taskward.database import DATABASE, OWNED_ROWS, Database
from taskward.database.engines import open_database
from taskward.http.admission import ADMISSION, Admission, Capacity
from taskward.http.application import RequestMiddleware, RequestPipeline, Runs, Stops, Taskward
from taskward.http.cors import CrossOrigin
from taskward.http.fair_semaphore import FairSemaphore, FairThreads
from taskward.http.parts import Parts
from taskward.http.rate_limit import RateLimit
from taskward.http.requests import LARGE_BODIES, MAX_LARGE_BODIES
from taskward.http.responses import CommonHeaders
from taskward.http.routing import BODY_THREAD, Router
from taskward.idempotency.execution import IN_FLIGHT_KEYS
from taskward.mcp import routes as mcp
from taskward.mcp.endpoint import MCP_ENDPOINT, McpEndpoint
from taskward.me import routes as me
from taskward.me.recovery import Recovery
from taskward.me.routes import CALENDAR_THREAD
from taskward.me.spool import UPLOADS, Uploads, space_for_uploads
from taskward.metrics import merge
from taskward.moves import routes as moves
from taskward.observability.audit import AuditMiddleware, ChangeLog
from taskward.observability.http_metrics import MetricsMiddleware
from taskward.observability.tracing import Tracing, tracing_from_env
from taskward.settings import Settings, load_settings
from taskward.spaces import routes as spaces
from taskward.spaces.endings import MEMBERSHIP_ENDINGS, MembershipEndings
from taskward.spaces.forms import declare_forms
from taskward.spaces.routing import in_space
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.zone_data import ZoneDataUpdate
from taskward.tokens import routes as tokens
from taskward.tokens.access import ACCESS_TOKENS, AccessTokens
from taskward.tokens.models import VALIDITY, Validity
from taskward.trash.expiry import TrashExpiry
from taskward.users.retention import RETENTION, Retention
from taskward.web_app import routes as web_app
from taskward.web_app.session import WEB_SESSION, development_session
from taskward.web_app.sign_in import WEB_SIGN_IN, sign_in_of
from taskward.webhooks.attempts import untraced
from taskward.webhooks.passed_reminders import PassedReminders
from taskward.webhooks.worker import WebhookWorker

declare_forms()  # of the statements that the features above have declared

_OF_OWNERS = (*features.OWNER_ROUTERS, batch.router)
IN_SPACES = (*map(in_space, (*_OF_OWNERS, changes.router_in_space)), me.space_router, activity.router)
ROUTERS = (
    *_OF_OWNERS,
    tokens.router,
    changes.router,
    me.router,
    *spaces.SPACE_ROUTERS,
    moves.router,
    *IN_SPACES,
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
    tracing = tracing_from_env()
    database = _database(settings, tracing)
    webhooks = _webhooks(settings, database, tracing)
    _add_parts(app, settings, database, rate_limit)
    database.on_change = _changed(app.parts, webhooks)
    app.components = tuple(_components(app.parts, tracing, webhooks))
    for feature in ROUTERS:
        app.router.routes.extend(feature.routes)  # the OpenAPI document does not depend on the settings
    router = Router(route for one in ROUTERS if _is_served(one, settings) for route in one.routes)
    cross_origin = CrossOrigin(settings.allowed_origins, mcp.CROSS_ORIGIN if settings.serves_mcp else {})
    app.pipeline = RequestMiddleware(
        RequestPipeline(router, app.parts[AUTHENTICATOR], rate_limit),
        cross_origin,
        CommonHeaders(cross_origin, https_only=settings.production),
    )
    _add_observability(app, settings, router, tracing, webhooks)
    return app


def _is_served(feature: APIRouter, settings: Settings) -> bool:
    if feature is mcp.router:
        return settings.serves_mcp
    if feature is tokens.router:
        return settings.serves_tokens
    if feature in spaces.SPACE_ROUTERS or feature in IN_SPACES or feature is moves.router:
        return settings.spaces
    return feature is not web_app.router or settings.serves_web_app


def _database(settings: Settings, tracing: Tracing | None) -> Database:
    """Returns the database, observed by the audit log and by tracing, each only if it is on."""
    database = open_database(settings)
    if settings.audit_log:
        database.observers.append(ChangeLog)
    if tracing:
        tracing.observe(database)
    return database


def _webhooks(settings: Settings, database: Database, tracing: Tracing | None) -> WebhookWorker | None:
    if settings.webhooks is None:
        return None
    trace = tracing.deliveries(settings.webhooks.url) if tracing else untraced
    return WebhookWorker(database, settings.webhooks, trace)


def _add_parts(app: Taskward, settings: Settings, database: Database, rate_limit: RateLimit | None) -> None:
    """Adds what handlers and their dependencies use."""
    parts = app.parts
    parts.add(DATABASE, database)
    parts.add(OWNED_ROWS, database)
    access_tokens = None
    if settings.serves_tokens:
        access_tokens = parts.add(ACCESS_TOKENS, AccessTokens(database))
        parts.add(VALIDITY, Validity(int(settings.token_days * 24 * 3600)))
    parts.add(AUTHENTICATOR, authenticator(settings, access_tokens=access_tokens))
    parts.add(STREAM_REGISTRY, StreamRegistry(database, settings))
    parts.add(LIST_CACHE, ListCache())
    parts.add(MEMBERSHIP_ENDINGS, MembershipEndings(database))
    parts.add(IN_FLIGHT_KEYS, set())
    _add_limits(parts, settings)
    kept = Retention(
        timedelta(days=settings.tombstone_days),
        timedelta(days=settings.trash_days),
        timedelta(days=settings.activity_days),
    )
    parts.add(RETENTION, kept)
    parts.add(OPENAPI, app.openapi)
    parts.add(WEB_SESSION, development_session(settings))
    parts.add(WEB_SIGN_IN, sign_in_of(settings))
    if settings.serves_mcp:
        parts.add(MCP_ENDPOINT, _mcp_endpoint(app, settings, rate_limit))


def _add_limits(parts: Parts, settings: Settings) -> None:
    """Adds what bounds the requests in progress, and the threads in which long work runs."""
    parts.add(ADMISSION, Admission(Capacity.of(settings)))
    parts.add(LARGE_BODIES, FairSemaphore(MAX_LARGE_BODIES))
    parts.add(BODY_THREAD, FairThreads(1, "large-bodies"))
    parts.add(CALENDAR_THREAD, FairThreads(1, "calendars", timeout=None))  # their responses have begun
    parts.add(UPLOADS, Uploads(space_for_uploads(settings.workers)))


def _mcp_endpoint(app: Taskward, settings: Settings, rate_limit: RateLimit | None) -> McpEndpoint:
    async def pipeline(scope: Scope, receive: Receive, send: Send) -> None:
        await app.pipeline(scope, receive, send)  # which is set later

    return McpEndpoint(settings, rate_limit, pipeline)


def _components(parts: Parts, tracing: Tracing | None, webhooks: WebhookWorker | None) -> Iterator[Stops]:
    """Yields what is started or stopped with the application, in the order of the starts."""
    database = parts[DATABASE]
    if tracing:
        yield tracing
    yield from (parts[AUTHENTICATOR], database, parts[STREAM_REGISTRY], parts[BODY_THREAD])
    yield from (parts[CALENDAR_THREAD], parts[MEMBERSHIP_ENDINGS])
    if ACCESS_TOKENS in parts:
        yield parts[ACCESS_TOKENS]
    if MCP_ENDPOINT in parts:
        yield parts[MCP_ENDPOINT]
    recovery = Recovery(database)
    zone_data = ZoneDataUpdate(database, after=recovery)
    expiry = TrashExpiry(database, parts[RETENTION].trash, after=zone_data)
    activity_expiry = ActivityExpiry(database, parts[RETENTION].activity, after=expiry)
    yield from (recovery, zone_data, expiry, activity_expiry)
    if webhooks:
        yield webhooks
    if not (webhooks and webhooks.reminds):
        yield PassedReminders(database, after=activity_expiry)


def _add_observability(
    app: Taskward,
    settings: Settings,
    router: Router,
    tracing: Tracing | None,
    webhooks: WebhookWorker | None,
) -> None:
    """Wraps the pipeline with audit, tracing and metrics middleware, each only if its setting is on."""
    if settings.audit_log:
        app.pipeline = AuditMiddleware(app.pipeline, router.route_template)
    if tracing:
        app.pipeline = tracing.middleware(app.pipeline, router.route_template)
    if settings.metrics_port is not None:
        app.pipeline = meter = MetricsMiddleware(app.pipeline, router.route_template)
        parts = app.parts
        always = (meter, parts[ADMISSION], parts[DATABASE], parts[AUTHENTICATOR], parts[STREAM_REGISTRY])
        others = ((webhooks,) if webhooks else ()) + (
            (parts[ACCESS_TOKENS],) if ACCESS_TOKENS in parts else ()
        )
        app.collect_metrics = lambda: merge([one.collect() for one in (*always, *others)])


def _changed(parts: Parts, webhooks: WebhookWorker | None) -> Callable[[UUID], None]:
    """Returns a callback that drops an owner's cached lists, and notifies their streams and webhooks."""
    list_cache, streams = parts[LIST_CACHE], parts[STREAM_REGISTRY]

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
    async with AsyncExitStack() as running:
        async with anyio.create_task_group():
            pass  # imports what streamed responses use, which would hold the loop for 60 ms at the first one
        for component in app.components:
            running.push_async_callback(component.stop)
            if isinstance(component, Runs):
                await component.start()
        yield
