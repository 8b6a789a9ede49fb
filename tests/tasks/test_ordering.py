"""docs/contract.md#lists-subtasks-and-order: positions, given by clients and computed by the service."""

import random
from collections.abc import AsyncIterator
from time import process_time
from typing import Any
from uuid import UUID, uuid4

import pytest
from lists.list_support import create_list
from support import MakeDatabase, Person, database_of, problems, running, settings_for
from support.change_feed import changes_since, cursor_now
from support.query_plans import postgres_rows_read, sqlite_plan, sqlite_steps
from support.task_rows import TaskRow, insert_task_rows

from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.compiled import SqliteStatement
from taskward.http.errors import ValidationFailed
from taskward.tasks.positions import DIGITS, default_key, key_between
from taskward.tasks.steps.ordering import _with_room
from taskward.tasks.steps.statements import SIBLINGS

Task = dict[str, Any]

WRONG = {"position": "Position must be 1 to 100 letters and digits, or say before or after which task"}


def key_of(task: Task) -> str:
    """Returns the position of a task, also where it has the default one."""
    return str(task.get("position") or "m" + task["id"].replace("-", "") + "h")


async def titles(person: Person, **place: str) -> str:
    """Returns the titles of tasks in one place, in their order."""
    tasks = [task for task in await person.tasks() if all(task.get(key) == place[key] for key in place)]
    return "".join(task["title"] for task in sorted(tasks, key=lambda task: (key_of(task), task["id"])))


async def create_all(person: Person, letters: str, **fields: Any) -> dict[str, Task]:
    return {letter: await person.create(letter, **fields) for letter in letters}


async def test_a_position_that_was_not_given_is_not_shown_and_is_that_of_creation(ann: Person) -> None:
    tasks = await create_all(ann, "abc")

    assert all("position" not in task for task in tasks.values())
    assert await titles(ann) == "abc"


async def test_a_key_of_the_client_is_taken_as_it_is(ann: Person) -> None:
    tasks = await create_all(ann, "abc")
    key = key_between(key_of(tasks["a"]), key_of(tasks["b"]))

    moved = await ann.put(tasks["c"]["id"], position=key)

    assert moved["position"] == key
    assert (await ann.get(moved["id"])) == moved
    assert await titles(ann) == "acb"


@pytest.mark.parametrize("key", ["0", "Zz", "a0", "z" * 100])
async def test_any_letters_and_digits_are_a_position(ann: Person, key: str) -> None:
    assert (await ann.create(position=key))["position"] == key


async def test_null_gives_the_default_position_back(ann: Person) -> None:
    tasks = await create_all(ann, "abc")
    await ann.put(tasks["c"]["id"], position={"at": "first"})

    assert "position" not in await ann.put(tasks["c"]["id"], position=None)
    assert await titles(ann) == "abc"


@pytest.mark.parametrize(
    ("task", "place", "expected"),
    [
        ("a", {"after": "b"}, "bacd"),
        ("a", {"after": "d"}, "bcda"),
        ("d", {"after": "a"}, "adbc"),
        ("d", {"before": "a"}, "dabc"),
        ("a", {"before": "d"}, "bcad"),
        ("b", {"before": "c"}, "abcd"),
        ("c", {"at": "first"}, "cabd"),
        ("b", {"at": "last"}, "acdb"),
        ("a", {"at": "first"}, "abcd"),
        ("d", {"at": "last"}, "abcd"),
    ],
)
@pytest.mark.parametrize("where", ["inbox", "list", "parent"])
async def test_the_service_places_a_task(
    ann: Person, task: str, place: dict[str, str], expected: str, where: str
) -> None:
    fields: dict[str, Any] = {}
    if where == "list":
        fields = {"list_id": (await create_list(ann))["id"]}
    if where == "parent":
        fields = {"parent_id": (await ann.create("top"))["id"]}
    tasks = await create_all(ann, "abcd", **fields)

    position = {kind: tasks[to]["id"] if to in tasks else to for kind, to in place.items()}
    moved = await ann.put(tasks[task]["id"], position=position)

    assert await titles(ann, **fields) == expected
    assert moved["position"].islower()
    assert moved["position"].isalnum()


async def test_a_new_task_is_placed_too(ann: Person) -> None:
    tasks = await create_all(ann, "ab")

    await ann.create("c", position={"after": tasks["a"]["id"]})
    await ann.create("d", position={"at": "first"})
    await ann.create("e", position={"at": "last"})
    await ann.create("f", position={"before": tasks["b"]["id"].upper()})

    assert await titles(ann) == "dacfbe"


