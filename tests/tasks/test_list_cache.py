"""Lists that are given again: only while they still are what they were."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from support import Person, database_of
from support.paging import statements_run
from support.people import same_person

from taskward.database.statements import Read, Row, Values
from taskward.tasks.list_cache import ENTRY_OVERHEAD, MAX_ENTRY, CachedList, ListCache
from taskward.tasks.query import ListQuery
from taskward.tasks.store import TaskStore

OWNER = UUID(int=1)
ALL = ListQuery()
FIRST = ListQuery(limit="1")  # type: ignore[arg-type] # as a query has it


def finished(counter: int = 1, size: int = 100) -> CachedList:
    return CachedList(b"x" * size, f'"{counter}"', counter)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[ListQuery]:
    """Returns the queries whose pages were really read."""
    read: list[ListQuery] = []
    page = TaskStore.page

    async def noting(self: TaskStore, query: ListQuery, counter: int | None = None) -> object:
        read.append(query)
        return await page(self, query, counter)

    monkeypatch.setattr(TaskStore, "page", noting)
    return read


async def test_an_unchanged_list_is_read_once_and_is_the_same(ann: Person, pages: list[ListQuery]) -> None:
    await ann.create()
    answers = [await ann.http.get("/api/tasks?limit=5") for _ in range(3)]

    assert len(pages) == 1
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer.headers["etag"] for answer in answers} == {answers[0].headers["etag"]}


async def test_each_query_and_each_person_has_their_own(
    ann: Person, bob: Person, pages: list[ListQuery]
) -> None:
    await ann.create("Ann's")
    await bob.create("Bob's")
    queries = ["", "?limit=1", "?sort=title", "?is_completed=false", "?is_completed=true", "?q=ann"]
    for _ in range(2):
        for query in queries:
            for person, title in ((ann, "Ann's"), (bob, "Bob's")):
                tasks = (await person.http.get(f"/api/tasks{query}")).json()["tasks"]
                empty = "=true" in query or ("q=" in query and person is bob)
                assert [task["title"] for task in tasks] == ([] if empty else [title])
    assert len(pages) == 2 * len(queries)


async def test_a_request_reads_the_counter_once(
    two_apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = same_person(two_apps)
    task = await there.create("Task")
    path, counter, page = "/api/tasks?q=task", "owner's counter", "list tasks by -created_at with words"
    old = {"If-None-Match": (await here.http.get(path)).headers["etag"]}
    ran = statements_run(two_apps[0], monkeypatch)

    await there.http.put(f"/api/tasks/{task['id']}", json={"title": "A task"})
    assert [one["title"] for one in (await here.http.get(path, headers=old)).json()["tasks"]] == ["A task"]
    assert ran == [counter, page]

    ran.clear()
    unchanged = await here.http.get(path, headers=old)
    assert [one["title"] for one in unchanged.json()["tasks"]] == ["A task"]
    assert ran == [counter]

    for headers, title in ((old, "Nothing"), ({}, "Less than nothing")):
        await there.http.put(f"/api/tasks/{task['id']}", json={"title": title})
        ran.clear()
        empty = await here.http.get(path, headers=headers)
        assert empty.json()["tasks"] == []
        assert ran == [counter, page]
        assert empty.headers["etag"] == (await there.http.get(path)).headers["etag"]


async def test_an_empty_list_has_a_counter_that_is_not_newer(
    two_apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process adds a task right after the page has been read."""
    here, there = same_person(two_apps)
    task = await there.create("Other")
    await here.http.get("/api/tasks?q=task")
    await there.http.put(f"/api/tasks/{task['id']}", json={"title": "Another"})
    database = database_of(two_apps[0])
    rows = database.rows

    async def overtaken(read: Read, values: Values) -> Sequence[Row]:
        found: Sequence[Row] = await rows(read, values)
        if read.long:
            await there.create("Task")
        return found

    monkeypatch.setattr(database, "rows", overtaken)
    assert (await here.http.get("/api/tasks?q=task")).json()["tasks"] == []
    monkeypatch.undo()

    assert [one["title"] for one in (await here.http.get("/api/tasks?q=task")).json()["tasks"]] == ["Task"]


