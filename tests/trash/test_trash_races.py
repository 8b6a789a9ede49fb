"""docs/contract.md#trash: writes of one person at once, also through two services."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from lists.list_support import create_list
from support import MakeDatabase, Person, database_of, execute, running, settings_for, stored
from support.import_documents import export, send
from support.people import same_person
from support.rows import locked_owners
from tasks.domain_model import Device
from trash.trash_invariants import check_tables
from trash.trash_support import restore, restored, to_trash, trashed

from taskward.database.statements import Read, Row, Values
from taskward.ids import new_id
from taskward.me.import_statements import STAGED_IDS

ROUNDS = 8
AT_ONCE = 24
CREATE = {"If-None-Match": "*"}


async def test_an_import_does_not_publish_what_came_into_the_trash_meanwhile(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = await ann.create("Parent", labels=["home"])
    await ann.create("Child", parent_id=parent["id"])
    document = await export(ann)
    for task in document["tasks"]:
        await ann.http.delete(f"/api/tasks/{task['id']}")
    await execute(app, f"DELETE FROM tombstones WHERE user_id = '{ann.sub}'")  # noqa: S608 - our own id

    async def meanwhile() -> None:
        path = f"/api/tasks/{parent['id']}"
        assert (await ann.http.put(path, json={"title": "New"}, headers=CREATE)).status_code == 201
        await to_trash(ann, parent)

    once_staged(app, monkeypatch, meanwhile)
    answer = await send(ann, *document["tasks"])

    assert answer.status_code == 200, answer.text
    await check_tables(app, ann)
    assert list(await trashed(ann)) == ["New"]
    assert [task["title"] for task in await ann.tasks()] == ["Child"]
    assert len(await stored(app, "tombstones", user_id=ann.sub)) == 1
    assert (await restored(ann, parent))["title"] == "New"
    await check_tables(app, ann)


async def test_an_import_below_a_task_that_came_into_the_trash_meanwhile_is_repeated(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = await ann.create("Parent")
    child = await ann.create("Child", parent_id=parent["id"])
    document = await export(ann)
    await ann.http.delete(f"/api/tasks/{child['id']}")

    async def meanwhile() -> None:
        await to_trash(ann, parent)

    once_staged(app, monkeypatch, meanwhile)
    interrupted = await send(ann, *document["tasks"])
    assert (interrupted.status_code, interrupted.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    await check_tables(app, ann)
    repeated = await send(ann, *document["tasks"])

    assert repeated.json() == {"imported": 1, "skipped": 1}
    await check_tables(app, ann)
    assert [task.get("parent_id") for task in await ann.tasks()] == [None]


@pytest.mark.processes
async def test_a_task_that_was_changed_while_its_deletion_waited_is_in_the_trash_as_it_is(
    new_database: MakeDatabase,
) -> None:
    """On PostgreSQL the deletion began before the change, and sees the task as it was."""
    settings = settings_for(await new_database("postgres"))
    async with running(settings) as one_app, running(settings) as other_app:
        one, other = same_person((one_app, other_app))
        task, matched = await one.create("Before"), await one.create("Matched")
        tag = (await one.http.get(f"/api/tasks/{matched['id']}")).headers["ETag"]
        for changed, headers, status in ((task, {}, 200), (matched, {"If-Match": tag}, 412)):
            path = f"/api/tasks/{changed['id']}"
            async with locked_owners(one_app) as until_waiting:
                changing = asyncio.create_task(one.http.put(path, json={"title": "After"}))
                await until_waiting(1)
                query = {"to": "trash"}
                deleting = asyncio.create_task(other.http.delete(path, params=query, headers=headers))
                await until_waiting(2)

            assert [(await changing).status_code, (await deleting).status_code] == [200, status]
        await check_tables(one_app, one)
        assert list(await trashed(one)) == ["After"]
        assert [one["title"] for one in await one.tasks()] == ["After"]


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 12))])
async def test_nothing_is_lost_or_doubled_by_any_requests_at_once(
    two_apps: tuple[FastAPI, FastAPI], seed: int
) -> None:
    devices = same_person(two_apps)
    storm = Storm(devices, random.Random(seed))  # noqa: S311 - so that a failure comes again
    await storm.begin()
    replica = Device(devices[0])
    for _ in range(ROUNDS):
        following = asyncio.create_task(replica.follow())
        answers = await asyncio.gather(*(storm.request() for _ in range(AT_ONCE)))
        await following

        assert Counter(one.status_code for one in answers if one.status_code >= 500) == {}
        exported = await check_tables(two_apps[0], devices[0])
        await replica.follow()
        assert replica.held["task"] == {task["id"]: task for task in exported["tasks"]}
    assert (await devices[0].http.delete("/api/trash")).json() == {"deleted": len(exported.get("trash", ()))}
    assert await trashed(devices[1]) == {}


async def test_of_many_that_restore_and_purge_one_succeeds(two_apps: tuple[FastAPI, FastAPI]) -> None:
    devices = same_person(two_apps)
    for _ in range(ROUNDS):
        top = await devices[0].create("Top")
        await devices[0].create("Child", parent_id=top["id"])
        await to_trash(devices[0], top, subtasks="delete")

        answers = await asyncio.gather(
            *(restore(devices[n % 2], top) for n in range(4)),
            *(devices[n % 2].http.delete(f"/api/trash/{top['id']}") for n in range(4)),
        )

        assert sorted(one.status_code for one in answers) == [200] + [404] * 7
        exported = await check_tables(two_apps[0], devices[0])
        is_restored = 200 in {one.status_code for one in answers[:4]}
        assert [task["title"] for task in exported["tasks"]] == ["Top", "Child"] * is_restored
        assert "trash" not in exported
        await devices[0].http.delete(f"/api/tasks/{top['id']}", params={"subtasks": "delete"})


async def test_at_an_id_that_comes_into_the_trash_there_is_one_task(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    devices = same_person(two_apps)
    for _ in range(ROUNDS):
        task_id = str(new_id())
        path, body = f"/api/tasks/{task_id}", {"title": "x", "labels": ["home"]}

        answers = await asyncio.gather(
            *(devices[n % 2].http.put(path, json=body, headers=CREATE) for n in range(4)),
            *(devices[n % 2].http.delete(path, params={"to": "trash"}) for n in range(4)),
            *(restore(devices[n % 2], {"id": task_id}) for n in range(4)),
        )

        assert [one.status_code for one in answers[:4]].count(201) == 1
        assert {one.status_code for one in answers} <= {200, 201, 404, 410, 412}
        await check_tables(two_apps[0], devices[0])


class Storm:
    """Random requests on a few tasks of one person, each through one of two services."""

    def __init__(self, devices: Sequence[Person], chance: random.Random) -> None:
        self._devices = devices
        self._chance = chance
        self._ids = [str(new_id()) for _ in range(10)]
        self._lists: list[str] = []
        self._document: dict[str, Any] = {}

    async def begin(self) -> None:
        self._lists = [(await create_list(self._devices[0], title))["id"] for title in ("Home", "Work")]
        for _ in self._ids:
            await self._create()
        self._document = await export(self._devices[0])

    async def request(self) -> httpx.Response:
        requests: dict[Callable[[], Awaitable[httpx.Response]], int] = {
            self._create: 4,
            self._trash: 6,
            self._delete: 1,
            self._restore: 6,
            self._purge: 2,
            self._empty: 1,
            self._import: 1,
            self._move: 4,
            self._complete: 2,
        }
        return await self._chance.choices([*requests], [*requests.values()])[0]()

    async def _create(self) -> httpx.Response:
        task_id = self._id()
        body: dict[str, Any] = {
            "title": f"Title {self._chance.random()}",
            "labels": self._chance.choice([["home"], ["home", "work"]]),
            "reminders": [{"at": "2090-01-01T00:00:00Z"}],
        }
        if self._chance.random() < 0.5:
            body["list_id"] = self._chance.choice(self._lists)
        else:
            body["parent_id"] = self._id()
        return await self._http.put(f"/api/tasks/{task_id}", json=body, headers=CREATE)

    async def _trash(self) -> httpx.Response:
        query = {"to": "trash", "subtasks": self._chance.choice(["keep", "delete", "delete"])}
        return await self._http.delete(f"/api/tasks/{self._id()}", params=query)

    async def _delete(self) -> httpx.Response:
        return await self._http.delete(f"/api/tasks/{self._id()}")

    async def _restore(self) -> httpx.Response:
        return await self._http.post(f"/api/trash/{self._id()}/restore", json={})

    async def _purge(self) -> httpx.Response:
        return await self._http.delete(f"/api/trash/{self._id()}")

    async def _empty(self) -> httpx.Response:
        return await self._http.delete("/api/trash")

    async def _import(self) -> httpx.Response:
        answer = await self._http.post("/api/me/import", json=self._document)
        if answer.status_code == 503:  # a parent has changed meanwhile
            assert answer.json()["error"] == "The import was interrupted"
            return httpx.Response(409)
        return answer

    async def _move(self) -> httpx.Response:
        body = self._chance.choice([{"parent_id": self._id()}, {"parent_id": None}, {"title": "Moved"}])
        return await self._http.put(f"/api/tasks/{self._id()}", json=body)

    async def _complete(self) -> httpx.Response:
        return await self._http.put(
            f"/api/tasks/{self._id()}", json={"is_completed": self._chance.random() < 0.5}
        )

    def _id(self) -> str:
        return self._chance.choice(self._ids)

    @property
    def _http(self) -> httpx.AsyncClient:
        return self._chance.choice(self._devices).http


def once_staged(app: FastAPI, monkeypatch: pytest.MonkeyPatch, run: Callable[[], Awaitable[None]]) -> None:
    """Runs something once, after an import has staged its tasks and before it publishes them."""
    rows, left = database_of(app).rows, [run]

    async def and_run(read: Read, values: Values) -> Sequence[Row]:
        if read is STAGED_IDS and left:
            await left.pop()()
        found: Sequence[Row] = await rows(read, values)
        return found

    monkeypatch.setattr(database_of(app), "rows", and_run)
