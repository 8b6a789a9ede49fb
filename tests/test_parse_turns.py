"""Turns of connections in the parsing of what may take long."""

import asyncio
from typing import Any

from support.waiting import run_ready_tasks

from taskward.server.parse_turns import PARSED_PER_TURN, ParseTurns

SLICE = PARSED_PER_TURN // 4


class Connection:
    """One that has some slices to parse."""

    def __init__(self, name: str, slices: int, turns: ParseTurns, parsed: list[str]) -> None:
        self.name, self.slices, self.turns, self.parsed = name, slices, turns, parsed

    def parse_in_turn(self) -> int:
        self.parsed.append(self.name)
        self.slices -= 1
        if self.slices:
            self.turns.add(self)
        return SLICE


async def test_connections_take_turns_slice_by_slice() -> None:
    turns, parsed = ParseTurns(), list[str]()
    for name, slices in (("a", 3), ("b", 1), ("c", 2)):
        turns.add(Connection(name, slices, turns, parsed))

    await run_ready_tasks()

    assert "".join(parsed) == "abcaca"


async def test_other_work_of_the_loop_has_its_turn_after_some_slices() -> None:
    turns, parsed = ParseTurns(), list[str]()
    turns.add(Connection("a", 10, turns, parsed))
    found = []
    for _ in range(4):
        await asyncio.sleep(0)
        found.append(len(parsed))

    assert found == [4, 8, 10, 10]


async def test_a_connection_that_is_added_twice_has_one_turn() -> None:
    turns, parsed = ParseTurns(), list[str]()
    connection = Connection("a", 1, turns, parsed)
    turns.add(connection)
    turns.add(connection)

    await run_ready_tasks()

    assert parsed == ["a"]


class Failing(Connection):
    def parse_in_turn(self) -> int:
        raise RuntimeError


async def test_an_error_of_one_connection_holds_up_no_other() -> None:
    turns, parsed, errors = ParseTurns(), list[str](), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))
    turns.add(Failing("a", 1, turns, parsed))
    turns.add(Connection("b", 1, turns, parsed))

    await run_ready_tasks()

    assert parsed == ["b"]
    assert [type(error) for error in errors] == [RuntimeError]
