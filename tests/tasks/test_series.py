"""docs/contract.md#recurrence: completing a recurring task makes the next, reopening removes it."""

from typing import Any

import pytest
from lists.list_support import create_list
from support import NO_SUCH_TASK, Person, problems, refusal
from support.change_feed import changes_since, cursor_now
from tasks.series_support import (
    IN_TIME,
    MONDAY,
    NEWS,
    WEEKLY,
    change,
    complete,
    following,
    in_series,
    recurring,
    reopen,
    without,
)

GOES_ON = {"recurrence": "The series goes on in another task"}
FULL: dict[str, Any] = {
    "description": "All of them",
    "due": {"date": "2026-11-23", "time": "09:00", "time_zone": "Europe/Berlin"},
    "start": {"date": "2026-11-21", "time": "08:00"},
    "priority": "high",
    "labels": ["Garden", "home"],
    "position": "b5",
    "metadata": {"colour": "green"},
}


# Completing


async def test_completing_makes_the_next_one(ann: Person) -> None:
    home = await create_list(ann)
    task = await recurring(ann, **FULL, list_id=home["id"])

    done = await complete(ann, task)

    comes = await following(ann, done)
    expected = {
        **without(task, "recurrence", "updated_at"),
        "is_completed": True,
        "completed_at": "2026-11-23T11:00:00.000000Z",
        "series_id": task["id"],
        "next_id": comes["id"],
    }
    assert without(done, "updated_at") == expected
    assert without(comes, *NEWS) == {
        **without(task, *NEWS),
        "due": {**FULL["due"], "date": "2026-11-30"},
        "start": {**FULL["start"], "date": "2026-11-28"},
        "recurrence": {**WEEKLY, "occurrence": "2026-11-30"},
        "series_id": task["id"],
    }
    assert comes["created_at"] == comes["updated_at"] > task["created_at"]
    assert {one["id"] for one in await in_series(ann, task["id"])} == {task["id"], comes["id"]}
    assert (await ann.http.get("/api/labels")).json()["labels"] == [
        {"label": "Garden", "tasks": 2},
        {"label": "home", "tasks": 2},
    ]


async def test_a_series_keeps_the_id_of_its_first_task(ann: Person) -> None:
    first = await complete(ann, await recurring(ann))
    second = await complete(ann, await following(ann, first), completed_at="2026-11-30T12:00:00+01:00")

    third = await following(ann, second)

    assert (second["series_id"], third["series_id"]) == (first["id"], first["id"])
    assert third["due"] == {"date": "2026-12-07"}
    assert [one["id"] for one in await in_series(ann, first["id"])] == [
        first["id"],
        second["id"],
        third["id"],
    ]


@pytest.mark.parametrize("again", [{}, {"completed_at": "2026-12-24T00:00:00Z"}, {"title": "Again"}])
async def test_completing_again_makes_nothing(ann: Person, again: dict[str, Any]) -> None:
    done = await complete(ann, await recurring(ann))

    repeated = await ann.put(done["id"], is_completed=True, **again)

    assert repeated["next_id"] == done["next_id"]
    assert len(await ann.tasks()) == 2


async def test_a_completed_task_sent_whole_again_changes_nothing(ann: Person) -> None:
    task = await recurring(ann)
    sent = {**task, "is_completed": True, "completed_at": IN_TIME}
    done = await ann.put(task["id"], **sent)

    again = await ann.put(task["id"], **sent)

    assert without(again, "updated_at") == without(done, "updated_at")
    assert "recurrence" not in again
    assert len(await ann.tasks()) == 2


async def test_changes_beside_the_completion_hold_for_the_next_one_too(ann: Person) -> None:
    home = await create_list(ann)
    task = await recurring(ann)

    done = await complete(
        ann, task, title="Now", list_id=home["id"], labels=["x"], recurrence={"rule": "FREQ=DAILY"}
    )

    comes = await following(ann, done)
    assert {name: comes[name] for name in ("title", "list_id", "labels", "due")} == {
        "title": "Now",
        "list_id": home["id"],
        "labels": ["x"],
        "due": {"date": "2026-11-24"},
    }


