"""docs/contract.md#lists-subtasks-and-order: writes of one person at once, through two services."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from lists.list_support import create_list
from support import MakeDatabase, Person, problems, running, settings_for
from support.people import same_person
from support.rows import locked_owners
from support.task_rows import TaskRow, insert_task_rows

from taskward.ids import new_id

ROUNDS = 12
CLIENTS = 8


@pytest.fixture
def devices(two_apps: tuple[FastAPI, FastAPI]) -> tuple[Person, Person]:
    """Returns one person on two devices, each with a service of its own."""
    return same_person(two_apps)


async def at_once(requests: Iterable[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    return list(await asyncio.gather(*requests))


def put(person: Person, task_id: object, **fields: Any) -> Awaitable[httpx.Response]:
    return person.http.put(f"/api/tasks/{task_id}", json=fields)


def post(person: Person, **fields: Any) -> Coroutine[Any, Any, httpx.Response]:
    return person.http.post("/api/tasks", json={"title": "x", **fields})


async def test_two_tasks_are_not_put_below_each_other(devices: tuple[Person, Person]) -> None:
    one, other = devices
    for _ in range(ROUNDS):
        a, b = [await one.create(title) for title in "ab"]

        answers = await at_once(
            [put(one, a["id"], parent_id=b["id"]), put(other, b["id"], parent_id=a["id"])]
        )

        refused = [answer for answer in answers if answer.status_code != 200]
        assert len(refused) == 1, [answer.text for answer in answers]
        assert problems(refused[0]) == {"parent_id": "A task cannot be below itself"}


async def test_a_circle_of_three_is_not_closed(devices: tuple[Person, Person]) -> None:
    one, _ = devices
    for _ in range(ROUNDS):
        tasks = [(await one.create(title))["id"] for title in "abc"]
        pairs = zip(tasks, [*tasks[1:], tasks[0]], strict=True)

        answers = await at_once(
            put(devices[n % 2], task_id, parent_id=parent_id) for n, (task_id, parent_id) in enumerate(pairs)
        )

        assert sorted(answer.status_code for answer in answers) == [200, 200, 400]


async def test_the_limit_of_tasks_below_one_holds(two_apps: tuple[FastAPI, FastAPI]) -> None:
    devices = same_person(two_apps)
    top = TaskRow()
    await insert_task_rows(two_apps[0], devices[0], [top, *(TaskRow(parent_id=top.id) for _ in range(494))])

    answers = await at_once(post(devices[n % 2], parent_id=str(top.id)) for n in range(16))

    assert sorted(answer.status_code for answer in answers) == [201] * 6 + [400] * 10
    for answer in answers:
        if answer.status_code == 400:
            assert problems(answer) == {"parent_id": "A task has at most 500 tasks below it"}


async def test_a_child_that_is_added_to_a_moving_subtree_is_in_its_list(
    devices: tuple[Person, Person],
) -> None:
    one, other = devices
    home, work = await create_list(one), await create_list(one, "Work")
    top = await one.create("Top", list_id=home["id"])
    middle = await one.create("Middle", parent_id=top["id"])
    for n in range(ROUNDS):
        to = (work, home)[n % 2]["id"]

        await at_once(
            [
                post(other, parent_id=middle["id"]),
                put(one, top["id"], list_id=to),
                post(other, parent_id=top["id"]),
            ]
        )

        assert {task["list_id"] for task in await one.tasks()} == {to}


async def test_a_child_that_is_added_to_a_task_being_deleted_does_not_dangle(
    devices: tuple[Person, Person],
) -> None:
    one, other = devices
    for n in range(2 * ROUNDS):
        parent = await one.create("Parent")
        option = ("keep", "delete")[n % 2]

        answers = await at_once(
            [
                post(other, parent_id=parent["id"]),
                one.http.delete(f"/api/tasks/{parent['id']}?subtasks={option}"),
                post(other, parent_id=parent["id"]),
            ]
        )

        assert answers[1].status_code == 200
        assert {answers[0].status_code, answers[2].status_code} <= {201, 400}
        assert [task for task in await one.tasks() if "parent_id" in task] == []


@pytest.mark.processes
async def test_a_deletion_that_had_to_wait_for_a_new_child_keeps_it(new_database: MakeDatabase) -> None:
    """On PostgreSQL the deletion began before the child was there, and does not see it."""
    settings = settings_for(await new_database("postgres"))
    async with running(settings) as one_app, running(settings) as other_app:
        one, other = same_person((one_app, other_app))
        parent = await one.create("Parent")
        async with locked_owners(one_app) as until_waiting:
            creating = asyncio.create_task(post(one, parent_id=parent["id"]))
            await until_waiting(1)
            deleting = asyncio.create_task(other.http.delete(f"/api/tasks/{parent['id']}"))
            await until_waiting(2)

        assert [(await creating).status_code, (await deleting).status_code] == [201, 200]
        assert [task.get("parent_id") for task in await one.tasks()] == [None]


async def test_a_subtree_does_not_lose_what_is_moved_into_it_while_it_is_deleted(
    devices: tuple[Person, Person],
) -> None:
    one, other = devices
    for _ in range(ROUNDS):
        parent, task = await one.create("Parent"), await one.create("Task")

        deleted, moved = await at_once(
            [one.http.delete(f"/api/tasks/{parent['id']}"), put(other, task["id"], parent_id=parent["id"])]
        )

        assert deleted.status_code == 200
        assert moved.status_code in {200, 400}
        assert "parent_id" not in await one.get(task["id"])


@pytest.mark.parametrize("fields", [{"due": {"date": "2026-12-01"}}, {"position": {"at": "first"}}])
async def test_of_many_clients_with_one_etag_one_succeeds(
    devices: tuple[Person, Person], fields: dict[str, Any]
) -> None:
    task = await devices[0].create()
    etag = (await devices[0].http.get(f"/api/tasks/{task['id']}")).headers["etag"]

    answers = await at_once(
        devices[n % 2].http.put(f"/api/tasks/{task['id']}", json=fields, headers={"If-Match": etag})
        for n in range(CLIENTS)
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (CLIENTS - 1)
    stored = await devices[0].http.get(f"/api/tasks/{task['id']}")
    assert {answer.headers["etag"] for answer in answers} == {stored.headers["etag"]}


async def test_labels_added_at_once_are_all_kept(devices: tuple[Person, Person]) -> None:
    task = await devices[0].create()

    await at_once(put(devices[n % 2], task["id"], add_labels=[f"label {n}"]) for n in range(CLIENTS))

    assert (await devices[0].get(task["id"]))["labels"] == [f"label {n}" for n in range(CLIENTS)]


async def test_a_plain_change_and_one_of_other_fields_are_both_kept(devices: tuple[Person, Person]) -> None:
    task = await devices[0].create()
    for n in range(ROUNDS):
        await at_once(
            [put(devices[0], task["id"], title=f"Title {n}"), put(devices[1], task["id"], priority="high")]
        )

        stored = await devices[0].get(task["id"])
        assert (stored["title"], stored["priority"]) == (f"Title {n}", "high")
        await devices[0].put(task["id"], priority=None)


async def test_one_of_many_creations_at_an_id_succeeds(two_apps: tuple[FastAPI, FastAPI]) -> None:
    """Also as the first write of a person, who has no row yet that could be locked."""
    for _ in range(ROUNDS):
        devices = same_person(two_apps)
        task_id, headers = new_id(), {"If-None-Match": "*"}

        answers = await at_once(
            devices[n % 2].http.put(f"/api/tasks/{task_id}", json={"title": str(n)}, headers=headers)
            for n in range(CLIENTS)
        )

        assert sorted(answer.status_code for answer in answers) == [201] + [412] * (CLIENTS - 1)
        assert len(await devices[0].tasks()) == 1


async def test_a_creation_with_a_key_happens_once(devices: tuple[Person, Person]) -> None:
    body, headers = (
        {"title": "x", "labels": ["a"], "due": {"date": "2026-12-01"}},
        {"Idempotency-Key": str(uuid4())},
    )

    answers = await at_once(
        devices[n % 2].http.post("/api/tasks", json=body, headers=headers) for n in range(CLIENTS)
    )

    assert {answer.status_code for answer in answers} <= {201, 409}
    stored = await devices[0].http.post("/api/tasks", json=body, headers=headers)
    assert stored.headers["idempotent-replayed"] == "true"
    for answer in answers:
        if answer.status_code == 201:
            assert (answer.json(), answer.headers["etag"]) == (stored.json(), stored.headers["etag"])
            assert answer.headers["location"] == stored.headers["location"]
    assert len(await devices[0].tasks()) == 1
