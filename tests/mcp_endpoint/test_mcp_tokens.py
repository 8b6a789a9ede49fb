"""Agents with an access token: they may do what the token may."""

from typing import Any
from uuid import uuid4

import httpx
from changes.streams import InProcess
from mcp_endpoint.agents import agent, tool_call
from support import token_for


async def new_token(url: str, access: str, **fields: Any) -> str:
    headers = {"Authorization": f"Bearer {token_for(str(uuid4()))}"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as user:
        answer = await user.post("/api/tokens", json={"name": "agent", "access": access, **fields})
        token: str = answer.json()["token"]
        return token


async def test_an_agent_works_with_an_access_token(service: InProcess) -> None:
    async with agent(service.url, await new_token(service.url, "write")) as one:
        added = await one.ask("add_tasks", tasks=[{"title": "Buy milk"}], idempotency_key="1")
        assert added["tasks"][0]["title"] == "Buy milk"
        assert len((await one.ask("find_tasks"))["tasks"]) == 1


async def test_an_agent_that_may_only_read_gets_a_text(service: InProcess) -> None:
    async with agent(service.url, await new_token(service.url, "read")) as one:
        assert (await one.ask("find_tasks"))["tasks"] == []
        failure = await one.fail("add_tasks", tasks=[{"title": "Buy milk"}], idempotency_key="1")
        assert "This token does not allow this" in failure


async def test_a_token_that_reaches_nothing_private_finds_nothing(service: InProcess) -> None:
    async with agent(service.url, await new_token(service.url, "write", private=False)) as one:
        assert "This token does not allow this" in await one.fail("find_tasks")


async def test_a_wrong_access_token_is_refused_at_the_endpoint(service: InProcess) -> None:
    token = await new_token(service.url, "write")
    async with httpx.AsyncClient(base_url=service.url) as http:
        call = tool_call("find_tasks")
        call["headers"]["Authorization"] = f"Bearer {token[:-1]}"
        answer = await http.post("/mcp", **call)

    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
