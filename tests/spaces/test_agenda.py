"""The agenda: the open tasks of one person in all spaces, a page at a time."""

import random
from typing import Any
from uuid import UUID

import httpx
import pytest
from spaces.shared_space import join, new_space
from support import Person, problems

from taskward.ids import new_id
from taskward.spaces.agenda.query import AgendaPosition, AgendaQuery

AGENDA = "/api/me/agenda"
INVALID_CURSOR = {"cursor": "Cursor is not valid for this list"}

Json = dict[str, Any]


async def agenda(person: Person, **query: Any) -> Json:
    answer = await person.http.get(AGENDA, params=query)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


async def titles(person: Person, **query: Any) -> list[str]:
    return [task["title"] for task in (await agenda(person, **query))["tasks"]]


async def walk(person: Person, **query: Any) -> list[Json]:
    """Returns the tasks of all pages."""
    page = await agenda(person, **query)
    tasks: list[Json] = page["tasks"]
    while page["next_cursor"]:
        assert len(page["tasks"]) == query["limit"]
        page = await agenda(person, **query, cursor=page["next_cursor"])
        tasks += page["tasks"]
    return tasks


async def add(person: Person, path: str, title: str, **fields: Any) -> Json:
    answer = await person.http.post(f"{path}/tasks", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    task: Json = answer.json()
    return task


async def change(person: Person, path: str, task: Json, **fields: Any) -> None:
    answer = await person.http.patch(f"{path}/tasks/{task['id']}", json=fields)
    assert answer.status_code == 200, answer.text


def on(day: int) -> Json:
    return {"date": f"2030-01-{day:02}"}


async def test_the_agenda_has_own_open_tasks_and_those_assigned_to_the_caller(
    ann: Person, bob: Person
) -> None:
    assert await agenda(bob) == {"tasks": [], "next_cursor": None}
    home, work = await new_space(ann), await new_space(bob, title="Work")
    bob_at_home = await join(ann, home, bob)
    await add(bob, "/api", "private", due=on(3))
    await add(bob, "/api", "undated")
    await add(bob, "/api", "completed", due=on(1), is_completed=True)
    asked = await add(ann, home, "asked", due=on(2), assigned_to=bob_at_home)
    await add(ann, home, "of none", due=on(2))
    await add(ann, home, "of Ann", due=on(2), assigned_to="me")
    await add(ann, home, "done", due=on(2), assigned_to=bob_at_home, is_completed=True)
    await add(bob, work, "at work", due=on(1), assigned_to="me")
    await add(bob, work, "some day", assigned_to="me")
    await add(ann, "/api", "Ann's own", due=on(1))

    assert await titles(bob) == ["at work", "asked", "private"]
    assert await titles(bob, sort="-created_at") == ["some day", "at work", "asked", "undated", "private"]
    assert await titles(bob, due_from="2030-01-02", due_before="2030-01-03") == ["asked"]
    assert await titles(bob, sort="-created_at", due_from="2030-01-02T00:00:00+00:00") == ["asked", "private"]
    assert await titles(ann) == ["Ann's own", "of Ann"]
    assert (await agenda(bob))["tasks"][1] == asked
    assert asked["user_id"] == home.rpartition("/")[2]
    assert (await bob.http.head(AGENDA)).status_code == 200


async def test_the_agenda_follows_the_tasks_and_the_assignee(ann: Person, bob: Person) -> None:
    home = await new_space(ann)
    bob_at_home = await join(ann, home, bob, role="viewer")
    task = await add(ann, home, "x", due=on(2), assigned_to=bob_at_home)
    assert await titles(bob) == ["x"]
    await change(ann, home, task, is_completed=True)
    assert await titles(bob) == []
    await change(ann, home, task, is_completed=False, title="y")
    assert await titles(bob) == ["y"]
    await change(ann, home, task, assigned_to="me")
    assert (await titles(bob), await titles(ann)) == ([], ["y"])
    await change(ann, home, task, due=None)
    assert (await titles(ann), await titles(ann, sort="-created_at")) == ([], ["y"])


async def test_a_tag_changes_with_each_owner_and_with_membership(ann: Person, bob: Person) -> None:
    home = await new_space(ann)
    bob_at_home = await join(ann, home, bob)

    async def get(known: str = "", **query: Any) -> httpx.Response:
        headers = {"If-None-Match": known} if known else {}
        return await bob.http.get(AGENDA, params=query, headers=headers)

    tag = (await get()).headers["etag"]
    same = await get(tag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    for query in ({"limit": 5}, {"sort": "-created_at"}, {"due_from": "2030-01-01"}):
        assert (await get(tag, **query)).status_code == 200
    seen = {tag}
    task = await add(ann, home, "x", due=on(1), assigned_to=bob_at_home)
    for step in (
        None,
        add(bob, "/api", "private", due=on(1)),
        change(ann, home, task, title="y"),
        new_space(bob),
        ann.http.delete(f"{home}/members/{bob_at_home}"),
    ):
        if step is not None:
            await step
        answer = await get(tag)
        assert (answer.status_code, answer.headers["etag"] in seen) == (200, False)
        tag = answer.headers["etag"]
        seen.add(tag)
        assert (await get(tag)).status_code == 304


async def test_a_removed_member_sees_nothing_of_the_space(ann: Person, bob: Person) -> None:
    home, club = await new_space(ann), await new_space(ann)
    bob_at_home, in_club = await join(ann, home, bob), await join(ann, club, bob)
    for day in range(1, 4):
        await add(ann, home, f"home {day}", due=on(day), assigned_to=bob_at_home)
        await add(ann, club, f"club {day}", due=on(day), assigned_to=in_club)
    await add(bob, "/api", "private", due=on(4))
    first = await agenda(bob, limit=3)
    assert len(first["tasks"]) == 3

    assert (await ann.http.delete(f"{home}/members/{bob_at_home}")).status_code == 200
    assert await titles(bob) == ["club 1", "club 2", "club 3", "private"]
    following = await titles(bob, limit=3, cursor=first["next_cursor"])
    assert [title for title in following if title.startswith("home")] == []
    assert following[-2:] == ["club 3", "private"]
    await join(ann, home, bob)
    assert len(await titles(bob)) == 7  # with the old member id
    assert (await bob.http.delete(f"{home}/members/me")).status_code == 200
    assert (await ann.http.delete(club, params={"tasks": "delete"})).status_code == 200
    assert await titles(bob) == ["private"]


async def test_each_field_of_the_query_has_its_message(ann: Person) -> None:
    for query, message in (
        ({"limit": "0"}, {"limit": "Limit must be a whole number from 1 to 200"}),
        ({"limit": "201"}, {"limit": "Limit must be a whole number from 1 to 200"}),
        ({"sort": "title"}, {"sort": "Sort must be one of due, -created_at"}),
        ({"sort": "-due"}, {"sort": "Sort must be one of due, -created_at"}),
        ({"cursor": "x"}, INVALID_CURSOR),
        ({"colour": "red"}, {"colour": "Unknown query parameter"}),
    ):
        assert problems(await ann.http.get(AGENDA, params=query)) == message
    both = await ann.http.get(AGENDA, params={"due_from": "soon", "due_before": "later"})
    assert set(problems(both)) == {"due_from", "due_before"}
    assert (await ann.http.post(AGENDA, json={})).headers["allow"] == "GET, HEAD"


async def test_a_cursor_is_of_one_caller_sort_and_filter(ann: Person, bob: Person) -> None:
    for day in range(1, 4):
        for person in (ann, bob):
            await add(person, "/api", f"{day}", due=on(day))
    cursor = (await agenda(ann, limit=2))["next_cursor"]
    assert await titles(ann, cursor=cursor) == ["3"]
    other: list[tuple[Person, Json]] = [
        (bob, {}),
        (ann, {"sort": "-created_at"}),
        (ann, {"due_from": "2030-01-01"}),
    ]
    for person, query in other:
        answer = await person.http.get(AGENDA, params={**query, "cursor": cursor})
        assert problems(answer) == INVALID_CURSOR
        answer = await person.http.get(
            AGENDA, params={**query, "cursor": cursor}, headers={"If-None-Match": "*"}
        )
        assert problems(answer) == INVALID_CURSOR
    of_due = AgendaQuery(sort="due")
    person_id = UUID(ann.sub)
    for forged in (
        of_due.write_cursor(person_id, None, UUID(int=1), person_id),
        of_due.write_cursor(person_id, "2030", UUID(int=0), person_id),
        of_due.write_cursor(person_id, "2030", UUID(int=2**128 - 1), person_id),
        of_due.write_cursor(person_id, "20\x0030", UUID(int=1), person_id),
    ):
        assert problems(await ann.http.get(AGENDA, params={"cursor": forged})) == INVALID_CURSOR


@pytest.mark.parametrize("seed", range(3))
async def test_a_walk_has_each_task_once_in_the_order_of_a_plain_computation(
    ann: Person, bob: Person, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    owners: dict[str, str | None] = {"/api": None}
    for _ in range(5):
        space = await new_space(ann)
        owners[space] = await join(ann, space, bob, role=chance.choice(["viewer", "editor"]))
    shared_ids = [str(new_id()) for _ in range(3)]
    for path, member in owners.items():
        person = bob if member is None else ann
        for task_id in shared_ids:
            fields = random_task(chance, member) | {"due": on(7)}
            answer = await person.http.put(
                f"{path}/tasks/{task_id}", json=fields, headers={"If-None-Match": "*"}
            )
            assert answer.status_code == 201, answer.text
        tasks = [random_task(chance, member) for _ in range(chance.randrange(25))]
        operations = [{"op": "create", "task": task} for task in tasks]
        if operations:
            answer = await person.http.post(f"{path}/tasks/batch", json={"operations": operations})
            assert {one["status"] for one in answer.json()["results"]} == {201}

    expected = []
    for path, member in owners.items():
        listed = (await bob.http.get(f"{path}/tasks")).json()["tasks"]
        expected += [
            task for task in listed if not task["is_completed"] and task.get("assigned_to") == member
        ]
    dated = sorted((task for task in expected if "due" in task), key=place)
    by_age = sorted(expected, key=lambda task: (task["id"], task["user_id"]), reverse=True)
    some = [task for task in dated if "2030-01-03" <= task["due"]["date"] < "2030-01-08"]
    for limit in (1, 2, 7, 200):
        assert await walk(bob, limit=limit) == dated
        assert await walk(bob, limit=limit, sort="-created_at") == by_age
        assert await walk(bob, limit=limit, due_from="2030-01-03", due_before="2030-01-08") == some
    assert len(dated) > 3 * len(shared_ids)


def random_task(chance: random.Random, member: str | None) -> Json:
    """Returns a new task, in a space often one of the member; many are due at the same time."""
    task: Json = {"title": "x", "is_completed": chance.random() < 0.2}
    if chance.random() < 0.8:
        time = {"time": chance.choice(["08:00", "20:00"])} if chance.random() < 0.5 else {}
        task["due"] = on(chance.randrange(1, 10)) | time
    if member is not None:
        task["assigned_to"] = chance.choice([member, member, member, "me", None])
    return task


def place(task: Json) -> tuple[str, str, str]:
    due = task["due"]
    return f"{due['date']}T{due.get('time', '24:00')}", task["id"], task["user_id"]


async def test_a_task_of_the_same_id_in_a_later_owner_is_not_lost() -> None:
    low, middle, high = (UUID(int=n) for n in (1, 2, 3))
    up = AgendaPosition("due", "2030-01-01T24:00", UUID(int=50), middle)
    down = AgendaPosition("-created_at", None, UUID(int=50), middle)
    for position, steps in ((up, (0, 0, -1)), (down, (1, 0, 0))):
        for owner, step in zip((low, middle, high), steps, strict=True):
            values = position.values(owner)
            assert values is not None
            assert values["after_id"] == UUID(int=50 + step)
