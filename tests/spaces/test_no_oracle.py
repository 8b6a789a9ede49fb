"""docs/contract.md#spaces: to a user who is no member a space does not exist, and delays nothing."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from spaces.counted_answers import FIELDS, CountedRows, counted_steps, filled, missing, whole
from spaces.space_support import (
    INVITATION_NOT_FOUND,
    invite,
    join,
    new_space,
    operations,
    redeem,
    remove,
    task_in,
    with_bytes,
)
from support import MakeDatabase, Person, parts_of, problems, refusal, replace_part, running, settings_for
from support.rows import locked_owners
from support.waiting import TIMEOUT

from taskward.database import OWNED_ROWS


async def test_a_space_of_others_is_answered_like_a_missing_one_to_the_byte(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = await new_space(ann)
    task = await task_in(ann, space, labels=["a"])
    former = Person(app)
    await remove(ann, space, await join(ann, space, former))
    counted = CountedRows(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, counted)

    for operation in operations(app):
        for path in {operation.path, filled(operation, task["id"])}:
            for headers in ({}, FIELDS):
                seen = set()
                for person, where in ((bob, space), (bob, missing()), (former, space), (former, missing())):
                    counted.names.clear()
                    answer = await person.http.request(
                        operation.method, where + path, json=operation.body, headers=headers
                    )
                    assert answer.status_code == 404, operation
                    assert "transaction" not in counted.names, operation
                    assert counted.names, operation
                    seen.add((whole(answer), tuple(counted.names)))
                assert len(seen) == 1, operation


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"unknown":1}', b'{"title":""}', b'{"role":"king"}', b'{"uses":true}']
)
async def test_a_malformed_request_is_the_same_about_any_space(
    app: FastAPI, ann: Person, bob: Person, body: bytes
) -> None:
    space = await new_space(ann)
    headers = {"Content-Type": "application/json"}
    for operation in operations(app):
        if operation.body is None:
            continue
        path = operation.path
        answers = [
            await person.http.request(operation.method, where + path, content=body, headers=headers)
            for person, where in ((bob, space), (bob, missing()))
        ]
        assert whole(answers[0]) == whole(answers[1]), operation
        if answers[0].status_code == 400:
            mine = await ann.http.request(operation.method, space + path, content=body, headers=headers)
            assert whole(mine) == whole(answers[0]), operation


async def test_every_invitation_that_does_not_admit_is_the_same_404(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, other = await new_space(ann), await new_space(ann)
    good, used, revoked, old = [await invite(ann, space) for _ in range(4)]
    assert (await redeem(Person(app), used)).status_code == 200
    listed = (await ann.http.get(f"{space}/invitations")).json()["invitations"]
    await ann.http.delete(f"{space}/invitations/{listed[1]['id']}")
    member = await join(ann, space, bob)
    await remove(ann, space, member)
    counted = CountedRows(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, counted)

    outsider = Person(app)
    strange = {
        "wrong secret": with_bytes(good, 32, uuid4().bytes),
        "wrong id": with_bytes(good, 16, uuid4().bytes),
        "wrong space": with_bytes(good, 0, UUID(other[-36:]).bytes),
        "no space": with_bytes(good, 0, uuid4().bytes),
    }
    seen = set()
    for text in strange.values():
        counted.names.clear()
        answer = await redeem(outsider, text)
        seen.add((whole(answer), tuple(counted.names)))
    assert len(seen) == 1
    assert counted.names == ["get invitation"], "without a lock, or a place in a queue"
    closed = [await redeem(outsider, used), await redeem(outsider, revoked), await redeem(bob, old)]
    assert {whole(one) for one in closed} == {one for one, _ in seen}
    assert refusal(closed[0]) == INVITATION_NOT_FOUND
    assert (await redeem(outsider, good)).status_code == 200


@pytest.mark.engines("postgres")
async def test_a_non_member_and_too_low_a_role_wait_neither_for_the_space_nor_for_its_queue(
    new_database: MakeDatabase,
) -> None:
    async with running(settings_for(await new_database("postgres"))) as app:
        ann, viewer, stranger = Person(app), Person(app), Person(app)
        space = await new_space(ann)
        invitation = await invite(ann, space)
        member = await join(ann, space, viewer, "viewer")
        async with locked_owners(app) as until_waiting:
            writing = asyncio.create_task(ann.http.post(f"{space}/tasks", json={"title": "x"}))
            await until_waiting(1)  # the row is locked, and the queue has a write in progress
            async with asyncio.timeout(TIMEOUT):
                for operation in operations(app):
                    path = operation.path
                    answer = await stranger.http.request(operation.method, space + path, json=operation.body)
                    assert answer.status_code == 404, operation
                for text in (with_bytes(invitation, 32, b"x"), with_bytes(invitation, 16, b"x")):
                    assert refusal(await redeem(stranger, text)) == INVITATION_NOT_FOUND
                others = f"{space}/members/{await other_member(ann, space, member)}"
                for method, path in (
                    ("POST", f"{space}/tasks"),
                    ("PATCH", space),
                    ("PATCH", others),
                    ("DELETE", others),
                ):
                    answer = await viewer.http.request(method, path, json=body_for(method, path, others))
                    assert answer.status_code == 405, path
            assert not writing.done()
        assert (await writing).status_code == 201


def body_for(method: str, path: str, others: str) -> dict[str, Any] | None:
    if method == "DELETE":
        return None
    return {"name": "x"} if path == others else {"title": "x"}


async def other_member(person: Person, space: str, member: dict[str, Any]) -> str:
    members = (await person.http.get(f"{space}/members")).json()["members"]
    return str(next(one["id"] for one in members if one["id"] != member["id"]))


@pytest.mark.engines("memory")
async def test_a_space_full_of_tasks_costs_an_outsider_what_a_missing_one_costs(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = await new_space(ann)
    for _ in range(3):
        await full_batch(ann, space)

    with counted_steps(monkeypatch) as steps:
        for operation in operations(app):
            costs = []
            for where in (space, missing()):
                steps.clear()
                path = where + operation.path
                answer = await bob.http.request(operation.method, path, json=operation.body)
                assert answer.status_code == 404, operation
                costs.append(list(steps))
            assert costs[0] == costs[1], operation
            assert 0 < max(costs[0]) < 100, operation


async def full_batch(person: Person, space: str) -> None:
    operations = [{"op": "create", "task": {"title": f"Task {n}", "labels": ["a"]}} for n in range(100)]
    answer = await person.http.post(f"{space}/tasks/batch", json={"operations": operations})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["trash?", "labels?", "comments?author=me&", "tasks?"])
async def test_the_cursor_of_another_owner_is_a_400_in_any_space(ann: Person, bob: Person, path: str) -> None:
    space = await new_space(ann)
    for _ in range(2):
        task = await bob.create("x", labels=[str(uuid4())])
        await bob.http.post("/api/comments", json={"task_id": task["id"], "text": "x"})
        trashed = await bob.create("x")
        await bob.http.delete(f"/api/tasks/{trashed['id']}?to=trash")
    cursor = (await bob.http.get(f"/api/{path}limit=1")).json()["next_cursor"]
    assert cursor is not None

    for where in (space, missing()):
        answer = await bob.http.get(f"{where}/{path}limit=1&cursor={cursor}")
        assert problems(answer) == {"cursor": "Cursor is not valid for this list"}
