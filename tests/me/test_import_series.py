"""docs/contract.md#ids-batches-and-kinds and #recurrence: recurring tasks are exported and imported."""

from typing import Any

import pytest
from me.test_import_domain import below, imported, refused
from support import Person, problems
from support.import_documents import EARLIER, a_task, export
from tasks.series_support import (
    MONDAY,
    WEEKLY,
    change,
    complete,
    following,
    in_series,
    recurring,
    reopen,
    without,
)

from taskward.me import import_series
from taskward.me.import_series import MAX_ROWS
from taskward.me.staging import Staging

LATE: dict[str, Any] = {"recurrence": {**WEEKLY, "occurrence": "2026-11-16", "missed": "keep"}}


async def a_series(person: Person) -> list[dict[str, Any]]:
    """Creates a series of two completed tasks and an open one."""
    first = await complete(person, await recurring(person, **LATE))
    second = await complete(person, await following(person, first))
    return [first, second, await following(person, second)]


async def test_a_series_is_the_same_for_another_person(ann: Person, bob: Person) -> None:
    series = await a_series(ann)
    document = await export(ann)

    assert await imported(bob, document["tasks"]) == (3, 0)

    assert [without(task, "user_id") for task in await in_series(bob, series[0]["id"])] == [
        without(task, "user_id") for task in series
    ]
    assert await imported(bob, document["tasks"]) == (0, 3)
    assert await imported(ann, document["tasks"]) == (0, 3)


async def test_references_that_lead_nowhere_are_left_out(ann: Person, bob: Person) -> None:
    first, second, third = await a_series(ann)

    assert await imported(bob, [first, third]) == (2, 0)
    assert without(await bob.get(first["id"]), "user_id") == without(first, "user_id", "next_id")
    assert (await bob.get(third["id"]))["series_id"] == first["id"]

    stray = [{**second, "series_id": third["id"], "next_id": third["id"]}, a_task(next_id=first["id"])]
    assert await imported(bob, [*stray, a_task(EARLIER, series_id="x", next_id=5)]) == (3, 0)
    tasks = {task["id"]: task for task in await bob.tasks()}
    assert tasks[second["id"]]["next_id"] == third["id"]
    assert all(not tasks[one["id"]].keys() & {"series_id", "next_id"} for one in stray[1:])


async def test_references_follow_tasks_that_get_another_id(ann: Person) -> None:
    """One reference leads forwards, one backwards."""
    first = a_task(EARLIER, title="First", is_completed=True)
    second = a_task(EARLIER, title="Second", is_completed=False, due=MONDAY, recurrence=WEEKLY)
    for task in (first, second):
        task["id"] = task["id"][:14] + "4" + task["id"][15:]  # no UUIDv7
    first |= {"series_id": first["id"], "next_id": second["id"]}
    second["series_id"] = first["id"]

    assert await imported(ann, [first, second]) == (2, 0)

    stored = {task["title"]: task for task in await ann.tasks()}
    assert (
        first["id"] != stored["First"]["id"] == stored["First"]["series_id"] == stored["Second"]["series_id"]
    )
    assert stored["First"]["next_id"] == stored["Second"]["id"] != second["id"]


async def test_of_two_tasks_of_an_imported_series_one_can_have_a_recurrence(ann: Person) -> None:
    """Neither has a next one, which only an import can bring about."""
    first = a_task(EARLIER, title="First", is_completed=False, due=MONDAY, recurrence=WEEKLY)
    second = a_task(title="Second", is_completed=False, due=MONDAY, series_id=first["id"])
    first["series_id"] = first["id"]
    assert await imported(ann, [first, second]) == (2, 0)
    tasks = {task["title"]: task for task in await ann.tasks()}
    assert tasks["Second"]["series_id"] == tasks["First"]["id"]

    answer = await change(ann, tasks["Second"], recurrence=WEEKLY)

    assert problems(answer) == {"recurrence": "The series goes on in another task"}
    await change(ann, tasks["First"], recurrence=None)
    assert (await change(ann, tasks["Second"], recurrence=WEEKLY)).status_code == 200


async def recurring_titles(person: Person) -> list[str]:
    return sorted(task["title"] for task in await person.tasks() if "recurrence" in task)


