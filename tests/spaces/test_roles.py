"""docs/contract.md#spaces: what each role may do, on every path below a space."""

from collections import defaultdict
from typing import NamedTuple

import pytest
import pytest_asyncio
from fastapi import FastAPI
from spaces.space_support import (
    BODIES,
    MEMBER_NOT_FOUND,
    ROLE_TOO_LOW,
    SPACE_NOT_FOUND,
    Operation,
    join,
    me,
    new_space,
    operations,
    remove,
    send,
    task_in,
)
from support import METHOD_NOT_ALLOWED, Person, problems, refusal

OF_OWNERS = {
    ("PUT", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/invitations"),
    ("HEAD", "/invitations"),
    ("POST", "/invitations"),
    ("DELETE", "/invitations/{invitation_id}"),
    ("DELETE", "/trash"),
    ("DELETE", "/trash/{task_id}"),
}
OF_MEMBERS = {(method, "/members/{member_id}") for method in ("PUT", "PATCH", "DELETE")}
"""Of the caller's own member a viewer's."""

OF_VIEWERS = {*OF_MEMBERS, ("PUT", "/tasks/{task_id}/reminders")}
"""Besides all that reads. All else is the editors'."""

RANKS = {"viewer": 1, "editor": 2, "owner": 3}


class Members(NamedTuple):
    """A space with a member of each role, and one who was a member."""

    space: str
    people: dict[str, Person]


@pytest_asyncio.fixture
async def members(app: FastAPI) -> Members:
    owner = Person(app)
    space = await new_space(owner)
    people = {"owner": owner}
    for role in ("viewer", "editor", "former"):
        people[role] = Person(app)
        member = await join(owner, space, people[role], "owner" if role == "former" else role)
    await remove(owner, space, member)
    return Members(space, people | {"stranger": Person(app)})


def needed(operation: Operation) -> str:
    if operation in OF_OWNERS:
        return "owner"
    is_read = operation.method in {"GET", "HEAD"}
    return "viewer" if is_read or operation in OF_VIEWERS else "editor"


def allowed(app: FastAPI, template: str, role: str) -> str:
    methods = (one for one in operations(app) if one.template == template)
    return ", ".join(sorted(one.method for one in methods if RANKS[needed(one)] <= RANKS[role]))


def test_every_operation_with_a_body_has_one_here(app: FastAPI) -> None:
    written = {(one.method, one.template) for one in operations(app) if one.method not in {"GET", "HEAD"}}

    assert written - {*BODIES} == {(method, path) for method, path in written if method == "DELETE"}


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
async def test_each_operation_needs_its_role(app: FastAPI, members: Members, role: str) -> None:
    """The object is looked for afterwards, so that there need be none."""
    deletions = [one for one in operations(app) if one == ("DELETE", "")]
    for operation in [*(one for one in operations(app) if one not in deletions), *deletions]:
        answer = await send(
            members.people[role], members.space, operation, operation.path.replace("{member_id}", "me")
        )

        if RANKS[role] >= RANKS[needed(operation)] and not is_of_others(operation, role):
            assert answer.status_code != 405, operation
            assert b"Space not found" not in answer.content, operation
            continue
        expected = "GET, HEAD" if is_of_others(operation, role) else allowed(app, operation.template, role)
        assert answer.headers["allow"] == expected, operation
        assert answer.headers["cache-control"] == "no-store"
        if operation.method == "HEAD":
            assert answer.status_code == 405
        else:
            assert refusal(answer) == ROLE_TOO_LOW, operation


def is_of_others(operation: Operation, role: str) -> bool:
    return operation in OF_MEMBERS and role != "owner"


@pytest.mark.parametrize("who", ["stranger", "former"])
async def test_to_who_is_no_member_there_is_no_space(app: FastAPI, members: Members, who: str) -> None:
    for operation in operations(app):
        answer = await send(members.people[who], members.space, operation)
        if operation.method == "HEAD":
            assert answer.status_code == 404, operation
        else:
            assert refusal(answer) == SPACE_NOT_FOUND, operation
    for method in ("GET", "PATCH", "DELETE"):
        body = {"name": "x"} if method == "PATCH" else None
        mine = await members.people[who].http.request(method, f"{members.space}/members/me", json=body)
        assert refusal(mine) == SPACE_NOT_FOUND


async def test_a_method_that_the_path_has_not_is_the_same_for_all(app: FastAPI, members: Members) -> None:
    methods = defaultdict(set)
    for operation in operations(app):
        methods[operation.template].add(operation.method)
    for template, known in methods.items():
        for unknown in sorted({"PUT", "PATCH", "POST", "DELETE"} - known)[:1]:
            path = Operation(unknown, template).path
            for person in members.people.values():
                answer = await person.http.request(unknown, members.space + path, json={})
                assert refusal(answer) == METHOD_NOT_ALLOWED, (unknown, path)
                assert answer.headers["allow"] == ", ".join(sorted(known))


async def test_allow_names_what_is_left_and_may_be_empty(members: Members) -> None:
    viewer = members.people["viewer"].http
    left = {
        ("PUT", members.space): "GET, HEAD",
        ("POST", f"{members.space}/tasks"): "GET, HEAD",
        ("POST", f"{members.space}/batch"): "",
        ("POST", f"{members.space}/invitations"): "",
    }
    for (method, path), expected in left.items():
        body = {"operations": [{"op": "create", "task": {"title": "x"}}]} if "batch" in path else {}
        answer = await viewer.request(method, path, json=body or ({} if "inv" in path else {"title": "x"}))
        assert (answer.status_code, answer.headers["allow"]) == (405, expected), path
    editor = members.people["editor"].http
    answer = await editor.delete(f"{members.space}/trash")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_member_has_the_methods_of_their_own_member(members: Members) -> None:
    for role in ("viewer", "editor"):
        person = members.people[role]
        own = await me(person, members.space)
        for where in ("me", own["id"], own["id"].upper()):
            answer = await person.http.patch(f"{members.space}/members/{where}", json={"name": where[:8]})
            assert answer.json()["name"] == where[:8]
        assert (await person.http.delete(f"{members.space}/members/{own['id']}")).status_code == 200


async def test_the_order_of_checks(members: Members) -> None:
    """Form before membership, membership before role, role before the object, this before its version."""
    space, people = members.space, members.people
    task = await task_in(people["owner"], space)
    path, everybody = f"{space}/tasks/{task['id']}", people.values()
    for person in everybody:  # a malformed request is the same for all
        bad = await person.http.put(path, json={"title": ""}, headers={"If-Match": '"0"'})
        assert problems(bad) == {"title": "Title cannot be empty"}
        assert problems(await person.http.get("/api/spaces/no/tasks")) == {
            "space_id": "Space id must be a UUID"
        }
        assert (await person.http.post(f"{space}/tasks", content=b"{")).json()["code"] == "INVALID_REQUEST"
        unknown = await person.http.get(space, params={"x": "1"})
        assert [*problems(unknown)] == ["x"]
        key = await person.http.post(f"{space}/tasks", json={"title": "x"}, headers={"Idempotency-Key": " "})
        assert [*problems(key)] == ["Idempotency-Key"]
        reminded = {"title": "x", "reminders": [{"offset_minutes": 0}]}
        keyed = {"Idempotency-Key": "a-key"}
        for headers in ({}, keyed):
            refused = await person.http.post(f"{space}/tasks", json=reminded, headers=headers)
            assert problems(refused) == {"reminders": "Reminders of a task in a space are each member's own"}

    async def put(who: str, where: str) -> tuple[int, str, str]:
        answer = await people[who].http.put(where, json={"title": "x"}, headers={"If-Match": '"0"'})
        return answer.status_code, answer.json()["code"], answer.json()["error"]

    missing = f"{space}/tasks/{members.space[-36:]}"
    for where in (path, missing):
        assert await put("stranger", where) == SPACE_NOT_FOUND
        assert await put("viewer", where) == ROLE_TOO_LOW
    assert await put("editor", missing) == (404, "NOT_FOUND", "Task not found")
    assert (await put("editor", path))[0] == 412

    last = {"If-Match": '"0"'}
    others = f"{space}/members/{members.space[-36:]}"
    assert refusal(await people["viewer"].http.delete(others, headers=last)) == ROLE_TOO_LOW
    assert refusal(await people["owner"].http.delete(others, headers=last)) == MEMBER_NOT_FOUND
    leaving = await people["owner"].http.delete(f"{space}/members/me", headers=last)
    assert leaving.status_code == 412, "before it is checked who is left"
    deleting = await people["owner"].http.delete(space, headers=last)
    assert deleting.status_code == 412, "before it is checked whether it is empty"
