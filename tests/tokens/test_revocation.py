"""A revocation reaches every process within five seconds."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from changes.streams import http_client, process
from support import MakeDatabase
from tokens.token_support import make_token

from taskward.tokens.access import CACHE_SECONDS


@pytest.mark.processes
@pytest.mark.engines("disk", "postgres")
async def test_a_revoked_token_is_refused_by_three_processes_within_five_seconds(
    engine: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    database = await new_database(engine)
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(process(database, tmp_path)) for _ in range(3)]
        ann = await stack.enter_async_context(http_client(urls[0], str(uuid4())))
        token, other = await make_token(ann), await make_token(ann)
        clients = [await stack.enter_async_context(httpx.AsyncClient(base_url=url)) for url in urls]

        async def statuses(text: str) -> list[int]:
            headers = {"Authorization": f"Bearer {text}"}
            answers = await asyncio.gather(*(one.get("/api/tasks", headers=headers) for one in clients))
            return [answer.status_code for answer in answers]

        assert await statuses(token["token"]) == [200] * 3
        assert (await ann.http.delete(f"/api/tokens/{token['id']}")).status_code == 200
        revoked = time.monotonic()
        while await statuses(token["token"]) != [401] * 3:
            assert time.monotonic() < revoked + CACHE_SECONDS + 1  # of the requests themselves
            await asyncio.sleep(0.1)

        assert await statuses(other["token"]) == [200] * 3
