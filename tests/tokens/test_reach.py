"""Which token may do what: one table of all routes, with each access and each reach."""

from typing import Any, Final, Literal
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from support import Person, refusal
from test_promises import OPERATIONS
from tokens.token_support import BEYOND, bearer, store_token

Kind = Literal["private", "account", "space", "never"]

BATCH: Final = {"operations": [{"op": "create", "kind": "task", "task": {"title": "x"}}]}
TASK: Final = {"title": "x"}
COMMENT: Final = {"task_id": str(uuid4()), "text": "x"}

TABLE_OF_PERSONS: Final[dict[str, tuple[Kind, Any]]] = {
    "GET /api/tasks": ("private", None),
    "POST /api/tasks": ("private", TASK),
    "GET /api/tasks/summary": ("private", None),
    "GET /api/tasks/{task_id}": ("private", None),
    "PUT /api/tasks/{task_id}": ("private", TASK),
    "PATCH /api/tasks/{task_id}": ("private", TASK),
    "DELETE /api/tasks/{task_id}": ("private", None),
    "GET /api/tasks/{task_id}/occurrences": ("private", None),
    "POST /api/tasks/batch": ("private", {"operations": [{"op": "create", "task": {"title": "x"}}]}),
    "POST /api/batch": ("private", BATCH),
    "GET /api/labels": ("private", None),
    "POST /api/labels/rename": ("private", {"from": "a", "to": "b"}),
    "POST /api/labels/remove": ("private", {"label": "a"}),
    "GET /api/lists": ("private", None),
    "POST /api/lists": ("private", TASK),
    "GET /api/lists/{list_id}": ("private", None),
    "PUT /api/lists/{list_id}": ("private", TASK),
    "PATCH /api/lists/{list_id}": ("private", TASK),
    "DELETE /api/lists/{list_id}": ("private", None),
    "GET /api/comments": ("private", None),
    "GET /api/comments/counts": ("private", None),
    "POST /api/comments": ("private", COMMENT),
    "GET /api/comments/{comment_id}": ("private", None),
    "PUT /api/comments/{comment_id}": ("private", {"text": "x"}),
    "PATCH /api/comments/{comment_id}": ("private", {"text": "x"}),
    "DELETE /api/comments/{comment_id}": ("private", None),
    "GET /api/trash": ("private", None),
    "DELETE /api/trash": ("never", None),
    "POST /api/trash/{task_id}/restore": ("private", {}),
    "DELETE /api/trash/{task_id}": ("private", None),
    "GET /api/changes": ("private", None),
    "GET /api/events": ("private", None),
    "GET /api/me": ("account", None),
    "PATCH /api/me": ("account", {"time_zone": "Europe/Berlin"}),
    "DELETE /api/me": ("never", None),
    "GET /api/me/agenda": ("account", None),
    "GET /api/me/export": ("account", None),
    "GET /api/me/calendar.ics": ("account", None),
    "POST /api/me/import": ("never", {"tasks": []}),
    "GET /api/tokens": ("never", None),
    "POST /api/tokens": ("never", {"name": "x", "access": "read"}),
    "DELETE /api/tokens": ("never", None),
    "DELETE /api/tokens/{token_id}": ("never", None),
}

SPACE: Final = UUID(int=1)
NAMED: Final = {"title": "x"}
MEMBER: Final = {"name": "x"}
INVITATION: Final = {"invitation": "twi_" + "A" * 86}

TABLE_OF_SPACES: Final[dict[str, tuple[Kind, Any]]] = {
    "GET /api/spaces": ("space", None),
    "GET /api/spaces/events": ("space", None),
    "POST /api/moves": ("space", {"from": str(SPACE), "to": str(UUID(int=3)), "list": str(UUID(int=4))}),
    "POST /api/spaces": ("never", NAMED),
    "POST /api/invitations/redeem": ("never", INVITATION),
    "GET /api/spaces/{space_id}": ("space", None),
    "PUT /api/spaces/{space_id}": ("never", NAMED),
    "PATCH /api/spaces/{space_id}": ("never", NAMED),
    "DELETE /api/spaces/{space_id}": ("never", None),
    "GET /api/spaces/{space_id}/export": ("space", None),
    "GET /api/spaces/{space_id}/activity": ("space", None),
    "GET /api/spaces/{space_id}/reminders": ("space", None),
    "GET /api/spaces/{space_id}/tasks/{task_id}/reminders": ("space", None),
    "PUT /api/spaces/{space_id}/tasks/{task_id}/reminders": ("space", {"reminders": []}),
    "GET /api/spaces/{space_id}/members": ("space", None),
    "GET /api/spaces/{space_id}/members/{member_id}": ("space", None),
    "PUT /api/spaces/{space_id}/members/{member_id}": ("never", MEMBER),
    "PATCH /api/spaces/{space_id}/members/{member_id}": ("never", MEMBER),
    "DELETE /api/spaces/{space_id}/members/{member_id}": ("never", None),
    "GET /api/spaces/{space_id}/invitations": ("space", None),
    "POST /api/spaces/{space_id}/invitations": ("never", {}),
    "DELETE /api/spaces/{space_id}/invitations/{invitation_id}": ("never", None),
}

BELOW_A_SPACE: Final[dict[str, tuple[Kind, Any]]] = {
    name.replace(" /api", " /api/spaces/{space_id}"): ("space" if kind == "private" else kind, body)
    for name, (kind, body) in TABLE_OF_PERSONS.items()
    if not name.split(" ")[1].startswith(("/api/me", "/api/tokens"))
}

TABLE: Final = TABLE_OF_PERSONS | TABLE_OF_SPACES | BELOW_A_SPACE
"""For each route below /api: what a token needs for it, and a body that it takes."""

