"""docs/contract.md#spaces: GET /api/spaces/{space_id}/export, and the spaces in the export of a person."""

from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from spaces.space_support import SPACE_NOT_FOUND, join, me, new_space, remove, task_in
from support import Person, an_empty_body, refusal
from support.import_documents import export

from taskward.ids import new_id
from taskward.me import store
from taskward.spaces.errors import SpaceNotFound


async def export_of(person: Person, space: str) -> dict[str, Any]:
    answer = await person.http.get(f"{space}/export")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_it_has_the_space_with_former_members_and_its_tasks_in_order_of_ids(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "EXPORT_PAGE", 2)
    space = await new_space(ann, metadata={"colour": "red"})
    viewer = await join(ann, space, bob, "viewer")
    await ann.create("Private")
    shared = (await ann.http.post(f"{space}/lists", json={"title": "Groceries"})).json()
    tasks = [await task_in(ann, space, f"{n}", list_id=shared["id"]) for n in range(3)]
    tasks.append(
        (
            await ann.http.put(
                f"{space}/tasks/{new_id()}", json={"title": "own id"}, headers={"If-None-Match": "*"}
            )
        ).json()
    )

    answer = await bob.http.get(f"{space}/export")
    document = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert list(document) == ["space", "members", "lists", "tasks"]
    assert document["space"] == (await ann.http.get(space)).json()
    assert document["members"] == sorted([await me(ann, space), viewer], key=lambda one: one["id"])
    assert document["lists"] == [shared]
    assert document["tasks"] == sorted(tasks, key=lambda one: one["id"])

    await remove(ann, space, viewer)
    roles = {one["id"]: one["role"] for one in (await export_of(ann, space))["members"]}
    assert roles[viewer["id"]] is None
    assert refusal(await bob.http.get(f"{space}/export")) == SPACE_NOT_FOUND
    assert (await bob.http.head(f"{space}/export")).status_code == 404


async def test_an_empty_space_has_no_lists(ann: Person) -> None:
    space = await new_space(ann)

    assert list(await export_of(ann, space)) == ["space", "members", "tasks"]
    head = await ann.http.head(f"{space}/export")
    assert (head.status_code, head.content) == (200, b"")


async def test_the_connection_of_a_removed_member_closes_at_the_next_page(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "EXPORT_PAGE", 2)
    space = await new_space(ann)
    member = await join(ann, space, bob)
    for n in range(6):
        await task_in(ann, space, f"{n}")
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body", b"").count(b'"is_completed"') == 2 and len(sent) < 6:
            await remove(ann, space, member)
            await task_in(ann, space, "Secret")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": f"{space}/export",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {bob.token}".encode())],
    }
    with pytest.raises(SpaceNotFound):
        await app(scope, an_empty_body(), send)

    pieces = b"".join(message.get("body", b"") for message in sent)
    assert sent[0]["status"] == 200
    assert pieces.count(b'"is_completed"') == 2
    assert b"Secret" not in pieces
    assert all(message.get("more_body", True) for message in sent)  # so the server closes the connection
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(pieces)


async def test_it_imports_as_private_tasks(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    shared = (await ann.http.post(f"{space}/lists", json={"title": "Groceries"})).json()
    task = await task_in(
        ann, space, list_id=shared["id"], assigned_to=(await me(ann, space))["id"], labels=["a"]
    )
    document = await export_of(ann, space)
    assert {"assigned_to", "created_by", "updated_by"} < set(document["tasks"][0])

    answer = await bob.http.post("/api/me/import", json=document)
    assert (answer.status_code, answer.json()) == (200, {"imported": 1, "skipped": 0})
    (imported,) = await bob.tasks()
    assert imported["user_id"] == bob.sub
    assert (imported["id"], imported["labels"], imported["list_id"]) == (task["id"], ["a"], shared["id"])
    assert not {"assigned_to", "created_by", "updated_by"} & set(imported)


async def test_a_persons_export_names_the_person_as_member_of_each_space(ann: Person, bob: Person) -> None:
    assert "spaces" not in await export(ann)
    home, work = await new_space(ann, name="Ann"), await new_space(ann)
    member = await join(ann, home, bob, name="Bob")

    mine = (await export(ann))["spaces"]
    assert {one["space_id"]: one["member"] for one in mine} == {
        path[-36:]: await me(ann, path) for path in (home, work)
    }
    document = await export(bob)
    assert list(document) == ["user", "tasks", "spaces"]
    assert document["spaces"] == [{"space_id": home[-36:], "member": member}]
    answer = await ann.http.post("/api/me/import", json=document)
    assert (answer.status_code, answer.json()) == (200, {"imported": 0, "skipped": 0})

    await remove(ann, home, member)
    assert "spaces" not in await export(bob)
