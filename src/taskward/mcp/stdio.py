"""`taskward mcp`: the MCP server over standard input and output, for agents on this machine."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mcp.server.stdio import stdio_server

from taskward.mcp.server import McpContext, new_server
from taskward_client import AsyncClient


async def serve_stdio(url: str, token: Callable[[], str]) -> None:
    """Serves until standard input ends, with the tasks of a service and of the user of these tokens."""
    async with AsyncClient(url, token) as api, stdio_server() as (reading, writing):

        @asynccontextmanager
        async def client_of(_: McpContext) -> AsyncIterator[AsyncClient]:
            yield api

        server = new_server(client_of)
        await server.run(reading, writing, server.create_initialization_options())
