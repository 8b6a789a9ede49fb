"""The signature of a handler: which arguments it takes, and from where; read once, when a route is created.

    Annotated[T, Path()], Annotated[T, Header()]        one value
    Annotated[Model, Query()], Annotated[Model, Body()] all of them, as one model
    Annotated[T, Depends(function)]                     the result of the (plain) function for the request
    Context                                             the context of the request

A `BodyLimits` beside `Body()` replaces the default limits. An `AlternativeBody` there has the
model of the body for one value of another argument.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi import Response, params
from pydantic import TypeAdapter

from taskward.http.context import RequestContext, request_context
from taskward.http.errors import FieldError
from taskward.http.requests import MAX_BODY, MAX_NESTING

Handler = Callable[..., Awaitable[Response]]
Resolver = Callable[[RequestContext], Any]
"""Computes an argument from the request."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The limits of a route's body."""

    max_body: int = MAX_BODY
    """Bytes."""
    nul_depth: int = 1
    """Depth of the fields that are named for containing U+0000; 0 leaves the check to the model."""
    key_depth: int = MAX_NESTING
    """Depth of the objects that are checked for too many keys; the rest is left to the model."""


DEFAULT_LIMITS: Final = BodyLimits()


@dataclass(frozen=True, slots=True)
class AlternativeBody:
    """The body has one model if the argument `when`, from a header, is true, and another one if not."""

    when: str
    then: type
    otherwise: type
    problems: Callable[[Mapping[str, Any]], list[FieldError]]
    """Returns what else is wrong if it is true, given the valid arguments of the path and the headers."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of the path or a header, or the whole query or body, and its validation."""

    argument: str
    name: str
    validate: Callable[..., Any]
    """Raises pydantic's `ValidationError` if the value is not valid. The models of bodies get the parts of
    the service as the context of the validation."""
    required: bool

    @classmethod
    def of(cls, parameter: inspect.Parameter, type_: Any, marker: params.Param | params.Body) -> "Parameter":
        name = "body" if isinstance(marker, params.Body) else marker.alias or parameter.name
        required = parameter.default is inspect.Parameter.empty
        return cls(parameter.name, name, TypeAdapter(type_).validator.validate_python, required)


class HandlerSignature:
    """The parameters of a handler, by source."""

    def __init__(self, handler: Handler) -> None:
        self.path: list[Parameter] = []
        self.headers: list[tuple[bytes, Parameter]] = []
        self.query: Parameter | None = None
        self.body: Parameter | None = None
        self.alternative_body: tuple[AlternativeBody, Parameter] | None = None
        """A condition, and the body if it is true."""
        self.limits = DEFAULT_LIMITS
        self.dependencies: list[tuple[str, Resolver]] = []
        hints = get_type_hints(handler, include_extras=True)
        for parameter in inspect.signature(handler).parameters.values():
            self._add(parameter, *_annotation(hints[parameter.name]))

    def _add(self, parameter: inspect.Parameter, type_: Any, metadata: list[Any]) -> None:
        match _marker(metadata):
            case params.Path() as marker:
                self.path.append(Parameter.of(parameter, type_, marker))
            case params.Header() as marker:
                value = Parameter.of(parameter, type_, marker)
                self.headers.append((value.name.lower().encode(), value))
            case params.Query() as marker:
                if not type_.model_config.get("frozen"):
                    raise TypeError(f"{type_!r}: queries are cached, so its model must be frozen")
                self.query = Parameter.of(parameter, type_, marker)
            case params.Body() as marker:
                condition = next((one for one in metadata if isinstance(one, AlternativeBody)), None)
                if condition is not None:
                    type_ = condition.otherwise
                    then = Parameter.of(parameter, condition.then, marker)
                    self.alternative_body = condition, then
                self.body = Parameter.of(parameter, type_, marker)
                self.limits = next((one for one in metadata if isinstance(one, BodyLimits)), DEFAULT_LIMITS)
            case marker:
                self.dependencies.append((parameter.name, _resolver(type_, marker)))


def _annotation(hint: Any) -> tuple[Any, list[Any]]:
    """Splits `Annotated[T, …]` into the type with pydantic's metadata, and our own metadata."""
    if get_origin(hint) is not Annotated:
        return hint, []
    type_, *metadata = get_args(hint)
    ours = [one for one in metadata if isinstance(one, _OURS)]
    for other in metadata:
        if other not in ours:
            type_ = Annotated[type_, other]
    return type_, ours


def _marker(metadata: list[Any]) -> Any:
    return next(
        (one for one in reversed(metadata) if not isinstance(one, BodyLimits | AlternativeBody)), None
    )


def _resolver(type_: Any, marker: Any) -> Resolver:
    """Returns the function that computes an argument from the context of a request."""
    if not isinstance(marker, params.Depends) or marker.dependency is None:
        raise TypeError(f"{type_!r}: an argument must be Annotated with Path, Query, Header, Body or Depends")
    function = marker.dependency
    if function is request_context:
        return _itself
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{function!r}: a dependency must be a plain function")
    hints = get_type_hints(function, include_extras=True)
    wanted = [_argument(hints[name]) for name in inspect.signature(function).parameters]
    if wanted == [_itself]:
        return function
    return lambda context: function(*[resolve(context) for resolve in wanted])


def _argument(hint: Any) -> Resolver:
    type_, metadata = _annotation(hint)
    return _resolver(type_, _marker(metadata))


def _itself(context: RequestContext) -> RequestContext:
    return context


_OURS: Final = (params.Param, params.Body, params.Depends, BodyLimits, AlternativeBody)
