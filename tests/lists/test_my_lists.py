"""docs/contract.md#lists-subtasks-and-order: /api/lists."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from lists.list_support import NO_SUCH_LIST, create_list, lists_of, put_list
from support import Person, database_of, execute, problems, refusal

from taskward.ids import created_at, new_id

KEYS = ["id", "user_id", "title", "is_archived", "position", "created_at", "updated_at"]


async def test_a_new_list_has_seven_keys_and_says_where_it_is(ann: Person) -> None:
    answer = await ann.http.post("/api/lists", json={"title": "  Home  "})

    created = answer.json()
    assert answer.status_code == 201
    assert list(created) == KEYS
    assert answer.headers["location"] == f"/api/lists/{created['id']}"
    assert (created["user_id"], created["title"], created["is_archived"]) == (ann.sub, "Home", False)
    assert created["position"] == f"m{UUID(created['id']).hex}h"
    assert created["created_at"] == created["updated_at"]
    assert UUID(created["id"]).version == 7
    read = await ann.http.get(answer.headers["location"])
    assert (read.status_code, read.content, read.headers["etag"]) == (
        200,
        answer.content,
        answer.headers["etag"],
    )


async def test_all_fields_of_a_list_can_be_given_and_are_stored(ann: Person) -> None:
    fields: dict[str, Any] = {
        "is_archived": True,
        "position": "a0",
        "metadata": {"colour": "red", "n": 1.5, "on": True},
    }

    created = await create_list(ann, **fields)

    assert {name: created[name] for name in fields} == fields
    assert await lists_of(ann) == [created]


async def test_lists_of_many_users_are_read_at_once(app: FastAPI) -> None:
    people = [Person(app) for _ in range(20)]
    lists = [await create_list(one) for one in people]

    answers = await asyncio.gather(
        *(one.http.get(f"/api/lists/{found['id']}") for one, found in zip(people, lists, strict=True))
    )

    assert [answer.status_code for answer in answers] == [200] * 20
    assert [answer.json() for answer in answers] == lists


async def test_before_the_first_write_there_are_no_lists(ann: Person) -> None:
    assert await lists_of(ann) == []
    assert (await ann.http.get("/api/me")).status_code == 404


async def test_lists_come_by_position_and_then_by_id(ann: Person) -> None:
    first, second = [await create_list(ann, title) for title in ("First", "Second")]
    b1, b2, a, capital = [
        await create_list(ann, title, position=position)
        for title, position in (("B1", "b"), ("B2", "b"), ("A", "a9"), ("Capital", "Z"))
    ]

    assert await lists_of(ann) == [capital, a, b1, b2, first, second]


async def test_a_list_is_changed_by_the_fields_given(ann: Person) -> None:
    created = await create_list(ann, metadata={"a": 1, "b": "x"})

    changed = await put_list(ann, created["id"], title="Work", metadata={"a": None, "c": True})

    assert changed == created | {
        "title": "Work",
        "metadata": {"b": "x", "c": True},
        "updated_at": changed["updated_at"],
    }
    assert changed["updated_at"] > created["updated_at"]
    placed = await put_list(ann, created["id"], position="k", is_archived=True)
    assert (placed["position"], placed["is_archived"], placed["title"]) == ("k", True, "Work")
    cleared = await put_list(ann, created["id"], position=None, metadata=None)
    assert cleared["position"] == created["position"]
    assert "metadata" not in cleared


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/json"])
async def test_patch_does_the_same(ann: Person, content_type: str) -> None:
    created = await create_list(ann)
    answer = await ann.http.patch(
        f"/api/lists/{created['id']}", content=b'{"title": "Work"}', headers={"Content-Type": content_type}
    )
    assert (answer.status_code, answer.json()["title"]) == (200, "Work")


async def test_a_whole_list_sent_back_changes_nothing(ann: Person) -> None:
    created = await create_list(ann, metadata={"colour": "red"}, position="a5", is_archived=True)

    sent_back = await put_list(ann, created["id"], **created)

    assert sent_back == created | {"updated_at": sent_back["updated_at"]}


async def test_every_change_has_a_new_entity_tag(ann: Person) -> None:
    created = await ann.http.post("/api/lists", json={"title": "Home"})
    path = created.headers["location"]
    changed = await ann.http.put(path, json={"title": "Home"})

    assert created.headers["etag"] != changed.headers["etag"]
    unchanged = await ann.http.get(path, headers={"If-None-Match": changed.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_of_two_writers_with_one_entity_tag_one_succeeds(ann: Person) -> None:
    created = await ann.http.post("/api/lists", json={"title": "Home"})
    path, condition = created.headers["location"], {"If-Match": created.headers["etag"]}

    answers = await asyncio.gather(
        *(ann.http.put(path, json={"title": f"{n}"}, headers=condition) for n in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 4
    refused = next(answer for answer in answers if answer.status_code == 412)
    current = await ann.http.get(path)
    assert refused.headers["etag"] == current.headers["etag"]
    assert refusal(refused) == (
        412,
        "PRECONDITION_FAILED",
        "The list has been changed since it was read",
    )
    late = await ann.http.delete(path, headers=condition)
    assert late.status_code == 412
    assert (await ann.http.delete(path, headers={"If-Match": "*"})).status_code == 200


async def test_all_lists_have_an_entity_tag_that_every_write_changes(ann: Person) -> None:
    before = (await ann.http.get("/api/lists")).headers["etag"]
    created = await create_list(ann)
    after = (await ann.http.get("/api/lists")).headers["etag"]
    assert before != after
    assert (await ann.http.get("/api/lists", headers={"If-None-Match": after})).status_code == 304
    await put_list(ann, created["id"], title="Work")
    assert (await ann.http.get("/api/lists", headers={"If-None-Match": after})).status_code == 200


async def test_a_repeated_create_with_a_key_is_carried_out_once(ann: Person) -> None:
    key = {"Idempotency-Key": "home"}
    body = {"title": "Home", "metadata": {"n": 1}}

    first = await ann.http.post("/api/lists", json=body, headers=key)
    again = await ann.http.post("/api/lists", json=body, headers=key)
    other = await ann.http.post("/api/lists", json={"title": "Work"}, headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert {name: again.headers[name] for name in ("etag", "location")} == {
        name: first.headers[name] for name in ("etag", "location")
    }
    assert other.status_code == 422
    assert len(await lists_of(ann)) == 1


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "title", "Title is required and cannot be empty"),
        ({"title": " "}, "title", "Title cannot be empty"),
        ({"title": None}, "title", "Title cannot be empty"),
        ({"title": "x" * 201}, "title", "Title cannot exceed 200 characters"),
        ({"title": "x", "is_archived": "yes"}, "is_archived", "Is archived must be true or false"),
        ({"title": "x", "is_archived": None}, "is_archived", "Is archived must be true or false"),
        ({"title": "x", "colour": "red"}, "colour", "Unknown field"),
        ({"title": "x", "metadata": []}, "metadata", "Metadata must be an object or null"),
        (
            {"title": "x", "metadata": {"a": []}},
            "metadata.a",
            "A value is a text of up to 500 characters, a number or a boolean",
        ),
        ({"title": "x", "metadata": {"a": "x" * 4097}}, "metadata.a", None),
        *(
            (
                {"title": "x", "position": position},
                "position",
                "Position must be 1 to 100 letters and digits, or say before or after which task",
            )
            for position in ("", "a-b", "x" * 101, 5, {}, {"at": "middle"}, {"after": "x"})
        ),
    ],
)
@pytest.mark.engines("memory")
async def test_a_broken_field_is_named(
    ann: Person, body: dict[str, Any], field: str, message: str | None
) -> None:
    found = problems(await ann.http.post("/api/lists", json=body))
    assert list(found) == [field]
    if message is not None:
        assert found[field] == message
    assert await lists_of(ann) == []


@pytest.mark.engines("memory")
async def test_a_change_of_nothing_is_refused(ann: Person) -> None:
    created = await create_list(ann)
    for body in ({}, {"id": str(uuid4()), "created_at": "x"}):
        assert problems(await ann.http.put(f"/api/lists/{created['id']}", json=body)) == {
            "body": "At least one of title, is_archived, position, metadata is required"
        }


@pytest.mark.engines("memory")
async def test_metadata_that_grows_too_large_is_refused(ann: Person) -> None:
    created = await create_list(ann, metadata={f"k{n}": "x" * 400 for n in range(9)})
    answer = await ann.http.put(
        f"/api/lists/{created['id']}", json={"metadata": {f"more{n}": "x" * 400 for n in range(2)}}
    )
    assert list(problems(answer)) == ["metadata"]
    assert await lists_of(ann) == [created]


@pytest.mark.engines("memory")
async def test_a_path_id_must_be_a_uuid(ann: Person) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = {"title": "x"} if method == "PUT" else None
        answer = await ann.http.request(method, "/api/lists/home", json=body)
        assert problems(answer) == {"list_id": "List id must be a UUID"}
    created = await create_list(ann)
    assert (await ann.http.get(f"/api/lists/{created['id'].upper()}")).status_code == 200


@pytest.mark.engines("memory")
async def test_a_query_of_its_own_has_only_the_deletion(ann: Person) -> None:
    created = await create_list(ann)
    assert problems(await ann.http.get("/api/lists?limit=5")) == {"limit": "Unknown query parameter"}
    path = f"/api/lists/{created['id']}"
    assert problems(await ann.http.delete(f"{path}?tasks=move")) == {"tasks": "Tasks must be keep or delete"}
    assert problems(await ann.http.delete(f"{path}?subtasks=keep")) == {"subtasks": "Unknown query parameter"}
    assert await lists_of(ann) == [created]


REQUESTS = [("GET", None), ("PUT", {"title": "Mine"}), ("PATCH", {"is_archived": True}), ("DELETE", None)]


@pytest.mark.parametrize(("method", "body"), REQUESTS)
async def test_a_foreign_list_is_answered_like_a_missing_one_to_the_byte(
    ann: Person, bob: Person, method: str, body: dict[str, Any] | None
) -> None:
    hers = await create_list(ann)
    await create_list(bob)
    before = await lists_of(bob)

    foreign = await bob.http.request(method, f"/api/lists/{hers['id']}", json=body)
    missing = await bob.http.request(method, f"/api/lists/{uuid4()}", json=body)

    assert foreign.content == missing.content
    assert refusal(foreign) == refusal(missing) == NO_SUCH_LIST
    assert await lists_of(ann) == [hers]
    assert await lists_of(bob) == before


async def test_a_write_that_is_refused_makes_no_user(ann: Person) -> None:
    path = f"/api/lists/{uuid4()}"
    assert refusal(await ann.http.put(path, json={"title": "x"})) == NO_SUCH_LIST
    assert refusal(await ann.http.delete(path)) == NO_SUCH_LIST
    assert (await ann.http.get("/api/me")).status_code == 404


async def test_a_person_has_at_most_a_thousand_lists(app: FastAPI, ann: Person) -> None:
    kept = await create_list(ann)
    rows = ", ".join(
        f"('{ann.sub}', '{UUID(int=n)}', 'x', {{false}}, 'a', {{now}}, {{now}}, 1)" for n in range(999)
    )
    columns = "user_id, id, title, is_archived, position, created_at, updated_at, version"
    is_postgres = database_of(app).engine == "postgresql"
    rows = rows.format(false="false" if is_postgres else "0", now="now()" if is_postgres else "0")
    await execute(app, f"INSERT INTO lists ({columns}) VALUES {rows}")  # noqa: S608 - our own ids
    assert len(await lists_of(ann)) == 1000

    answer = await ann.http.post("/api/lists", json={"title": "One more"})

    assert problems(answer) == {"body": "A person has at most 1000 lists"}
    await ann.http.delete(f"/api/lists/{kept['id']}")
    await create_list(ann, "Again")


# Positions


async def titles(person: Person) -> str:
    return "".join(one["title"] for one in await lists_of(person))


async def test_the_service_computes_a_position_beside_another_list(ann: Person) -> None:
    a, b, c = [await create_list(ann, title) for title in "ABC"]
    for moved, position, expected in (
        (c, {"before": a["id"]}, "CAB"),
        (c, {"after": a["id"].upper()}, "ACB"),
        (b, {"at": "first"}, "BAC"),
        (b, {"at": "last"}, "ACB"),
        (a, None, "ACB"),
    ):
        changed = await put_list(ann, moved["id"], position=position)
        assert await titles(ann) == expected
        assert changed in await lists_of(ann)
    await create_list(ann, "D", position={"before": b["id"]})
    await create_list(ann, "E")
    assert await titles(ann) == "ACDBE"


async def test_lists_move_where_there_is_no_room_between_two(ann: Person) -> None:
    for title in "ABC":
        await create_list(ann, title, position="k")
    a, b, c = await lists_of(ann)
    cursor = (await ann.http.get("/api/changes?kinds=lists")).json()["cursor"]

    await create_list(ann, "X", position={"after": a["id"]})

    assert await titles(ann) == "AXBC"
    after = {one["id"]: one for one in await lists_of(ann)}
    answer = await ann.http.get("/api/changes", params={"kinds": "lists", "since": cursor})
    told = {change["list"]["id"]: change["list"] for change in answer.json()["changes"]}
    assert len(told) == len(answer.json()["changes"]) > 1, "another one has made room"
    assert after == {one["id"]: one for one in (a, b, c)} | told


async def test_a_neighbour_must_be_another_list_of_the_same_owner(ann: Person, bob: Person) -> None:
    created, his = await create_list(ann), await create_list(bob)
    task = await ann.create()
    for neighbour in (created["id"], his["id"], task["id"], str(uuid4())):
        answer = await ann.http.put(f"/api/lists/{created['id']}", json={"position": {"after": neighbour}})
        assert list(problems(answer)) == ["position"]
    assert await lists_of(ann) == [created]


# Ids that the client makes


async def at(person: Person, list_id: object, **fields: Any) -> httpx.Response:
    return await person.http.put(
        f"/api/lists/{list_id}", json={"title": "Home", **fields}, headers={"If-None-Match": "*"}
    )


async def test_a_list_is_created_at_an_id_that_the_client_has_made(ann: Person) -> None:
    list_id = new_id()

    answer = await at(ann, list_id, metadata={"a": 1})

    created = answer.json()
    assert (answer.status_code, created["id"]) == (201, str(list_id))
    assert answer.headers["location"] == f"/api/lists/{list_id}"
    assert created["created_at"] == written(list_id) <= created["updated_at"]
    assert await lists_of(ann) == [created]


async def test_a_create_at_an_id_that_exists_is_answered_with_the_list(ann: Person) -> None:
    list_id = new_id()
    created = await at(ann, list_id)

    again = await at(ann, list_id, title="Other")

    assert again.status_code == 412
    assert again.headers["etag"] == created.headers["etag"]
    assert again.json() == {
        "error": "A list with this id exists",
        "code": "PRECONDITION_FAILED",
        "list": created.json(),
        "etag": created.headers["etag"],
    }
    assert await lists_of(ann) == [created.json()]


async def test_a_list_that_was_deleted_is_not_created_again(ann: Person) -> None:
    list_id = new_id()
    await at(ann, list_id)
    await ann.http.delete(f"/api/lists/{list_id}")

    assert refusal(await at(ann, list_id)) == (410, "GONE", "The list was deleted")
    assert await lists_of(ann) == []


async def test_one_of_two_devices_creates_it(ann: Person) -> None:
    list_id = new_id()
    answers = await asyncio.gather(*(at(ann, list_id, title=f"{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412]
    assert len(await lists_of(ann)) == 1


async def test_two_people_may_use_one_id(ann: Person, bob: Person) -> None:
    list_id = new_id()
    answers = [await at(ann, list_id), await at(bob, list_id)]
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.engines("memory")
async def test_the_id_must_be_one_of_about_now(ann: Person) -> None:
    ahead = UUID(int=new_id().int + (25 * 3600 * 1000 << 80))
    for list_id in (uuid4(), ahead):
        assert list(problems(await at(ann, list_id))) == ["list_id"]
    assert problems(
        await ann.http.put(f"/api/lists/{new_id()}", json={}, headers={"If-None-Match": "*"})
    ) == {"title": "Title is required and cannot be empty"}
    assert await lists_of(ann) == []


def written(list_id: UUID) -> str:
    return created_at(list_id).isoformat(timespec="microseconds").replace("+00:00", "Z")
