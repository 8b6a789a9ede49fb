"""The MCP server: the protocol is the official SDK's, which is slow to import."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from taskward import __version__
from taskward.mcp.calls import call
from taskward.mcp.tools import INSTRUCTIONS, TOOLS, Tool
from taskward_client import AsyncClient

log = logging.getLogger(__name__)

McpContext = ServerRequestContext[Any, Any]
ClientOf = Callable[[McpContext], AbstractAsyncContextManager[AsyncClient]]
"""Returns the client of the API for the user of a request."""

_TOOLS: Final = {tool.name: tool for tool in TOOLS}
_UNKNOWN: Final = "There is no tool {name}; tools/list returns those that there are."


def new_server(client_of: ClientOf) -> Server[Any]:
    """Returns an MCP server whose tools use these clients."""
    server = Server[Any](
        "taskward",
        version=__version__,
        title="Taskward",
        instructions=INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=partial(_call_tool, client_of),
        get_tool_input_schema=lambda name: _TOOLS[name].schema if name in _TOOLS else None,
    )
    server.middleware.clear()  # the SDK's own traces: requests are traced by the service
    return server


def new_session_manager(server: Server[Any], max_body: int) -> StreamableHTTPSessionManager:
    """Returns the server over HTTP, without sessions: each request is answered by itself, in JSON."""
    return StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=max_body
    )


async def _list_tools(_: McpContext, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS])


async def _call_tool(
    client_of: ClientOf, context: McpContext, params: types.CallToolRequestParams
) -> types.CallToolResult:
    tool = _TOOLS.get(params.name)
    if tool is None:
        raise MCPError(types.INVALID_PARAMS, _UNKNOWN.format(name=params.name[:64]))
    try:
        async with client_of(context) as api:
            result = await call(tool, api, params.arguments or {})
    except Exception:
        log.exception("Unforeseen error in a tool", extra={"tool": tool.name})
        raise MCPError(types.INTERNAL_ERROR, "An internal server error occurred") from None
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=result.text)],
        structured_content=result.value,
        is_error=result.value is None,
    )


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.schema,
        output_schema=tool.output,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.is_read_only,
            destructive_hint=tool.is_destructive,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )
