"""`taskward mcp`: the MCP server over standard input and output, for agents on this machine."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from mcp.server.stdio import stdio_server

from taskward.mcp.server import McpContext, new_server
from taskward_client import AsyncClient


async def serve_stdio(url: str, token: Callable[[], str], *, uses_proxies: bool) -> None:
    """Serves until standard input ends, with the tasks of a service and of the user of these tokens."""
    # With a transport of its own httpx uses no proxy of the environment.
    transport = None if uses_proxies else httpx.AsyncHTTPTransport()
    async with AsyncClient(url, token, transport=transport) as api, stdio_server() as (reading, writing):

        @asynccontextmanager
        async def client_of(_: McpContext) -> AsyncIterator[AsyncClient]:
            yield api

        server = new_server(client_of)
        await server.run(reading, writing, server.create_initialization_options())