async def test_of_an_imported_series_the_task_with_the_lowest_id_recurs_alone(ann: Person) -> None:
    first = a_task(EARLIER, title="First", due=MONDAY, recurrence=WEEKLY, is_completed=False)
    others = [
        a_task(title=str(n), due=MONDAY, recurrence=WEEKLY, is_completed=False, series_id=first["id"])
        for n in range(MAX_ROWS + 2)
    ]
    metadata = a_task(title="Metadata", is_completed=False, metadata={"recurrence": 1})

    assert await imported(ann, [*others, first, metadata]) == (len(others) + 2, 0)

    lowest = min([*others, first], key=lambda task: task["id"])
    assert await recurring_titles(ann) == [lowest["title"]]
    last = a_task(title="Last", due=MONDAY, recurrence=WEEKLY, is_completed=False, series_id=first["id"])
    assert await imported(ann, [last]) == (1, 0)
    assert await recurring_titles(ann) == [lowest["title"]]
    assert {task["metadata"]["recurrence"] for task in await ann.tasks() if "metadata" in task} == {1}


@pytest.mark.parametrize("completed_before", [0, 1])
async def test_a_deleted_task_of_a_series_that_goes_on_is_imported_without_its_recurrence(
    ann: Person, completed_before: int
) -> None:
    """The first one, which is not yet of a series in the document, or a later one."""
    task = await recurring(ann)
    for _ in range(completed_before):
        task = await following(ann, await complete(ann, task))
    old = await export(ann)
    last = await following(ann, await complete(ann, task))
    await ann.http.delete(f"/api/tasks/{task['id']}")

    assert await imported(ann, old["tasks"]) == (1, completed_before)

    assert "recurrence" not in await ann.get(task["id"])
    assert "recurrence" in await ann.get(last["id"])


@pytest.mark.parametrize(("limit", "recurs", "status"), [(1, True, 503), (1, False, 200), (0, False, 503)])
async def test_a_series_that_may_go_on_during_an_import_interrupts_it(
    ann: Person, monkeypatch: pytest.MonkeyPatch, *, limit: int, recurs: bool, status: int
) -> None:
    first = await complete(ann, await recurring(ann))
    second = await following(ann, first)
    await ann.put(second["id"], recurrence=None)
    new = a_task(title="New", due=MONDAY, recurrence=WEEKLY, is_completed=False, series_id=first["id"])
    publish = Staging.publish

    async def published(*given: Any) -> bytes:
        await ann.put(second["id"], **({"recurrence": WEEKLY} if recurs else {"title": "Second"}))
        return await publish(*given)

    monkeypatch.setattr(import_series, "MAX_VERIFIED", limit)
    monkeypatch.setattr(Staging, "publish", published)
    answer = await ann.http.post("/api/me/import", json={"tasks": [new]})

    assert answer.status_code == status
    assert await recurring_titles(ann) == {503: [second["title"]] * recurs, 200: ["New"]}[status]


async def test_after_an_import_a_task_is_reopened_alone(ann: Person, bob: Person) -> None:
    first, _, third = await a_series(ann)
    await imported(bob, (await export(ann))["tasks"])

    reopened = await reopen(bob, first)

    assert reopened["next_id"] == first["next_id"]
    assert "recurrence" not in reopened
    assert (await complete(bob, third))["series_id"] == first["id"], "the open one recurs as before"


async def test_imported_history_stays_with_a_completed_parent(ann: Person, bob: Person) -> None:
    parent = await recurring(ann)
    await complete(ann, await recurring(ann, "Daily", parent_id=parent["id"]))
    await imported(bob, (await export(ann))["tasks"])

    await complete(bob, parent)

    states = sorted((task["title"], task["is_completed"]) for task in await bob.tasks())
    assert states == [
        ("Daily", False),
        ("Daily", True),
        ("Water the plants", False),
        ("Water the plants", True),
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"recurrence": WEEKLY}, ("recurrence", "Recurrence needs a due date")),
        (
            {"recurrence": WEEKLY, "due": MONDAY, "is_completed": True},
            ("recurrence", "Recurrence needs an open task"),
        ),
        (
            {"recurrence": {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "due": MONDAY},
            ("recurrence.rule", "Rule gives no day within 30 years"),
        ),
    ],
    ids=["no due", "completed", "no day"],
)
async def test_a_recurrence_that_a_task_cannot_have_is_named(
    ann: Person, fields: dict[str, Any], problem: tuple[str, str]
) -> None:
    first = a_task(EARLIER)

    assert await refused(ann, [first, below(first, **{"is_completed": False, **fields})]) == {
        f"tasks.1.{problem[0]}": problem[1]
    }
