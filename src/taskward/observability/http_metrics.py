"""HTTP metrics: an ASGI middleware that is installed only if metrics are enabled."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.metrics import DURATIONS, ERRORS, IN_PROGRESS, REQUESTS, Histogram, Samples

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD: Final = "_OTHER"
"""As in OpenTelemetry: all unknown methods are one value of the label."""
UNMATCHED_ROUTE: Final = "unmatched"
"""The route of a path without one."""

RouteTemplate = Callable[[str], str | None]


class MetricsMiddleware:
    """Counts requests by route template, so that clients cannot create label values.

    It is called on the event loop only. Another thread reads numbers, and copies that the interpreter makes
    atomically.
    """

    def __init__(self, app: ASGIApp, template_of: RouteTemplate) -> None:
        self._app = app
        self._template_of = template_of
        self._in_progress = 0
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._errors: Counter[str] = Counter()
        self._durations: dict[tuple[str, str], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        self._in_progress += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_progress -= 1
            self._count(scope, time.perf_counter() - begun)

    def collect(self) -> Samples:
        return {
            REQUESTS.name: {
                (method, route, str(status)): count
                for (method, route, status), count in self._requests.copy().items()
            },
            DURATIONS.name: {key: one.value() for key, one in self._durations.copy().items()},
            ERRORS.name: {(code,): count for code, count in self._errors.copy().items()},
            IN_PROGRESS.name: {(): self._in_progress},
        }

    def _count(self, scope: Scope, seconds: float) -> None:
        context: RequestContext = scope[CONTEXT_KEY]
        method = context.method if context.method in METHODS else OTHER_METHOD
        route = context.route or self._template_of(context.path) or UNMATCHED_ROUTE
        self._requests[method, route, context.status] += 1
        histogram = self._durations.get((method, route))
        if histogram is None:
            histogram = self._durations[method, route] = Histogram(DURATIONS)
        histogram.observe(seconds)
        if context.error is not None:
            self._errors[context.error.code] += 1
