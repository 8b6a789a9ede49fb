"""Event streams that were opened with an access token: they end with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from changes.streams import Stream, http_client, in_process_server
from support import settings_for
from support.waiting import TIMEOUT
from tokens.token_support import make_token

from taskward.changes import sse
from taskward.tokens import access

pytestmark = pytest.mark.engines("memory")


async def test_a_stream_ends_once_its_token_is_revoked_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sse, "REVOCATION_CHECK", 0.2)
    monkeypatch.setattr(access, "CACHE_SECONDS", 0.1)
    async with (
        in_process_server(settings_for("sqlite://")) as service,
        http_client(service.url, str(uuid4())) as ann,
    ):
        token, other = await make_token(ann), await make_token(ann)
        async with (
            open_stream(service.url, token["token"]) as stream,
            open_stream(service.url, other["token"]) as kept,
            ann.stream() as own,
        ):
            await ann.create("One")
            for one in (stream, kept, own):
                assert (await one.next()).change["task"]["title"] == "One"

            await ann.http.delete(f"/api/tokens/{token['id']}")
            assert await stream.ends()
            await ann.create("Two")
            for one in (kept, own):
                assert (await one.next()).change["task"]["title"] == "Two"


def test_a_stream_ends_within_twenty_seconds() -> None:
    assert sse.REVOCATION_CHECK + access.CACHE_SECONDS <= 15
    assert sse.KEEP_ALIVE <= 20


@asynccontextmanager
async def open_stream(url: str, token: str) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT) as http,
        http.stream("GET", "/api/events") as answer,
    ):
        assert answer.status_code == 200
        yield Stream(answer)
