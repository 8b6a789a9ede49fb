"""Routing: from a path to a handler, and from a request to the handler's arguments.

Routes are declared and documented as in FastAPI. They run differently, because the contract is stricter: the
order of checks is method, size, content type, JSON, then path, query and body fields together. The handler's
signature is read once, when the route is created:

    Annotated[T, Path()], Annotated[T, Header()]        one value
    Annotated[Model, Query()], Annotated[Model, Body()] all of them, as one model
    Annotated[T, Depends(function)]                     the result of the (plain) function for the request
    Request                                             the request itself
"""

import gc
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi import Request, Response, params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.http.errors import FieldError, MethodNotAllowed, NotFound, ValidationFailed
from taskward.http.requests import (
    MAX_BODY,
    MAX_KEYS,
    MAX_NESTING,
    header_values,
    nul_problems,
    read_body,
    read_json_object,
    read_query,
    refuse_wide_objects,
    wait_for_admission,
)
from taskward.http.validation import UNKNOWN_FIELD, UNKNOWN_PARAMETER, field_errors, first_of_each_field

QUERY_CACHE_SIZE: Final = 256
"""Valid queries per route that are cached parsed, because clients repeat the same few."""

MAX_CACHED_QUERY: Final = 128
"""Bytes."""

INLINE_BODY: Final = 16 * 1024
"""Bytes of a body that is parsed and validated on the event loop; a larger one is handled in a thread."""

Handler = Callable[..., Awaitable[Response]]


class StrictRoute(APIRoute):
    """A route that runs its handler with strictly validated arguments."""

    max_body: int = MAX_BODY
    ignores_query: bool = False
    nul_depth: int = 1
    """Depth of the fields that are named for containing U+0000; 0 leaves the check to the model."""
    key_depth: int = MAX_NESTING
    """Depth of the objects that are checked for too many keys; the rest is left to the model."""

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._handler = endpoint
        self._signature = HandlerSignature(endpoint)
        self.app = self._run

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["body"] = body = await read_body(scope, receive, self.max_body)
        await wait_for_admission(scope)
        arguments = await self._arguments(scope, body)
        response = await self._handler(**arguments)
        await response(scope, receive, send)

    async def _arguments(self, scope: Scope, body: bytes) -> dict[str, Any]:
        if len(body) <= INLINE_BODY:
            return self._read(scope, body)
        user = scope.get("user")
        arguments: dict[str, Any] = await scope["app"].state.large_bodies.run(
            user and user.id, self._read_large, scope, body
        )
        return arguments

    def _read_large(self, scope: Scope, body: bytes) -> dict[str, Any]:
        """Reads the arguments with the garbage collector disabled.

        A collection would stop all threads, and the data is short-lived.
        """
        gc.disable()
        try:
            return self._read(scope, body)
        finally:
            gc.enable()

    def _read(self, scope: Scope, body: bytes) -> dict[str, Any]:
        return self._signature.read(scope, body, self)


class ProbeRoute(StrictRoute):
    """A route for health probes, which may have any query."""

    ignores_query = True


class Router:
    """Finds the route of a request. Each path has one table of methods, so that a 405 can name them all."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._fixed: dict[str, dict[str, ASGIApp]] = {}
        self._patterns: dict[str, tuple[Any, dict[str, ASGIApp]]] = {}
        for route in routes:
            if isinstance(route, StrictRoute):
                self._add(route)

    def route_template(self, path: str) -> str | None:
        """Returns the route template of a path, for requests rejected before routing (401, 503)."""
        if path in self._fixed:
            return path
        return next((one for one, (form, _) in self._patterns.items() if form.fullmatch(path)), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self._methods(scope)
        method = scope["method"]
        app = methods.get("GET" if method == "HEAD" else method)
        if app is None:
            raise MethodNotAllowed(methods.keys() | ({"HEAD"} if "GET" in methods else set()))
        await app(scope, receive, send)

    def _add(self, route: StrictRoute) -> None:
        if route.param_convertors:
            _, methods = self._patterns.setdefault(route.path, (route.path_regex, {}))
        else:
            methods = self._fixed.setdefault(route.path, {})
        methods |= dict.fromkeys(route.methods or (), route.app)

    def _methods(self, scope: Scope) -> Mapping[str, ASGIApp]:
        path = scope["path"]
        if path in self._fixed:
            scope["route"] = path
            return self._fixed[path]
        for template, (pattern, methods) in self._patterns.items():
            if match := pattern.fullmatch(path):
                scope["route"] = template
                scope["path_params"] = match.groupdict()
                return methods
        raise NotFound("Not found")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of the path or a header, or the whole query or body, and its validation."""

    argument: str
    name: str
    type: TypeAdapter[Any]
    required: bool
    unknown: str

    @classmethod
    def of(cls, parameter: inspect.Parameter, type_: Any, marker: params.Param | params.Body) -> "Parameter":
        name = "body" if isinstance(marker, params.Body) else marker.alias or parameter.name
        required = parameter.default is inspect.Parameter.empty
        unknown = UNKNOWN_PARAMETER if isinstance(marker, params.Query) else UNKNOWN_FIELD
        return cls(parameter.name, name, TypeAdapter(type_), required, unknown)

    def validate(self, given: Any, arguments: dict[str, Any], problems: list[FieldError]) -> None:
        """Adds the value to the arguments; a validator may append to the problems, which are its context."""
        try:
            arguments[self.argument] = self.type.validate_python(given, context=problems)
        except ValidationError as error:
            problems += field_errors(error, self.name, self.unknown)


