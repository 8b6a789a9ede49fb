"""A write that concerns one task is one statement, or a read and one that holds for what was read."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from lists.list_support import create_list
from support import Person, database_of, problems, refusal, stored
from support.postgres_connection import connected
from support.rows import count_waiting
from support.waiting import until

from taskward.ids import new_id

DUE = {"date": "2099-11-21", "time": "14:30", "time_zone": "Europe/Berlin"}
FIELDS: dict[str, Any] = {
    "due": DUE,
    "start": {"date": "2099-11-20"},
    "priority": "high",
    "labels": ["Home", "urgent"],
    "metadata": {"colour": "red"},
    "position": "m5h",
    "is_completed": False,
    "description": "Two litres",
}
REMINDED = {"due": DUE, "reminders": [{"offset_minutes": -30}, {"at": "2099-11-01T09:00:00Z"}]}
RECURRING = {"due": DUE, "recurrence": {"rule": "FREQ=WEEKLY"}}
FLOATING: dict[str, Any] = {
    "due": {"date": "2099-01-02", "time": "12:00"},
    "reminders": [{"offset_minutes": 0}],
}
MADE = {
    **{name: {name: value} for name, value in FIELDS.items()},
    "reminders": REMINDED,
    "recurrence": RECURRING,
    "everything": {**FIELDS, **REMINDED, **RECURRING},
}
CHANGED: dict[str, dict[str, Any]] = {
    **MADE,
    "add_labels": {"add_labels": ["New"]},
    "no labels": {"labels": None},
    "no due": {"due": None},
    "metadata": {"metadata": {"size": 5}},
}


@pytest.fixture
def calls(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns a list that grows with each call of the database: the name of a statement, or a transaction."""
    made: list[str] = []
    database = database_of(app)
    monkeypatch.setattr(database, "rows", recorded(made, database.rows))
    monkeypatch.setattr(database, "write", recorded(made, database.write))
    monkeypatch.setattr(database, "transact", recorded(made, database.transact, "transaction"))
    return made


