"""Routes of a space: those of a person's own tasks and lists, below `/api/spaces/{space_id}`."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path

from taskward.database import DATABASE, OWNED_ROWS
from taskward.http.caller import Need, Reach
from taskward.http.context import RequestContext
from taskward.http.parts import Parts
from taskward.http.roles import Role, role_of
from taskward.http.routing import Arguments, ControlRoute, StrictRoute
from taskward.http.signature import Handler
from taskward.http.validation import strict_uuid
from taskward.spaces.authorization import SpaceRows, shared_rows, space_owner
from taskward.spaces.errors import SpaceNotFound
from taskward.spaces.recording import recorder_of

PREFIX: Final = "/api/spaces/{space_id}"

SpaceId = Annotated[UUID, strict_uuid("Space id"), Path(description="A UUID, in any letter case.")]

_SPACE_ID: Final = "space_id"


class SpaceRoute(StrictRoute):
    """A route below a space: its handler works on the rows of that space, as the caller's role allows."""

    need = Need.SPACE

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        super().__init__(path, _with_space_id(endpoint), **options)
        self.handler = inspect.unwrap(endpoint)

    def check_reach(self, context: RequestContext, reach: Reach) -> None:
        """Raises SpaceNotFound for a space out of the token's reach, else as for any route."""
        if reach.spaces is not None and context.owner.id not in reach.spaces:
            raise SpaceNotFound
        super().check_reach(context, reach)

    def resolve(self, context: RequestContext, arguments: Arguments) -> None:
        space_id = arguments.pop(_SPACE_ID)
        # Stores take their rows from the parts: from here on those of the space, with a check of the role.
        context.parts = parts = Parts(context.parts)
        del parts[DATABASE]
        rows = SpaceRows(
            shared_rows(parts),
            space_id,
            context.caller.id,
            role_of(self.handler, context.method),
            partial(_allowed, context.path_methods),
            recorder=recorder_of(context),
        )
        parts[OWNED_ROWS], context.other_owner = rows, space_owner(rows)
        super().resolve(context, arguments)


class SharingRoute(SpaceRoute):
    """A route that changes who shares a space, or deletes what is in its trash: not for an access token."""

    need = Need.SHARING


def in_space(router: APIRouter) -> APIRouter:
    """Returns the routes of a router for spaces."""
    copies = APIRouter(tags=["Spaces"])
    for route in router.routes:
        if not isinstance(route, StrictRoute):
            raise TypeError(f"{route!r} has no form for a space")
        copies.add_api_route(
            PREFIX + route.path.removeprefix("/api"),
            route.endpoint,
            methods=sorted(route.methods or ()),
            operation_id=re.sub("^[a-z]+", r"\g<0>Space", route.operation_id or ""),
            response_model=route.response_model,
            response_class=route.response_class,
            responses=route.responses,
            status_code=route.status_code,
            summary=(route.summary or "").replace(" my ", " a space's "),
            description=route.description,
            route_class_override=SharingRoute if isinstance(route, ControlRoute) else SpaceRoute,
        )
    return copies


def _allowed(routes: Mapping[str, StrictRoute], role: Role) -> set[str]:
    """Returns the methods of a path that a role has."""
    found = {method for method, route in routes.items() if role_of(route.handler, method) <= role}
    return found | ({"HEAD"} if "GET" in found else set())


def _with_space_id(handler: Handler) -> Handler:
    """Returns the handler with one more parameter, the id in the path."""
    if _SPACE_ID in inspect.signature(handler).parameters:
        return handler

    @wraps(handler)
    async def declared(**arguments: Any) -> Any:
        del arguments[_SPACE_ID]
        return await handler(**arguments)

    parameter = inspect.Parameter(_SPACE_ID, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=SpaceId)
    signature = inspect.signature(handler)
    others = signature.parameters.values()
    declared.__signature__ = signature.replace(parameters=[parameter, *others])  # type: ignore[attr-defined] # inspect documents it
    declared.__annotations__ = {_SPACE_ID: SpaceId, **_hints(handler)}
    return declared


def _hints(handler: Callable[..., Any]) -> dict[str, Any]:
    return inspect.get_annotations(handler, eval_str=True)
