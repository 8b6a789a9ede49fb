"""docs/contract.md#spaces: spaces and their members."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from spaces.space_support import (
    LAST_OWNER,
    MEMBER_NOT_FOUND,
    ROLE_TOO_LOW,
    SPACE_NOT_FOUND,
    invite,
    join,
    me,
    new_space,
    redeem,
    remove,
    set_role,
    task_in,
)
from support import Person, problems, refusal, stored

ROUNDS = 12
KEY = {"Idempotency-Key": "a-key"}


async def test_a_space_is_created_with_its_owner(app: FastAPI) -> None:
    ann = Person(app, name=" Ann ")

    answer = await ann.http.post("/api/spaces", json={"title": " Home ", "metadata": {"a": 1}})

    space = answer.json()
    assert answer.status_code == 201
    assert list(space) == ["id", "title", "is_archived", "created_at", "updated_at", "metadata"]
    assert (space["title"], space["is_archived"], space["metadata"]) == ("Home", False, {"a": 1})
    assert answer.headers["location"] == f"/api/spaces/{space['id']}"
    assert answer.headers["etag"] == (await ann.http.get(answer.headers["location"])).headers["etag"]
    member = await me(ann, answer.headers["location"])
    assert (member["role"], member["name"], member["person_id"]) == ("owner", "Ann", ann.sub)
    (entry,) = (await ann.http.get("/api/spaces")).json()["spaces"]
    assert (entry["space"], entry["member"]) == (space, member)


@pytest.mark.parametrize(
    ("claim", "name"), [("", None), ("x" * 101, None), (7, None), ("x" * 100, "x" * 100)]
)
async def test_a_name_of_the_token_is_taken_if_it_fits(app: FastAPI, claim: Any, name: str | None) -> None:
    ann = Person(app, name=claim)
    assert (await me(ann, await new_space(ann)))["name"] == name
    assert (await me(ann, await new_space(ann, name="Own")))["name"] == "Own"


async def test_the_name_of_a_member_who_returns_is_the_members_own(app: FastAPI, ann: Person) -> None:
    bob, space = Person(app, name="Bob"), await new_space(ann)
    assert (await join(ann, space, bob))["name"] == "Bob"
    await bob.http.patch(f"{space}/members/me", json={"name": None})
    await bob.http.delete(f"{space}/members/me")

    assert (await join(ann, space, bob))["name"] is None


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "title", "Title is required and cannot be empty"),
        ({"title": " "}, "title", "Title cannot be empty"),
        ({"title": "x", "time_zone": "Mars"}, "time_zone", "Time zone must be a name like Europe/Berlin"),
        ({"title": "x", "name": "x" * 101}, "name", "Name cannot exceed 100 characters"),
        ({"title": "x", "name": "  "}, "name", "Name cannot be empty"),
        ({"title": "x", "owner": 1}, "owner", "Unknown field"),
        ({"title": "x", "role": "owner"}, "role", "Unknown field"),
    ],
)
async def test_what_a_new_space_may_say(ann: Person, body: Any, field: str, message: str) -> None:
    assert problems(await ann.http.post("/api/spaces", json=body)) == {field: message}
    assert (await ann.http.get("/api/spaces")).json() == {"spaces": []}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_space_is_changed_in_part(ann: Person, method: str) -> None:
    path = await new_space(ann, metadata={"a": 1, "b": 2}, time_zone="Europe/Berlin")
    before = await ann.http.get(path)
    body = {"metadata": {"a": None, "c": 3}, "is_archived": True}

    changed = await ann.http.request(method, path, json=body, headers={"If-Match": before.headers["etag"]})

    space = changed.json()
    assert space["metadata"] == {"b": 2, "c": 3}
    assert (space["title"], space["is_archived"], space["time_zone"]) == ("Home", True, "Europe/Berlin")
    assert changed.headers["etag"] != before.headers["etag"]
    late = await ann.http.request(method, path, json=body, headers={"If-Match": before.headers["etag"]})
    assert late.status_code == 412
    assert late.json()["error"] == "The space has been changed since it was read"
    echo = await ann.http.request(method, path, json=space | {"title": "New", "time_zone": None})
    assert echo.json()["title"] == "New"
    assert "time_zone" not in echo.json()
    assert [*problems(await ann.http.request(method, path, json={}))] == ["body"]
    assert [*problems(await ann.http.request(method, path, json={"title": "x", "seq": 1}))] == ["seq"]


async def test_what_is_read_again_unchanged_is_a_304_and_head_has_no_body(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob, "viewer")
    paths = (
        "/api/spaces",
        space,
        f"{space}/members",
        f"{space}/members/me",
        f"{space}/members/{member['id']}",
    )
    for path in paths:
        whole = await bob.http.get(path)
        again = await bob.http.get(path, headers={"If-None-Match": whole.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        head = await bob.http.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["etag"] == whole.headers["etag"], path
        assert head.headers["content-length"] == str(len(whole.content)), path
        assert problems(await bob.http.get(path, params={"limit": "1"})) == {
            "limit": "Unknown query parameter"
        }
    state = (await bob.http.get("/api/spaces")).headers["etag"]
    await task_in(ann, space)
    assert (await bob.http.get("/api/spaces", headers={"If-None-Match": state})).status_code == 200


async def test_ids_in_paths_are_uuids_of_any_case(ann: Person) -> None:
    space = await new_space(ann)
    assert (await ann.http.get(space.upper().replace("/API/SPACES", "/api/spaces"))).status_code == 200
    assert problems(await ann.http.get("/api/spaces/x")) == {"space_id": "Space id must be a UUID"}
    bad = await ann.http.get(f"{space}/members/x")
    assert problems(bad) == {"member_id": "Member id must be a UUID or me"}
    assert [*problems(await ann.http.get(f"{space}/members/ME"))] == ["member_id"]
    bad = await ann.http.delete(f"{space}/invitations/me")
    assert problems(bad) == {"invitation_id": "Invitation id must be a UUID"}
    assert refusal(await ann.http.get(f"{space}/members/{uuid4()}")) == MEMBER_NOT_FOUND


# Members


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_member_changes_their_own_name_and_an_owner_roles(
    ann: Person, bob: Person, method: str
) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob, name="Bob")
    his, hers = f"{space}/members/{member['id']}", f"{space}/members/{(await me(ann, space))['id']}"

    async def change(person: Person, path: str, **body: Any) -> httpx.Response:
        return await person.http.request(method, path, json=body)

    assert (await change(bob, f"{space}/members/me", name=" Rob ")).json()["name"] == "Rob"
    assert (await change(bob, his, name=None)).json()["name"] is None
    assert (await change(bob, his, name="Bob", role="editor")).json()["name"] == "Bob", "the role is his"
    assert problems(await change(bob, his, role="owner")) == {"role": "Only an owner can change a role"}
    assert problems(await change(bob, his, role="viewer")) == {"role": "Only an owner can change a role"}
    only = {"name": "Only the member can change the name"}
    assert problems(await change(ann, his, name="x")) == only
    assert problems(await change(ann, his, name="x", role="viewer")) == only
    refused = await change(bob, hers, name="x")
    assert (refusal(refused), refused.headers["allow"]) == (ROLE_TOO_LOW, "GET, HEAD")
    assert (await change(bob, f"{space}/members/{uuid4()}", name="x")).status_code == 405
    assert (await change(ann, his, role="viewer", name="Bob")).json()["role"] == "viewer", "the name is his"
    assert (await change(ann, his, role="owner")).json()["role"] == "owner"
    assert (await change(bob, hers, role="viewer")).json()["role"] == "viewer"
    rules = "Role must be owner, editor or viewer"
    wrong: tuple[object, ...] = ("king", "OWNER", "", 3, True, [])
    for role in wrong:
        assert problems(await change(bob, his, role=role)) == {"role": rules}
    assert problems(await change(bob, his, name="x" * 101)) == {"name": "Name cannot exceed 100 characters"}
    assert problems(await change(bob, his, name=" ")) == {"name": "Name cannot be empty"}
    assert [*problems(await change(bob, his))] == ["body"]
    assert [*problems(await change(bob, his, name="x", colour="red"))] == ["colour"]


async def test_a_member_is_changed_in_the_version_that_was_read(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    path = f"{space}/members/{(await join(ann, space, bob))['id']}"
    read = await ann.http.get(path)
    matching = {"If-Match": read.headers["etag"]}

    changed = await ann.http.patch(path, json={"role": "viewer"}, headers=matching)
    assert (changed.status_code, changed.json()["role"]) == (200, "viewer")
    assert changed.headers["etag"] == (await ann.http.get(path)).headers["etag"] != read.headers["etag"]
    for method in ("PATCH", "DELETE"):
        body = {"role": "editor"} if method == "PATCH" else None
        late = await ann.http.request(method, path, json=body, headers=matching)
        assert late.status_code == 412
        assert late.json()["error"] == "The member has been changed since it was read"
        assert late.headers["etag"] == changed.headers["etag"]


async def test_who_has_left_stays_without_a_role(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob, name="Bob")
    path = f"{space}/members/{member['id']}"

    answer = await ann.http.delete(path)

    assert answer.json() == {"message": "Member removed successfully", "id": member["id"]}
    former = (await ann.http.get(path)).json()
    assert (former["role"], former["name"], former["person_id"]) == (None, "Bob", bob.sub)
    assert former["left_at"] == former["updated_at"]
    assert [one["person_id"] for one in (await ann.http.get(f"{space}/members")).json()["members"]] == [
        ann.sub
    ]
    assert refusal(await ann.http.delete(path)) == MEMBER_NOT_FOUND
    refused = await ann.http.patch(path, json={"role": "editor"})
    assert problems(refused) == {"role": "This person is no longer a member"}
    assert (await bob.http.get("/api/spaces")).json() == {"spaces": []}


async def test_a_space_keeps_an_owner(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    own = f"{space}/members/{(await me(ann, space))['id']}"

    for path in (own, f"{space}/members/me"):
        assert refusal(await ann.http.patch(path, json={"role": "editor"})) == LAST_OWNER
        assert refusal(await ann.http.delete(path)) == LAST_OWNER
        assert (await ann.http.patch(path, json={"role": "owner"})).status_code == 200
    await set_role(ann, space, member, "owner")
    assert (await ann.http.patch(own, json={"role": "viewer"})).json()["role"] == "viewer"
    assert refusal(await bob.http.delete(f"{space}/members/me")) == LAST_OWNER


async def test_of_two_owners_who_lower_or_remove_each_other_one_stays(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    outcomes: Counter[tuple[int, ...]] = Counter()
    for n in range(ROUNDS):
        ann, bob = Person(two_apps[0]), Person(two_apps[1])
        space = await new_space(ann)
        his = await join(ann, space, bob, "owner")
        hers = await me(ann, space)
        answers = await asyncio.gather(
            *(
                person.http.delete(f"{space}/members/{other['id']}")
                if (n + k) % 3 == 0
                else person.http.patch(f"{space}/members/{other['id']}", json={"role": "viewer"})
                for k, (person, other) in enumerate(((ann, his), (bob, hers)))
            )
        )
        outcomes[tuple(sorted(one.status_code for one in answers))] += 1
        rows = await stored(two_apps[0], "members", user_id=space[-36:])
        assert [row["role"] for row in rows].count(3) == 1
    assert {*outcomes} <= {(200, 404), (200, 405)}


async def test_of_two_owners_who_leave_at_once_one_stays(two_apps: tuple[FastAPI, FastAPI]) -> None:
    for n in range(ROUNDS):
        ann, bob = Person(two_apps[0]), Person(two_apps[1])
        space = await new_space(ann)
        await join(ann, space, bob, "owner")
        body, path = {"role": "editor"}, f"{space}/members/me"
        answers = await asyncio.gather(
            ann.http.delete(path), bob.http.patch(path, json=body) if n % 2 else bob.http.delete(path)
        )
        assert sorted(one.status_code for one in answers) == [200, 409]
        rows = await stored(two_apps[0], "members", user_id=space[-36:])
        assert [row["role"] for row in rows].count(3) == 1


# Deletion


async def test_a_space_with_tasks_is_deleted_if_the_request_says_so(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    await task_in(bob, space)

    refused = refusal(await ann.http.delete(space))
    assert refused == (409, "SPACE_NOT_EMPTY", "The space has tasks: say tasks=delete")
    for value in ("keep", "", "Delete"):
        bad = await ann.http.delete(space, params={"tasks": value})
        assert problems(bad) == {"tasks": "Tasks must be delete"}
    answer = await ann.http.delete(space, params={"tasks": "delete"})

    assert answer.json() == {"message": "Space deleted successfully", "id": space[-36:]}
    for person in (ann, bob):
        assert refusal(await person.http.get(space)) == SPACE_NOT_FOUND
        assert (await person.http.get("/api/spaces")).json() == {"spaces": []}
    assert refusal(await ann.http.post(f"{space}/tasks", json={"title": "x"})) == SPACE_NOT_FOUND


async def test_nothing_of_a_deleted_space_is_stored(app: FastAPI, ann: Person) -> None:
    space = await new_space(ann)
    await invite(ann, space)
    await task_in(ann, space)
    await ann.http.delete(space, params={"tasks": "delete"})
    assert await stored(app, "users", id=space[-36:]) == []
    for table in ("spaces", "members", "invitations", "tasks"):
        assert await stored(app, table, user_id=space[-36:]) == []


# Rows of the space


async def test_a_space_is_the_owner_of_what_is_in_it(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    created = await bob.http.post(f"{space}/tasks", json={"title": "Milk"})
    listed = await bob.http.post(f"{space}/lists", json={"title": "Shop"})

    assert created.headers["location"] == f"{space}/tasks/{created.json()['id']}"
    assert listed.headers["location"] == f"{space}/lists/{listed.json()['id']}"
    assert {created.json()["user_id"], listed.json()["user_id"]} == {space[-36:]}
    put = await bob.http.put(f"{space}/tasks/{uuid4()}", json={"title": "x"}, headers={"If-None-Match": "*"})
    if put.status_code == 201:
        assert put.headers["location"] == f"{space}/tasks/{put.json()['id']}"
    assert await bob.tasks() == []
    answers = [await one.http.get(f"{space}/tasks") for one in (ann, bob)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["etag"] == answers[1].headers["etag"]


async def test_a_cursor_of_another_owner_is_a_malformed_one(ann: Person, bob: Person) -> None:
    spaces = [await new_space(ann), await new_space(ann)]
    await join(ann, spaces[0], bob)
    for space in spaces:
        for _ in range(2):
            await task_in(ann, space)
    await ann.create()
    await ann.create()
    owners = [*spaces, "/api"]
    for path, parameter, key in (
        ("/tasks?limit=1", "cursor", "next_cursor"),
        ("/changes?limit=1", "since", "cursor"),
    ):
        cursors = [(await ann.http.get(owner + path)).json()[key] for owner in owners]
        for n, owner in enumerate(owners):
            for m, cursor in enumerate(cursors):
                answer = await ann.http.get(f"{owner}{path}&{parameter}={cursor}")
                if n == m:
                    assert answer.status_code == 200
                    continue
                broken = await ann.http.get(f"{owner}{path}&{parameter}=nonsense")
                assert answer.content == broken.content
                assert answer.status_code == 400
        shared = await bob.http.get(f"{spaces[0]}{path}&{parameter}={cursors[0]}")
        assert shared.status_code == 200, "it is bound to the owner, not to the member"


# Idempotency keys


async def test_a_key_belongs_to_the_caller_and_the_owner(ann: Person, bob: Person) -> None:
    space, other = await new_space(ann), await new_space(ann)
    await join(ann, space, bob)
    body = {"title": "x"}

    made = [
        await person.http.post(path, json=body, headers=KEY)
        for person, path in (
            (ann, f"{space}/tasks"),
            (bob, f"{space}/tasks"),
            (ann, f"{other}/tasks"),
            (ann, "/api/tasks"),
            (bob, "/api/tasks"),
        )
    ]

    assert [one.status_code for one in made] == [201] * 5
    assert not [one for one in made if "idempotent-replayed" in one.headers]
    assert len({one.json()["id"] for one in made}) == 5
    again = await bob.http.post(f"{space}/tasks", json=body, headers=KEY)
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", made[1].json())
    assert again.headers["location"] == made[1].headers["location"]


async def test_a_space_is_created_once_with_a_key(ann: Person) -> None:
    first, again = [await ann.http.post("/api/spaces", json={"title": "Home"}, headers=KEY) for _ in range(2)]
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.content == first.content
    for name in ("location", "etag"):
        assert again.headers[name] == first.headers[name]
    assert len((await ann.http.get("/api/spaces")).json()["spaces"]) == 1
    other = await ann.http.post("/api/spaces", json={"title": "Other"}, headers=KEY)
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_an_invitation_is_made_once_with_a_key_and_replayed_without_its_secret(ann: Person) -> None:
    path = f"{await new_space(ann)}/invitations"
    first, again = [await ann.http.post(path, json={"uses": 2}, headers=KEY) for _ in range(2)]
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == {key: value for key, value in first.json().items() if key != "invitation"}
    assert len((await ann.http.get(path)).json()["invitations"]) == 1


async def test_an_invitation_is_redeemed_once_with_a_key(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    body = {"invitation": await invite(ann, space, uses=2)}
    first, again = [await bob.http.post("/api/invitations/redeem", json=body, headers=KEY) for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ann.http.get(f"{space}/invitations")).json()["invitations"][0]["used"] == 1
    await remove(ann, space, first.json()["member"])
    assert refusal(await bob.http.get(space)) == SPACE_NOT_FOUND
    assert (await redeem(bob, body["invitation"])).status_code == 404