@pytest.mark.parametrize("write", ["create", "update", "delete", "batch", "import", "erase"])
async def test_every_write_is_in_the_next_list(
    two_apps: tuple[FastAPI, FastAPI], write: str, pages: list[ListQuery]
) -> None:
    here, there = same_person(two_apps)
    for writer in (here, there):  # by this process, and by another one
        task = await here.create("Before")
        await here.tasks()
        before = len(await here.tasks())
        path = f"/api/tasks/{task['id']}"
        match write:
            case "create":
                answer = await writer.http.post("/api/tasks", json={"title": "After"})
            case "update":
                answer = await writer.http.put(path, json={"title": "After"})
            case "delete":
                answer = await writer.http.delete(path)
            case "batch":
                operations = [{"op": "create", "task": {"title": "After"}}]
                answer = await writer.http.post("/api/tasks/batch", json={"operations": operations})
            case "import":
                document = {"tasks": [task | {"id": str(uuid4()), "title": "After"}]}
                answer = await writer.http.post("/api/me/import", json=document)
            case _:
                answer = await writer.http.delete("/api/me")
        assert answer.status_code < 300, answer.text

        titles = [task["title"] for task in await here.tasks()]

        gone = {"delete": 1, "erase": before}.get(write, 0)
        added = write in {"create", "batch", "import"}
        assert len(titles) == before - gone + added
        assert ("After" in titles) == (added or write == "update")
        await here.http.delete("/api/me")
    assert pages


def test_the_least_recently_used_entry_is_evicted() -> None:
    lists = ListCache(max_bytes=250 + 3 * ENTRY_OVERHEAD)
    owners = [uuid4() for _ in range(3)]
    lists.put(owners[0], ALL, finished())
    lists.put(owners[1], ALL, finished())
    lists.put(owners[0], FIRST, finished(size=30))
    lists.put(owners[2], ALL, finished())

    assert [lists.get(owner, ALL) is not None for owner in owners] == [True, False, True]
    assert lists._size == 230 + 3 * ENTRY_OVERHEAD


def test_the_size_is_what_is_kept() -> None:
    lists = ListCache()
    lists.put(OWNER, ALL, finished(1, 100))
    lists.put(OWNER, ALL, finished(1, 50))
    lists.put(OWNER, FIRST, finished(1, 70))
    assert lists._size == 120 + 2 * ENTRY_OVERHEAD
    lists.put(OWNER, FIRST, finished(2, 10))  # what is of an earlier counter will never be given again
    assert (lists._size, lists.get(OWNER, ALL)) == (10 + ENTRY_OVERHEAD, None)
    lists.put(OWNER, ALL, finished(3, MAX_ENTRY + 1))
    assert (lists._size, dict(lists._lists)) == (0, {})
    lists.put(OWNER, ALL, finished(4))
    lists.forget(OWNER)
    lists.forget(OWNER)
    assert (lists._size, dict(lists._lists)) == (0, {})


def test_a_list_that_is_too_large_is_not_cached_and_evicts_no_other() -> None:
    lists = ListCache(max_bytes=150 + ENTRY_OVERHEAD)
    lists.put(OWNER, ALL, finished())
    lists.put(uuid4(), ALL, finished(size=MAX_ENTRY + 1))
    assert lists.get(OWNER, ALL) is not None


def test_empty_lists_and_long_questions_take_room_too() -> None:
    lists = ListCache(max_bytes=10 * ENTRY_OVERHEAD)
    for _ in range(100):
        lists.put(uuid4(), ALL, finished(size=0))
    assert len(lists._lists) == 10
    lists.put(OWNER, ListQuery(q="x" * 4 * ENTRY_OVERHEAD), finished(size=0))
    assert lists.get(OWNER, ListQuery(q="x" * 4 * ENTRY_OVERHEAD)) is None
    assert (lists._size, len(lists._lists)) == (0, 0)
