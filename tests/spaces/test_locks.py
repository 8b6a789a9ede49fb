"""docs/contract.md#spaces: a transaction of two owners locks the person first, and waits briefly."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from spaces.shared_space import feed_of
from spaces.space_locks import changing, locked, space_id
from spaces.space_support import SPACE_NOT_FOUND, invite, join, new_space, redeem, task_in
from support import (
    SERVICE_UNAVAILABLE,
    MakeDatabase,
    Person,
    parts_of,
    refusal,
    running,
    settings_for,
)
from support.people import same_person
from support.waiting import TIMEOUT, until

from taskward.spaces.endings import MEMBERSHIP_ENDINGS, PATIENCE

ON_A_SERVER = pytest.mark.engines("postgres", "postgres-rls")
SECOND_LOCK = 1.0


@ON_A_SERVER
@pytest.mark.parametrize("action", ["redeem", "redeem first", "leave"])
async def test_a_locked_space_is_waited_for_a_second_and_nothing_is_held_afterwards(
    app: FastAPI, ann: Person, bob: Person, action: str
) -> None:
    space = await new_space(ann)
    act = await prepared(action, ann, space, bob)
    async with locked(app, space_id(space)):
        start = time.monotonic()
        answer = await act()
        waited = time.monotonic() - start
        assert refusal(answer) == SERVICE_UNAVAILABLE
        assert int(answer.headers["retry-after"]) >= 1
        assert SECOND_LOCK / 2 < waited < 4 * SECOND_LOCK
        async with locked(app, UUID(bob.sub)):
            pass
        async with asyncio.timeout(TIMEOUT):
            await bob.create()
    again = await act()
    assert again.status_code == 200, again.text


@ON_A_SERVER
@pytest.mark.parametrize("action", ["redeem", "leave"])
async def test_who_waits_for_their_own_row_holds_no_space(
    app: FastAPI, ann: Person, bob: Person, action: str
) -> None:
    """It may be locked for long: an import in another process."""
    space = await new_space(ann)
    await bob.create()
    act = await prepared(action, ann, space, bob)
    async with locked(app, UUID(bob.sub)) as until_waiting:
        acting = asyncio.create_task(act())
        await until_waiting(1)
        async with asyncio.timeout(SECOND_LOCK / 2):
            await task_in(ann, space)
        async with locked(app, space_id(space)):
            pass
        assert not acting.done()
    assert (await acting).status_code == 200


@pytest.mark.parametrize("two_apps", ["postgres"], indirect=True)
async def test_who_redeems_before_any_write_has_a_row_before_waiting_for_the_space(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    """Else another request of theirs could create it, lock it, and wait for the same space: a deadlock."""
    app = two_apps[0]
    ann, (bob, same) = Person(app), same_person(two_apps)
    space = await new_space(ann)
    invitation = await invite(ann, space)
    async with locked(app, space_id(space)) as until_waiting:
        redeeming = asyncio.create_task(redeem(bob, invitation))
        await until_waiting(1)
        creating = asyncio.create_task(same.create())
        await until_waiting(2)
        assert not creating.done()
    assert (await redeeming).status_code == 200
    await creating


@pytest.mark.engines("disk")
@pytest.mark.parametrize("action", ["redeem", "leave"])
async def test_who_waits_for_a_space_that_changes_in_parts_holds_nothing(
    app: FastAPI, ann: Person, bob: Person, action: str
) -> None:
    space = await new_space(ann)
    act = await prepared(action, ann, space, bob)
    async with changing(app, space_id(space)):
        acting = asyncio.create_task(act())
        async with asyncio.timeout(TIMEOUT):
            for _ in range(5):
                await bob.create()
        assert not acting.done()
    assert (await acting).status_code == 200


@pytest.mark.parametrize("action", ["remove", "delete"])
async def test_who_ends_a_membership_does_not_wait_for_the_rows_of_that_person(
    app: FastAPI, ann: Person, bob: Person, action: str
) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    async with changing(app, UUID(bob.sub)):
        start = time.monotonic()
        answer = await ann.http.delete(f"{space}/members/{member['id']}" if action == "remove" else space)
        waited = time.monotonic() - start
        assert answer.status_code == 200, answer.text
        assert waited < 4 * PATIENCE
        assert refusal(await bob.http.get(space)) == SPACE_NOT_FOUND

    async def is_told() -> bool:
        found = (await feed_of(bob, "/api", kinds="spaces"))["changes"]
        return [one["op"] for one in found] == ["delete"]

    await until(is_told)


@pytest.mark.engines("disk")
async def test_the_end_of_the_process_waits_for_no_end_of_a_membership(new_database: MakeDatabase) -> None:
    url = await new_database("disk")
    async with running(settings_for(url)) as app:
        ann, bob = Person(app), Person(app)
        space = await new_space(ann)
        await join(ann, space, bob)
        async with changing(app, UUID(bob.sub)):
            await ann.http.delete(space)
            stopping = time.monotonic()
            await parts_of(app)[MEMBERSHIP_ENDINGS].stop()
            assert time.monotonic() - stopping < PATIENCE
        assert (await bob.http.get("/api/spaces")).json() == {"spaces": []}


async def prepared(
    action: str, ann: Person, space: str, bob: Person
) -> Callable[[], Coroutine[Any, Any, httpx.Response]]:
    """Returns what locks a person and a space, once it is possible."""
    if action == "leave":
        await join(ann, space, bob)
        return partial(bob.http.delete, f"{space}/members/me")
    if action == "redeem":
        await bob.create()
    invitation = await invite(ann, space)
    return partial(redeem, bob, invitation)


@ON_A_SERVER
async def test_a_member_with_many_queued_writes_delays_anothers_by_one_of_them(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    ended: list[str] = []

    async def write(person: Person, name: str) -> None:
        await task_in(person, space)
        ended.append(name)

    async with locked(app, space_id(space)) as until_waiting:
        writing = [asyncio.create_task(write(ann, "ann")) for _ in range(30)]
        await until_waiting(1)
        await asyncio.sleep(0.2)  # the others have queued, too
        writing.append(asyncio.create_task(write(bob, "bob")))
        await asyncio.sleep(0.2)
    await asyncio.gather(*writing)

    assert ended.index("bob") <= 2, "behind the write in progress and one of each other caller"
