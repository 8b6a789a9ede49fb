"""The writes that wait for one owner's rows: the callers take turns."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from support import MakeDatabase, Person, database_of, running, settings_for
from support.waiting import run_ready_tasks, until

from taskward.database.postgres.database import PostgresDatabase
from taskward.database.postgres.owner_queue import OwnerQueue
from taskward.database.sqlite.write_queue import WriteQueue
from taskward.database.statements import TransactionSteps
from taskward.database.turns import add_in_turn
from taskward.http.caller import CALLER
from taskward.metrics import CONNECTIONS
from taskward.users.statements import COUNT_MANY, LOCK_OWNER

LONG = 10.0


@dataclass
class Waiting:
    """What waits for a caller."""

    caller: UUID | None
    name: str
    owner: UUID | None = None
    until: float = 0.0
    long: bool = False


ANN, BOB, EVE = (UUID(int=number) for number in range(3))
NAMES = {ANN: "a", BOB: "b", EVE: "e", None: "s"}


def queue_of(callers: str) -> deque[Waiting]:
    """Returns a queue to which the callers were added in that order."""
    queue, number = deque[Waiting](), Counter[str]()
    for letter in callers:
        number[letter] += 1
        caller = next(one for one, name in NAMES.items() if name == letter)
        add_in_turn(queue, Waiting(caller, f"{letter}{number[letter]}"))
    return queue


@pytest.mark.parametrize(
    ("added", "order"),
    [
        ("aaa", "a1 a2 a3"),
        ("aaab", "a1 b1 a2 a3"),
        ("aaabb", "a1 b1 a2 b2 a3"),
        ("aaabebe", "a1 b1 e1 a2 b2 e2 a3"),
        ("aaas", "a1 s1 a2 a3"),
        ("abab", "a1 b1 a2 b2"),
    ],
)
def test_callers_take_turns(added: str, order: str) -> None:
    assert " ".join(one.name for one in queue_of(added)) == order


def test_between_two_turns_of_a_caller_each_other_caller_has_one_at_most() -> None:
    """However they come and go."""
    chance = random.Random(7)  # noqa: S311 - a test's choices
    for _ in range(100):
        queue = deque[Waiting]()
        for number in range(60):
            add_in_turn(queue, Waiting(chance.choice((ANN, ANN, BOB, EVE)), str(number)))
            if chance.random() < 0.4:
                queue.popleft()
        for caller in (ANN, BOB, EVE):
            turns = [n for n, one in enumerate(queue) if one.caller == caller]
            assert [queue[n].name for n in turns] == sorted((queue[n].name for n in turns), key=int)
            for begin, end in pairwise([-1, *turns]):
                others = [queue[n].caller for n in range(begin + 1, end)]
                assert len(others) == len(set(others))


@pytest.mark.parametrize("shared", [False, True])
async def test_writes_of_one_owner_run_in_turns_of_their_callers(*, shared: bool) -> None:
    queue, owner, order = OwnerQueue(), uuid4(), list[str]()
    all_wait = asyncio.Event()

    async def write(caller: UUID, name: str, *, shared: bool) -> None:
        CALLER.set(caller)
        await queue.enter(owner, asyncio.get_running_loop().time() + LONG, shared=shared)
        order.append(name)
        await all_wait.wait()
        queue.leave(owner)

    tasks = [asyncio.create_task(write(ANN, f"a{n}", shared=False)) for n in range(5)]
    await run_ready_tasks()
    tasks += [asyncio.create_task(write(BOB, f"b{n}", shared=shared)) for n in range(2)]
    await run_ready_tasks()
    all_wait.set()
    await asyncio.gather(*tasks)

    assert order == ["a0", "a1", "b0", *(["b1", "a2"] if shared else ["a2", "b1"]), "a3", "a4"]


def test_sqlite_takes_one_write_of_each_owner_in_turns_of_its_callers() -> None:
    queue, home, work = WriteQueue[Waiting](), uuid4(), uuid4()
    for number in range(3):
        queue.add(Waiting(ANN, f"a{number}", home))
    queue.add(Waiting(BOB, "b", home))
    queue.add(Waiting(ANN, "at work", work))

    taken = queue.take(6)

    assert [one.name for one in taken] == ["a0", "at work", "b", "a1", "a2"]


def test_a_write_that_is_late_is_taken_from_behind_one_that_is_not() -> None:
    queue, home = WriteQueue[Waiting](), uuid4()
    queue.add(Waiting(ANN, "first", home, until=1))
    queue.add(Waiting(ANN, "second", home, until=1))
    queue.add(Waiting(BOB, "third", home, until=2))

    assert [one.name for one in queue.take_late(1.5)] == ["first", "second"]
    assert [one.name for one in queue.take(3)] == ["third"]
    assert not queue


def count(owners: Sequence[UUID]) -> TransactionSteps[list[int]]:
    """Takes a number of each owner's counter."""
    numbers: list[int] = []
    for owner in owners:
        yield LOCK_OWNER, {"owner": owner}
        rows = yield COUNT_MANY, {"owner": owner, "count": 1}
        numbers.append(rows[0][0])
    return numbers


async def test_a_transaction_changes_rows_of_several_owners(app: FastAPI, ann: Person, bob: Person) -> None:
    await ann.create()
    await bob.create()
    database, both = database_of(app), sorted(UUID(person.sub) for person in (ann, bob))
    one, other = both

    taken = await asyncio.gather(
        *(
            database.transact(partial(count, owners), owners=owners)
            for _ in range(20)
            for owners in (both, [one], [other])
        )
    )

    assert len({numbers[0] for numbers in (*taken[::3], *taken[1::3])}) == 40
    assert len({numbers[-1] for numbers in (*taken[::3], *taken[2::3])}) == 40


async def test_a_transaction_waits_for_its_first_owner_without_a_connection(
    new_database: MakeDatabase,
) -> None:
    async with running(settings_for(await new_database("postgres"))) as app:
        database, home, work = database_of(app), uuid4(), uuid4()
        assert isinstance(database, PostgresDatabase)
        queue = database._owner_queue
        assert queue.enter_now(home)

        waiting = asyncio.create_task(database.transact(partial(bump, home), owners=[home, work]))
        for _ in range(5):
            await database.transact(partial(bump, uuid4()), owners=[uuid4(), work])
        await until(lambda: not database.pool.collect()[CONNECTIONS.name]["used",])
        assert not waiting.done()

        queue.leave(home)
        await waiting
        assert (queue._running, queue._queued) == ({}, {})


def bump(owner: UUID) -> TransactionSteps[object]:
    return (yield COUNT_MANY, {"owner": owner, "count": 1})
