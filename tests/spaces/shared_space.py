"""Spaces with several members, for tests."""

from typing import Any

from support import Person


async def new_space(owner: Person, **fields: Any) -> str:
    """Creates a space; returns its path."""
    answer = await owner.http.post("/api/spaces", json={"title": "Home", "name": "Ann", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def join(owner: Person, space: str, person: Person, role: str = "editor", name: str = "Bob") -> str:
    """Makes a person a member; returns the member's id."""
    made = await owner.http.post(f"{space}/invitations", json={"role": role})
    body = {"invitation": made.json()["invitation"], "name": name}
    answer = await person.http.post("/api/invitations/redeem", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["member"]["id"])


async def member_id(person: Person, space: str) -> str:
    """Returns the id of a person as a member."""
    return str((await person.http.get(f"{space}/members/me")).json()["id"])


async def feed_of(person: Person, path: str, **query: Any) -> dict[str, Any]:
    """Returns a page of the changes of a space, or of the person's own with `/api` as the path."""
    answer = await person.http.get(f"{path}/changes", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page