async def test_what_is_created_later_comes_after_what_was_put_last(ann: Person) -> None:
    tasks = await create_all(ann, "ab")
    await ann.put(tasks["a"]["id"], position={"at": "last"})

    await ann.create("c")

    assert await titles(ann) == "bac"


async def test_last_is_after_a_greater_key_that_is_there(ann: Person) -> None:
    await ann.create("a", position="z5")

    last = await ann.create("b", position={"at": "last"})

    assert last["position"] > "z5"


async def test_first_and_last_of_nothing_are_positions(ann: Person) -> None:
    home = await create_list(ann)
    first = await ann.create("a", list_id=home["id"], position={"at": "first"})
    last = await ann.create("b", list_id=home["id"], position={"at": "last"})

    assert first["position"] < last["position"]


async def test_siblings_elsewhere_do_not_matter(ann: Person) -> None:
    home = await create_list(ann)
    inbox = await create_all(ann, "ab")
    listed = await create_all(ann, "cd", list_id=home["id"])
    below = await create_all(ann, "ef", parent_id=listed["c"]["id"])

    await ann.put(below["f"]["id"], position={"at": "first"})
    await ann.put(listed["d"]["id"], position={"at": "first"})
    await ann.put(inbox["b"]["id"], position={"at": "first"})

    assert await titles(ann, parent_id=listed["c"]["id"]) == "fe"
    assert key_of(await ann.get(inbox["b"]["id"]))[:14] < key_of(inbox["a"])[:14]
    moved = [await ann.get(task["id"]) for task in (inbox["b"], listed["d"], below["f"])]
    bases = [inbox["a"], listed["c"], below["e"]]
    for task, base in zip(moved, bases, strict=True):
        assert int(key_of(base)[1:14], 36) - int(key_of(task)[1:14], 36) == 1, "just before its own sibling"


async def test_beside_a_task_elsewhere_it_is_placed_by_that_key(ann: Person) -> None:
    home = await create_list(ann)
    tasks = await create_all(ann, "ab", list_id=home["id"])
    elsewhere = await ann.create("x")
    late = await create_all(ann, "c", list_id=home["id"])

    after = await ann.put(tasks["a"]["id"], position={"after": elsewhere["id"]})

    assert key_of(elsewhere) < after["position"] < key_of(late["c"])
    assert await titles(ann, list_id=home["id"]) == "bac"


async def test_moving_and_placing_in_one_request(ann: Person) -> None:
    home = await create_list(ann)
    tasks = await create_all(ann, "ab", list_id=home["id"])
    task = await ann.create("x")

    await ann.put(task["id"], list_id=home["id"], position={"before": tasks["b"]["id"]})

    assert await titles(ann, list_id=home["id"]) == "axb"


async def test_a_missing_neighbour_and_a_foreign_one_are_the_same(ann: Person, bob: Person) -> None:
    others, own = await bob.create(), await ann.create()
    for neighbour in (others["id"], str(uuid4())):
        for place in ("after", "before"):
            body = {"title": "x", "position": {place: neighbour}}
            assert problems(await ann.http.post("/api/tasks", json=body)) == WRONG
            answer = await ann.http.put(f"/api/tasks/{own['id']}", json={"position": {place: neighbour}})
            assert problems(answer) == WRONG


async def test_a_task_is_not_placed_beside_itself(ann: Person) -> None:
    task = await ann.create()
    for place in ("after", "before"):
        answer = await ann.http.put(f"/api/tasks/{task['id']}", json={"position": {place: task["id"]}})
        assert problems(answer) == WRONG
    assert await ann.get(task["id"]) == task


async def test_between_equal_keys_the_neighbours_move(ann: Person) -> None:
    tasks = await create_all(ann, "abcd", position="a5")
    other = await ann.create("x", position="b00")
    cursor = await cursor_now(ann)

    await ann.put(other["id"], position={"after": tasks["a"]["id"]})

    assert await titles(ann) == "axbcd"
    changes, _ = await changes_since(ann, cursor)
    moved = {change["task"]["title"] for change in changes}
    assert moved == {"x", "a"}, "the fewest have moved"
    assert all(change["task"]["updated_at"] for change in changes)


async def test_between_two_keys_without_a_third_the_neighbours_move(ann: Person) -> None:
    tasks = {"a": await ann.create("a", position="a"), "b": await ann.create("b", position="a0")}

    await ann.create("x", position={"after": tasks["a"]["id"]})

    assert await titles(ann) == "axb"


@pytest.mark.parametrize("place", ["first", "last"])
async def test_at_the_end_of_all_keys_the_neighbours_move(ann: Person, place: str) -> None:
    end = "0" if place == "first" else "z" * 100
    await create_all(ann, "ab", position=end)

    await ann.create("x", position={"at": place})

    assert await titles(ann) == ("xab" if place == "first" else "abx")