def recorded(made: list[str], run: Callable[..., Coroutine[Any, Any, Any]], name: str | None = None) -> Any:
    def call(*arguments: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        if not getattr(arguments[0], "cross_owner", False):  # those are of background jobs
            made.append(name or arguments[0].name)
        return run(*arguments, **options)

    return call


def before(app: FastAPI, monkeypatch: pytest.MonkeyPatch, statement: str, act: Any, times: int = 1) -> None:
    """Does something just before a statement runs, that number of times."""
    database, left = database_of(app), [times]
    run = database.write

    async def write(one: Any, values: Any) -> Any:
        if one.name == statement and left[0]:
            left[0] -= 1
            await act()
        return await run(one, values)

    monkeypatch.setattr(database, "write", write)


class TestStatements:
    @pytest.mark.parametrize("fields", MADE.values(), ids=MADE)
    @pytest.mark.parametrize("in_list", [False, True])
    async def test_a_create_is_one_statement(
        self, ann: Person, calls: list[str], fields: dict[str, Any], *, in_list: bool
    ) -> None:
        place = {"list_id": (await create_list(ann))["id"]} if in_list else {}
        calls.clear()

        task = await ann.create(**fields, **place)

        assert calls == ["create task"]
        assert await ann.get(task["id"]) == task
        assert await ann.tasks() == [task]

    async def test_a_create_with_an_id_of_the_client_is_one_statement(
        self, ann: Person, calls: list[str]
    ) -> None:
        path = f"/api/tasks/{new_id()}"

        made = await ann.http.put(
            path, json={"title": "x", **MADE["everything"]}, headers={"If-None-Match": "*"}
        )

        assert made.status_code == 201, made.text
        assert calls == ["create task"]
        assert (await ann.http.get(path)).json() == made.json()

    async def test_a_create_with_a_key_is_one_statement_beside_the_search_for_the_key(
        self, ann: Person, calls: list[str]
    ) -> None:
        body = {"title": "x", **MADE["everything"]}
        keyed = {"Idempotency-Key": "once"}

        made = await ann.http.post("/api/tasks", json=body, headers=keyed)
        assert calls == ["find response", "create task"]
        again = await ann.http.post("/api/tasks", json=body, headers=keyed)

        assert (made.status_code, again.content) == (201, made.content)
        assert again.headers["etag"] == made.headers["etag"]
        assert await ann.tasks() == [made.json()]

    @pytest.mark.parametrize("fields", CHANGED.values(), ids=CHANGED)
    @pytest.mark.parametrize("old", [{}, MADE["labels"], MADE["everything"]], ids=["bare", "labels", "full"])
    async def test_an_update_is_a_read_and_a_statement_at_most(
        self, ann: Person, calls: list[str], old: dict[str, Any], fields: dict[str, Any]
    ) -> None:
        task = await ann.create(**old)
        calls.clear()

        changed = await ann.put(task["id"], **fields)

        is_base = fields.keys() <= {"description", "is_completed"}
        needs_read = not is_base or ("reminders" in old and "is_completed" in fields)
        assert calls == ["update task"] * is_base + ["task to change", "change task"] * needs_read
        assert await ann.get(task["id"]) == changed
        assert changed["updated_at"] > task["updated_at"]

    async def test_a_move_to_another_list_is_a_read_and_a_statement(
        self, ann: Person, calls: list[str]
    ) -> None:
        task, place = await ann.create(**MADE["everything"]), await create_list(ann)
        calls.clear()

        moved = await ann.put(task["id"], list_id=place["id"])
        back = await ann.put(task["id"], list_id=None)

        assert calls == ["task to change", "move task"] * 2
        assert moved["list_id"] == place["id"]
        assert back == task | {"updated_at": back["updated_at"]}

    async def test_a_list_of_another_user_is_not_found(self, ann: Person, bob: Person) -> None:
        place, task = await create_list(bob), await ann.create()
        fields = {"list_id": place["id"]}

        created = await ann.http.post("/api/tasks", json={"title": "x", **fields})
        moved = await ann.http.put(f"/api/tasks/{task['id']}", json=fields)

        assert problems(created) == problems(moved) == {"list_id": "List not found"}
        assert await ann.tasks() == [task]

    async def test_a_create_at_an_id_that_is_used_changes_nothing(self, app: FastAPI, ann: Person) -> None:
        task = await ann.create(labels=["one"])
        before = await ann.http.get("/api/tasks")

        again = await ann.http.put(
            f"/api/tasks/{task['id']}",
            json={"title": "x", "labels": ["two"]},
            headers={"If-None-Match": "*"},
        )

        assert again.status_code == 412
        assert (await ann.http.get("/api/tasks")).headers["etag"] == before.headers["etag"]
        assert [row["label"] for row in await stored(app, "task_labels", user_id=ann.sub)] == ["one"]

    async def test_the_labels_in_use_follow_the_task(self, app: FastAPI, ann: Person) -> None:
        task = await ann.create(labels=["Home", "one"])
        await ann.put(task["id"], labels=["home", "two"])
        await ann.put(task["id"], add_labels=["Three"])

        used = await stored(app, "task_labels", user_id=ann.sub)

        assert {row["label_folded"]: row["label"] for row in used} == {
            "home": "home",
            "two": "two",
            "three": "Three",
        }

    async def test_subtasks_go_to_the_list_too(self, ann: Person) -> None:
        task, place = await ann.create(), await create_list(ann)
        below = await ann.create(parent_id=task["id"])

        await ann.put(task["id"], list_id=place["id"])

        assert (await ann.get(below["id"]))["list_id"] == place["id"]


class TestWhatWasRead:
    """Something else is written between the read of an update and its write."""

    async def test_a_change_in_between_is_kept(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task = await ann.create(labels=["one"])
        before(app, monkeypatch, "change task", lambda: ann.put(task["id"], title="Other", priority="low"))

        changed = await ann.put(task["id"], add_labels=["two"])

        assert (changed["title"], changed["priority"]) == ("Other", "low")
        assert changed["labels"] == ["one", "two"]
        assert await ann.get(task["id"]) == changed

    async def test_changes_that_do_not_end_are_waited_for(
        self, app: FastAPI, ann: Person, calls: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task = await ann.create(labels=["one"])
        before(app, monkeypatch, "change task", lambda: ann.put(task["id"], title="Other"), times=99)
        calls.clear()

        changed = await ann.put(task["id"], add_labels=["two"])

        assert (changed["title"], changed["labels"]) == ("Other", ["one", "two"])
        assert calls == ["task to change", "update task", "change task"] * 4 + ["transaction"]

    async def test_a_version_that_was_asked_for_is_the_one_that_is_changed(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task = await ann.http.post("/api/tasks", json={"title": "x"})
        path = f"/api/tasks/{task.json()['id']}"
        before(app, monkeypatch, "change task", lambda: ann.put(task.json()["id"], title="Other"))

        late = await ann.http.put(path, json={"priority": "low"}, headers={"If-Match": task.headers["etag"]})

        assert late.status_code == 412
        assert "priority" not in (await ann.http.get(path)).json()

    async def test_a_task_that_was_deleted_in_between_is_not_found(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task = await ann.create()
        path = f"/api/tasks/{task['id']}"
        before(app, monkeypatch, "change task", lambda: ann.http.delete(path))

        assert (await ann.http.put(path, json={"labels": ["x"]})).status_code == 404
        assert await stored(app, "task_labels", user_id=ann.sub) == []

    async def test_a_list_that_was_deleted_in_between_is_not_found(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place, task = await create_list(ann), await ann.create()
        fields = {"list_id": place["id"], "labels": ["x"]}

        async def delete() -> None:
            await ann.http.delete(f"/api/lists/{place['id']}")

        for statement in ("create task", "move task"):
            before(app, monkeypatch, statement, delete)
        created = await ann.http.post("/api/tasks", json={"title": "x", **fields})
        moved = await ann.http.put(f"/api/tasks/{task['id']}", json=fields)

        assert problems(created) == problems(moved) == {"list_id": "List not found"}
        assert await ann.tasks() == [task]

    async def test_a_subtask_that_came_in_between_goes_along(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place, task = await create_list(ann), await ann.create()
        made = []

        async def add() -> None:
            made.append(await ann.create(parent_id=task["id"]))

        before(app, monkeypatch, "move task", add)
        await ann.put(task["id"], list_id=place["id"])

        assert (await ann.get(made[0]["id"]))["list_id"] == place["id"]

    async def test_the_moments_of_reminders_are_in_the_time_zone_that_holds(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both for a new task, which assumes the time zone of the token, and for one that gets reminders."""
        await set_zone(ann, "Europe/Berlin")
        task = await ann.create()
        before(app, monkeypatch, "change task", lambda: set_zone(ann, "Asia/Tokyo"))

        await ann.put(task["id"], **FLOATING)
        await ann.create(**FLOATING)

        moments = [row["fire_at"] for row in await stored(app, "reminders", user_id=ann.sub)]
        assert moments == [noon_in(9)] * 2


def noon_in(hours: int) -> int:
    """Returns noon of 2 January 2099 some hours east of Greenwich, in microseconds since 1970."""
    return int((datetime(2099, 1, 2, 12, tzinfo=UTC) - timedelta(hours=hours)).timestamp() * 1_000_000)


async def set_zone(person: Person, name: str) -> None:
    answer = await person.http.patch("/api/me", json={"time_zone": name})
    assert answer.status_code == 200, answer.text


@asynccontextmanager
async def locked(app: FastAPI, person: Person) -> AsyncIterator[tuple[Any, Callable[[], Awaitable[None]]]]:
    """Locks the row of a person; yields the connection, and a function that waits until a statement waits."""
    async with connected(database_of(app).pool.url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", UUID(person.sub))

        async def until_waiting() -> None:
            await until(lambda: count_waiting(connection))

        yield connection, until_waiting


@pytest.mark.engines("postgres", "postgres-rls")
class TestLockedOwner:
    """The statement waits for the owner, and still sees everything else as it was before."""

    @pytest.mark.parametrize("several", [1, 4])
    async def test_a_list_that_is_deleted_meanwhile_gets_no_task(
        self, app: FastAPI, ann: Person, several: int
    ) -> None:
        place = await create_list(ann)
        async with locked(app, ann) as (connection, until_waiting):
            body = {"title": "x", "list_id": place["id"], "labels": ["x"]}
            creates = [asyncio.create_task(ann.http.post("/api/tasks", json=body)) for _ in range(several)]
            await until_waiting()
            await connection.execute("DELETE FROM lists WHERE user_id = $1", UUID(ann.sub))
            await connection.execute("UPDATE users SET seq = seq + 1 WHERE id = $1", UUID(ann.sub))
        answers = await asyncio.gather(*creates)

        assert [problems(answer) for answer in answers] == [{"list_id": "List not found"}] * several
        assert await ann.tasks() == []
        assert await stored(app, "task_labels", user_id=ann.sub) == []

    async def test_an_id_that_the_first_write_of_another_request_has_deleted_is_gone(
        self, app: FastAPI, ann: Person
    ) -> None:
        """Before the first write there is no row of the owner to lock."""
        task_id, now = new_id(), time.time_ns() // 1000
        async with connected(database_of(app).pool.url) as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO users (id, seq, horizon, created_at, updated_at) "
                "VALUES ($1, $2, $2, now(), now())",
                UUID(ann.sub),
                now,
            )
            create = asyncio.create_task(
                ann.http.put(f"/api/tasks/{task_id}", json={"title": "x"}, headers={"If-None-Match": "*"})
            )
            await until(lambda: count_waiting(connection))
            await connection.execute(
                "INSERT INTO tombstones (user_id, task_id, version, deleted_at) VALUES ($1, $2, $3, now())",
                UUID(ann.sub),
                task_id,
                now,
            )
        assert refusal(await create) == (410, "GONE", "The task was deleted")
        assert await ann.tasks() == []

    async def test_a_time_zone_that_is_set_meanwhile_is_that_of_the_reminders(self, app: FastAPI) -> None:
        person = Person(app, zoneinfo="Europe/Berlin")
        await person.create()
        async with locked(app, person) as (connection, until_waiting):
            create = asyncio.create_task(person.create(**FLOATING))
            await until_waiting()
            await connection.execute(
                "UPDATE users SET time_zone = 'Asia/Tokyo', updated_at = now() WHERE id = $1",
                UUID(person.sub),
            )
        await create

        assert [row["fire_at"] for row in await stored(app, "reminders", user_id=person.sub)] == [noon_in(9)]

    async def test_an_id_that_is_taken_meanwhile_is_taken_once(self, app: FastAPI, ann: Person) -> None:
        await ann.create()
        path = f"/api/tasks/{new_id()}"
        async with locked(app, ann) as (_, until_waiting):
            puts = [
                asyncio.create_task(ann.http.put(path, json={"title": "x"}, headers={"If-None-Match": "*"}))
                for _ in range(4)
            ]
            await until_waiting()
        answers = await asyncio.gather(*puts)

        assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412]