REACHES: Final[dict[str, tuple[dict[str, Any], frozenset[Kind]]]] = {
    "everything": ({}, frozenset({"private", "account", "space"})),
    "said to be private": ({"private": True}, frozenset({"private", "account", "space"})),
    "nothing private": ({"private": False}, frozenset({"space"})),
    "one space": ({"spaces": [SPACE]}, frozenset({"space"})),
    "one space, nothing private": ({"spaces": [SPACE], "private": False}, frozenset({"space"})),
    "one space and private": ({"spaces": [SPACE], "private": True}, frozenset({"private", "space"})),
}
"""The columns of a token, and what it has with them."""

SAFE: Final = {"GET", "HEAD"}

pytestmark = pytest.mark.engines("memory")


def test_every_route_below_api_is_in_the_table() -> None:
    routes = {f"{method} {route.path}" for method, route in OPERATIONS if route.path.startswith("/api/")}

    assert routes == TABLE.keys()


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("access", ["read", "write"])
async def test_a_token_does_what_the_table_allows_and_nothing_else(
    app: FastAPI, ann: Person, access: str, reach: str
) -> None:
    columns, has = REACHES[reach]
    http = bearer(app, await store_token(app, ann.sub, access, **columns))

    for name, (kind, body) in TABLE.items():
        method, _, path = name.partition(" ")
        for sent in methods_sent(method, path):
            answer = await http.request(sent, filled(path), json=body)
            is_allowed = kind in has and (access == "write" or sent in SAFE)
            assert (answer.status_code == 405) == (not is_allowed), f"{sent} {path}: {answer.text}"
            assert answer.status_code != 401
            if not is_allowed:
                assert answer.headers["allow"] == ", ".join(sorted(allowed_at(path, access, has)))
                assert answer.headers["cache-control"] == "no-store"
                assert sent == "HEAD" or refusal(answer) == BEYOND


@pytest.mark.parametrize("access", ["read", "write"])
async def test_a_space_out_of_reach_is_as_one_that_does_not_exist(
    app: FastAPI, ann: Person, access: str
) -> None:
    http = bearer(app, await store_token(app, ann.sub, access, spaces=[UUID(int=2)]))

    for name, (_, body) in TABLE.items():
        method, _, path = name.partition(" ")
        if path.startswith("/api/spaces/{space_id}") and not path.endswith("/events"):
            answer = await http.request(method, filled(path), json=body)
            assert (name, *refusal(answer)) == (name, 404, "NOT_FOUND", "Space not found")


async def test_the_fields_of_a_request_are_validated_before_the_token(app: FastAPI, ann: Person) -> None:
    http = bearer(app, await store_token(app, ann.sub, "read", private=False))

    for name, (_, body) in TABLE.items():
        method, _, path = name.partition(" ")
        wrong: dict[str, Any] = {"params": {"colour": "red"}, "json": None if body is None else {"colour": 1}}
        expected = await ann.http.request(method, filled(path), **wrong)
        answer = await http.request(method, filled(path), **wrong)
        assert (answer.status_code, answer.content) == (400, expected.content), name


async def test_the_tasks_of_an_import_are_validated_before_the_token(app: FastAPI, ann: Person) -> None:
    http = bearer(app, await store_token(app, ann.sub))
    document = {"tasks": [{"title": 1}]}

    answer = await http.post("/api/me/import", json=document)

    assert (answer.status_code, answer.content) == (
        400,
        (await ann.http.post("/api/me/import", json=document)).content,
    )


async def test_a_method_that_a_path_does_not_have_is_answered_as_ever(app: FastAPI, ann: Person) -> None:
    http = bearer(app, await store_token(app, ann.sub, "read"))

    answer = await http.request("PROPFIND", "/api/tokens")
    assert answer.json()["error"] == "Method not allowed"
    assert answer.headers["allow"] == "DELETE, GET, HEAD, POST"


async def test_what_was_refused_to_a_token_has_changed_nothing(app: FastAPI, ann: Person) -> None:
    task = await ann.create()
    before = (await ann.http.get("/api/me/export")).json()
    read = bearer(app, await store_token(app, ann.sub, "read"))
    write = bearer(app, await store_token(app, ann.sub, "write"))

    requests: list[tuple[Any, str, str, Any]] = [
        (read, "PATCH", f"/api/tasks/{task['id']}", {"title": "y"}),
        (read, "DELETE", f"/api/tasks/{task['id']}", None),
        (write, "DELETE", "/api/me", None),
        (write, "POST", "/api/me/import", {"tasks": []}),
        (write, "POST", "/api/tokens", {"name": "more", "access": "write"}),
    ]
    for http, method, path, body in requests:
        assert refusal(await http.request(method, path, json=body)) == BEYOND

    after = (await ann.http.get("/api/me/export")).json()
    assert after["tasks"] == before["tasks"]
    assert [one["name"] for one in after["tokens"]] == ["script", "script"]


def methods_sent(method: str, path: str) -> set[str]:
    if path.endswith("/events"):
        return {"HEAD"}  # the response to GET does not end
    return {"GET", "HEAD"} if method == "GET" else {method}


def allowed_at(path: str, access: str, has: frozenset[Kind]) -> set[str]:
    found = set()
    for name, (kind, _) in TABLE.items():
        method, _, other = name.partition(" ")
        if other == path and kind in has and (access == "write" or method == "GET"):
            found |= {method, "HEAD"} if method == "GET" else {method}
    return found


def filled(path: str) -> str:
    query = "?now=2035-01-01T00:00:00%2B00:00" if path.endswith("/summary") else ""
    names = ("task_id", "list_id", "comment_id", "token_id", "member_id", "invitation_id")
    return path.format(**{name: uuid4() for name in names}, space_id=SPACE) + query
