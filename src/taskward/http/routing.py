"""Routing: from a path to a handler, and from a request to the handler's arguments.

Routes are declared and documented as in FastAPI. They run differently, because the contract is stricter: the
order of checks is method, size, content type, JSON, then path, query and body fields together.
"""

import gc
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.routing import BaseRoute
from starlette.types import Receive

from taskward.http.caller import Need, Reach
from taskward.http.context import RequestContext
from taskward.http.errors import FieldError, MethodNotAllowed, NotFound, ValidationFailed
from taskward.http.fair_semaphore import FairThreads
from taskward.http.parts import Key
from taskward.http.paths import PathPattern
from taskward.http.requests import (
    MAX_BODY,
    MAX_KEYS,
    nul_problems,
    read_body,
    read_json_object,
    read_query,
    replace_wide_objects,
    slot_for_body,
)
from taskward.http.signature import Handler, HandlerSignature
from taskward.http.validation import UNKNOWN_PARAMETER, field_errors, first_of_each_field

QUERY_CACHE_SIZE: Final = 256
"""Valid queries per route that are cached parsed, because clients repeat the same few."""

MAX_CACHED_QUERY: Final = 128
"""Bytes."""

INLINE_BODY: Final = 16 * 1024
"""Bytes of a body that is parsed and validated on the event loop; a larger one is handled in a thread."""

BODY_THREAD: Final = Key[FairThreads]("thread that parses and validates large bodies")

BEYOND_REACH: Final = "This token does not allow this"

Arguments = dict[str, Any]


