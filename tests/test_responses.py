"""The JSON of long lists."""

import asyncio
import time
from uuid import UUID

import orjson

from taskward.http.caller import CALLER
from taskward.http.responses import SLICE_ROWS, SLICE_SECONDS, write_json_list

LISTS = 8
MOST_AT_ONCE = 2
"""Slices in one turn of the event loop: one that waited, and one of a list that did not."""


async def test_long_lists_take_turns() -> None:
    turn = 0
    slices: list[int] = []

    def slow_row(row: int) -> int:
        if row % SLICE_ROWS == 0:
            slices.append(turn)
            time.sleep(SLICE_SECONDS)
        return row

    async def write(caller: int) -> bytes:
        CALLER.set(UUID(int=caller))
        return await write_json_list("rows", range(4 * SLICE_ROWS), slow_row, {"next": None})

    writing = [asyncio.create_task(write(n % 2)) for n in range(LISTS)]
    await asyncio.sleep(0)  # each begins with a slice at once
    slices.clear()
    while not all(task.done() for task in writing):
        turn += 1
        await asyncio.sleep(0)

    assert max(map(slices.count, slices)) <= MOST_AT_ONCE
    assert {await task for task in writing} == {
        orjson.dumps({"rows": [*range(4 * SLICE_ROWS)], "next": None})
    }
