"""docs/contract.md#users: the owner's row in the database."""

import asyncio
import time
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from fastapi import FastAPI
from support import Person, database_of, stored

from taskward.http.caller import Owner
from taskward.http.errors import DatabaseError
from taskward.tasks.statements import CREATE_TASK
from taskward.users.statements import person_values


def address() -> str:
    return f"{uuid4()}@example.com"


async def row_of(app: FastAPI, person: Person) -> dict[str, Any]:
    (row,) = await stored(app, "users", id=person.sub)
    return row


async def test_the_first_write_makes_the_owner_s_row(app: FastAPI) -> None:
    ann = Person(app, email=(email := address()))
    before = time.time_ns() // 1000
    await ann.create()
    after = time.time_ns() // 1000

    row = await row_of(app, ann)
    assert (row["id"], row["email"]) == (ann.sub, email)
    assert before <= row["created_at"] == row["updated_at"] <= after


async def test_later_writes_make_no_other_row_and_leave_the_first_as_it_is(app: FastAPI, ann: Person) -> None:
    task = await ann.create()
    first = await row_of(app, ann)

    await ann.create()
    await ann.put(task["id"], title="Buy bread")
    await ann.http.delete(f"/api/tasks/{task['id']}")

    last = await row_of(app, ann)
    assert last == first | {"seq": last["seq"]}
    assert last["seq"] > first["seq"]


async def test_a_read_by_an_unknown_user_finds_nothing_and_writes_nothing(app: FastAPI, ann: Person) -> None:
    for method in ("GET", "HEAD"):
        assert (await ann.http.request(method, "/api/tasks")).status_code == 200
        assert (await ann.http.request(method, f"/api/tasks/{uuid4()}")).status_code == 404

    assert await stored(app, "users", id=ann.sub) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_write_that_finds_nothing_makes_no_row(
    app: FastAPI, ann: Person, bob: Person, method: str
) -> None:
    hers = await bob.create()
    for task_id in (uuid4(), hers["id"]):
        answer = await ann.http.request(method, f"/api/tasks/{task_id}", json={"title": "x"})
        assert answer.status_code == 404

    assert await stored(app, "users", id=ann.sub) == []


async def test_a_refused_write_makes_no_row(app: FastAPI, ann: Person) -> None:
    await ann.http.post("/api/tasks", json={"title": ""})
    await ann.http.post("/api/tasks", content=b"{")

    assert await stored(app, "users", id=ann.sub) == []


async def test_a_write_that_the_database_refuses_makes_no_row(app: FastAPI) -> None:
    user = Owner(uuid4(), address())
    values = person_values(user) | {"task_id": uuid4(), "now": None, "title": "a task without a time"}

    with pytest.raises(DatabaseError):
        await database_of(app).write(CREATE_TASK, values)

    assert await stored(app, "users", id=user.id) == []


@pytest.mark.parametrize(
    "sub",
    [
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "x",
        "ann@example.com",
        "é-漢",
        "0190B0A0-0000-7000-8000-00000000000A",
    ],
)
async def test_a_subject_that_is_no_canonical_uuid_has_the_id_of_its_issuer_and_name(
    app: FastAPI, sub: str
) -> None:
    with_issuer = await Person(app, sub, iss="https://idp.example").create()
    without = await Person(app, sub).create()

    assert with_issuer["user_id"] == str(uuid5(uuid5(NAMESPACE_URL, "https://idp.example"), sub))
    assert without["user_id"] == str(uuid5(uuid5(NAMESPACE_URL, ""), sub))
    assert UUID(without["user_id"]).version == 5


async def test_a_subject_that_is_a_canonical_uuid_is_the_id_for_every_issuer(app: FastAPI) -> None:
    sub = str(uuid4())
    task = await Person(app, sub, iss="https://idp.example").create()

    assert task["user_id"] == sub
    assert await Person(app, sub).tasks() == [task]


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "email",
    [
        None, "", "@", "a@", "@b", "ann", 5, True, ["a@b"], {"a": "b"}, "a\0@b", "a b@c", "a@b\n",
        f"{'a' * 250}@b.cd",
    ],
)  # fmt: skip
async def test_an_implausible_address_is_kept_as_null(app: FastAPI, email: object) -> None:
    ann = Person(app, email=email)
    await ann.create()

    assert (await row_of(app, ann))["email"] is None


@pytest.mark.parametrize("name", ["{}", "Ann+tag.{}", "é{}", '"quoted"{}'])
async def test_a_plausible_address_is_kept_as_it_was_given(app: FastAPI, name: str) -> None:
    email = f"{name.format(uuid4().hex)}@ex-ample.com"
    longest = f"{uuid4().hex}{'a' * 220}@b"
    assert len(longest) == 254

    for one in (email, longest):
        ann = Person(app, email=one)
        await ann.create()
        assert (await row_of(app, ann))["email"] == one


async def test_of_two_people_with_one_address_the_first_keeps_it_and_neither_sees_the_other(
    app: FastAPI,
) -> None:
    email = address()
    ann, bob = Person(app, email=email), Person(app, email=email)
    hers, his = await ann.create("Hers"), await bob.create("His")

    assert ((await row_of(app, ann))["email"], (await row_of(app, bob))["email"]) == (email, None)
    assert (await ann.tasks(), await bob.tasks()) == ([hers], [his])


async def test_a_later_address_changes_nothing(app: FastAPI) -> None:
    email, later = address(), address()
    ann = Person(app, email=email)
    await ann.create()
    await Person(app, ann.sub, email=later).create()
    await Person(app, ann.sub).create()
    assert (await row_of(app, ann))["email"] == email

    bob = Person(app)
    await bob.create()
    await Person(app, bob.sub, email=later).create()
    assert (await row_of(app, bob))["email"] is None


async def test_of_many_people_with_one_address_at_once_exactly_one_has_it(app: FastAPI) -> None:
    email = address()
    people = [Person(app, email=email) for _ in range(12)]

    await asyncio.gather(*(person.create() for person in people))

    assert len(await stored(app, "users", email=email)) == 1
    assert [len(await person.tasks()) for person in people] == [1] * 12


async def test_many_first_writes_of_one_person_at_once_make_one_row_and_lose_nothing(app: FastAPI) -> None:
    ann = Person(app, email=address())

    made = await asyncio.gather(*(ann.create(f"Task {n}") for n in range(24)))

    assert (await row_of(app, ann))["email"]
    assert sorted(task["id"] for task in made) == sorted(task["id"] for task in await ann.tasks())


async def test_the_tasks_of_a_person_whose_row_goes_go_with_it(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    for person in (ann, bob):
        task = await person.create("Deleted")
        await person.create("Kept")
        await person.http.delete(f"/api/tasks/{task['id']}")

    await ann.http.delete("/api/me")

    for table in ("tasks", "tombstones"):
        assert await stored(app, table, user_id=ann.sub) == []
        assert len(await stored(app, table, user_id=bob.sub)) == 1
