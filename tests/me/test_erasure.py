"""docs/contract.md#a-users-own-data: DELETE /api/me."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from sqlalchemy import Table
from sqlmodel import SQLModel
from support import NO_SUCH_TASK, MakeDatabase, Person, database_of, refusal, running, settings_for
from support.change_feed import changes
from support.import_documents import NO_SUCH_USER, a_task, export, import_tasks, many, without_owner
from support.paging import NOON, insert_rows

from taskward.database.sqlite.database import SqliteDatabase
from taskward.http.caller import Owner
from taskward.me.import_models import ImportedComment, ImportedTask
from taskward.me.staging import Staging

ERASED = {"message": "All data deleted"}
CANARY = "canary1147"
MOMENT = "2026-01-02T03:04:05Z"
_WITHOUT_USER_DATA = {"restores", "owner_locks", "time_zone_data", "webhook_marks", "webhook_endpoint"}
TABLES = sorted(
    (table for table in SQLModel.metadata.tables.values() if table.name not in _WITHOUT_USER_DATA),
    key=lambda table: table.name,
)
"""All except those without user data, or with rows only during an operation or with webhooks."""


async def erase(person: Person) -> None:
    answer = await person.http.delete("/api/me")
    assert (answer.status_code, answer.json()) == (200, ERASED)


async def rows_with(app: FastAPI, table: Table, *signs: str) -> list[list[str]]:
    """Returns the rows of a table that contain one of the markers, in any letter case, past the app."""
    database = database_of(app)
    text = " || ' ' || ".join(f"coalesce(CAST({column.name} AS text), '')" for column in table.c)
    where = " OR ".join(f"lower({text}) LIKE '%{sign}%'" for sign in signs)
    query = f"SELECT * FROM {table.name} WHERE {where}"  # noqa: S608 - names of the schema
    if isinstance(database, SqliteDatabase):
        rows = database.writer.execute(query).fetchall()
    else:
        async with database.pool.acquire() as connection:
            rows = await connection.fetch(query)
    return [[str(value) for value in row] for row in rows]


async def traces(app: FastAPI, *signs: str) -> list[str]:
    """Returns the tables that contain one of the markers, in any letter case."""
    return [table.name for table in TABLES if await rows_with(app, table, *signs)]


async def fill(app: FastAPI, person: Person, word: str) -> str:
    """Writes something into every column that can hold what a person wrote; returns the id of a space."""
    fields: dict[str, Any] = {"position": word, "metadata": {"word": word}}
    held, dropped = [
        (await person.http.post("/api/lists", json={"title": f"{word} list", **fields})).json()
        for _ in range(2)
    ]
    await person.http.delete(f"/api/lists/{dropped['id']}")
    token = await person.http.post("/api/tokens", json={"name": f"{word} script", "access": "read"})
    assert token.status_code == 201
    kept = await person.create(
        f"{word} Title", description=f"{word} Description", list_id=held["id"], labels=[word], **fields
    )
    gone = await person.create(f"{word} Gone")
    await person.http.delete(f"/api/tasks/{gone['id']}")
    trashed = await person.create(f"{word} Trashed", description=f"{word} too", labels=[word], **fields)
    await person.http.delete(f"/api/tasks/{trashed['id']}", params={"to": "trash"})
    await person.put(kept["id"], description=f"{word} changed")
    comment = {"task_id": kept["id"], "text": f"{word} Comment", "metadata": {"word": word}}
    for _ in range(2):
        made = await person.http.post("/api/comments", json=comment)
        assert made.status_code == 201
    await person.http.delete(made.headers["location"])
    thrown = await person.create(f"{word} Thrown")
    await person.http.post("/api/comments", json={**comment, "task_id": thrown["id"]})
    await person.http.delete(f"/api/tasks/{thrown['id']}", params={"to": "trash"})
    for path, body in [
        ("/api/tasks", {"title": f"{word} keyed"}),
        ("/api/tasks/batch", {"operations": [{"op": "create", "task": {"title": f"{word} batch"}}]}),
        ("/api/me/import", {"tasks": [a_task(title=f"{word} imported")]}),
    ]:
        answer = await person.http.post(path, json=body, headers={"Idempotency-Key": f"{word}-{path}"})
        assert answer.status_code < 300
    abandoned = Staging(database_of(app), Owner(UUID(person.sub)))
    await abandoned.claim()
    await abandoned.add(
        [
            ImportedTask.model_validate(
                a_task(title=f"{word} staged", description=f"{word} too", labels=[word], **fields)
            )
        ]
    )
    staged = {**comment, "id": str(uuid4()), "created_at": MOMENT, "updated_at": MOMENT}
    await abandoned.add_comments([ImportedComment.model_validate(staged)])
    reminder = {"user_id": UUID(person.sub), "task_id": UUID(kept["id"]), "n": 0, "fire_at": NOON}
    await insert_rows(app, "reminders", [reminder])
    member = {"user_id": UUID(person.sub), "member_id": uuid4(), "slot": 1, "version": 1, "reminders": "[]"}
    for table, task in (("member_reminders", kept), ("trash_member_reminders", trashed)):
        await insert_rows(app, table, [{**member, "task_id": UUID(task["id"])}])
    space = {"title": f"{word} space", "name": f"{word} name", "metadata": {"word": word}}
    path = (await person.http.post("/api/spaces", json=space)).headers["location"]
    assert (await person.http.post(f"{path}/invitations", json={})).status_code == 201
    return path.rpartition("/")[2]


async def test_everything_is_gone_from_every_table(app: FastAPI) -> None:
    ann = Person(app, email=f"{CANARY}@example.com")
    space = await fill(app, ann, CANARY)
    assert await traces(app, CANARY) == [
        "access_tokens",
        "comments",
        "idempotency_keys",
        "import_comments",
        "import_tasks",
        "lists",
        "members",
        "spaces",
        "task_labels",
        "tasks",
        "trash",
        "trash_comments",
        "users",
    ]
    assert await traces(app, ann.sub, space) == [table.name for table in TABLES]

    await erase(ann)

    assert await traces(app, CANARY, ann.sub, space) == []
    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER
    assert await export(ann) == {"user": None, "tasks": []}
    assert await ann.tasks() == []


async def test_the_canary_sits_in_every_column_that_can_hold_one(app: FastAPI) -> None:
    """A column that is new is either filled above or named here as none that a person writes into."""
    ann = Person(app, email="sparrow@example.com")
    await fill(app, ann, "sparrow")
    filled = {
        f"{table.name}.{column.name}"
        for table in TABLES
        for row in await rows_with(app, table, "sparrow")
        for column, value in zip(table.c, row, strict=True)
        if "sparrow" in value.lower()
    }
    texts = {
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in table.c
        if column.type.python_type is str
    }
    await erase(ann)

    assert texts - filled == {
        *(f"activity.{name}" for name in ("action", "fields", "via")),
        *(f"access_tokens.{name}" for name in ("digest", "access", "spaces")),
        "idempotency_keys.digest",
        "idempotency_keys.location",
        "idempotency_keys.tag",
        "invitations.digest",
        *(f"{one}.{name}" for one in ("tasks", "import_tasks", "trash") for name in ("due_key", "start_key")),
        *(f"{one}.past_recurrence" for one in ("tasks", "trash")),
        *(f"{one}.reminders" for one in ("member_reminders", "trash_member_reminders")),
        *(f"{one}.mentions" for one in ("comments", "trash_comments")),
        "users.time_zone",
    }


async def test_the_rows_of_other_users_stay_as_they_are(app: FastAPI, ann: Person, bob: Person) -> None:
    await fill(app, ann, "hers")
    his = (bob.sub, await fill(app, bob, "his"))
    before = {table.name: sorted(await rows_with(app, table, *his)) for table in TABLES}
    document, followed = await export(bob), (await changes(bob))["changes"]

    await erase(ann)

    assert {table.name: sorted(await rows_with(app, table, *his)) for table in TABLES} == before
    assert all(before.values()), before
    assert (await export(bob), (await changes(bob))["changes"]) == (document, followed)


async def test_erasing_nothing_is_an_erasure_too(ann: Person) -> None:
    for _ in range(2):
        await erase(ann)

    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER


async def test_an_erasure_takes_no_query_and_is_not_a_get(ann: Person) -> None:
    await ann.create()

    assert (await ann.http.delete("/api/me?sure=yes")).status_code == 400
    assert len(await ann.tasks()) == 1


async def test_a_cursor_from_before_is_expired(ann: Person) -> None:
    await ann.create()
    middle = (await changes(ann))["cursor"]
    await ann.create()
    last = (await changes(ann))["cursor"]

    for again in (False, True):
        await erase(ann)
        if again:
            await import_tasks(ann, *many(5))
        for cursor in (middle, last):
            answer = await ann.http.get("/api/changes", params={"since": cursor})
            assert refusal(answer) == (
                410,
                "CURSOR_EXPIRED",
                "The cursor is too old; start over without one",
            )
    assert len((await changes(ann))["changes"]) == 5


async def test_tags_from_before_match_nothing_afterwards(ann: Person) -> None:
    task = await ann.create()
    document = await export(ann)
    listed = (await ann.http.get("/api/tasks")).headers["etag"]
    tag = (await ann.http.get(f"/api/tasks/{task['id']}")).headers["etag"]

    await erase(ann)
    assert (await ann.http.get("/api/tasks", headers={"If-None-Match": listed})).status_code == 200
    gone = await ann.http.get(f"/api/tasks/{task['id']}", headers={"If-None-Match": tag})
    assert refusal(gone) == NO_SUCH_TASK
    await import_tasks(ann, *document["tasks"])

    path = f"/api/tasks/{task['id']}"
    assert (await ann.http.get("/api/tasks", headers={"If-None-Match": listed})).status_code == 200
    assert (await ann.http.get(path, headers={"If-None-Match": tag})).status_code == 200
    assert (await ann.http.put(path, json={"title": "x"}, headers={"If-Match": tag})).status_code == 412
    assert (await ann.http.delete(path, headers={"If-Match": tag})).status_code == 412
    assert await ann.get(task["id"]) == task


async def test_numbers_from_before_never_come_again(ann: Person) -> None:
    seen = set[str]()
    for _ in range(5):
        tags = set()
        await import_tasks(ann, *many(300))
        await ann.create()
        for task in await ann.tasks():
            if task["title"] in {"Buy milk", "Number 0", "Number 299"}:
                tags.add((await ann.http.get(f"/api/tasks/{task['id']}")).headers["etag"])
        assert len(tags) == 3
        assert min(tags) > max(seen, default="")
        seen |= tags
        await erase(ann)


async def test_a_key_from_before_is_free_again(ann: Person) -> None:
    key = {"Idempotency-Key": "k"}
    first = await ann.http.post("/api/tasks", json={"title": "One"}, headers=key)
    await erase(ann)

    again = await ann.http.post("/api/tasks", json={"title": "Two"}, headers=key)

    assert (again.status_code, "idempotent-replayed" in again.headers) == (201, False)
    assert again.json()["id"] != first.json()["id"]


async def test_an_address_is_free_again(app: FastAPI) -> None:
    ann, bob = (Person(app, email="shared@example.com") for _ in range(2))
    await ann.create()
    await erase(ann)
    await bob.create()

    assert (await bob.http.get("/api/me")).json()["email"] == "shared@example.com"
    await erase(bob)


async def test_what_was_exported_comes_back_after_an_erasure(ann: Person) -> None:
    await ann.create("One", description="Two", is_completed=True)
    await import_tasks(ann, *many(10))
    before = await export(ann)

    await erase(ann)
    assert await import_tasks(ann, *before["tasks"]) == (11, 0)

    assert without_owner((await export(ann))["tasks"]) == without_owner(before["tasks"])


async def test_writing_and_erasing_at_the_same_time_ends_cleanly(
    new_database: MakeDatabase, engine: str
) -> None:
    """Every answer is one that some order of the requests gives, and what is left holds together."""
    settings = settings_for(await new_database(engine))
    async with running(settings) as one, running(settings) as other:
        ann = Person(one)
        too = Person(one if engine == "memory" else other, ann.sub)
        task = await ann.create()

        async def work(person: Person, number: int) -> list[int]:
            key = {"Idempotency-Key": f"key-{number}"}
            path = f"/api/tasks/{task['id']}"
            operations = [
                {"op": "update", "id": task["id"], "task": {"title": "x"}},
                {"op": "create", "task": {"title": "Batch"}},
            ]
            requests = [
                person.http.post("/api/tasks", json={"title": "New"}, headers=key),
                person.http.put(path, json={"title": str(number)}),
                person.http.post("/api/tasks/batch", json={"operations": operations}),
                person.http.delete("/api/me"),
                person.http.post("/api/me/import", json={"tasks": [task, *many(20)]}),
                person.http.delete(path),
            ]
            return [(await request).status_code for request in requests]

        told = await asyncio.gather(*(work((ann, too)[n % 2], n) for n in range(8)))

        for created, updated, batch, erased, imported, deleted in told:
            assert (created, batch, erased) == (201, 200, 200)
            assert {updated, deleted} <= {200, 404}
            assert imported in {200, 429, 503}  # one at a time, and an erasure ends one that is running
        held = {one["task"]["id"]: one["task"] for one in (await changes(ann))["changes"] if "task" in one}
        assert {task["id"]: task for task in await too.tasks()} == held
        await erase(too)
        assert await traces(one, ann.sub) == []