async def test_a_completion_that_removes_the_recurrence_ends_the_series(ann: Person) -> None:
    for end in ({"recurrence": None}, {"due": None}):
        done = await complete(ann, await recurring(ann), **end)

        assert not done.keys() & {"recurrence", "next_id"}
    assert len(await ann.tasks()) == 2


@pytest.mark.parametrize("end", ["COUNT=1", "UNTIL=20261129"])
async def test_after_the_last_day_the_series_ends(ann: Person, end: str) -> None:
    task = await recurring(ann, recurrence={"rule": f"FREQ=WEEKLY;BYDAY=MO;{end}"})

    done = await complete(ann, task)

    assert not done.keys() & {"recurrence", "next_id"}
    assert done["series_id"] == task["id"]
    assert len(await ann.tasks()) == 1
    reopened = await reopen(ann, done)
    assert "recurrence" not in reopened
    assert (await ann.put(task["id"], recurrence=WEEKLY))["recurrence"] == {
        **WEEKLY,
        "occurrence": MONDAY["date"],
    }


async def test_a_count_is_lowered_by_the_days_that_passed(ann: Person) -> None:
    task = await recurring(ann, recurrence={"rule": "FREQ=DAILY;COUNT=10"})

    done = await complete(ann, task, completed_at="2026-11-26T12:00:00+01:00")

    comes = await following(ann, done)
    assert comes["recurrence"] == {"rule": "FREQ=DAILY;COUNT=6", "occurrence": "2026-11-27"}


async def test_the_day_of_completion_is_that_of_the_given_offset(ann: Person) -> None:
    days = {}
    for said in ("2026-11-24T23:30:00-08:00", "2026-11-25T07:30:00Z", "2026-11-25T07:30:00-00:00"):
        done = await complete(ann, await recurring(ann, recurrence={"rule": "FREQ=DAILY"}), completed_at=said)
        days[said] = (await following(ann, done))["due"]["date"]
        assert done["completed_at"] == "2026-11-25T07:30:00.000000Z"

    assert [*days.values()] == ["2026-11-25", "2026-11-26", "2026-11-26"]


async def test_the_day_of_completion_is_that_of_the_person(ann: Person) -> None:
    answer = await ann.http.patch("/api/me", json={"time_zone": "Pacific/Kiritimati"})
    assert answer.status_code == 200
    task = await recurring(ann, recurrence={"rule": "FREQ=DAILY"})

    done = await complete(ann, task, completed_at="2026-11-24T12:00:00Z")  # it is the 25th there

    assert (await following(ann, done))["due"] == {"date": "2026-11-26"}


async def test_the_zone_of_the_due_time_comes_before_that_of_the_person(ann: Person) -> None:
    await ann.http.patch("/api/me", json={"time_zone": "Pacific/Kiritimati"})
    due = {"date": "2026-11-23", "time": "13:00", "time_zone": "Europe/Berlin"}
    task = await recurring(ann, due=due, recurrence={"rule": "FREQ=DAILY"})

    done = await complete(ann, task, completed_at="2026-11-24T11:59:00Z")

    assert (await following(ann, done))["due"] == {**due, "date": "2026-11-24"}


async def test_subtasks_of_all_levels_move_to_the_next_one_and_are_open_again(ann: Person) -> None:
    task = await recurring(ann)
    child = await ann.create("Child", parent_id=task["id"], is_completed=True)
    grandchild = await ann.create("Grandchild", parent_id=child["id"], is_completed=True)
    other = await ann.create("Other", parent_id=task["id"])

    comes = await following(ann, await complete(ann, task))

    after = {one["title"]: await ann.get(one["id"]) for one in (child, grandchild, other)}
    assert {title: one["parent_id"] for title, one in after.items()} == {
        "Child": comes["id"],
        "Grandchild": child["id"],
        "Other": comes["id"],
    }
    assert not any(one["is_completed"] or "completed_at" in one for one in after.values())


