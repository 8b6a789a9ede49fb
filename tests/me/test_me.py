"""docs/contract.md, B4: GET /api/me."""

from datetime import UTC, datetime

from fastapi import FastAPI
from support import Person, refusal
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
