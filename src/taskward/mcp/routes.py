"""/mcp, and the metadata with which its clients find the identity provider: docs/mcp.md."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Response
from starlette.types import Receive, Scope, Send

from taskward.http.context import Context, RequestContext
from taskward.http.cors import HeaderNames
from taskward.http.errors import ValidationFailed
from taskward.http.requests import read_body, read_json_object, slot_for_body
from taskward.http.responses import json_response
from taskward.http.routing import ProbeRoute, StrictRoute
from taskward.http.signature import BodyLimits
from taskward.mcp.endpoint import MAX_BODY, MCP_ENDPOINT, METADATA, McpEndpoint
from taskward.mcp.messages import message_problems

METADATA_PATHS: Final = (METADATA, f"{METADATA}/mcp")

CROSS_ORIGIN: Final = dict.fromkeys(
    ("/mcp", *METADATA_PATHS),
    HeaderNames(request=b"MCP-Protocol-Version, Mcp-Method, Mcp-Name", exposed=b"WWW-Authenticate"),
)
"""Headers of the protocol that pages send and read. There are no sessions, so no `Mcp-Session-Id`."""

router = APIRouter(include_in_schema=False)


class McpRoute(StrictRoute):
    """The route of the endpoint: outside of /api, but authenticated and admitted like its routes."""

    async def respond(self, context: RequestContext, receive: Receive) -> Response:
        endpoint = context.parts[MCP_ENDPOINT]
        await endpoint.authenticate(context)
        async with slot_for_body(context):
            body = await read_body(context, receive, self.signature.limits.max_body)
            await context.admit()
        message = read_json_object(context, body)  # the SDK's parser allows any nesting
        if problems := [*self.read_head(context, {}), *message_problems(message)]:
            raise ValidationFailed(problems)
        context.has_changed_nothing = True  # until a tool calls what changes something
        return _McpResponse(endpoint, body)


class _McpResponse(Response):
    """The response of the SDK."""

    def __init__(self, endpoint: McpEndpoint, content: bytes) -> None:
        self._endpoint = endpoint
        self._content = content

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        await self._endpoint.serve(self._content, scope, send)


async def serve_mcp(_: Annotated[dict[str, Any], Body(), BodyLimits(max_body=MAX_BODY)]) -> Response:
    """Is not called: the route hands the request to the SDK."""
    raise NotImplementedError


async def read_metadata(context: Context) -> Response:
    return json_response(context.parts[MCP_ENDPOINT].metadata(context))


router.add_api_route("/mcp", serve_mcp, methods=["POST"], route_class_override=McpRoute)
for path in METADATA_PATHS:
    router.add_api_route(path, read_metadata, methods=["GET"], route_class_override=ProbeRoute)
