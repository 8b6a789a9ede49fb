"""docs/contract.md#spaces: with requests of several members at once a space has an owner, and none fails."""

import asyncio
import random
from collections import Counter

import httpx
import pytest
from fastapi import FastAPI
from spaces.space_support import invite, join, me, new_space, redeem
from support import Person, database_of, import_documents, stored
from support.postgres_connection import fetch_sql

from taskward.database.sqlite.database import SqliteDatabase

STEPS, PEOPLE = 25, 5


@pytest.mark.parametrize("steps", [STEPS, pytest.param(40 * STEPS, marks=pytest.mark.soak)])
async def test_with_requests_at_random_none_fails_and_each_space_has_an_owner(
    two_apps: tuple[FastAPI, FastAPI], steps: int
) -> None:
    founder = Person(two_apps[0])
    spaces = [await new_space(founder) for _ in range(2)]
    invitations = [await invite(founder, space, uses=100, role="editor") for space in spaces]
    seen, deadlocks = Counter[int](), await deadlocks_of(two_apps[0])

    async def act(person: Person, chance: random.Random) -> None:
        for _ in range(steps):
            at = chance.randrange(len(spaces))
            answer = await some_request(person, spaces[at], invitations[at], chance)
            assert answer.status_code < 500 or answer.status_code == 503, answer.text
            assert answer.status_code != 503 or int(answer.headers["retry-after"]) >= 1
            seen[answer.status_code] += 1

    people = [Person(two_apps[n % 2]) for n in range(PEOPLE)]
    await asyncio.gather(*(act(one, random.Random(n)) for n, one in enumerate(people)))  # noqa: S311 - choices

    assert seen[200] > steps, seen
    assert await deadlocks_of(two_apps[0]) == deadlocks
    rows = await stored(two_apps[0], "members")
    for space in {row["user_id"] for row in rows}:
        roles = [row["role"] for row in rows if row["user_id"] == space and row["role"] is not None]
        assert 3 in roles, (space, roles)


async def some_request(person: Person, space: str, invitation: str, chance: random.Random) -> httpx.Response:
    """Sends one of the requests that lock persons and spaces."""
    requests = [
        lambda: person.http.post("/api/spaces", json={"title": "x"}),
        lambda: redeem(person, invitation),
        lambda: redeem(person, invitation),
        lambda: person.http.delete(f"{space}/members/me"),
        lambda: remove_one(person, space, chance),
        lambda: person.http.post(f"{space}/tasks", json={"title": "x"}),
        lambda: import_documents.send(person, *import_documents.many(20)),
        lambda: person.http.delete("/api/me"),
    ]
    return await chance.choice(requests)()


async def remove_one(person: Person, space: str, chance: random.Random) -> httpx.Response:
    members = (await person.http.get(f"{space}/members")).json().get("members", [{"id": "me"}])
    return await person.http.delete(f"{space}/members/{chance.choice(members)['id']}")


async def deadlocks_of(app: FastAPI) -> int:
    """Returns how many deadlocks the server has found in the app's database, as far as it has counted."""
    database = database_of(app)
    if isinstance(database, SqliteDatabase):
        return 0
    sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int((await fetch_sql(database.pool.url, sql))[0]["deadlocks"])


async def test_of_a_hundred_redemptions_at_once_as_many_join_as_there_are_uses(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    ann = Person(two_apps[0])
    space = await new_space(ann)
    invitation = await invite(ann, space, uses=7)

    async def answer_of(person: Person) -> int:
        answer = await redeem(person, invitation)
        return await answer_of(person) if answer.status_code == 503 else answer.status_code

    answers = await asyncio.gather(*(answer_of(Person(two_apps[n % 2])) for n in range(40)))

    assert Counter(answers) == {200: 7, 404: 33}
    assert len((await ann.http.get(f"{space}/members")).json()["members"]) == 8


@pytest.mark.parametrize("action", ["demote", "remove", "erase"])
@pytest.mark.parametrize("times", [5, pytest.param(1000, marks=pytest.mark.soak)])
async def test_of_two_owners_who_act_on_each_other_at_once_one_remains(
    two_apps: tuple[FastAPI, FastAPI], action: str, times: int
) -> None:
    for _ in range(times):
        ann, bob = (Person(app) for app in two_apps)
        space = await new_space(ann)
        of_bob = await join(ann, space, bob, "owner")
        of_ann = await me(ann, space)

        def act(person: Person, other: str) -> "asyncio.Future[httpx.Response]":
            path = f"{space}/members/{other}"  # noqa: B023 - called in this turn of the loop
            if action == "demote":
                return asyncio.ensure_future(person.http.patch(path, json={"role": "editor"}))
            if action == "remove":
                return asyncio.ensure_future(person.http.delete(path))
            return asyncio.ensure_future(person.http.delete("/api/me"))

        answers = await asyncio.gather(act(ann, of_bob["id"]), act(bob, of_ann["id"]))

        assert {one.status_code for one in answers} <= {200, 404, 405, 409}
        rows = await stored(two_apps[0], "members", user_id=space[-36:])
        assert not rows if action == "erase" else 3 in {row["role"] for row in rows}