class HandlerSignature:
    """The parameters of a handler, by source."""

    def __init__(self, handler: Handler) -> None:
        self.path: list[Parameter] = []
        self.headers: list[Parameter] = []
        self.query: Parameter | None = None
        self.body: Parameter | None = None
        self._queries: dict[bytes, Any] = {}
        self.dependencies: list[tuple[str, Callable[[Request], Any]]] = []
        hints = get_type_hints(handler, include_extras=True)
        for parameter in inspect.signature(handler).parameters.values():
            self._add(parameter, *_annotation(hints[parameter.name]))

    def read(self, scope: Scope, body: bytes, route: StrictRoute) -> dict[str, Any]:
        """Returns the handler's arguments.

        Raises:
            InvalidRequest: the body is not a JSON object.
            ValidationFailed: fields break a rule; each one is named.

        """
        document = read_json_object(scope, body) if self.body else {}
        arguments: dict[str, Any] = {}
        problems = self.read_without_body(scope, arguments, any_query=route.ignores_query)
        if self.body:
            found = refuse_wide_objects(document, body, route.key_depth)
            if len(document) <= MAX_KEYS:
                found += nul_problems(document, body, route.nul_depth) if route.nul_depth else []
                self.body.validate(document, arguments, found)
            problems += first_of_each_field(found)
        if problems:
            raise ValidationFailed(problems)
        self.make(scope, arguments)
        return arguments

    def read_without_body(
        self, scope: Scope, arguments: dict[str, Any], *, any_query: bool
    ) -> list[FieldError]:
        """Adds the values of path, query and headers to the arguments; returns their problems."""
        problems: list[FieldError] = []
        for value in self.path:
            value.validate(scope["path_params"][value.name], arguments, problems)
        if scope["query_string"] or self.query:
            self._read_query(scope, arguments, problems, any_query=any_query)
        for value in self.headers:
            self._read_header(scope, value, arguments, problems)
        return problems

    def make(self, scope: Scope, arguments: dict[str, Any]) -> None:
        """Adds the results of the dependencies to the arguments."""
        if self.dependencies:
            request = Request(scope)
            for argument, make in self.dependencies:
                arguments[argument] = make(request)

    def _read_query(
        self, scope: Scope, arguments: dict[str, Any], problems: list[FieldError], *, any_query: bool
    ) -> None:
        raw: bytes = scope["query_string"]
        if any_query:
            return
        if self.query and raw in self._queries:
            arguments[self.query.argument] = self._queries[raw]
            return
        given, unreadable = read_query(scope)
        found: list[FieldError] = []
        if self.query:
            self.query.validate(given, arguments, found)
        else:
            found += [FieldError(name, UNKNOWN_PARAMETER) for name in given]
        if unreadable or found:
            problems += first_of_each_field(unreadable + found)
        elif self.query and len(raw) <= MAX_CACHED_QUERY:
            if len(self._queries) >= QUERY_CACHE_SIZE:
                self._queries.clear()
            self._queries[raw] = arguments[self.query.argument]

    @staticmethod
    def _read_header(
        scope: Scope, value: Parameter, arguments: dict[str, Any], problems: list[FieldError]
    ) -> None:
        given = header_values(scope, value.name.lower().encode())
        if given or value.required:
            value.validate(given, arguments, problems)

    def _add(self, parameter: inspect.Parameter, type_: Any, marker: Any) -> None:
        match marker:
            case params.Path():
                self.path.append(Parameter.of(parameter, type_, marker))
            case params.Header():
                self.headers.append(Parameter.of(parameter, type_, marker))
            case params.Query():
                if not type_.model_config.get("frozen"):
                    raise TypeError(f"{type_!r}: queries are cached, so its model must be frozen")
                self.query = Parameter.of(parameter, type_, marker)
            case params.Body():
                self.body = Parameter.of(parameter, type_, marker)
            case _:
                self.dependencies.append((parameter.name, _resolver(type_, marker)))


def _annotation(hint: Any) -> tuple[Any, Any]:
    """Splits `Annotated[T, …, marker]` into the type with its other metadata, and FastAPI's marker."""
    if get_origin(hint) is not Annotated:
        return hint, None
    type_, *metadata = get_args(hint)
    markers = [one for one in metadata if isinstance(one, params.Param | params.Body | params.Depends)]
    others = [one for one in metadata if one not in markers]
    for other in others:
        type_ = Annotated[type_, other]
    return type_, markers[-1] if markers else None


def _resolver(type_: Any, marker: Any) -> Callable[[Request], Any]:
    """Returns the function that computes an argument from the request."""
    if type_ is Request:
        return lambda request: request
    if not isinstance(marker, params.Depends) or marker.dependency is None:
        raise TypeError(f"{type_!r}: an argument must be Annotated with Path, Query, Header, Body or Depends")
    function = marker.dependency
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{function!r}: a dependency must be a plain function")
    hints = get_type_hints(function, include_extras=True)
    wanted = [(name, _resolver(*_annotation(hints[name]))) for name in inspect.signature(function).parameters]
    return lambda request: function(**{name: make(request) for name, make in wanted})
