"""Promises about every route, future ones included: each test iterates over `app.routes`."""

import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.datastructures import DefaultPlaceholder
from fastapi.routing import APIRoute
from support import (
    METHOD_NOT_ALLOWED,
    NO_SUCH_PATH,
    PAYLOAD_TOO_LARGE,
    UNAUTHORIZED,
    Person,
    exchange,
    refusal,
)

from taskward.app import ROUTERS
from taskward.features import ENTITIES
from taskward.http.admission import Admission
from taskward.http.routing import ProbeRoute, StrictRoute

METADATA = {f"/.well-known/oauth-protected-resource{path}" for path in ("", "/mcp")}
WEB_APP = {"/", "/app/{name}", "/app/session", "/app/sign-in"}
PUBLIC = {"/health", "/health/ready", "/docs", "/docs/{name}", "/openapi.json", *METADATA, *WEB_APP}
"""The only paths that need no token."""

OUTSIDE_API = {"/mcp"}
"""The only paths that need a token and are not below /api."""

ROUTES = [route for router in ROUTERS for route in router.routes]
ENDPOINTS = [route for route in ROUTES if isinstance(route, StrictRoute)]
OPERATIONS = [(method, route) for route in ENDPOINTS for method in sorted(route.methods or ())]
PATHS = sorted({route.path for route in ENDPOINTS})
PIECE = 32 * 1024

every_operation = pytest.mark.parametrize(
    ("method", "route"), OPERATIONS, ids=[f"{method} {route.path}" for method, route in OPERATIONS]
)
every_path = pytest.mark.parametrize("path", PATHS)


def url(path: str, task_id: object = None, list_id: object = None, comment_id: object = None) -> str:
    """Returns a path that this route answers on; a parameter that is new needs a value here."""
    name = "app.js" if path in WEB_APP else "init.js"
    kinds = (*(entity.kind for entity in ENTITIES), "space", "member", "invitation", "token")
    ids = {f"{kind}_id": uuid4() for kind in kinds}
    given = {"task_id": task_id, "list_id": list_id, "comment_id": comment_id}
    return path.format(**ids | {key: value for key, value in given.items() if value}, name=name)


