"""Batched creates: each gets its own result, and none waits for the row of another owner."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import Response
from support import DATABASE_ERROR, MakeDatabase, Person, database_of, refusal, running, settings_for
from support.waiting import TIMEOUT
from support.write_sizes import sizes_of_writes

from taskward.database.postgres import deadlines
from taskward.database.postgres.batches import MAX_IN_FLIGHT

pytestmark = pytest.mark.processes


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return sizes_of_writes(monkeypatch)


async def people(app: FastAPI, number: int) -> list[Person]:
    """Returns users with a row in the database and without tasks."""
    all_of_them = [Person(app) for _ in range(number)]
    for person in all_of_them:
        task = await person.create()
        await person.http.delete(f"/api/tasks/{task['id']}")
    return all_of_them


def create(person: Person, title: str) -> "asyncio.Task[Any]":
    return asyncio.create_task(
        person.http.post("/api/tasks", json={"title": title, "description": f"{title}!"})
    )


async def counter(connection: Any, person: Person) -> int:
    number: int = await connection.fetchval("SELECT seq FROM users WHERE id = $1", person.sub)
    return number


async def versions(connection: Any, person: Person) -> list[int]:
    rows = await connection.fetch("SELECT version FROM tasks WHERE user_id = $1 ORDER BY version", person.sub)
    return [row[0] for row in rows]


async def test_creates_in_a_batch_return_the_same_as_alone(
    own_app: FastAPI, connection: Any, writes: list[int]
) -> None:
    known = await people(own_app, 6)
    before = {person: await counter(connection, person) for person in known}
    writes.clear()

    asked = [(person, f"{n} of {m}") for m, person in enumerate(known) for n in range(m)]
    answers = await asyncio.gather(*(create(person, title) for person, title in asked))

    assert max(writes) > 1
    assert len(writes) < len(asked)
    for (person, title), answer in zip(asked, answers, strict=True):
        task = answer.json()
        assert answer.status_code == 201, answer.text
        assert (task["user_id"], task["title"], task["description"]) == (person.sub, title, f"{title}!")
        unbatched = await person.http.get(answer.headers["Location"])
        assert (unbatched.json(), unbatched.headers["ETag"]) == (task, answer.headers["ETag"])
    for m, person in enumerate(known):
        numbers = [before[person], *await versions(connection, person)]
        assert len(set(numbers)) == m + 1
        assert await counter(connection, person) == numbers[-1]
        in_order = await connection.fetch(
            "SELECT title FROM tasks WHERE user_id = $1 ORDER BY version", person.sub
        )
        assert [row[0] for row in in_order] == [f"{n} of {m}" for n in range(m)]


async def test_new_users_are_created_with_their_first_tasks(own_app: FastAPI, writes: list[int]) -> None:
    new = [Person(own_app, email=f"new-{n}@example.com") for n in range(5)]

    answers = await asyncio.gather(*(create(person, f"{n}") for n in range(3) for person in new))

    assert {answer.status_code for answer in answers} == {201}
    assert max(writes) > 1
    for person in new:
        assert {task["title"] for task in await person.tasks()} == {"0", "1", "2"}
        assert (await person.http.get("/api/me")).json()["email"] == f"new-{new.index(person)}@example.com"


async def test_no_create_waits_for_another_owners_row(
    own_app: FastAPI, connection: Any, writes: list[int]
) -> None:
    stuck, also_stuck, *others = await people(own_app, 6)
    writes.clear()
    async with connection.transaction():
        await connection.execute(
            "SELECT FROM users WHERE id IN ($1, $2) FOR UPDATE", stuck.sub, also_stuck.sub
        )
        waiting = [create(stuck, "0")]  # alone, so that it waits for its row
        await until_statements_wait(connection)
        waiting += [create(stuck, f"{n}") for n in range(1, 3)]
        waiting += [create(also_stuck, f"{n}") for n in range(MAX_IN_FLIGHT)]
        done, _ = await asyncio.wait([create(person, "free") for person in others], timeout=TIMEOUT)
        assert len(done) == len(others)
        assert not any(task.done() for task in waiting)
        more, _ = await asyncio.wait([create(person, "free again") for person in others], timeout=TIMEOUT)
        assert len(more) == len(others)
        assert not any(task.done() for task in waiting)

    answers = await asyncio.gather(*waiting, *done, *more)

    assert {answer.status_code for answer in answers} == {201}
    assert max(writes) > 1
    assert {task["title"] for task in await stuck.tasks()} == {"0", "1", "2"}


async def test_an_error_of_one_create_does_not_fail_the_others(
    own_app: FastAPI, connection: Any, writes: list[int]
) -> None:
    unlucky, *others = await people(own_app, 4)
    writes.clear()
    await connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'on purpose' USING ERRCODE = 'check_violation'; END $$; "
        "CREATE TRIGGER refuse BEFORE INSERT ON tasks FOR EACH ROW "
        "WHEN (NEW.title = 'refuse me') EXECUTE FUNCTION refuse()"
    )
    try:
        alone, refused, *stored = await asyncio.gather(
            create(others[0], "store me"),  # alone, and meanwhile the others as a batch
            create(unlucky, "refuse me"),
            *(create(person, "store me") for person in others[1:]),
        )
    finally:
        await connection.execute("DROP TRIGGER refuse ON tasks; DROP FUNCTION refuse()")

    assert max(writes) > 1
    assert refusal(refused) == DATABASE_ERROR
    assert {answer.status_code for answer in (alone, *stored)} == {201}
    assert await unlucky.tasks() == []
    for person in others:
        assert [task["title"] for task in await person.tasks()] == ["store me"]


async def test_a_batch_with_an_unknown_outcome_is_not_repeated(
    own_app: FastAPI, connection: Any, url: str, writes: list[int]
) -> None:
    known = await people(own_app, 4)
    writes.clear()
    onlooker = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE tasks IN SHARE MODE")
        waiting = [create(person, "lost") for person in known]
        async with asyncio.timeout(TIMEOUT):
            while sum(writes) < len(known):  # noqa: ASYNC110 - there is no event when they are sent
                await asyncio.sleep(0.01)
        await until_statements_wait(onlooker, len(writes))
        assert await onlooker.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
    answers = await asyncio.gather(*waiting)
    await onlooker.close()

    assert max(writes) > 1
    assert [refusal(answer) for answer in answers] == [DATABASE_ERROR] * 4
    for person in known:
        assert await person.tasks() == []
        await person.create("found again")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/tasks"),
        ("PUT", "/api/tasks/{id}"),
        ("DELETE", "/api/tasks/{id}"),
    ],
)
async def test_a_single_write_with_an_unknown_outcome_is_not_repeated(
    own_app: FastAPI, connection: Any, url: str, method: str, path: str
) -> None:
    person = Person(own_app)
    task = await person.create("as it was")
    request = person.http.request(method, path.format(**task), json={"title": "lost"})
    assert refusal(await with_a_lost_connection(connection, url, request)) == DATABASE_ERROR
    assert await person.tasks() == [task]


async def test_a_transaction_whose_connection_is_lost_before_its_commit_is_repeated(
    own_app: FastAPI, connection: Any, url: str
) -> None:
    """The server rolls it back then, so the outcome is known."""
    person = Person(own_app)
    await person.create("as it was")
    operations = [{"op": "create", "task": {"title": "sent twice"}}]
    request = person.http.post("/api/tasks/batch", json={"operations": operations})
    answer = await with_a_lost_connection(connection, url, request)
    assert answer.status_code == 200
    assert [task["title"] for task in await person.tasks()] == ["sent twice", "as it was"]


async def with_a_lost_connection(
    connection: Any, url: str, request: Coroutine[Any, Any, Response]
) -> Response:
    """Sends a request, and ends its connection to the server while its statement waits for a lock."""
    onlooker = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE tasks IN SHARE MODE")
        waiting = asyncio.create_task(request)
        await until_statements_wait(onlooker)
        assert await onlooker.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
    await onlooker.close()
    return await waiting


async def until_statements_wait(onlooker: Any, number: int = 1) -> None:
    """Waits until that number of statements wait for a lock on the server, which has no event for it."""
    async with asyncio.timeout(TIMEOUT):
        while await onlooker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < number:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.01)


async def test_processes_that_create_for_the_same_owners_count_every_write_once(
    url: str, own_app: FastAPI, connection: Any, writes: list[int]
) -> None:
    known = await people(own_app, 3)
    before = {person: await counter(connection, person) for person in known}
    async with running(settings_for(url)) as other_app:
        elsewhere = [Person(other_app, person.sub) for person in known]
        for n in range(10):
            answers = await asyncio.gather(
                *(create(person, f"{n} {m}") for m in range(4) for person in [*known, *elsewhere])
            )
            assert {answer.status_code for answer in answers} == {201}

    assert max(writes) > 1
    for person in known:
        numbers = [before[person], *await versions(connection, person)]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 81
        assert await counter(connection, person) == numbers[-1]


async def test_a_create_has_one_deadline_together_and_alone(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "STATEMENT_TIMEOUT", 3.0)
    url = await new_database("postgres")
    async with running(settings_for(url)) as app:
        first, stuck, other = await people(app, 3)
        table, row = await asyncpg.connect(url), await asyncpg.connect(url)
        async with row.transaction():
            await row.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", stuck.sub)
            async with table.transaction():  # delays the batch, which then skips the locked row
                await table.execute("LOCK TABLE tasks IN EXCLUSIVE MODE")
                begun = monotonic()
                answers = asyncio.gather(
                    create(first, "alone"), create(stuck, "stuck"), create(other, "free")
                )
                await asyncio.sleep(0.8 * deadlines.STATEMENT_TIMEOUT)
            alone, refused, stored = await answers
            took = monotonic() - begun
        await table.close()
        await row.close()

    assert refusal(refused) == DATABASE_ERROR
    assert alone.status_code == stored.status_code == 201
    assert took < 1.4 * deadlines.STATEMENT_TIMEOUT


async def test_with_row_level_security_each_owner_writes_alone(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("postgres"), database_rls=True)) as app:
        known = await people(app, 3)
        del database_of(app).batcher  # it is not used

        answers = await asyncio.gather(*(create(person, "alone") for person in known))

    assert {answer.status_code for answer in answers} == {201}
