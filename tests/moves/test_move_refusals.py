"""docs/contract.md#moves: the table of messages, the roles of both owners, and what a refusal changes."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from moves.move_support import Json, created, listed, move, moved, tree
from spaces.space_support import join, new_space
from support import Person, problems
from support.import_documents import a_task
from tokens.token_support import BEYOND, bearer, store_token

ID = "019a9f2b-7c4d-7a8e-9b0c-1d2e3f4a5b6c"
ONE = [{"id": ID}]
NO_IDS: list[Any] = ["", "me", 1, [], {}, False, ID.replace("-", ""), f"{{{ID}}}"]
NO_TASKS: list[Any] = [[], {}, "x", ONE * 101]


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"from": "From is required", "to": "To is required"}),
        ({"to": ID, "tasks": ONE}, {"from": "From is required"}),
        ({"from": None, "tasks": ONE}, {"to": "To is required"}),
        *(
            ({"from": value, "to": None, "tasks": ONE}, {"from": "From must be a space id or null"})
            for value in NO_IDS
        ),
        ({"from": None, "to": "x", "tasks": ONE}, {"to": "To must be a space id or null"}),
        ({"from": None, "to": None, "tasks": ONE}, {"to": "The target must be another one than the source"}),
        (
            {"from": ID, "to": ID.upper(), "tasks": ONE},
            {"to": "The target must be another one than the source"},
        ),
        ({"from": None, "to": ID}, {"body": "Say either tasks or list"}),
        (
            {"from": None, "to": None},
            {"body": "Say either tasks or list", "to": "The target must be another one than the source"},
        ),
        ({"from": None, "to": ID, "tasks": None, "list": None}, {"body": "Say either tasks or list"}),
        ({"from": None, "to": ID, "tasks": ONE, "list": ID}, {"body": "Say either tasks or list"}),
        ({"from": None, "to": ID, "list": "x"}, {"list": "List id must be a UUID"}),
        ({"from": None, "to": ID, "list": ID, "to_list": ID}, {"to_list": "Only with tasks"}),
        ({"from": None, "to": ID, "list": ID, "to_parent": ID}, {"to_parent": "Only with tasks"}),
        *(
            ({"from": None, "to": ID, "tasks": value}, {"tasks": "Tasks must be a list of 1 to 100 tasks"})
            for value in NO_TASKS
        ),
        ({"from": None, "to": ID, "tasks": [{"id": "x"}]}, {"tasks.0.id": "Task id must be a UUID"}),
        ({"from": None, "to": ID, "tasks": [{}]}, {"tasks.0.id": "Id is required and cannot be empty"}),
        ({"from": None, "to": ID, "tasks": [{"id": ID, "title": "x"}]}, {"tasks.0.title": "Unknown field"}),
        (
            {"from": None, "to": ID, "tasks": [{"id": ID, "if_match": "1"}]},
            {"tasks.0.if_match": 'If-Match must be * or a list of entity tags, like "12"'},
        ),
        ({"from": None, "to": ID, "tasks": ONE, "to_list": 1}, {"to_list": "List id must be a UUID"}),
        ({"from": None, "to": ID, "tasks": ONE, "to_parent": "x"}, {"to_parent": "Parent id must be a UUID"}),
        ({"from": None, "to": ID, "tasks": ONE, "copy": True}, {"copy": "Unknown field"}),
    ],
)
async def test_fields_are_validated_first(ann: Person, body: Json, expected: dict[str, str]) -> None:
    assert problems(await ann.http.post("/api/moves", json=body)) == expected


async def test_what_is_named_must_be_there(ann: Person, bob: Person) -> None:
    space, other = await new_space(ann), await new_space(ann)
    await join(ann, space, bob)
    task, of_ann = await bob.create(), await ann.create()
    lists = [await created(ann, one, "lists") for one in (None, other)]
    elsewhere = await created(ann, other)

    answer = await move(bob, None, space, task, of_ann, elsewhere)
    assert problems(answer) == {"tasks.1": "Task not found", "tasks.2": "Task not found"}
    for one in lists:
        assert problems(await move(bob, None, space, list=one["id"])) == {"list": "List not found"}
        answer = await move(bob, None, space, task, to_list=one["id"], to_parent=elsewhere["id"])
        assert problems(answer) == {"to_list": "List not found", "to_parent": "Parent task not found"}
    assert problems(await move(bob, None, space, task, to_parent=task["id"])) == {
        "to_parent": "Parent task not found"
    }
    assert list(await listed(bob, None)) == [task["id"]]
    assert await listed(bob, space) == {}


async def test_another_version_is_a_412_with_the_task(ann: Person) -> None:
    space = await new_space(ann)
    answer = await ann.http.post("/api/tasks", json={"title": "x"})
    task, tag = answer.json(), answer.headers["etag"]
    changed = await ann.http.put(f"/api/tasks/{task['id']}", json={"title": "y"})

    refused = await move(ann, None, space, tasks=[{"id": task["id"], "if_match": tag}])
    assert (refused.status_code, refused.headers["etag"]) == (412, changed.headers["etag"])
    assert refused.json() == {
        "error": "The task has been changed since it was read",
        "code": "PRECONDITION_FAILED",
        "task": changed.json(),
        "etag": changed.headers["etag"],
    }

    for form in ("{}", '"1", {}', "*"):
        good = form.format(changed.headers["etag"])
        (arrived,) = (await moved(ann, None, space, tasks=[{"id": task["id"], "if_match": good}]))["tasks"]
        await moved(ann, space, None, tasks=[{"id": task["id"], "if_match": arrived["etag"]}])
        changed = await ann.http.get(f"/api/tasks/{task['id']}")


@pytest.mark.parametrize("is_trashed", [False, True])
async def test_an_id_that_the_target_has_is_a_412(ann: Person, *, is_trashed: bool) -> None:
    space = await new_space(ann)
    top, child = await tree(ann, None, 1)
    taken = await ann.http.put(
        f"{space}/tasks/{child['id']}", json={"title": "taken"}, headers={"If-None-Match": "*"}
    )
    assert taken.status_code == 201
    if is_trashed:
        await ann.http.delete(f"{space}/tasks/{child['id']}", params={"to": "trash"})

    refused = await move(ann, None, space, top)

    assert refused.status_code == 412
    body = refused.json()
    assert (body["error"], body["code"]) == ("A task with this id exists", "PRECONDITION_FAILED")
    assert body["task"] == taken.json()
    assert body["etag"] == refused.headers["etag"] == taken.headers["etag"]
    assert (await listed(ann, None)).keys() == {top["id"], child["id"]}

    await ann.http.delete(f"{space}/tasks/{child['id']}")
    if not is_trashed:
        assert (await moved(ann, None, space, top))["moved"] == 2


async def test_a_list_with_the_id_of_a_list_of_the_target_is_a_412(ann: Person) -> None:
    space = await new_space(ann)
    home = await created(ann, None, "lists")
    taken = await ann.http.put(
        f"{space}/lists/{home['id']}", json={"title": "taken"}, headers={"If-None-Match": "*"}
    )

    refused = await move(ann, None, space, list=home["id"])

    body = refused.json()
    assert (refused.status_code, body["error"]) == (412, "A list with this id exists")
    assert (body["list"], body["etag"]) == (taken.json(), taken.headers["etag"])
    assert refused.headers["etag"] == taken.headers["etag"]
    assert (await listed(ann, None, "lists")).keys() == {home["id"]}


async def test_the_target_keeps_its_depth_and_number(ann: Person) -> None:
    space = await new_space(ann)
    deep = await tree(ann, space, 1, 1, 1)
    small = await tree(ann, None, 1)
    ids = [str(uuid4()) for _ in range(499)]
    wide = await created(ann, space)
    operations = [{"op": "create", "task": {"title": "x", "parent_id": wide["id"]}} for _ in ids]
    for start in range(0, len(ids), 100):
        batch = {"operations": operations[start : start + 100]}
        assert (await ann.http.post(f"{space}/tasks/batch", json=batch)).status_code == 200

    answer = await move(ann, None, space, small[0], to_parent=deep[3]["id"])
    assert problems(answer) == {"to_parent": "Tasks nest at most 5 levels deep"}
    answer = await move(ann, None, space, small[0], to_parent=wide["id"])
    assert problems(answer) == {"to_parent": "A task has at most 500 tasks below it"}
    answer = await move(ann, None, space, small[0], to_parent=deep[0]["id"], to_list=ID)
    assert problems(answer) == {"to_list": "List not found"}
    home = await created(ann, space, "lists")
    answer = await move(ann, None, space, small[0], to_parent=deep[0]["id"], to_list=home["id"])
    assert problems(answer) == {"to_list": "List must be that of the parent"}

    assert (await moved(ann, None, space, small[0], to_parent=deep[2]["id"]))["moved"] == 2
    last = await ann.create()
    assert (await moved(ann, None, space, last, to_parent=wide["id"]))["moved"] == 1


@pytest.mark.engines("disk", "postgres")
async def test_a_target_has_a_thousand_lists(ann: Person) -> None:
    space = await new_space(ann)
    home = await created(ann, None, "lists")
    for _ in range(10):
        operations = [{"op": "create", "kind": "list", "list": {"title": "x"}} for _ in range(100)]
        answer = await ann.http.post(f"{space}/batch", json={"operations": operations})
        assert {one["status"] for one in answer.json()["results"]} == {201}

    answer = await move(ann, None, space, list=home["id"])

    assert problems(answer) == {"list": "A person has at most 1000 lists"}


@pytest.mark.engines("disk", "postgres")
async def test_a_move_takes_at_most_5000_tasks(ann: Person) -> None:
    space = await new_space(ann)
    home = await created(ann, None, "lists")
    tops = [a_task(list_id=home["id"]) for _ in range(11)]
    below = [a_task(list_id=home["id"], parent_id=top["id"]) for top in tops[:10] for _ in range(499)]
    document = {"tasks": tops + below}
    answer = await ann.http.post("/api/me/import", json=document)
    assert answer.status_code == 200, answer.text
    named = [{"id": top["id"]} for top in tops]
    message = "A move takes at most 5000 tasks and comments"

    assert problems(await move(ann, None, space, list=home["id"])) == {"list": message}
    assert problems(await move(ann, None, space, tasks=named)) == {"tasks": message}
    assert (await moved(ann, None, space, tasks=named[:10]))["moved"] == 5000
    assert (await moved(ann, None, space, list=home["id"]))["moved"] == 1


NOT_FOUND = "Space not found"
TOO_LOW = "Your role in this space does not allow this"
PROBLEM: dict[str | None, str | None] = {
    "owner": None,
    "editor": None,
    "viewer": TOO_LOW,
    None: NOT_FOUND,
}


@pytest.mark.parametrize("there", PROBLEM)
@pytest.mark.parametrize("here", PROBLEM)
async def test_the_caller_needs_a_role_in_both(
    ann: Person, bob: Person, here: str | None, there: str | None
) -> None:
    source, target = await new_space(ann), await new_space(ann)
    for space, role in ((source, here), (target, there)):
        if role is not None:
            await join(ann, space, bob, role)
    task = await created(ann, source)

    answer = await move(bob, source, target, task)

    expected = {name: PROBLEM[role] for name, role in (("from", here), ("to", there)) if PROBLEM[role]}
    if expected:
        assert problems(answer) == expected
        assert list(await listed(ann, source)) == [task["id"]]
    else:
        assert answer.status_code == 200, answer.text
        assert list(await listed(ann, target)) == [task["id"]]


@pytest.mark.parametrize("role", [None, "viewer"])
async def test_the_role_is_checked_before_the_tasks(ann: Person, bob: Person, role: str | None) -> None:
    space = await new_space(ann)
    if role:
        await join(ann, space, bob, role)

    for sides in ((None, space), (space, None)):
        field = "to" if sides[0] is None else "from"
        answer = await move(bob, *sides, {"id": ID})
        assert problems(answer) == {field: PROBLEM[role]}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("access", ["read", "write"])
async def test_a_token_moves_within_its_reach(app: FastAPI, ann: Person, access: str) -> None:
    inside, outside = await new_space(ann), await new_space(ann)
    only = [UUID(inside[-36:])]
    reaches: dict[str, tuple[dict[str, Any], set[str | None]]] = {
        "everything": ({}, {None, inside, outside}),
        "nothing private": ({"private": False}, {inside, outside}),
        "one space": ({"spaces": only}, {inside}),
        "one space and private": ({"spaces": only, "private": True}, {None, inside}),
    }
    for name, (columns, reached) in reaches.items():
        http = bearer(app, await store_token(app, ann.sub, access, **columns))
        for source, target in ((None, inside), (inside, None), (inside, outside), (outside, inside)):
            task = await created(ann, source)
            body = {
                "from": source and source[-36:],
                "to": target and target[-36:],
                "tasks": [{"id": task["id"]}],
            }
            answer = await http.post("/api/moves", json=body)
            sides = {"from": source, "to": target}
            beyond = {field: NOT_FOUND for field, one in sides.items() if one not in reached}
            if access == "read" or None in {source, target} - reached:
                assert (answer.status_code, answer.json()["error"]) == (405, BEYOND[2]), name
                assert answer.headers["allow"] == ""
            elif beyond:
                assert problems(answer) == beyond, name
            else:
                assert answer.status_code == 200, name
