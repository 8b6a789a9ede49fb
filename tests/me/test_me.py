"""docs/contract.md#a-users-own-data: GET /api/me."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from support import Person, problems, refusal
from support.import_documents import NO_SUCH_USER


async def test_before_the_first_write_there_is_no_user(ann: Person) -> None:
    await ann.http.get("/api/tasks")

    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER
    assert (await ann.http.head("/api/me")).status_code == 404


async def test_the_first_write_makes_the_user(app: FastAPI) -> None:
    ann = Person(app, email="ann@example.com")
    before = datetime.now(UTC)
    await ann.create()

    answer = await ann.http.get("/api/me")

    user = answer.json()
    assert (answer.status_code, list(user)) == (200, ["id", "email", "created_at", "updated_at"])
    assert (user["id"], user["email"]) == (ann.sub, "ann@example.com")
    assert user["created_at"] == user["updated_at"]
    assert user["created_at"].endswith("Z")
    assert before <= datetime.fromisoformat(user["created_at"]) <= datetime.now(UTC)


async def test_without_an_address_it_is_null(ann: Person) -> None:
    await ann.create()

    assert (await ann.http.get("/api/me")).json()["email"] is None


async def test_a_write_that_found_nothing_makes_no_user(ann: Person, bob: Person) -> None:
    his = await bob.create()

    await ann.http.put(f"/api/tasks/{his['id']}", json={"title": "Mine"})
    await ann.http.delete(f"/api/tasks/{his['id']}")

    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER


async def test_every_user_sees_their_own_row(ann: Person, bob: Person) -> None:
    await ann.create()
    await bob.create()

    assert [(await person.http.get("/api/me")).json()["id"] for person in (ann, bob)] == [ann.sub, bob.sub]


async def test_later_writes_do_not_change_the_row(ann: Person) -> None:
    task = await ann.create()
    user = (await ann.http.get("/api/me")).json()

    await ann.put(task["id"], title="Buy bread")

    assert (await ann.http.get("/api/me")).json() == user


# The time zone


async def test_a_time_zone_is_set_shown_and_removed(ann: Person) -> None:
    await ann.create()
    before = (await ann.http.get("/api/me")).json()

    answer = await ann.http.patch("/api/me", json={"time_zone": "Europe/Berlin"})

    after = answer.json()
    assert (answer.status_code, after) == (
        200,
        {**before, "time_zone": "Europe/Berlin", "updated_at": after["updated_at"]},
    )
    assert after["updated_at"] > before["updated_at"]
    assert (await ann.http.get("/api/me")).json() == after
    assert (await ann.http.get("/api/me/export")).json()["user"] == after
    assert "time_zone" not in (await ann.http.patch("/api/me", json={"time_zone": None})).json()


async def test_a_time_zone_can_be_the_first_write(app: FastAPI) -> None:
    ann = Person(app, email="zoe@example.com", zoneinfo="Asia/Tokyo")

    user = (await ann.http.patch("/api/me", json={"time_zone": "UTC"})).json()

    assert (user["id"], user["email"], user["time_zone"]) == (ann.sub, "zoe@example.com", "UTC")
    assert user["created_at"] == user["updated_at"]
    await ann.create()
    assert (await ann.http.get("/api/me")).json() == user


async def test_a_whole_row_sent_back_changes_only_the_time(ann: Person) -> None:
    user = (await ann.http.patch("/api/me", json={"time_zone": "UTC"})).json()

    again = (await ann.http.patch("/api/me", json=user)).json()

    assert again == {**user, "updated_at": again["updated_at"]}


@pytest.mark.parametrize("zone", ["", "Berlin", "europe/berlin", "+01:00", "../UTC", 5, [], {}, True])
async def test_only_a_name_is_a_time_zone(ann: Person, zone: Any) -> None:
    answer = await ann.http.patch("/api/me", json={"time_zone": zone})

    assert problems(answer) == {"time_zone": "Time zone must be a name like Europe/Berlin"}
    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER


async def test_a_time_zone_is_required_and_nothing_else_can_be_set(ann: Person) -> None:
    assert problems(await ann.http.patch("/api/me", json={})) == {
        "time_zone": "Time zone is required and cannot be empty"
    }
    body = {"time_zone": None, "name": "Ann"}
    assert problems(await ann.http.patch("/api/me", json=body)) == {"name": "Unknown field"}


async def test_the_token_of_the_first_write_gives_the_first_time_zone(app: FastAPI) -> None:
    ann = Person(app, zoneinfo="Asia/Tokyo")
    task = await ann.create()
    assert (await ann.http.get("/api/me")).json()["time_zone"] == "Asia/Tokyo"
    await ann.http.patch("/api/me", json={"time_zone": None})

    await ann.put(task["id"], title="Later")
    await Person(app, ann.sub, zoneinfo="Europe/Berlin").create()

    assert "time_zone" not in (await ann.http.get("/api/me")).json()


@pytest.mark.parametrize("claim", ["Tokyo", "", 9, ["UTC"], None])
async def test_a_claim_that_is_no_time_zone_is_none(app: FastAPI, claim: Any) -> None:
    ann = Person(app, zoneinfo=claim)
    await ann.create()

    assert "time_zone" not in (await ann.http.get("/api/me")).json()
