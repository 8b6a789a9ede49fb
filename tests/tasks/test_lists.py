"""docs/contract.md#pages-and-sorts: lists that grow."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from fastapi import FastAPI
from support import Person, database_of, problems
from support.paging import (
    NOON,
    SORTS,
    Stored,
    in_order,
    insert_tasks,
    pages,
    some_tasks,
    statements_run,
    walk,
)
from support.query_plans import plan_nodes, postgres_plans, sqlite_plan

from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.sqlite.database import SqliteDatabase
from taskward.database.statements import Read
from taskward.ids import new_id
from taskward.tasks.statements import LISTS

LIMIT = "Limit must be a whole number from 1 to 1000"
IS_COMPLETED = "Is completed must be true or false"
SORT = (
    "Sort must be one of -created_at, created_at, -updated_at, updated_at, title, -title, "
    "position, -position, due, -due, priority, -priority, completed_at, -completed_at"
)

TITLES_IN_ORDER = [
    "",
    " ",
    "A",
    "Aa",
    "B",
    "Z",
    "_",
    "a",
    "ab",
    "b",
    "é",
    "z\u0301",
    "ß",
    "\ufb01",
    "\uffee",
    "\U0001f600",
]
"""Appended to a letter; the last two stand the other way round where UTF-16 is compared."""


class TestOrder:
    """Every sort is fully determined."""

    @pytest.mark.parametrize("sort", SORTS)
    async def test_each_sort_is_by_its_column_and_then_by_id_in_the_same_direction(
        self, app: FastAPI, ann: Person, sort: str
    ) -> None:
        await insert_tasks(app, ann, some_tasks(60))
        everything = await ann.tasks()

        answer = await ann.http.get("/api/tasks", params={"sort": sort})

        assert answer.json()["tasks"] == in_order(everything, sort)

    @pytest.mark.parametrize("sort", SORTS)
    async def test_equal_values_are_ordered_by_id(self, app: FastAPI, ann: Person, sort: str) -> None:
        tasks = [Stored(new_id(), "The same") for _ in range(9)]
        await insert_tasks(app, ann, random.Random(1).sample(tasks, 9))  # noqa: S311 - any order will do

        found = [task["id"] for task in await walk(ann, sort=sort, limit=2)]

        ids = [str(task.id) for task in tasks]
        assert found == (ids[::-1] if sort.startswith("-") else ids)

    async def test_titles_are_ordered_by_code_points(self, app: FastAPI, ann: Person) -> None:
        titles = sorted(f"M{end}".strip() for end in set(TITLES_IN_ORDER) - {" "})
        assert titles[-2:] == ["M\uffee", "M\U0001f600"]
        await insert_tasks(app, ann, [Stored(new_id(), title) for title in titles[1::2] + titles[::2]])

        assert [task["title"] for task in await walk(ann, sort="title", limit=3)] == titles
        assert [task["title"] for task in await walk(ann, sort="-title", limit=3)] == titles[::-1]

    async def test_titles_are_stored_with_the_collation_of_code_points(self, app: FastAPI) -> None:
        """A server in another language would order them otherwise, and the one here may be in none."""
        if not isinstance(database_of(app), PostgresDatabase):
            return  # SQLite compares bytes in every language
        async with database_of(app).pool.acquire() as connection:
            collation = await connection.fetchval(
                "SELECT collation_name FROM information_schema.columns "
                "WHERE table_name = 'tasks' AND column_name = 'title'"
            )
        assert collation == "C"

    async def test_without_a_sort_the_newest_comes_first(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(5))

        plain = (await ann.http.get("/api/tasks")).content

        assert plain == (await ann.http.get("/api/tasks?sort=-created_at")).content
        assert orjson.loads(plain)["tasks"] == in_order(orjson.loads(plain)["tasks"], "-created_at")

    async def test_an_update_moves_a_task_to_the_end_of_its_order_by_change(self, ann: Person) -> None:
        first, second = await ann.create("first"), await ann.create("second")
        await ann.http.patch(f"/api/tasks/{first['id']}", json={"is_completed": True})

        assert [task["id"] for task in await walk(ann, sort="updated_at")] == [second["id"], first["id"]]
        assert [task["id"] for task in await walk(ann, sort="-updated_at")] == [first["id"], second["id"]]
        assert [task["id"] for task in await walk(ann)] == [second["id"], first["id"]]


class TestPages:
    """A page, and whether another follows."""

    @pytest.mark.parametrize("sort", SORTS)
    async def test_the_pages_put_together_are_the_list(self, app: FastAPI, ann: Person, sort: str) -> None:
        await insert_tasks(app, ann, some_tasks(24))
        whole = await walk(ann, sort=sort)

        for limit in (1, 2, 3, 5, 8, 23, 24, 25):
            assert await walk(ann, sort=sort, limit=limit) == whole

    @pytest.mark.parametrize(
        ("count", "limit", "sizes"),
        [(0, 1, [0]), (1, 1, [1]), (2, 1, [1, 1]), (5, 6, [5]), (6, 6, [6]), (7, 6, [6, 1]), (12, 6, [6, 6])],
    )
    async def test_next_cursor_is_null_exactly_when_nothing_follows(
        self, app: FastAPI, ann: Person, count: int, limit: int, sizes: list[int]
    ) -> None:
        await insert_tasks(app, ann, some_tasks(count))

        assert [len(page) async for page in pages(ann, limit=limit)] == sizes

    async def test_an_answer_is_the_tasks_and_the_next_cursor(self, ann: Person) -> None:
        assert (await ann.http.get("/api/tasks")).content == b'{"tasks":[],"next_cursor":null}'

    async def test_next_cursor_counts_only_what_the_filter_lets_through(
        self, app: FastAPI, ann: Person
    ) -> None:
        await insert_tasks(app, ann, [Stored(new_id(), f"{n}", is_completed=n in {3, 5}) for n in range(9)])

        async def sizes(**query: Any) -> list[int]:
            return [len(page) async for page in pages(ann, **query)]

        assert await sizes(limit=2, is_completed="true") == [2]
        assert await sizes(limit=1, is_completed="true") == [1, 1]
        assert await sizes(limit=7, is_completed="false") == [7]
        assert await sizes(limit=4, is_completed="false") == [4, 3]

    async def test_a_page_has_1000_tasks_by_default(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(1001))

        assert [len(page) async for page in pages(ann)] == [1000, 1]
        assert [len(page) async for page in pages(ann, limit=1000)] == [1000, 1]

    async def test_exactly_1000_tasks_are_one_page(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(1000))

        assert [len(page) async for page in pages(ann)] == [1000]

    async def test_the_page_after_may_have_another_limit(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(10))
        whole = await walk(ann)
        first = (await ann.http.get("/api/tasks?limit=3")).json()

        rest = (await ann.http.get("/api/tasks", params={"cursor": first["next_cursor"], "limit": 9})).json()

        assert first["tasks"] + rest["tasks"] == whole

    async def test_a_page_whose_tasks_have_gone_is_empty_and_the_last(self, ann: Person) -> None:
        old, new = await ann.create("old"), await ann.create("new")
        cursor = (await ann.http.get("/api/tasks?limit=1")).json()["next_cursor"]
        for task in (old, new):
            await ann.http.delete(f"/api/tasks/{task['id']}")

        answer = await ann.http.get("/api/tasks", params={"limit": 1, "cursor": cursor})

        assert answer.json() == {"tasks": [], "next_cursor": None}

    async def test_a_page_is_read_in_one_statement(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await insert_tasks(app, ann, some_tasks(5))
        cursor = (await ann.http.get("/api/tasks?limit=2")).json()["next_cursor"]
        ran = statements_run(app, monkeypatch)

        await ann.http.get("/api/tasks", params={"limit": 2, "cursor": cursor})

        assert ran == ["list tasks by -created_at from a position"]


class TestFilter:
    async def test_is_completed_picks_the_tasks_in_that_state(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(12))
        whole = await walk(ann)

        for state in (True, False):
            found = await walk(ann, is_completed=str(state).lower())
            assert found == [task for task in whole if task["is_completed"] is state]
            assert found

    @pytest.mark.parametrize("sort", SORTS)
    async def test_a_filtered_walk_keeps_the_order(self, app: FastAPI, ann: Person, sort: str) -> None:
        await insert_tasks(app, ann, some_tasks(30))
        wanted = [task for task in await walk(ann, sort=sort) if not task["is_completed"]]

        assert await walk(ann, sort=sort, is_completed="false", limit=3) == wanted

    @pytest.mark.parametrize("sort", SORTS)
    async def test_tasks_of_other_users_are_not_listed(
        self, app: FastAPI, ann: Person, bob: Person, sort: str
    ) -> None:
        await insert_tasks(app, ann, some_tasks(7))
        await insert_tasks(app, bob, some_tasks(8))

        assert {task["user_id"] for task in await walk(ann, sort=sort, limit=2)} == {ann.sub}
        assert len(await walk(ann, sort=sort, limit=2)) == 7


class TestStrictness:
    """The query is read as strictly as a body."""

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("limit", ["1", "9", "10", "999", "1000"])
    async def test_a_limit_from_1_to_1000_is_taken(self, ann: Person, limit: str) -> None:
        assert (await ann.http.get(f"/api/tasks?limit={limit}")).status_code == 200

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "limit",
        [
            "", "0", "-1", "1001", "10000000000", "9" * 5000, "1.0", "1e2", "0x10", "01", "00", "%2B1", "+1",
            "1+", "%201", "1%20", "%091", "1%0A", "1_0", "ten", "true", "null", "None", "NaN", "%D9%A1",
            "%EF%BC%91", "%C2%B2", "1,2", "[1]",
        ],
    )  # fmt: skip
    async def test_any_other_limit_is_refused_and_never_clamped(self, ann: Person, limit: str) -> None:
        assert problems(await ann.http.get(f"/api/tasks?limit={limit}")) == {"limit": LIMIT}

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "state",
        [
            "", "True", "TRUE", "False", "1", "0", "yes", "no", "on", "t", "null", "true%20", "%20true",
            "+true", "true,false",
        ],
    )  # fmt: skip
    async def test_a_state_is_true_or_false_and_nothing_else(self, ann: Person, state: str) -> None:
        answer = await ann.http.get(f"/api/tasks?is_completed={state}")

        assert problems(answer) == {"is_completed": IS_COMPLETED}

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "sort",
        [
            "", "id", "-id", "Title", "TITLE", "+title", "%2Btitle", "--title", "title%20", "title,id",
            "title;", "created", "description", "user_id", "null", "-", "title%20desc", "created_at--",
        ],
    )  # fmt: skip
    async def test_a_sort_is_one_of_those_known(self, ann: Person, sort: str) -> None:
        assert problems(await ann.http.get(f"/api/tasks?sort={sort}")) == {"sort": SORT}

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("name", ["limit", "cursor", "is_completed", "q", "sort"])
    async def test_a_parameter_given_twice_is_refused(self, ann: Person, name: str) -> None:
        value = {"limit": "5", "is_completed": "true", "sort": "title"}.get(name, "x")

        found = problems(await ann.http.get(f"/api/tasks?{name}={value}&{name}={value}"))

        assert found == {name: "The query parameter is given more than once"}

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "name",
        ["page", "offset", "LIMIT", "Sort", "is-completed", "isCompleted", "user_id", "", "q[]", "_"],
    )
    async def test_an_unknown_parameter_is_refused(self, ann: Person, name: str) -> None:
        answer = await ann.http.get(f"/api/tasks?{name}=1")

        assert problems(answer) == {name: "Unknown query parameter"}

    async def test_an_empty_q_is_no_filter(self, ann: Person) -> None:
        await ann.create()

        assert len(await walk(ann, q="")) == 1

    @pytest.mark.engines("memory")
    async def test_all_that_is_wrong_with_a_query_is_said_at_once(self, ann: Person) -> None:
        found = problems(await ann.http.get("/api/tasks?limit=0&is_completed=1&sort=x&colour=red&q=1&q=2"))

        assert found == {
            "limit": LIMIT,
            "is_completed": IS_COMPLETED,
            "sort": SORT,
            "colour": "Unknown query parameter",
            "q": "The query parameter is given more than once",
        }

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "query", ["q=%00", "q=%FF", "q=%ED%A0%80", "q=a%00b", "cursor=%00", "cursor=%FF"]
    )
    async def test_what_is_no_text_is_refused(self, ann: Person, query: str) -> None:
        found = problems(await ann.http.get(f"/api/tasks?{query}"))

        assert found == {query.partition("=")[0]: "The query parameter is not valid text in UTF-8"}


class TestWalkAmongWriters:
    """The pages contain each task that existed throughout exactly once, for any concurrent writes."""

    async def test_a_walk_over_20000_tasks_while_others_insert_and_delete(
        self, app: FastAPI, ann: Person
    ) -> None:
        stored = some_tasks(20_000)
        await insert_tasks(app, ann, stored)

        await _walk_among_writers(ann, stored, sort="-created_at", limit=1000)

    @pytest.mark.parametrize("sort", SORTS)
    async def test_each_sort_is_walked_while_others_insert_and_delete(
        self, app: FastAPI, ann: Person, sort: str
    ) -> None:
        stored = some_tasks(300)
        await insert_tasks(app, ann, stored)

        await _walk_among_writers(ann, stored, sort=sort, limit=20)


async def _walk_among_writers(person: Person, stored: list[Stored], *, sort: str, limit: int) -> None:
    """Walk on while, beside every page, tasks are made and others deleted, the cursor's own among them."""
    chance = random.Random(sort)  # noqa: S311 - the same tasks leave in every run
    leavers = chance.sample([str(task.id) for task in stored], len(stored) // 10)
    left: set[str] = set()
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        leaving = {leavers.pop() for _ in range(min(3, len(leavers)))} | set(seen[-1:])
        leaving -= left
        left |= leaving
        query = {"sort": sort, "limit": str(limit)} | cursor
        deletions = asyncio.gather(*(person.http.delete(f"/api/tasks/{task_id}") for task_id in leaving))
        creations = asyncio.gather(
            *(person.create(f"Task {chance.randrange(len(stored) // 2)}") for _ in range(3)),
        )
        page = (await person.http.get("/api/tasks", params=query)).json()
        assert [answer.status_code for answer in await deletions] == [200] * len(leaving)
        await creations
        seen += [task["id"] for task in page["tasks"]]
        if page["next_cursor"] is None:
            break
        assert len(page["tasks"]) == limit
        cursor = {"cursor": page["next_cursor"]}
    stayed = {str(task.id) for task in stored} - left
    assert len(stayed) > len(stored) * 0.8
    assert len(seen) == len(set(seen))
    assert stayed <= set(seen)


@pytest.mark.one_server("plans and statistics of one server")
class TestPlans:
    """The plan of each list: an index that begins with the owner, and no sort for an order by age."""

    @pytest.mark.parametrize("sort", SORTS)
    async def test_a_list_reads_the_owners_rows_through_an_index(self, crowded: FastAPI, sort: str) -> None:
        for read in [LISTS[shape] for shape in LISTS if shape.sort == sort]:
            for accesses, sorts in await _plans(database_of(crowded), read):
                assert accesses == {"the owner's index"}
                assert not sorts or sort.removeprefix("-") in {"updated_at", "title"}


OWNER = uuid4()

Plan = tuple[set[str], bool]
"""The ways by which a statement comes by the tasks, and whether it sorts them."""


@pytest.fixture(scope="session")
async def crowded(app: FastAPI) -> FastAPI:
    """Returns the app with many other owners' rows in it, and statistics about them."""
    await insert_tasks(app, OWNER, some_tasks(2000))
    for _ in range(150):
        await insert_tasks(app, uuid4(), some_tasks(100))
    database = database_of(app)
    if isinstance(database, PostgresDatabase):
        async with database.pool.acquire() as connection:
            await connection.execute("ANALYZE")
    return app


async def _plans(database: Any, read: Read) -> list[Plan]:
    """Returns the plan for these values and, on PostgreSQL, the one for any."""
    values = {
        "owner": OWNER,
        "words": ["task"],
        "limit": 101,
        "after_id": UUID(int=7 << 76),
        "after_title": "Task 5",
        "after_updated_at": NOON + timedelta(seconds=9),
    }
    if isinstance(database, SqliteDatabase):
        [step] = SqliteStatement.compile(read).statements
        return [_sqlite_plan(sqlite_plan(database.writer, step, values))]
    return [_postgres_plan(plan) for plan in await postgres_plans(database, read, values)]


def _postgres_plan(top: dict[str, Any]) -> Plan:
    nodes = list(plan_nodes(top))
    accesses = {_access(node) for node in nodes if "tasks" in {node.get("Relation Name"), node.get("Alias")}}
    return accesses, any("Sort" in node["Node Type"] for node in nodes)


def _access(node: dict[str, Any]) -> str:
    """Returns the way to the tasks; a bitmap has the condition of its heap in the index below it."""
    condition = node.get("Index Cond", "") + node.get("Recheck Cond", "")
    return "the owner's index" if "user_id = " in condition else str(node)


def _sqlite_plan(lines: list[str]) -> Plan:
    accesses = {
        "the owner's index" if line.startswith("SEARCH") and "(user_id=?" in line else line
        for line in lines
        if " tasks" in line
    }
    return accesses, any("TEMP B-TREE" in line for line in lines)