async def test_subtasks_go_to_the_list_of_the_next_one(ann: Person) -> None:
    home, task = await create_list(ann), await recurring(ann)
    child = await ann.create(parent_id=task["id"])
    below = await ann.create(parent_id=child["id"])

    await complete(ann, task, list_id=home["id"])

    assert [(await ann.get(one["id"]))["list_id"] for one in (child, below)] == [home["id"]] * 2


async def test_completed_subtasks_of_a_series_of_their_own_stay_as_history(ann: Person) -> None:
    parent = await recurring(ann)
    done = await complete(ann, await recurring(ann, "Daily", parent_id=parent["id"]))

    comes = await following(ann, await complete(ann, parent))

    assert await ann.get(done["id"]) == done
    assert (await following(ann, done))["parent_id"] == comes["id"]


async def test_every_changed_task_has_a_number_of_its_own_and_the_completed_one_is_first(ann: Person) -> None:
    task = await recurring(ann)
    child = await ann.create("Child", parent_id=task["id"])
    before = await cursor_now(ann)

    done = await complete(ann, task)

    changes, _ = await changes_since(ann, before)
    assert [change["task"]["id"] for change in changes] == [task["id"], done["next_id"], child["id"]]
    assert len({change["etag"] for change in changes}) == 3
    assert [change["task"] for change in changes] == [await ann.get(one["task"]["id"]) for one in changes]


async def test_there_must_be_room_for_the_next_one(ann: Person) -> None:
    top = await ann.create("Top")
    task = await recurring(ann, parent_id=top["id"])
    more = [{"op": "create", "task": {"title": "x", "parent_id": top["id"]}}] * 100
    for operations in [more] * 4 + [more[:99]]:
        answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})
        assert {one["status"] for one in answer.json()["results"]} == {201}

    refused = await change(ann, task, is_completed=True)

    assert problems(refused) == {"parent_id": "A task has at most 500 tasks below it"}
    assert await ann.get(task["id"]) == task


# Reopening


async def test_reopening_takes_the_next_one_back(ann: Person) -> None:
    task = await recurring(ann, **FULL, recurrence={**WEEKLY, "missed": "keep", "occurrence": "2026-11-16"})
    child = await ann.create("Child", parent_id=task["id"])
    below = await ann.create("Below", parent_id=child["id"])
    done = await complete(ann, task)
    before = await cursor_now(ann)

    reopened = await reopen(ann, done)

    assert without(reopened, "updated_at") == without(task, "updated_at")
    assert without(await ann.get(child["id"]), "updated_at") == without(child, "updated_at")
    assert without(await ann.get(below["id"]), "updated_at") == without(below, "updated_at")
    assert refusal(await ann.http.get(f"/api/tasks/{done['next_id']}")) == NO_SUCH_TASK
    changes, _ = await changes_since(ann, before)
    assert [change.get("id") or change["task"]["id"] for change in changes] == [
        child["id"],
        done["next_id"],
        task["id"],
    ]


async def test_it_can_be_completed_and_reopened_any_number_of_times(ann: Person) -> None:
    task = await recurring(ann, recurrence={"rule": "FREQ=DAILY;COUNT=3"})
    for _ in range(3):
        done = await complete(ann, task)
        assert (await following(ann, done))["recurrence"]["rule"] == "FREQ=DAILY;COUNT=2"
        assert without(await reopen(ann, done), "updated_at") == without(task, "updated_at")


async def test_a_later_task_of_a_series_stays_in_it(ann: Person) -> None:
    second = await following(ann, await complete(ann, await recurring(ann)))
    done = await complete(ann, second, completed_at="2026-11-30T12:00:00Z")

    assert without(await reopen(ann, done), "updated_at") == without(second, "updated_at")