class Router:
    """Finds the route of a request. Each path has one table of methods, so that a 405 can name them all."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._fixed: dict[str, dict[str, StrictRoute]] = {}
        self._templates: dict[str, dict[str, StrictRoute]] = {}
        for route in routes:
            if isinstance(route, StrictRoute):
                methods = self._templates if route.param_convertors else self._fixed
                methods.setdefault(route.path, {}).update(dict.fromkeys(route.methods or (), route))
        self._pattern = PathPattern(self._templates)

    def find(self, context: RequestContext) -> "StrictRoute":
        """Returns the route of a request, and sets the parameters of its path.

        Raises:
            NotFound: there is no such path.
            MethodNotAllowed: the path has no such method.

        """
        context.path_methods = methods = self._methods(context)
        route = methods.get("GET" if context.method == "HEAD" else context.method)
        if route is None:
            raise MethodNotAllowed(methods.keys() | ({"HEAD"} if "GET" in methods else set()))
        return route

    def route_template(self, path: str) -> str | None:
        """Returns the route template of a path, for requests rejected before routing (401, 503)."""
        if path in self._fixed:
            return path
        match = self._pattern.expression.fullmatch(path)
        return match and self._pattern.ends[match.lastindex].template

    def _methods(self, context: RequestContext) -> Mapping[str, "StrictRoute"]:
        path = context.path
        if path in self._fixed:
            context.route = path
            return self._fixed[path]
        if (match := self._pattern.expression.fullmatch(path)) is None:
            raise NotFound
        context.route, parameters = self._pattern.ends[match.lastindex]
        context.path_params = {name: match[group] for name, group in parameters}
        return self._templates[context.route]


class StrictRoute(APIRoute):
    """A route that runs its handler with strictly validated arguments."""

    ignores_query: bool = False
    need: Need = Need.PERSON
    """Of the caller's token."""

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.signature = HandlerSignature(endpoint)
        self.handler = endpoint
        self._receive = (
            self._read_in_slot if self.signature.limits.max_body > MAX_BODY else self._read_with_body
        )
        self._queries: dict[bytes, Any] = {}

    async def respond(self, context: RequestContext, receive: Receive) -> Response:
        """Reads the request, waits for admission, and returns the response of the handler.

        Raises:
            ServiceError: the request is rejected.

        """
        if context.has_body:
            arguments = await self._receive(context, receive)
        else:
            await context.admit()
            arguments = self._read(context)
        if (caller := context.known_caller) is not None and caller.reach is not None:
            self.check_reach(context, caller.reach)
        return await self.handler(**arguments)

    def check_reach(self, context: RequestContext, reach: Reach) -> None:
        """Raises MethodNotAllowed unless the token allows this route; checked after the fields."""
        if reach.permits(self.need, context.method):
            return
        allowed = {
            method for method, route in context.path_methods.items() if reach.permits(route.need, method)
        }
        raise MethodNotAllowed(allowed | ({"HEAD"} if "GET" in allowed else set()), BEYOND_REACH)

    def read_head(self, context: RequestContext, arguments: Arguments) -> list[FieldError]:
        """Adds the values of path, query and headers to the arguments; returns their problems."""
        problems: list[FieldError] = []
        signature = self.signature
        for parameter in signature.path:
            try:
                arguments[parameter.argument] = parameter.validate(context.path_params[parameter.name])
            except ValidationError as error:
                problems += field_errors(error, parameter.name)
        if context.query_string or signature.query:
            problems += self._read_query(context.query_string, arguments)
        for name, parameter in signature.headers:
            if name in context.headers or parameter.required:
                try:
                    arguments[parameter.argument] = parameter.validate(context.headers.get(name, ()))
                except ValidationError as error:
                    problems += field_errors(error, parameter.name)
        return problems

    def resolve(self, context: RequestContext, arguments: Arguments) -> None:
        """Adds the results of the dependencies to the arguments."""
        for argument, resolver in self.signature.dependencies:
            arguments[argument] = resolver(context)

    async def _read_with_body(self, context: RequestContext, receive: Receive) -> Arguments:
        """Receives the body; returns and raises as `_read`."""
        context.body = await read_body(context, receive, self.signature.limits.max_body)
        await context.admit()
        if len(context.body) <= INLINE_BODY:
            return self._read(context)
        return await context.parts[BODY_THREAD].run(context.counted_by, self._read_large, context)

    async def _read_in_slot(self, context: RequestContext, receive: Receive) -> Arguments:
        async with slot_for_body(context):
            return await self._read_with_body(context, receive)

    def _read(self, context: RequestContext) -> Arguments:
        """Returns the handler's arguments.

        Raises:
            InvalidRequest: the body is not a JSON object.
            ValidationFailed: fields break a rule; each one is named.

        """
        arguments: Arguments = {}
        if self.signature.body is None:
            problems = self.read_head(context, arguments)
        else:
            document = read_json_object(context, context.body)
            problems = self.read_head(context, arguments)
            problems += self._read_body(document, context, arguments)
        if problems:
            raise ValidationFailed(problems)
        self.resolve(context, arguments)
        return arguments

    def _read_large(self, context: RequestContext) -> Arguments:
        """Reads the arguments with the garbage collector disabled.

        A collection would stop all threads, and the data is short-lived.
        """
        gc.disable()
        try:
            return self._read(context)
        finally:
            gc.enable()

    def _read_query(self, raw: bytes, arguments: Arguments) -> list[FieldError]:
        """Adds the query to the arguments; returns its problems."""
        query = self.signature.query
        if self.ignores_query:
            return []
        if query and raw in self._queries:
            arguments[query.argument] = self._queries[raw]
            return []
        given, problems = read_query(raw)
        if query is None:
            problems += [FieldError(name, UNKNOWN_PARAMETER) for name in given]
            return first_of_each_field(problems)
        try:
            arguments[query.argument] = value = query.validate(given)
        except ValidationError as error:
            return first_of_each_field(problems + field_errors(error, query.name, UNKNOWN_PARAMETER))
        if not problems and len(raw) <= MAX_CACHED_QUERY:
            if len(self._queries) >= QUERY_CACHE_SIZE:
                self._queries.clear()
            self._queries[raw] = value
        return first_of_each_field(problems)

    def _read_body(
        self, document: Arguments, context: RequestContext, arguments: Arguments
    ) -> list[FieldError]:
        """Adds the body to the arguments; returns its problems."""
        body, parameter, limits = context.body, self.signature.body, self.signature.limits
        problems: list[FieldError] = []
        if self.signature.alternative_body is not None:
            condition, then = self.signature.alternative_body
            if arguments.get(condition.when):
                parameter = then
                problems += condition.problems(arguments)
        problems += replace_wide_objects(document, body, limits.key_depth)
        if parameter is None or len(document) > MAX_KEYS:
            return first_of_each_field(problems)
        if limits.nul_depth:
            problems += nul_problems(document, body, limits.nul_depth)
        try:
            arguments[parameter.argument] = parameter.validate(document, context=context.parts)
        except ValidationError as error:
            problems += field_errors(error, parameter.name)
        return first_of_each_field(problems)


class PrivateRoute(StrictRoute):
    """A route to the user's own tasks, lists or labels."""

    need = Need.PRIVATE


class ControlRoute(StrictRoute):
    """A route to all data at once, or to the user's access tokens: not for an access token."""

    need = Need.CONTROL


class ProbeRoute(StrictRoute):
    """A route for health probes, which may have any query."""

    ignores_query = True