async def test_up_to_a_hundred_neighbours_move_and_no_more(ann: Person) -> None:
    async def create_many(count: int) -> list[Task]:
        new = [{"op": "create", "task": {"title": "a", "position": "a5"}} for _ in range(count)]
        answer = await ann.http.post("/api/tasks/batch", json={"operations": new})
        return [result["task"] for result in answer.json()["results"]]

    equal = await create_many(100) + await create_many(100)
    body = {"title": "x", "position": {"after": equal[99]["id"]}}
    assert (await ann.http.post("/api/tasks", json=body)).status_code == 201
    assert await titles(ann) == "a" * 100 + "x" + "a" * 100

    for task in equal:
        await ann.http.delete(f"/api/tasks/{task['id']}")
    equal = await create_many(100) + await create_many(100) + await create_many(2)
    body = {"title": "x", "position": {"after": equal[100]["id"]}}
    cursor = await cursor_now(ann)
    assert problems(await ann.http.post("/api/tasks", json=body)) == {
        "position": "There is no room here without moving more than 100 tasks"
    }
    assert (await changes_since(ann, cursor))[0] == []


async def test_a_random_order_is_as_in_a_plain_list(ann: Person) -> None:
    chance = random.Random(3)  # noqa: S311 - so that a failure comes again
    tasks = await create_all(ann, "abcdefgh")
    order = list(tasks)
    for _ in range(60):
        letter, neighbour = chance.sample(order, 2)
        order.remove(letter)
        place: dict[str, str]
        match chance.choice(["after", "before", "first", "last"]):
            case "after":
                order.insert(order.index(neighbour) + 1, letter)
                place = {"after": tasks[neighbour]["id"]}
            case "before":
                order.insert(order.index(neighbour), letter)
                place = {"before": tasks[neighbour]["id"]}
            case "first":
                order.insert(0, letter)
                place = {"at": "first"}
            case _:
                order.append(letter)
                place = {"at": "last"}
        await ann.put(tasks[letter]["id"], position=place)
        assert await titles(ann) == "".join(order)


async def test_the_default_key_is_that_of_the_arithmetic(ann: Person) -> None:
    task = await ann.create()

    assert key_of(task) == default_key(UUID(task["id"]))


def test_that_there_is_no_room_is_found_out_quickly() -> None:
    """It took 700 ms of pure Python, for a request that is rejected and may be sent again and again."""
    siblings = [(uuid4(), "m" + "Z" * 97 + one + other) for one in DIGITS for other in DIGITS[1::2]][:202]
    begun = process_time()

    for _ in range(5):
        with pytest.raises(ValidationFailed):
            _with_room(siblings[100::-1], siblings[101:])

    assert process_time() - begun < 5 * 0.05


@pytest.fixture
async def owner_of_many(engine: str, new_database: MakeDatabase) -> AsyncIterator[tuple[Any, UUID]]:
    """Returns the database and an owner with many tasks of each kind that is no sibling; never analysed."""
    list_id, owner = UUID(int=1), uuid4()
    top, subtasks = TaskRow(list_id=list_id), 20_000
    tasks = [
        *(TaskRow(position=f"m{n:05}") for n in range(500)),
        *(TaskRow() for _ in range(500)),
        *(TaskRow(is_completed=True) for _ in range(10_000)),
        top,
        *(TaskRow(list_id=list_id, parent_id=top.id) for _ in range(subtasks)),
        *(TaskRow(list_id=list_id) for _ in range(500)),
    ]
    async with running(settings_for(await new_database(engine))) as app:
        await insert_task_rows(app, owner, tasks)
        yield database_of(app), owner


@pytest.mark.one_server("plans and statistics of one server")
async def test_neighbours_are_read_along_an_index_beside_many_other_tasks(
    owner_of_many: tuple[Any, UUID],
) -> None:
    database, owner = owner_of_many
    for (scope, after), statement in SIBLINGS.items():
        values = {
            "owner": owner,
            "task_id": uuid4(),
            "list_id": UUID(int=1),
            "parent_id": UUID(int=2),
            "limit": 101,
            "near": UUID(int=0),
            "key": "" if after else "~",
        }
        if isinstance(database, PostgresDatabase):
            read = await postgres_rows_read(database, statement, values)
            assert read <= 2 * 101, f"{scope}: {read} rows"
        else:
            step = SqliteStatement.compile(statement).guarded
            plan = sqlite_plan(database.reader, step, values)
            assert any("position (user_id=? AND" in line for line in plan), f"{scope}: {plan}"
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan
            steps = sqlite_steps(database.reader, step, values)
            assert steps < 101 * 100, f"{scope}: {steps} steps"