@pytest.mark.parametrize(
    "touch",
    [{"title": "Touched"}, {"is_completed": True}, {"due": {"date": "2026-12-01"}}, {"labels": ["x"]}],
    ids="".join,
)
async def test_a_next_one_that_was_changed_stays(ann: Person, touch: dict[str, Any]) -> None:
    task = await recurring(ann)
    child = await ann.create(parent_id=task["id"])
    done = await complete(ann, task)
    touched = await ann.put(done["next_id"], **touch)

    reopened = await reopen(ann, done)

    assert without(reopened, "updated_at") == {
        **without(done, "updated_at", "completed_at"),
        "is_completed": False,
    }
    assert await ann.get(touched["id"]) == touched
    assert (await ann.get(child["id"]))["parent_id"] == touched.get("next_id", touched["id"])
    assert problems(await change(ann, done, recurrence=WEEKLY)) == GOES_ON
    again = await ann.put(done["id"], is_completed=True, recurrence=WEEKLY)
    assert (again["next_id"], "recurrence" in again) == (done["next_id"], False)
    assert (await ann.put(done["id"], recurrence=None, title="Alone"))["title"] == "Alone"
    again = await complete(ann, reopened)
    assert without(again, "updated_at", "title") == without(done, "updated_at", "title")


async def test_a_change_of_subtasks_does_not_count_and_new_ones_return_too(ann: Person) -> None:
    task = await recurring(ann)
    child = await ann.create(parent_id=task["id"])
    done = await complete(ann, task)
    await ann.put(child["id"], title="Changed", is_completed=True)
    new = await ann.create("New", parent_id=done["next_id"])

    assert "recurrence" in await reopen(ann, done)
    assert [(await ann.get(one["id"]))["parent_id"] for one in (child, new)] == [task["id"]] * 2
    assert (await ann.get(child["id"]))["is_completed"], "it stays as it is"


async def test_a_next_one_that_was_deleted_gives_no_recurrence_back(ann: Person) -> None:
    done = await complete(ann, await recurring(ann))
    await ann.http.delete(f"/api/tasks/{done['next_id']}")

    reopened = await reopen(ann, done)

    assert "recurrence" not in reopened
    assert len(await ann.tasks()) == 1


async def test_a_recurrence_beside_the_reopening_is_merged_with_what_returns(ann: Person) -> None:
    done = await complete(ann, await recurring(ann, recurrence={**WEEKLY, "missed": "keep"}))

    reopened = await reopen(ann, done, recurrence={"missed": None}, due={"date": "2026-11-24"})

    assert reopened["recurrence"] == {**WEEKLY, "occurrence": "2026-11-23"}
    assert reopened["due"] == {"date": "2026-11-24"}


async def test_a_task_that_lost_its_due_day_is_reopened_alone(ann: Person) -> None:
    done = await complete(ann, await recurring(ann))
    await ann.put(done["id"], due=None)

    reopened = await reopen(ann, done)

    assert not reopened.keys() & {"due", "recurrence"}
    assert (await following(ann, done))["recurrence"]["rule"] == WEEKLY["rule"]


async def test_a_reopened_task_cannot_go_below_what_it_takes_back(ann: Person) -> None:
    task = await recurring(ann)
    child = await ann.create(parent_id=task["id"])
    done = await complete(ann, task)
    for parent in (child["id"], done["next_id"]):
        refused = await change(ann, done, is_completed=False, parent_id=parent)
        assert problems(refused) == {"parent_id": "A task cannot be below itself"}
    top = await ann.create()

    assert (await reopen(ann, done, parent_id=top["id"]))["parent_id"] == top["id"]
    assert (await ann.get(child["id"]))["parent_id"] == task["id"]


