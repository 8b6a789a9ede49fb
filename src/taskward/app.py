"""The composition root: everything is wired here and nowhere else. Read this first.

bytes -> RequestMiddleware -> AuthenticationMiddleware -> RateLimit -> Admission -> Dispatcher
      -> handler -> TaskStore(owner) -> database
any failure, anywhere: raise -> RequestMiddleware -> envelope
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from taskward import __version__, health, log
from taskward.api_docs import swagger_ui
from taskward.api_docs.openapi import openapi_document
from taskward.auth.authenticator import authenticator
from taskward.auth.middleware import AuthenticationMiddleware
from taskward.changes import routes as changes
from taskward.changes.streams import StreamRegistry
from taskward.database import open_database
from taskward.http.admission import Admission, Capacity
from taskward.http.cors import CrossOrigin
from taskward.http.fair_slots import FairThreads
from taskward.http.middleware import RequestMiddleware
from taskward.http.rate_limit import RateLimit
from taskward.http.routing import Router
from taskward.idempotency.execution import InFlightKeys
from taskward.me import routes as me
from taskward.me.recovery import Recovery
from taskward.me.spool import Uploads
from taskward.metrics import merge
from taskward.observability.audit import AuditMiddleware, ChangeLog
from taskward.observability.http_metrics import MetricsMiddleware
from taskward.observability.tracing import tracing_from_env
from taskward.settings import Settings, load_settings
from taskward.tasks import routes as tasks
from taskward.tasks.list_cache import ListCache

ROUTERS = (
    tasks.router,
    tasks.batch_router,
    changes.router,
    me.router,
    me.import_router,
    health.router,
    swagger_ui.router,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Returns the ASGI application, by default with the settings of the environment.

    Raises:
        SettingsError: a setting is missing or invalid.

    """
    settings = settings or load_settings()
    if not logging.getLogger().handlers:
        log.configure(settings)
    app = Taskward(title="Taskward", version=__version__, lifespan=_lifespan)
    app.state.tracing = tracing_from_env()
    app.state.database = open_database(settings)
    if settings.audit_log:
        app.state.database.observers.append(ChangeLog)
    if app.state.tracing:
        app.state.tracing.observe(app.state.database)
    app.state.list_cache = ListCache()
    app.state.tombstones_kept = timedelta(days=settings.tombstone_days)
    app.state.streams = StreamRegistry(app.state.database, settings)
    app.state.database.on_change = _changed(app.state.list_cache, app.state.streams)
    app.state.in_flight_keys = InFlightKeys()
    app.state.large_bodies = FairThreads(1, "large-bodies")
    app.state.uploads = Uploads()
    app.state.recovery = Recovery(app.state.database)
    app.state.authenticator = authenticator(settings)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    dispatcher = Router(app.routes)
    admission = Admission(dispatcher, Capacity.of(settings))
    app.pipeline = RequestMiddleware(
        AuthenticationMiddleware(
            admission if settings.rate is None else RateLimit(admission, settings.rate),
            app.state.authenticator,
        ),
        CrossOrigin(settings.allowed_origins),
        https_only=settings.production,
    )
    _add_observability(app, settings, dispatcher, admission)
    return app


def _add_observability(app: "Taskward", settings: Settings, dispatcher: Router, admission: Admission) -> None:
    """Wraps the pipeline with audit, tracing and metrics middleware, each only if its setting is on."""
    if settings.audit_log:
        app.pipeline = AuditMiddleware(app.pipeline, dispatcher.route_template)
    if app.state.tracing:
        app.pipeline = app.state.tracing.middleware(app.pipeline, dispatcher.route_template)
    if settings.metrics_port is not None:
        app.pipeline = meter = MetricsMiddleware(app.pipeline, dispatcher.route_template)
        parts = (meter, admission, app.state.database, app.state.authenticator, app.state.streams)
        app.state.collect_metrics = lambda: merge([part.collect() for part in parts])


class Taskward(FastAPI):
    """FastAPI for declarations and their document; the request path is Taskward's own."""

    pipeline: ASGIApp

    def __init__(self, **options: object) -> None:
        super().__init__(docs_url=None, redoc_url=None, openapi_url=None, **options)  # type: ignore[arg-type] # FastAPI has forty options
        self.openapi_schema = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await (self.router if scope["type"] == "lifespan" else self.pipeline)(scope, receive, send)

    def openapi(self) -> dict[str, object]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi_document(self.title, self.version, self.routes)
        return self.openapi_schema


def _changed(lists: ListCache, streams: StreamRegistry) -> Callable[[UUID], None]:
    """Returns a callback that drops an owner's cached lists and notifies their streams."""

    def changed(owner: UUID) -> None:
        lists.forget(owner)
        streams.notify(owner)

    return changed


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as running:
        if app.state.tracing:
            app.state.tracing.start()
            running.push_async_callback(app.state.tracing.stop)
        for part in (app.state.authenticator, app.state.database):
            running.push_async_callback(part.stop)
            await part.start()
        running.push_async_callback(app.state.streams.stop)
        running.push_async_callback(app.state.large_bodies.stop)
        running.push_async_callback(app.state.recovery.stop)
        app.state.recovery.start()
        yield
