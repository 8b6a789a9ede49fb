"""docs/contract.md#errors: the middleware of every request."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope
from support import SECRET, BreakDatabase, Person, client_of, context_for, exchange, running, settings_for

from taskward.http.application import RequestMiddleware, ResponseWriter
from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.http.cors import CrossOrigin
from taskward.http.errors import ServiceError
from taskward.http.responses import CommonHeaders

pytestmark = pytest.mark.engines("memory")

OWN_ID = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize(
    "given", ["a", "0", "A.b_c-9", "x" * 64, "..", "2f1c7c2e-6a54-4a3f-9a53-1f5c0a1d2b3c"]
)
async def test_a_valid_request_id_is_kept(stranger: httpx.AsyncClient, given: str) -> None:
    for path in ("/health", "/api/tasks", "/nowhere"):
        answer = await stranger.get(path, headers={"X-Request-ID": given})
        assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize(
    "given",
    ["", " ", "x" * 65, "a b", "a/b", "a@b.c", "é", "a\tb", "a,b", '"a"', "<a>", "${a}", "%41", "a:b"],
)
async def test_any_other_request_id_is_replaced(app: FastAPI, given: str) -> None:
    told = await exchange(app, "GET", "/health", headers=[("X-Request-ID", given)])

    ids = [value.decode() for name, value in told.headers if name == b"x-request-id"]
    assert len(ids) == 1
    assert OWN_ID.fullmatch(ids[0])


async def test_two_request_ids_are_replaced_by_one(app: FastAPI) -> None:
    told = await exchange(app, "GET", "/health", headers=[("X-Request-ID", "a"), ("X-Request-ID", "a")])

    assert OWN_ID.fullmatch(dict(told.headers)[b"x-request-id"].decode())


async def test_every_request_has_an_id_of_its_own(stranger: httpx.AsyncClient) -> None:
    ids = {(await stranger.get("/health")).headers["x-request-id"] for _ in range(5)}

    assert len(ids) == 5


async def test_the_response_to_a_crash_has_the_request_id(ann: Person, break_database: BreakDatabase) -> None:
    break_database(RuntimeError())

    answer = await ann.http.get("/api/tasks", headers={"X-Request-ID": "mine"})

    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "mine")


async def test_in_production_every_response_requires_https() -> None:
    settings = settings_for("sqlite://", environment="production")
    async with running(settings) as app:
        for path in ("/health", "/api/tasks", "/nowhere"):
            answer = await client_of(app).get(path)
            assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_a_response_that_fails_halfway_is_aborted() -> None:
    async def half(_: RequestContext, __: Scope, ___: Receive, response: ResponseWriter) -> None:
        await response.send({"type": "http.response.start", "status": 200, "headers": []})
        await response.send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise RuntimeError(SECRET)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    cross_origin = CrossOrigin(())
    frame = RequestMiddleware(half, cross_origin, CommonHeaders(cross_origin, https_only=False))
    scope: Scope = {}
    scope[CONTEXT_KEY] = context_for(scope)
    with pytest.raises(Exception, match="An internal server error occurred"):
        await frame(scope, receive, send)

    assert [message.get("body") for message in sent] == [None, b"{"]


@pytest.mark.parametrize(
    "path", ["/health", "/api/tasks", "/api/tasks?limit=0", "/api/nothing", "/api/tasks/1"]
)
@pytest.mark.parametrize("token", ["good", "bad"])
async def test_a_request_creates_no_reference_cycle(app: FastAPI, ann: Person, path: str, token: str) -> None:
    headers = [("Authorization", f"Bearer {ann.token if token == 'good' else token}")]
    await exchange(app, "GET", path, headers=headers)  # fills the caches
    with no_garbage():
        for _ in range(3):
            assert (await exchange(app, "GET", path, headers=headers)).status


@pytest.mark.engines("memory", "disk", "postgres")
@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_that_changes_nothing_creates_no_reference_cycle(
    app: FastAPI, ann: Person, *, atomic: bool
) -> None:
    task = await ann.create()
    operation = {"op": "delete", "id": task["id"], "if_match": '"0"'}
    missing = {"op": "update", "id": str(uuid4()), "task": {"title": "x"}}
    invalid = {"op": "create", "task": {"title": 5}}
    body = orjson.dumps({"operations": [operation, missing, invalid], "atomic": atomic})
    headers = [
        ("Authorization", f"Bearer {ann.token}"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
    ]
    await exchange(app, "POST", "/api/tasks/batch", headers=headers, pieces=[body])  # fills the caches
    with no_garbage():
        for _ in range(3):
            answer = await exchange(app, "POST", "/api/tasks/batch", headers=headers, pieces=[body])
            assert [one["status"] for one in orjson.loads(answer.body)["results"]] == [412, 404, 400]


@pytest.mark.engines("memory", "disk")
@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("PUT", {"title": "x"}, 412),
        ("POST", {"title": "x", "list_id": str(uuid4())}, 400),
        ("DELETE", None, 412),
    ],
)
async def test_a_write_that_is_rejected_creates_no_reference_cycle(
    app: FastAPI, ann: Person, method: str, body: dict[str, str] | None, status: int
) -> None:
    path = "/api/tasks" if method == "POST" else f"/api/tasks/{(await ann.create())['id']}"
    content = b"" if body is None else orjson.dumps(body)
    headers = [
        ("Authorization", f"Bearer {ann.token}"),
        *([] if method == "POST" else [("If-Match", '"0"')]),
        *(
            []
            if body is None
            else [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        ),
    ]
    await exchange(app, method, path, headers=headers, pieces=[content])  # fills the caches
    with no_garbage():
        for _ in range(3):
            answer = await exchange(app, method, path, headers=headers, pieces=[content])
            assert answer.status == status


@contextmanager
def no_garbage() -> Iterator[None]:
    """Fails if the block leaves a request or an error to the garbage collector."""
    gc.collect()
    gc.freeze()  # to look at what follows only
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        left = [
            one
            for one in gc.garbage
            if isinstance(one, ServiceError) or (isinstance(one, dict) and "raw_path" in one)
        ]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == [], "it would be kept, with all that it refers to, for hundreds of requests"