async def test_subtasks_return_into_the_list_that_the_completed_task_has_moved_to(ann: Person) -> None:
    home = await create_list(ann)
    task = await recurring(ann)
    child = await ann.create("Child", parent_id=task["id"])
    below = await ann.create("Below", parent_id=child["id"])
    await complete(ann, task)
    await change(ann, task, list_id=home["id"])

    await reopen(ann, task)

    for one in (task, child, below):
        assert (await ann.get(one["id"]))["list_id"] == home["id"]


@pytest.mark.parametrize("place", ["too deep", "below what returns"])
async def test_a_task_without_room_for_what_returns_is_reopened_alone(ann: Person, place: str) -> None:
    first = await recurring(ann)
    child = await ann.create("Child", parent_id=first["id"])
    done = await ann.put(first["id"], is_completed=True)
    parent = child
    if place == "too deep":
        parent = await ann.create("1")
        for level in "234":
            parent = await ann.create(level, parent_id=parent["id"])
    await ann.put(first["id"], parent_id=parent["id"])

    reopened = await ann.put(first["id"], is_completed=False)

    assert "recurrence" not in reopened
    assert "recurrence" in await ann.get(done["next_id"])
    assert (await ann.get(child["id"]))["parent_id"] == done["next_id"]


async def test_a_reopened_task_goes_to_a_list_with_the_subtasks_that_return(ann: Person) -> None:
    home, task = await create_list(ann), await recurring(ann)
    child = await ann.create(parent_id=task["id"])

    await reopen(ann, await complete(ann, task), list_id=home["id"])

    assert (await ann.get(child["id"]))["list_id"] == home["id"]


# The other rules


async def test_only_an_open_task_can_be_made_recurring(ann: Person) -> None:
    body = {"title": "x", "due": MONDAY, "recurrence": WEEKLY, "is_completed": True}

    answer = await ann.http.post("/api/tasks", json=body)

    assert problems(answer) == {"recurrence": "Recurrence needs an open task"}
    done = await ann.create(due=MONDAY, is_completed=True)
    assert "recurrence" not in await ann.put(done["id"], recurrence=WEEKLY)
    assert (await ann.put(done["id"], is_completed=False, recurrence=WEEKLY))["recurrence"] == {
        **WEEKLY,
        "occurrence": "2026-11-23",
    }


async def test_a_series_has_one_recurrence_also_after_a_task_in_it_was_deleted(ann: Person) -> None:
    """The first one has no next one any more, but the third one recurs."""
    first = await complete(ann, await recurring(ann))
    second = await complete(ann, await following(ann, first), completed_at="2026-11-30T12:00:00Z")
    await ann.http.delete(f"/api/tasks/{second['id']}")

    assert "recurrence" not in await reopen(ann, first)
    assert problems(await change(ann, first, recurrence=WEEKLY)) == GOES_ON


async def test_deleting_the_open_one_ends_the_series(ann: Person) -> None:
    done = await complete(ann, await recurring(ann))
    await ann.http.delete(f"/api/tasks/{done['next_id']}")

    assert await ann.tasks() == [done]


async def test_the_keys_of_a_series_are_accepted_and_ignored(ann: Person) -> None:
    stray: dict[str, Any] = {"series_id": "x", "next_id": 5}
    task = await ann.create(**stray)

    assert not (await ann.put(task["id"], title="x", **stray)).keys() & stray.keys()


async def test_text_that_looks_like_a_recurrence_is_none(ann: Person) -> None:
    """Such a task is completed in several statements."""
    task = await ann.create(metadata={"recurrence": 'x "recurrence":'}, due=MONDAY)

    done = await ann.put(task["id"], is_completed=True)

    assert without(done, "updated_at", "completed_at") == {
        **without(task, "updated_at"),
        "is_completed": True,
    }
    assert without(await reopen(ann, done), "updated_at") == without(task, "updated_at")


