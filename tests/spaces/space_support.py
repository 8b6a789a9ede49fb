"""What tests of spaces share."""

import base64
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
from fastapi import FastAPI
from support import Person

from taskward.http.routing import StrictRoute
from taskward.spaces.routing import PREFIX

SPACE_NOT_FOUND = (404, "NOT_FOUND", "Space not found")
MEMBER_NOT_FOUND = (404, "NOT_FOUND", "Member not found")
INVITATION_NOT_FOUND = (404, "NOT_FOUND", "Invitation not found")
ROLE_TOO_LOW = (405, "METHOD_NOT_ALLOWED", "Your role in this space does not allow this")
LAST_OWNER = (409, "LAST_OWNER", "A space needs an owner: make another member an owner first")

Json = dict[str, Any]


async def new_space(person: Person, title: str = "Home", **fields: Any) -> str:
    """Creates a space, and returns its path."""
    answer = await person.http.post("/api/spaces", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def invite(owner: Person, space: str, **fields: Any) -> str:
    """Returns the text of a new invitation."""
    answer = await owner.http.post(f"{space}/invitations", json=fields)
    assert answer.status_code == 201, answer.text
    text: str = answer.json()["invitation"]
    return text


async def redeem(person: Person, invitation: str, **fields: Any) -> httpx.Response:
    return await person.http.post("/api/invitations/redeem", json={"invitation": invitation, **fields})


async def join(owner: Person, space: str, person: Person, role: str = "editor", **fields: Any) -> Json:
    """Makes a person a member with that role, and returns the member."""
    invited = "editor" if role == "owner" else role
    answer = await redeem(person, await invite(owner, space, role=invited), **fields)
    assert answer.status_code == 200, answer.text
    member: Json = answer.json()["member"]
    return await set_role(owner, space, member, role) if role == "owner" else member


async def set_role(owner: Person, space: str, member: Json, role: str) -> Json:
    """Gives a member a role, and returns the member."""
    answer = await owner.http.patch(f"{space}/members/{member['id']}", json={"role": role})
    assert answer.status_code == 200, answer.text
    changed: Json = answer.json()
    return changed


async def remove(owner: Person, space: str, member: Json) -> None:
    answer = await owner.http.delete(f"{space}/members/{member['id']}")
    assert answer.status_code == 200, answer.text


async def me(person: Person, space: str) -> Json:
    """Returns the person as a member."""
    answer = await person.http.get(f"{space}/members/me")
    assert answer.status_code == 200, answer.text
    member: Json = answer.json()
    return member


async def task_in(person: Person, space: str, title: str = "Buy milk", **fields: Any) -> Json:
    answer = await person.http.post(f"{space}/tasks", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    task: Json = answer.json()
    return task


def secret_of(invitation: str) -> bytes:
    """Returns the 32 bytes of an invitation that are secret."""
    return base64.urlsafe_b64decode(invitation.removeprefix("twi_") + "==")[32:]


def with_bytes(invitation: str, at: int, new: bytes) -> str:
    """Returns an invitation with other bytes at a place: its space, its id or its secret."""
    parts = base64.urlsafe_b64decode(invitation.removeprefix("twi_") + "==")
    changed = parts[:at] + new + parts[at + len(new) :]
    return "twi_" + base64.urlsafe_b64encode(changed).decode().rstrip("=")


class Operation(NamedTuple):
    """A method of a path below a space."""

    method: str
    template: str

    @property
    def path(self) -> str:
        """Returns the path below the space, with ids of nothing, and what its query must have."""
        return self.template.format_map(_Ids()) + QUERIES.get(self.template, "")

    @property
    def body(self) -> Json | None:
        """Returns a valid body."""
        return BODIES.get((self.method, self.template))


class _Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return str(uuid4())


_TITLE: Json = {"title": "x"}
BODIES: dict[tuple[str, str], Json] = {
    ("PUT", ""): _TITLE,
    ("PATCH", ""): _TITLE,
    ("PUT", "/members/{member_id}"): {"name": "x"},
    ("PATCH", "/members/{member_id}"): {"name": "x"},
    ("POST", "/invitations"): {},
    ("POST", "/tasks"): _TITLE,
    ("PUT", "/tasks/{task_id}"): _TITLE,
    ("PATCH", "/tasks/{task_id}"): _TITLE,
    ("PUT", "/tasks/{task_id}/reminders"): {"reminders": []},
    ("POST", "/lists"): _TITLE,
    ("PUT", "/lists/{list_id}"): _TITLE,
    ("PATCH", "/lists/{list_id}"): _TITLE,
    ("POST", "/comments"): {"task_id": str(uuid4()), "text": "x"},
    ("PUT", "/comments/{comment_id}"): {"text": "x"},
    ("PATCH", "/comments/{comment_id}"): {"text": "x"},
    ("POST", "/labels/rename"): {"from": "a", "to": "b"},
    ("POST", "/labels/remove"): {"label": "a"},
    ("POST", "/trash/{task_id}/restore"): {},
    ("POST", "/tasks/batch"): {"operations": [{"op": "create", "task": _TITLE}]},
    ("POST", "/batch"): {"operations": [{"op": "create", "task": _TITLE}]},
}
"""A valid body of each operation that has one."""


QUERIES = {"/tasks/summary": "?now=2035-06-15T12:00:00%2B00:00"}


def operations(app: FastAPI) -> Iterator[Operation]:
    """Yields every method of every path below a space, HEAD included."""
    for route in app.routes:
        if isinstance(route, StrictRoute) and route.path.startswith(PREFIX):
            template = route.path.removeprefix(PREFIX)
            methods = {*(route.methods or ())}
            for method in sorted(methods | ({"HEAD"} if "GET" in methods else set())):
                yield Operation(method, template)


async def send(person: Person, space: str, operation: Operation, path: str | None = None) -> httpx.Response:
    """Sends a valid request, by default about things that do not exist."""
    where = space + (operation.path if path is None else path)
    return await person.http.request(operation.method, where, json=operation.body)
