"""docs/contract.md#moves: beside other requests, and by a person who is no member."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from moves.move_support import Follower, created, listed, move, tree
from spaces.counted_answers import CountedRows, whole
from spaces.space_support import join, new_space, remove, set_role
from support import Person, parts_of, problems, replace_part, stored
from support.people import same_person
from support.rows import locked_owners
from support.waiting import TIMEOUT

from taskward.database import OWNED_ROWS


@pytest.mark.parametrize("is_source", [True, False])
async def test_a_space_of_others_is_answered_like_a_missing_one(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, *, is_source: bool
) -> None:
    space = await new_space(ann)
    former = Person(app)
    await remove(ann, space, await join(ann, space, former))
    task, home = await created(ann, space), await created(ann, space, "lists")
    counted = CountedRows(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, counted)

    for body in ({"tasks": [{"id": task["id"]}]}, {"list": home["id"]}):
        for headers in ({}, {"Idempotency-Key": "a-key"}):
            seen = set()
            for person in (bob, former):
                for where in (space[-36:], str(uuid4())):
                    counted.names.clear()
                    sides = {"from": where, "to": None} if is_source else {"from": None, "to": where}
                    answer = await person.http.post("/api/moves", json={**sides, **body}, headers=headers)
                    assert problems(answer) == {"from" if is_source else "to": "Space not found"}
                    seen.add((whole(answer), tuple(counted.names)))
            assert len(seen) == 1
            assert counted.names == ["role of the caller"]


@pytest.mark.engines("postgres", "postgres-rls-alone")
async def test_a_person_without_a_role_and_a_viewer_do_not_wait_for_the_space(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space, viewer = await new_space(ann), Person(app)
    await join(ann, space, viewer, "viewer")
    task = await bob.create()
    async with locked_owners(app) as until_waiting:
        writing = asyncio.create_task(created(ann, space))
        await until_waiting(1)
        async with asyncio.timeout(TIMEOUT):
            for person in (bob, viewer):
                for sides in ((None, space), (space, None)):
                    assert (await move(person, *sides, task)).status_code == 400
        assert not writing.done()
    await writing


@pytest.mark.parametrize("is_source", [True, False])
@pytest.mark.parametrize("role", [None, "viewer"])
async def test_no_move_has_a_number_after_that_of_the_removal(
    two_apps: tuple[FastAPI, FastAPI], role: str | None, *, is_source: bool
) -> None:
    ann, devices = Person(two_apps[0]), same_person(two_apps)
    space = await new_space(ann)
    member = await join(ann, space, devices[0])
    begun = asyncio.Event()
    done: list[str] = []

    async def write(person: Person) -> httpx.Response:
        while True:
            answer = await move(person, None, space, await person.create())
            if answer.status_code == 200 and is_source:
                done.append(answer.json()["tasks"][0]["task"]["id"])
                answer = await move(person, space, None, {"id": done[-1]})
            if answer.status_code != 200:
                return answer
            if len(done) > 4 or not is_source:
                begun.set()

    writing = [asyncio.create_task(write(devices[n % 2])) for n in range(6)]
    await begun.wait()
    if role is None:
        await remove(ann, space, member)
    else:
        await set_role(ann, space, member, role)
    answers = await asyncio.gather(*writing)

    text = "Space not found" if role is None else "Your role in this space does not allow this"
    for one in answers:
        assert set(problems(one).values()) == {text}
    (removal,) = [
        row["version"]
        for row in await stored(two_apps[0], "members", user_id=space[-36:])
        if row["person_id"] == devices[0].sub
    ]
    for table in ("tasks", "tombstones"):
        rows = await stored(two_apps[0], table, user_id=space[-36:])
        assert all(row["version"] < removal for row in rows)


async def test_moves_there_and_back_at_once_lose_and_double_nothing(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    """Each id is in one owner, which both feeds say, and there is no deadlock."""
    devices = same_person(two_apps)
    ann = devices[0]
    spaces = [None, await new_space(ann), await new_space(ann)]
    followers = [Follower(ann, one) for one in spaces]
    trees = [await tree(ann, None, 2, 1) for _ in range(6)]

    async def wander(number: int) -> None:
        for step in range(12):
            source, target = spaces[(number + step) % 3], spaces[(number + 2 * step + 1) % 3]
            if source != target:
                answer = await move(devices[step % 2], source, target, trees[number % 6][0])
                assert answer.status_code in {200, 400}, answer.text

    await asyncio.gather(*map(wander, range(8)))

    places = [await listed(ann, one) for one in spaces]
    assert sorted(one for place in places for one in place) == sorted(
        one["id"] for found in trees for one in found
    )
    for follower, place in zip(followers, places, strict=True):
        await follower.pull()
        assert follower.tasks == place
    for found in trees:
        assert sum(found[0]["id"] in place for place in places) == 1
        (place,) = [one for one in places if found[0]["id"] in one]
        assert {one["id"] for one in found} <= place.keys()