async def test_a_condition_that_fails_changes_nothing(ann: Person) -> None:
    task = await recurring(ann)
    tag = (await ann.http.get(f"/api/tasks/{task['id']}")).headers["etag"]
    stale = {"If-Match": '"1"'}
    path = f"/api/tasks/{task['id']}"

    assert (await ann.http.patch(path, json={"is_completed": True}, headers=stale)).status_code == 412
    assert await ann.tasks() == [task]
    answers = [
        await ann.http.patch(path, json={"is_completed": True}, headers={"If-Match": tag}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert len(await ann.tasks()) == 2


@pytest.mark.parametrize("path", ["/api/tasks/batch", "/api/batch"])
async def test_a_batch_completes_and_reopens(ann: Person, path: str) -> None:
    task, other = await recurring(ann), await recurring(ann)
    states = [(task, True), (other, True), (other, False), (task, True)]
    operations = [{"op": "update", "id": one["id"], "task": {"is_completed": state}} for one, state in states]

    answer = await ann.http.post(path, json={"operations": operations}, headers={"Idempotency-Key": path})
    again = await ann.http.post(path, json={"operations": operations}, headers={"Idempotency-Key": path})

    results = [one["task"] for one in answer.json()["results"]]
    assert again.json() == answer.json()
    assert [one["is_completed"] for one in results] == [True, True, False, True]
    assert results[2]["recurrence"]["occurrence"] == "2026-11-23"
    assert len(await ann.tasks()) == 3


async def test_a_task_that_fails_in_a_batch_makes_no_next_one(ann: Person) -> None:
    task = await recurring(ann)
    wrong = {"is_completed": True, "parent_id": task["id"]}
    operations = [
        {"op": "update", "id": task["id"], "task": wrong},
        {"op": "update", "id": task["id"], "task": {"title": "Later"}},
    ]

    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})

    assert [one["status"] for one in answer.json()["results"]] == [400, 200]
    assert [one["title"] for one in await ann.tasks()] == ["Later"]


async def test_the_series_of_another_person_is_a_missing_task(ann: Person, bob: Person) -> None:
    done = await complete(bob, await recurring(bob))
    for task_id in (done["id"], done["next_id"]):
        for state in (True, False):
            answer = await ann.http.put(f"/api/tasks/{task_id}", json={"is_completed": state})
            assert refusal(answer) == NO_SUCH_TASK
        assert refusal(await ann.http.get(f"/api/tasks/{task_id}/occurrences")) == NO_SUCH_TASK
    assert len(await bob.tasks()) == 2


# Occurrences


async def test_the_days_after_occurrence_and_due_are_listed(ann: Person) -> None:
    task = await recurring(ann)
    path = f"/api/tasks/{task['id']}/occurrences"

    answer = await ann.http.get(path)

    assert (answer.status_code, len(answer.json()["dates"])) == (200, 10)
    assert answer.json()["dates"][:2] == ["2026-11-30", "2026-12-07"]
    await ann.put(task["id"], due={"date": "2026-12-07"})
    assert (await ann.http.get(f"{path}?limit=1")).json() == {"dates": ["2026-12-14"]}
    await complete(ann, task)
    assert (await ann.http.get(path)).json() == {"dates": []}


@pytest.mark.parametrize("count", ["", ";COUNT=60"])
async def test_the_days_of_30_years_are_listed(ann: Person, count: str) -> None:
    task = await ann.create(due={"date": "2026-01-01"}, recurrence={"rule": f"FREQ=YEARLY{count}"})

    dates = (await ann.http.get(f"/api/tasks/{task['id']}/occurrences?limit=366")).json()["dates"]

    assert (len(dates), dates[-1]) == (30, "2056-01-01")


@pytest.mark.parametrize("limit", ["0", "367", "x", ""])
async def test_a_limit_is_checked(ann: Person, limit: str) -> None:
    task = await ann.create()

    answer = await ann.http.get(f"/api/tasks/{task['id']}/occurrences?limit={limit}")

    assert problems(answer) == {"limit": "Limit must be a whole number from 1 to 366"}
    assert (await ann.http.get(f"/api/tasks/{task['id']}/occurrences?limit=366")).json() == {"dates": []}
