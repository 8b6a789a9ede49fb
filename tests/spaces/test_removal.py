"""docs/contract.md#spaces: a removal or a lower role ends all that it took, at once and in every process."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from changes.streams import Stream, http_client, in_process_server
from fastapi import FastAPI
from spaces.space_support import (
    ROLE_TOO_LOW,
    SPACE_NOT_FOUND,
    invite,
    join,
    new_space,
    redeem,
    remove,
    set_role,
    task_in,
)
from support import MakeDatabase, Person, parts_of, refusal, running, settings_for, stored
from support.captured_log import captured_log
from support.people import same_person

from taskward.idempotency.execution import IN_FLIGHT_KEYS

BATCH = {"operations": [{"op": "create", "task": {"title": f"of a batch {n}"}} for n in range(5)]}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/tasks", {"title": "single", "labels": ["a"]}),
    ("/tasks/batch", BATCH),
    ("/batch", BATCH),
    ("/lists", {"title": "list"}),
    ("/labels/rename", {"from": "a", "to": "b"}),
    ("/labels/remove", {"label": "b"}),
]


@pytest.mark.parametrize("role", [None, "viewer"])
async def test_no_write_has_a_number_after_that_of_the_removal(
    two_apps: tuple[FastAPI, FastAPI], role: str | None
) -> None:
    ann, devices = Person(two_apps[0]), same_person(two_apps)
    space = await new_space(ann)
    member = await join(ann, space, devices[0])
    numbers: list[int] = []
    begun = asyncio.Event()

    async def write(person: Person, path: str, body: dict[str, Any]) -> httpx.Response:
        while True:
            answer = await person.http.post(space + path, json=body)
            if answer.status_code not in {200, 201}:
                return answer
            if "etag" in answer.headers:
                numbers.append(int(answer.headers["etag"].strip('"')))
            if len(numbers) > 8:
                begun.set()

    writing = [asyncio.create_task(write(devices[n % 2], *REQUESTS[n % len(REQUESTS)])) for n in range(18)]
    await begun.wait()
    if role is None:
        await remove(ann, space, member)
    else:
        await set_role(ann, space, member, role)
    answers = await asyncio.gather(*writing)

    assert {refusal(one) for one in answers} == {SPACE_NOT_FOUND if role is None else ROLE_TOO_LOW}
    rows = await stored(two_apps[0], "members", user_id=space[-36:])
    (removal,) = [row["version"] for row in rows if row["person_id"] == devices[0].sub]
    for table in ("tasks", "lists"):
        numbers += [row["version"] for row in await stored(two_apps[0], table, user_id=space[-36:])]
    assert max(numbers) < removal


async def test_what_was_read_before_is_a_404_and_good_again_afterwards(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    key = {"Idempotency-Key": "a-key"}
    task = await bob.http.post(f"{space}/tasks", json={"title": "x"}, headers=key)
    await task_in(ann, space)
    listed = await bob.http.get(f"{space}/tasks")
    page = (await bob.http.get(f"{space}/tasks", params={"limit": 1})).json()["next_cursor"]
    since = (await bob.http.get(f"{space}/changes")).json()["cursor"]

    async def statuses() -> list[int]:
        tag, own = {"If-None-Match": listed.headers["etag"]}, {"If-Match": task.headers["etag"]}
        path = f"{space}/tasks/{task.json()['id']}"
        return [
            (await bob.http.get(f"{space}/tasks")).status_code,
            (await bob.http.get(f"{space}/tasks", headers=tag)).status_code,
            (await bob.http.get(f"{space}/tasks", params={"limit": 1, "cursor": page})).status_code,
            (await bob.http.get(f"{space}/changes", params={"since": since})).status_code,
            (await bob.http.get(path)).status_code,
            (await bob.http.post(f"{space}/tasks", json={"title": "x"}, headers=key)).status_code,
            (await bob.http.put(path, json={"title": "x"}, headers=own)).status_code,
        ]

    await remove(ann, space, member)
    assert await statuses() == [404] * 7
    assert (await redeem(bob, await invite(ann, space))).status_code == 200
    assert {*(await statuses())} <= {200, 201, 304}


async def test_an_old_cursor_does_not_tell_that_the_space_is_there(
    engine: str, new_database: MakeDatabase
) -> None:
    kept = 0.2
    async with running(settings_for(await new_database(engine), tombstone_days=kept / 86400)) as app:
        ann, bob = Person(app), Person(app)
        space = await new_space(ann)
        member = await join(ann, space, bob)
        since = {"since": (await bob.http.get(f"{space}/changes")).json()["cursor"]}
        await asyncio.sleep(kept + 0.1)
        assert (await bob.http.get(f"{space}/changes", params=since)).status_code == 410
        await remove(ann, space, member)
        assert refusal(await bob.http.get(f"{space}/changes", params=since)) == SPACE_NOT_FOUND
        resumed = {"Last-Event-ID": since["since"]}
        assert refusal(await bob.http.get(f"{space}/events", headers=resumed)) == SPACE_NOT_FOUND


async def test_a_key_whose_first_request_still_runs_does_not_tell_that_the_space_is_there(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    in_flight = (UUID(space[-36:]), f"{bob.sub} a-key")
    parts_of(app)[IN_FLIGHT_KEYS].add(in_flight)
    try:
        found = []
        for role in ("editor", "viewer", None):
            if role is None:
                await remove(ann, space, member)
            else:
                await set_role(ann, space, member, role)
            answer = await bob.http.post(
                f"{space}/tasks", json={"title": "x"}, headers={"Idempotency-Key": "a-key"}
            )
            found.append(refusal(answer))
    finally:
        parts_of(app)[IN_FLIGHT_KEYS].remove(in_flight)
    assert found[0][1] == "IDEMPOTENCY_KEY_IN_USE"
    assert found[1:] == [ROLE_TOO_LOW, SPACE_NOT_FOUND]


async def test_an_open_stream_ends_and_shows_nothing_from_after_the_removal(
    engine: str, new_database: MakeDatabase
) -> None:
    with captured_log() as log:
        async with (
            in_process_server(settings_for(await new_database(engine))) as service,
            http_client(service.url, str(uuid4())) as ann,
            http_client(service.url, str(uuid4())) as bob,
        ):
            space = await new_space(ann)
            member = await join(ann, space, bob)
            before = await task_in(ann, space, "Before")
            async with bob.http.stream("GET", f"{space}/events") as answer:
                stream = Stream(answer)
                assert (await stream.next()).change["task"]["id"] == before["id"]
                await remove(ann, space, member)
                await task_in(ann, space, "Secret")
                with pytest.raises(StopAsyncIteration):
                    await stream.next(10)
    assert "Unforeseen" not in log.text
    assert "Event stream closed" in log.text


async def test_concurrent_reads_of_several_members_are_each_authorized(app: FastAPI, ann: Person) -> None:
    """On PostgreSQL they share statements."""
    space = await new_space(ann)
    people = [Person(app) for _ in range(12)]
    for person in people[:6]:
        await join(ann, space, person)
    paths = ("", "/members/me", "/tasks", "/lists")

    answers = await asyncio.gather(*(one.http.get(space + path) for path in paths for one in people))

    assert [one.status_code for one in answers] == [*[200] * 6, *[404] * 6] * len(paths)