class _Known(dict[str, str]):
    """Parameters of a path of which others stay as they are."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def methods_of(path: str) -> set[str]:
    named = {method for route in ENDPOINTS if route.path == path for method in route.methods or ()}
    return named | ({"HEAD"} if "GET" in named else set())


def fitting(route: StrictRoute) -> Any:
    """Returns a body that this route takes, if it takes one."""
    if route.path.endswith("/restore"):
        return {}
    if route.path.endswith("/reminders"):
        return {"reminders": []}
    return {"title": "Buy milk"} if route.body_field is not None else None


def test_every_route_runs_through_the_one_pipeline() -> None:
    assert ENDPOINTS == ROUTES


def test_every_route_below_api_documents_what_it_answers() -> None:
    bare = [
        route.path
        for route in ENDPOINTS
        if route.response_model is None and isinstance(route.response_class, DefaultPlaceholder)
    ]

    assert [path for path in bare if path.startswith("/api")] == []


@pytest.mark.engines("memory")
@every_operation
async def test_a_request_without_a_token_is_401_except_on_public_paths(
    stranger: httpx.AsyncClient, method: str, route: StrictRoute
) -> None:
    for sent in {method, "HEAD"} if method == "GET" else {method}:
        answer = await stranger.request(sent, url(route.path), json=fitting(route))
        assert (answer.status_code == 401) == (route.path not in PUBLIC)
        if answer.status_code == 401:
            challenge = answer.headers["www-authenticate"]
            assert (
                challenge.startswith("Bearer resource_metadata=")
                if route.path in OUTSIDE_API
                else challenge == "Bearer"
            )


@pytest.mark.engines("memory")
@every_operation
async def test_every_request_of_a_user_is_admitted_once_and_no_other_is(
    ann: Person, monkeypatch: pytest.MonkeyPatch, method: str, route: StrictRoute
) -> None:
    try_acquire, admitted = Admission.try_acquire, []

    def count(admission: Admission, caller: int) -> bool:
        admitted.append(UUID(int=caller))
        return try_acquire(admission, caller)

    monkeypatch.setattr(Admission, "try_acquire", count)
    await ann.http.request(method, url(route.path), json=fitting(route))
    assert admitted == ([] if route.path in PUBLIC else [UUID(ann.sub)])


@pytest.mark.engines("memory")
@every_path
async def test_a_request_without_a_token_learns_nothing_of_methods_bodies_and_tasks(
    stranger: httpx.AsyncClient, ann: Person, path: str
) -> None:
    if path in PUBLIC | OUTSIDE_API:
        return
    task = await ann.create()
    for method, target, body in [
        ("OPTIONS", url(path, task["id"]), b""),
        ("PROPFIND", url(path), b""),
        ("POST", url(path) + "/", b"x" * 70_000),
        ("PUT", url(path, "1") + "?a=1&a=2", b"{"),
        ("GET", "/api", b""),
        ("GET", "/api/", b""),
        ("GET", "/api/nothing", b""),
    ]:
        assert refusal(await stranger.request(method, target, content=body)) == UNAUTHORIZED


@pytest.mark.engines("memory")
@every_operation
async def test_every_error_has_the_one_shape(
    ann: Person, stranger: httpx.AsyncClient, method: str, route: StrictRoute
) -> None:
    path, too_large = url(route.path), b"x" * (route.signature.limits.max_body + 1)
    answers = [
        await client.request(verb, target, content=body, headers={"Content-Type": kind})
        for client in (ann.http, stranger)
        for verb in (method, "PROPFIND")
        for target in (path, f"{path}?colour=red", f"{path}/", url(route.path, "1"), "/nowhere")
        for body in (b"", b"{", b"{}", b"[]", b'{"a":1}', *([too_large] if target == path else []))
        for kind in ("application/json", "text/plain")
    ]

    errors = [answer for answer in answers if answer.status_code >= 400]
    assert errors
    for answer in errors:
        body = answer.json()
        if route.path in OUTSIDE_API and "jsonrpc" in body:
            continue  # an error of the protocol, and not of the request that carries it
        assert list(body) in (["error", "code"], ["error", "code", "details"])
        assert re.fullmatch(r"[A-Z_]+", body["code"])
        assert isinstance(body["error"], str)
        for detail in body.get("details", [{"field": "", "message": ""}]):
            assert {name: type(value) for name, value in detail.items()} == {"field": str, "message": str}
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"]
        assert answer.headers["vary"] == "Origin"
        assert int(answer.headers["content-length"]) == len(answer.content)


@every_operation
async def test_no_route_tells_a_foreign_task_from_a_missing_one(
    ann: Person, bob: Person, method: str, route: StrictRoute
) -> None:
    if "{task_id}" not in route.path:
        return
    hers = await ann.create()
    foreign, missing = [
        await bob.http.request(method, url(route.path, task_id), json=fitting(route))
        for task_id in (hers["id"], uuid4())
    ]

    for answer in (foreign, missing):
        del answer.headers["x-request-id"]
    assert foreign.status_code == 404
    assert (foreign.headers, foreign.content) == (missing.headers, missing.content)


@pytest.mark.engines("memory")
@every_path
async def test_a_wrong_method_gets_all_allowed_ones(ann: Person, path: str) -> None:
    allowed = methods_of(path)
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - allowed:
        answer = await ann.http.request(method, url(path), content=b"{")
        assert answer.headers["allow"] == ", ".join(sorted(allowed))
        if method == "HEAD":
            assert (answer.status_code, answer.content) == (405, b"")
        else:
            assert refusal(answer) == METHOD_NOT_ALLOWED


@pytest.mark.engines("memory")
@every_path
async def test_head_answers_as_get_does_without_the_body(app: FastAPI, ann: Person, path: str) -> None:
    if "GET" not in methods_of(path):
        return
    space = (await ann.http.post("/api/spaces", json={"title": "Home"})).headers["location"]
    begin = space if path.startswith("/api/spaces/") else "/api"
    ids = [
        (await ann.http.post(f"{begin}/{kind}", json={"title": "Home"})).json()["id"]
        for kind in ("tasks", "lists")
    ]
    comment = {"task_id": ids[0], "text": "Which one?"}
    ids.append((await ann.http.post(f"{begin}/comments", json=comment)).json()["id"])
    target = url(path.format_map(_Known(space_id=space.rpartition("/")[2], member_id="me")), *ids)
    if path.endswith("/tasks/summary"):
        target += "?now=2026-11-21T14:30:00%2B01:00"
    bearer = [("Authorization", f"Bearer {ann.token}"), ("X-Request-ID", "same")]

    get, head = [await exchange(app, method, target, headers=bearer) for method in ("GET", "HEAD")]

    assert (get.status, len(get.body) > 0) == (200, True)
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


@pytest.mark.engines("memory")
@every_path
async def test_a_trailing_slash_is_another_path(ann: Person, path: str) -> None:
    for method in methods_of(path) - {"HEAD"}:
        answer = await ann.http.request(method, url(path) + "/", json={"title": "Buy milk"})
        assert refusal(answer) == NO_SUCH_PATH


@pytest.mark.engines("memory")
@every_operation
async def test_a_body_over_the_limit_is_refused_on_every_route(
    ann: Person, method: str, route: StrictRoute
) -> None:
    async def in_pieces(length: int) -> Any:
        for _ in range(length // PIECE):
            yield b" " * PIECE
        yield b" " * (length % PIECE)

    most = route.signature.limits.max_body
    for body in (b" " * (most + 1), in_pieces(most + 1)):
        answer = await ann.http.request(method, url(route.path), content=body)
        assert refusal(answer) == PAYLOAD_TOO_LARGE
    for body in (b" " * most, in_pieces(most)):
        assert (await ann.http.request(method, url(route.path), content=body)).status_code != 413


@pytest.mark.engines("memory")
@every_operation
async def test_every_status_on_the_wire_is_documented(
    app: FastAPI, ann: Person, stranger: httpx.AsyncClient, method: str, route: StrictRoute
) -> None:
    if not route.include_in_schema:
        return
    task = await ann.create()
    documented = app.openapi()["paths"][route.path][method.lower()]["responses"]
    answers = [
        await client.request(method, target, content=body, headers=headers)
        for client in (stranger, ann.http)
        for target in (url(route.path), f"{url(route.path)}?colour=red", url(route.path, task["id"]))
        for body in (b"", b"{", b'{"title":"Buy milk"}', b" " * (route.signature.limits.max_body + 1))
        for headers in ({"Content-Type": "application/json"}, {"If-Match": '"1"', "If-None-Match": "*"})
    ]

    assert {str(answer.status_code) for answer in answers} <= documented.keys()


@pytest.mark.engines("memory")
@every_operation
async def test_an_unknown_query_parameter_is_refused_everywhere_but_on_probes(
    ann: Person, method: str, route: StrictRoute
) -> None:
    answer = await ann.http.request(method, url(route.path) + "?no_such_parameter=1", json=fitting(route))

    if isinstance(route, ProbeRoute):
        assert answer.status_code == 200
    else:
        assert {"field": "no_such_parameter", "message": "Unknown query parameter"} in answer.json()[
            "details"
        ]


@pytest.mark.engines("memory")
@every_operation
async def test_every_answer_forbids_what_it_does_not_need(
    ann: Person, method: str, route: StrictRoute
) -> None:
    answer = await ann.http.request(method, url(route.path), json=fitting(route))

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "cache-control" in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_public_paths_are_routes_and_no_more_than_these() -> None:
    assert {path for path in PATHS if not path.startswith("/api")} == PUBLIC | OUTSIDE_API
    assert all(isinstance(route, APIRoute) for route in ROUTES)
