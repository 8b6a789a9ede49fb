"""docs/contract.md#spaces: who erases all data is named in no space any more."""

from typing import Any

import pytest
from fastapi import FastAPI
from support import Person, stored

Json = dict[str, Any]


async def space_of(owner: Person, **fields: Any) -> str:
    answer = await owner.http.post("/api/spaces", json={"title": "Home", "name": "Owner", **fields})
    assert answer.status_code == 201
    path: str = answer.headers["location"]
    return path


async def join(owner: Person, space: str, person: Person, role: str = "editor", name: str = "Guest") -> None:
    made = await owner.http.post(f"{space}/invitations", json={"role": role})
    redemption = {"invitation": made.json()["invitation"], "name": name}
    answer = await person.http.post("/api/invitations/redeem", json=redemption)
    assert answer.status_code == 200


async def members(person: Person, space: str) -> list[Json]:
    answer = await person.http.get(f"{space}/members")
    assert answer.status_code == 200
    found: list[Json] = answer.json()["members"]
    return found


async def test_the_only_member_takes_the_space_along(app: FastAPI) -> None:
    ann, bob = Person(app), Person(app)
    space = await space_of(ann)
    await ann.http.post(f"{space}/tasks", json={"title": "Milk"})

    assert (await ann.http.delete("/api/me")).status_code == 200

    assert (await ann.http.get(space)).status_code == 404
    assert (await ann.http.get("/api/spaces")).json() == {"spaces": []}
    assert (await bob.http.get(space)).status_code == 404


async def test_the_longest_standing_editor_becomes_the_owner(app: FastAPI) -> None:
    ann, bob, cem, dee = (Person(app) for _ in range(4))
    space = await space_of(ann)
    for person, role in ((bob, "viewer"), (cem, "editor"), (dee, "editor")):
        await join(ann, space, person, role)
    task = (await ann.http.post(f"{space}/tasks", json={"title": "Milk"})).headers

    assert (await ann.http.delete("/api/me")).status_code == 200

    roles = {one["person_id"]: one["role"] for one in await members(bob, space)}
    assert roles == {bob.sub: "viewer", cem.sub: "owner", dee.sub: "editor"}
    after = await bob.http.get(task["location"])
    assert (after.status_code, after.headers["etag"]) == (200, task["etag"])
    assert (await ann.http.get(space)).status_code == 404


async def test_a_member_who_has_left_is_named_no_more(app: FastAPI) -> None:
    ann, bob = Person(app), Person(app)
    space = await space_of(ann)
    await join(ann, space, bob, name="Bob")
    mine = (await bob.http.get(f"{space}/members/me")).json()
    assert (await bob.http.delete(f"{space}/members/me")).status_code == 200
    left = (await ann.http.get(f"{space}/members/{mine['id']}")).json()
    assert (left["role"], left["name"], left["person_id"]) == (None, "Bob", bob.sub)

    assert (await bob.http.delete("/api/me")).status_code == 200

    gone = (await ann.http.get(f"{space}/members/{mine['id']}")).json()
    assert (gone["role"], gone["name"], gone["person_id"], gone["left_at"]) == (
        None,
        None,
        None,
        left["left_at"],
    )


@pytest.mark.engines("disk", "postgres")
async def test_no_row_has_the_person_afterwards(app: FastAPI) -> None:
    ann, bob = Person(app), Person(app)
    spaces = [await space_of(ann) for _ in range(3)]
    for space in spaces:
        await join(ann, space, bob, name="Bob")
        await bob.http.post(f"{space}/tasks", json={"title": "Milk"}, headers={"Idempotency-Key": "one"})
    await bob.http.delete(f"{spaces[0]}/members/me")

    assert (await bob.http.delete("/api/me")).status_code == 200

    for table in ("users", "members", "memberships", "idempotency_keys", "spaces", "invitations", "tasks"):
        found = [row for row in await stored(app, table) if bob.sub in str(row)]
        assert not found, table
