"""Creates in several spaces at once are one statement on PostgreSQL, which checks each caller by itself."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI
from spaces.counted_answers import RolesReadBefore
from spaces.space_support import ROLE_TOO_LOW, SPACE_NOT_FOUND, join, new_space, remove, set_role
from support import Person, parts_of, refusal, replace_part
from support.write_sizes import sizes_of_writes

from taskward.database import OWNED_ROWS
from taskward.database.statements import Row, Values, Write

pytestmark = [
    pytest.mark.engines("postgres"),
    pytest.mark.single_statements("writes of several owners as one statement"),
]


class HeldWrites(RolesReadBefore):
    """Rows whose writes wait for each other; then a change comes before all of them."""

    def __init__(self, app: FastAPI, count: int, change: Callable[[], Awaitable[None]]) -> None:
        super().__init__(parts_of(app)[OWNED_ROWS])
        self._left = count
        self._change = change
        self._may_go_on = asyncio.Event()

    async def write(self, write: Write, values: Values) -> Row | None:
        self._left -= 1
        if self._left == 0:
            await self._change()
            self._may_go_on.set()
        await self._may_go_on.wait()
        return await super().write(write, values)


async def titles(person: Person, space: str) -> list[str]:
    return [task["title"] for task in (await person.http.get(f"{space}/tasks")).json()["tasks"]]


async def test_a_batch_stores_nothing_of_who_is_no_member_any_more(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = sizes_of_writes(monkeypatch)
    spaces = [await new_space(ann) for _ in range(8)]
    members = [await join(ann, space, bob) for space in spaces]

    async def change() -> None:
        for space, member in zip(spaces[3:5], members[3:5], strict=True):
            await remove(ann, space, member)
        await set_role(ann, spaces[5], members[5], "viewer")

    replace_part(monkeypatch, app, OWNED_ROWS, HeldWrites(app, len(spaces), change))
    answers = await asyncio.gather(
        *(bob.http.post(f"{space}/tasks", json={"title": "x", "labels": ["a"]}) for space in spaces)
    )

    assert max(sizes) >= 6
    assert [answer.status_code for answer in answers] == [201, 201, 201, 404, 404, 405, 201, 201]
    assert [refusal(answer) for answer in answers[3:6]] == [SPACE_NOT_FOUND, SPACE_NOT_FOUND, ROLE_TOO_LOW]
    assert [await titles(ann, space) for space in spaces[3:6]] == [[], [], []]
    for space, answer, member in [*zip(spaces, answers, members, strict=True)][:3]:
        assert await titles(ann, space) == ["x"]
        assert answer.json()["created_by"] == member["id"]
        [created, *_] = (await ann.http.get(f"{space}/activity")).json()["activity"]
        assert (created["action"], created["actor_id"], created["task_id"]) == (
            "created",
            member["id"],
            answer.json()["id"],
        )
