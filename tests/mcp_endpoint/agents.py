"""Agents: the SDK's own client over real sockets, and bare requests of the protocol."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

TLS = ssl.create_default_context()  # not used, but each client would make one

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
MODES = {MODERN: "auto", LEGACY: "legacy"}


class Agent:
    """One agent of one user."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(self, tool: str, **arguments: Any) -> Any:
        """Returns the object that a tool returns."""
        result = await self.client.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        assert not result.is_error, text_of(result)
        return result.structured_content

    async def fail(self, tool: str, **arguments: Any) -> str:
        """Returns the text with which a tool fails."""
        result = await self.client.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        assert result.is_error
        return text_of(result)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@asynccontextmanager
async def agent(url: str, token: str, version: str = MODERN) -> AsyncIterator[Agent]:
    """Connects an agent that speaks this revision of the protocol."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False, verify=TLS) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=MODES[version]) as client,
    ):
        assert client.protocol_version == version
        yield Agent(client)


def tool_call(tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns the arguments for httpx of a call of a tool, as an agent of the newest revision sends it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    params = {"name": tool, "arguments": arguments or {}, "_meta": meta}
    return {
        "json": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        "headers": {
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
            "Accept": "application/json, text/event-stream",
        },
    }


def of_version(version: str, call: dict[str, Any]) -> dict[str, Any]:
    """Returns a call as an agent of that revision sends it."""
    if version == LEGACY:
        params = {name: value for name, value in call["json"]["params"].items() if name != "_meta"}
        headers = call["headers"] | {"MCP-Protocol-Version": LEGACY}
        return {"json": call["json"] | {"params": params}, "headers": headers}
    return call
