"""docs/contract.md#spaces: who writes is a member when the write is done, not only when the role is read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from fastapi import FastAPI
from spaces.counted_answers import RolesReadBefore
from spaces.space_locks import locked, space_id
from spaces.space_support import (
    ROLE_TOO_LOW,
    SPACE_NOT_FOUND,
    Json,
    join,
    new_space,
    remove,
    set_role,
    task_in,
)
from spaces.task_writes import queued
from support import Person, parts_of, refusal, replace_part, stored
from support.waiting import until

from taskward.database import OWNED_ROWS
from taskward.database.statements import Row, Values, Write

WRITES: Final = [
    ("POST", {"title": "New", "labels": ["a"]}),
    ("POST", {"id": "0190f0c8-0000-7000-8000-000000000001", "title": "With an id of the client"}),
    ("PATCH", {"title": "Changed"}),
    ("PATCH", {"priority": "high", "labels": ["b"]}),
    ("DELETE", None),
]
IDS: Final = ["create", "create with an id", "title", "other fields", "delete"]
CHANGES: Final = {"removal": SPACE_NOT_FOUND, "lower role": ROLE_TOO_LOW}


class ChangedBefore(RolesReadBefore):
    """Rows whose first write by itself comes after a change of the members, and after the role was read."""

    change: Callable[[], Awaitable[object]] | None = None
    changed = False

    async def write(self, write: Write, values: Values) -> Row | None:
        if self.change is not None and not self.changed:
            self.changed = True
            await self.change()
        return await super().write(write, values)


@pytest.mark.parametrize("change", [*CHANGES])
@pytest.mark.parametrize(("method", "body"), WRITES, ids=IDS)
async def test_a_write_whose_author_is_removed_after_the_role_was_read_changes_nothing(
    app: FastAPI,
    ann: Person,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    body: Json | None,
    change: str,
) -> None:
    space, member, path = await shared_task(ann, bob, method)
    rows = ChangedBefore(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, rows)
    before = await tasks_of(app, space)
    rows.change = lambda: end(change, ann, space, member)

    answer = await bob.http.request(method, path, json=body)

    assert rows.changed
    assert refusal(answer) == CHANGES[change]
    assert await tasks_of(app, space) == before


@pytest.mark.parametrize("two_apps", ["postgres", "postgres-rls"], indirect=True)
@pytest.mark.parametrize("change", [*CHANGES])
@pytest.mark.parametrize(("method", "body"), WRITES, ids=IDS)
async def test_a_write_that_has_waited_for_the_removal_of_its_author_changes_nothing(
    two_apps: tuple[FastAPI, FastAPI], method: str, body: Json | None, change: str
) -> None:
    """A statement that has waited for a row still sees the members as they were before."""
    app = two_apps[0]
    ann, bob = Person(app), Person(two_apps[1])
    space, member, path = await shared_task(ann, bob, method)
    before = await tasks_of(app, space)
    async with locked(app, space_id(space)) as until_waiting:
        ending = asyncio.create_task(end(change, ann, space, member))
        await until_waiting(1)
        writing = asyncio.create_task(bob.http.request(method, path, json=body))
        await until_waiting(2)
    await ending
    assert refusal(await writing) == CHANGES[change]
    assert await tasks_of(app, space) == before


@pytest.mark.parametrize("engine", ["postgres", "postgres-rls"], indirect=True)
@pytest.mark.parametrize(("method", "body"), WRITES, ids=IDS)
async def test_a_write_that_finds_the_space_busy_is_done_in_its_turn(
    app: FastAPI, ann: Person, bob: Person, method: str, body: Json | None
) -> None:
    """Both have read their role by then; the first one has its turn."""
    space, member, path = await shared_task(ann, bob, method)
    async with locked(app, space_id(space)) as until_waiting:
        one = asyncio.create_task(ann.http.post(f"{space}/tasks", json={"title": "By Ann"}))
        await until_waiting(1)
        other = asyncio.create_task(bob.http.request(method, path, json=body))
        await until(lambda: queued(app, space_id(space)))
    assert (await one).status_code == 201
    answer = await other
    assert answer.is_success
    if body is not None:
        assert answer.json()["updated_by"] == member["id"]


@pytest.mark.parametrize("two_apps", ["postgres", "postgres-rls"], indirect=True)
async def test_a_write_that_has_waited_for_another_members_is_done(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    app = two_apps[0]
    ann, bob = Person(app), Person(two_apps[1])
    space, _, path = await shared_task(ann, bob, "PATCH")
    async with locked(app, space_id(space)) as until_waiting:
        one = asyncio.create_task(ann.http.patch(path, json={"title": "By Ann"}))
        await until_waiting(1)
        other = asyncio.create_task(bob.http.patch(path, json={"priority": "high"}))
        await until_waiting(2)
    answers = await asyncio.gather(one, other)
    assert [answer.status_code for answer in answers] == [200, 200]
    task = (await ann.http.get(path)).json()
    assert (task["title"], task["priority"]) == ("By Ann", "high")


async def shared_task(ann: Person, bob: Person, method: str) -> tuple[str, Json, str]:
    """Returns a space of two, the second as a member, and the path of a request about a task in it."""
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task = await task_in(ann, space)
    return space, member, f"{space}/tasks" if method == "POST" else f"{space}/tasks/{task['id']}"


async def tasks_of(app: FastAPI, space: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await stored(app, "tasks", user_id=space[-36:])]


async def end(change: str, ann: Person, space: str, member: Json) -> None:
    if change == "removal":
        await remove(ann, space, member)
    else:
        await set_role(ann, space, member, "viewer")
