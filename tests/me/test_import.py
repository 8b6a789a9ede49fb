"""docs/contract.md#a-users-own-data: POST /api/me/import."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from fastapi import FastAPI
from support import (
    DATABASE_ERROR,
    INVALID_REQUEST,
    PAYLOAD_TOO_LARGE,
    Person,
    exchange,
    problems,
    refusal,
    running,
    settings_for,
    stored,
    upsert,
)
from support.change_feed import changes
from support.import_documents import (
    EARLIER,
    NO_SUCH_USER,
    a_task,
    export,
    import_tasks,
    many,
    send,
    uuid7,
    without_owner,
)

from taskward.http.signature import BodyLimits
from taskward.me import import_models, spool, staged_rows, staging
from taskward.me.import_document import ImportDocument
from taskward.me.routes import ImportRoute
from taskward.me.spool import Spool

LARGEST = 64 * 1024 * 1024
A_TIME = "A time must be in RFC 3339, like 2026-01-31T12:00:00Z, and of the years 1970 to 9998"


# What is kept


async def test_what_one_person_exported_another_imports_unchanged(ann: Person, bob: Person) -> None:
    await ann.create("Buy milk", description="Two\nlitres \N{ROCKET}", is_completed=True)
    changed = await ann.create("Call")
    await ann.put(changed["id"], title="Call the plumber")
    document = await export(ann)

    answer = await bob.http.post("/api/me/import", json=document)

    assert (answer.status_code, answer.json()) == (200, {"imported": 2, "skipped": 0})
    copied = (await export(bob))["tasks"]
    assert without_owner(copied) == without_owner(document["tasks"])
    assert {task["user_id"] for task in copied} == {bob.sub}
    assert await export(ann) == document


async def test_an_import_makes_the_user(app: FastAPI) -> None:
    ann = Person(app, email=f"{uuid4()}@example.com")
    await import_tasks(ann, a_task())

    user = (await ann.http.get("/api/me")).json()
    assert (user["id"], user["email"] is not None) == (ann.sub, True)


async def test_an_import_of_nothing_makes_no_user(ann: Person) -> None:
    assert await import_tasks(ann) == (0, 0)

    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER


async def test_only_what_is_not_there_yet_is_imported(ann: Person) -> None:
    there = await ann.create("Mine")
    tasks = [a_task(), {**there, "title": "Theirs"}, a_task()]

    assert await import_tasks(ann, *tasks) == (2, 1)
    assert (await ann.get(there["id"])) == there
    assert await import_tasks(ann, *tasks) == (0, 3)
    assert len(await ann.tasks()) == 3


async def test_a_repeated_import_imports_nothing_for_any_ids(ann: Person) -> None:
    tasks = [
        a_task(id=str(uuid4())),
        a_task(EARLIER + timedelta(microseconds=7)),
        a_task(id=uuid7(datetime.now(UTC))),
    ]

    assert await import_tasks(ann, *tasks) == (3, 0)
    before = await export(ann)
    assert await import_tasks(ann, *tasks) == (0, 3)
    assert await export(ann) == before


async def test_a_task_that_is_twice_in_a_document_is_imported_once(ann: Person) -> None:
    task, other = a_task(title="First"), a_task(id=str(uuid4()), title="Third")

    assert await import_tasks(
        ann, task, {**task, "title": "Second"}, other, {**other, "id": other["id"].upper()}
    ) == (
        2,
        2,
    )
    assert {task["title"] for task in await ann.tasks()} == {"First", "Third"}


async def test_an_id_of_another_user_is_kept_and_collides_with_nothing(ann: Person, bob: Person) -> None:
    hers = await ann.create("Hers")

    assert await import_tasks(bob, {**hers, "title": "His"}) == (1, 0)
    assert (await bob.get(hers["id"]))["title"] == "His"
    await bob.http.delete(f"/api/tasks/{hers['id']}")
    assert await ann.get(hers["id"]) == hers


async def test_an_id_is_kept_in_any_letter_case(ann: Person) -> None:
    task = a_task()
    await import_tasks(ann, {**task, "id": task["id"].upper()})

    assert (await ann.tasks())[0]["id"] == task["id"]


@pytest.mark.parametrize(
    "task_id",
    [str(uuid4()), uuid7(EARLIER + timedelta(milliseconds=1)), "00000000-0000-0000-0000-000000000000"],
    ids=["random", "of another moment", "nil"],
)
async def test_an_id_that_is_none_of_its_time_becomes_one(ann: Person, task_id: str) -> None:
    task = a_task(id=task_id)
    await import_tasks(ann, task)

    [stored] = await ann.tasks()
    assert stored["id"] != task_id
    assert UUID(stored["id"]).version == 7
    assert UUID(stored["id"]).int >> 80 == UUID(uuid7(EARLIER)).int >> 80
    assert {**stored, "id": task_id, "user_id": task["user_id"]} == task


async def test_the_order_by_created_at_is_true_to_the_microsecond(ann: Person) -> None:
    """The ids of one millisecond, whether they are made here or there, follow its microseconds."""
    moments = [EARLIER + timedelta(microseconds=n) for n in (0, 1, 2, 499, 500, 998, 999, 1000, 1001)]
    tasks = [a_task(moment, id=str(uuid4()), title=str(n)) for n, moment in enumerate(moments)]

    await import_tasks(ann, *reversed(tasks))

    listed = [task["title"] for task in await ann.tasks()]
    assert listed == [str(n) for n in reversed(range(len(moments)))]


async def test_a_task_made_here_comes_before_a_later_microsecond_of_its_millisecond(ann: Person) -> None:
    made = await ann.create("Made")
    moment = datetime.fromisoformat(made["created_at"])
    tasks = [a_task(moment + timedelta(microseconds=n), title=str(n)) for n in (1, 999)]

    await import_tasks(ann, *tasks)

    assert [task["title"] for task in await ann.tasks()] == ["999", "1", "Made"]


async def test_an_id_made_for_a_time_is_kept_from_then_on(ann: Person, bob: Person) -> None:
    await import_tasks(
        ann, a_task(EARLIER + timedelta(microseconds=321), id=str(uuid4())), a_task(id=str(uuid4()))
    )
    document = await export(ann)

    await import_tasks(bob, *document["tasks"])
    assert without_owner((await export(bob))["tasks"]) == without_owner(document["tasks"])


async def test_a_list_after_an_import_pages_through_all(ann: Person) -> None:
    await ann.create("Newest")
    await import_tasks(ann, *many(25))
    walked: list[dict[str, Any]] = []
    cursor = None
    while cursor is not None or not walked:
        params = {"limit": "7"} | ({} if cursor is None else {"cursor": cursor})
        page = (await ann.http.get("/api/tasks", params=params)).json()
        walked += page["tasks"]
        cursor = page["next_cursor"]

    assert [task["title"] for task in walked] == ["Newest", *(f"Number {n}" for n in reversed(range(25)))]


async def test_imported_tasks_are_found_changed_and_deleted_like_others(ann: Person) -> None:
    task = a_task(title="STRASSE", updated_at="2001-01-01T00:00:00Z")
    await import_tasks(ann, task)

    assert len((await ann.http.get("/api/tasks?q=straße")).json()["tasks"]) == 1
    assert (await ann.put(task["id"], title="x"))["updated_at"] > task["updated_at"]
    assert (await ann.http.delete(f"/api/tasks/{task['id']}")).status_code == 200


async def test_the_last_time_that_is_taken_can_still_move_forward(ann: Person) -> None:
    task = a_task(updated_at="9998-12-31T23:59:59.999999Z")
    await import_tasks(ann, task)

    assert (await ann.put(task["id"], title="x"))["updated_at"] == "9999-01-01T00:00:00.000000Z"
    assert len(await ann.tasks()) == 1


# Validation

TEXTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "trimmed": ({"title": " \u3000x\n", "description": " \t"}, {"title": "x", "description": None}),
    "longest": (
        {"title": "\N{ROCKET}" * 200, "description": "\N{ROCKET}" * 2000},
        {"title": "\N{ROCKET}" * 200, "description": "\N{ROCKET}" * 2000},
    ),
    "zone": ({"updated_at": "2024-03-01T01:00:00.5+02:30"}, {"updated_at": "2024-02-29T22:30:00.500000Z"}),
    "lower case": ({"updated_at": "2024-03-01t01:00:00z"}, {"updated_at": "2024-03-01T01:00:00.000000Z"}),
    "digits": (
        {"updated_at": "2024-03-01T01:00:00.123456789Z"},
        {"updated_at": "2024-03-01T01:00:00.123456Z"},
    ),
    "the first": ({"updated_at": "1970-01-01T00:00:00Z"}, {"updated_at": "1970-01-01T00:00:00.000000Z"}),
    "the last": (
        {"updated_at": "9998-12-31T23:59:59.999999Z"},
        {"updated_at": "9998-12-31T23:59:59.999999Z"},
    ),
}


@pytest.mark.parametrize(("given", "kept"), TEXTS.values(), ids=TEXTS)
async def test_a_task_is_taken_as_anywhere(ann: Person, given: dict[str, Any], kept: dict[str, Any]) -> None:
    await import_tasks(ann, a_task(**given))

    [stored] = await ann.tasks()
    assert {name: stored[name] for name in kept} == kept


async def test_a_task_needs_no_more_than_id_title_and_times(ann: Person) -> None:
    task = a_task()
    for name in ("user_id", "description", "is_completed"):
        del task[name]
    await import_tasks(ann, task)

    [stored] = await ann.tasks()
    assert (stored["description"], stored["is_completed"]) == (None, False)


TIMES: list[Any] = [
    *(
        "",
        "2024-02-29",
        "2024-02-29T12:00:00",
        "2024-02-29T12:00Z",
        "20240229T120000Z",
        "2024-02-30T12:00:00Z",
    ),
    *("2024-02-29T24:00:00Z", "2024-02-29T23:60:00Z", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z"),
    *(
        "9999-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-23:59",
        "10000-01-01T00:00:00Z",
    ),
    *(
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00+00:01",
        "2024-02-29 12:00:00Z",
        "2024-02-29T12:00:00.Z",
    ),
    *(
        "2024-02-29T12:00:00+24:00",
        "2024-02-29T12:00:00+01:60",
        "2024-02-29T12:00:00+0100",
        "٢٠٢٤-02-29T12:00:00Z",
    ),
    *(" 2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z\n", "2024-W09-4T12:00:00Z", "0001-01-01T00:00:00+01:00"),
    *(1709208000, None, True, {}, []),
]
BROKEN: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "title": ({"title": "  "}, {"title": "Title cannot be empty"}),
    "null title": ({"title": None}, {"title": "Title cannot be empty"}),
    "long title": ({"title": "t" * 201}, {"title": "Title cannot exceed 200 characters"}),
    "number title": ({"title": 5}, {"title": "Title must be text"}),
    "description": (
        {"description": "d" * 2001},
        {"description": "Description cannot exceed 2000 characters"},
    ),
    "state": ({"is_completed": 1}, {"is_completed": "Is completed must be true or false"}),
    "null state": ({"is_completed": None}, {"is_completed": "Is completed must be true or false"}),
    "id": ({"id": "urn:uuid:" + str(uuid4())}, {"id": "Id must be a UUID"}),
    "number id": ({"id": 5}, {"id": "Id must be a UUID"}),
    "unknown": ({"colour": 1, "version": 2}, {"colour": "Unknown field", "version": "Unknown field"}),
    "NUL": ({"title": "a\0b", "x\0": 1}, {"title": "The character U+0000 is not allowed", "x\0": ""}),
    "ignored NUL": ({"user_id": ["\0"]}, {"user_id": "The character U+0000 is not allowed"}),
}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("given", TIMES, ids=repr)
async def test_a_time_is_one_of_rfc_3339(ann: Person, given: Any) -> None:
    answer = await send(ann, a_task(created_at=given, updated_at=given))

    assert problems(answer) == {"tasks.0.created_at": A_TIME, "tasks.0.updated_at": A_TIME}


@pytest.mark.engines("memory")
@pytest.mark.parametrize(("given", "told"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_field_is_named_with_the_place_of_its_task(
    ann: Person, given: dict[str, Any], told: dict[str, str]
) -> None:
    named = problems(await send(ann, a_task(), a_task(**given), a_task()))

    assert named.keys() == {f"tasks.1.{name}" for name in told}
    assert all(named[f"tasks.1.{name}"] == message for name, message in told.items() if message)
    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER


@pytest.mark.engines("memory")
async def test_what_is_missing_is_named(ann: Person) -> None:
    assert problems(await send(ann, {}, 5, None, [])) == {
        "tasks.0.id": "Id is required and cannot be empty",
        "tasks.0.title": "Title is required and cannot be empty",
        "tasks.0.created_at": "Created at is required and cannot be empty",
        "tasks.0.updated_at": "Updated at is required and cannot be empty",
        "tasks.1": "Tasks.1 must be an object",
        "tasks.2": "Tasks.2 must be an object",
        "tasks.3": "Tasks.3 must be an object",
    }


@pytest.mark.engines("memory")
@pytest.mark.parametrize("tasks", [None, {}, "x", 5])
async def test_tasks_are_a_list(ann: Person, tasks: Any) -> None:
    answer = await ann.http.post("/api/me/import", json={"tasks": tasks})

    assert problems(answer) == {"tasks": "Tasks must be a list"}


@pytest.mark.engines("memory")
async def test_query_headers_and_document_are_validated_together(ann: Person) -> None:
    answer = await ann.http.post(
        "/api/me/import?dry=1",
        json={"user": "\0", "tasks": [a_task(title="")], "labels": []},
        headers={"Idempotency-Key": "a b"},
    )

    assert problems(answer) == {
        "dry": "Unknown query parameter",
        "Idempotency-Key": "Idempotency-Key must be 1-255 visible ASCII characters",
        "user": "The character U+0000 is not allowed",
        "tasks.0.title": "Title cannot be empty",
        "labels": "Unknown field",
    }


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"tasks":[{"title":"\\ud800"}]}', b'{"tasks":[' + b"[" * 40 + b"]" * 40 + b"]}"]
)
async def test_what_is_no_json_object_is_refused_as_anywhere(ann: Person, body: bytes) -> None:
    answer = await ann.http.post("/api/me/import", content=body, headers={"Content-Type": "application/json"})

    assert refusal(answer) == INVALID_REQUEST


async def test_one_broken_task_among_many_stores_nothing(ann: Person) -> None:
    tasks = many(1500)
    tasks[1490]["title"] = " "

    assert problems(await send(ann, *tasks)) == {"tasks.1490.title": "Title cannot be empty"}
    assert refusal(await ann.http.get("/api/me")) == NO_SUCH_USER


@pytest.mark.engines("memory")
async def test_the_named_are_bounded(ann: Person) -> None:
    answer = await send(ann, *[a_task(), a_task(title="")] * 300)

    details = answer.json()["details"]
    assert [one["field"] for one in details[:100]] == [f"tasks.{n}.title" for n in range(1, 200, 2)]
    assert details[100:] == [{"field": "", "message": "and 200 more"}]
    assert len(answer.content) < 64 * 1024


@pytest.mark.engines("memory")
@pytest.mark.parametrize("count", [64, 65])
async def test_a_task_of_too_many_keys_is_refused_as_a_whole(ann: Person, count: int) -> None:
    named = problems(await send(ann, {str(n): n for n in range(count)}))

    if count > 64:
        assert named == {"tasks.0": "An object cannot have more than 64 keys"}
    else:
        assert len(named) == 64 + 4


@pytest.mark.engines("memory")
async def test_an_object_of_too_many_keys_is_refused_everywhere(ann: Person) -> None:
    wide = {str(n): n for n in range(65)}
    answer = await send(ann, a_task(user_id=[wide]), user={"a": wide})
    assert problems(answer) == {
        "user.a": "An object cannot have more than 64 keys",
        "tasks.0.user_id.0": "An object cannot have more than 64 keys",
    }

    answer = await ann.http.post("/api/me/import", json=wide | {"tasks": [a_task(title="")]})
    assert problems(answer) == {"body": "An object cannot have more than 64 keys"}


# All or nothing


@pytest.mark.parametrize("broken", ["staging.staged_row", "staging.MAX_ROWS"])
async def test_a_database_that_fails_in_the_middle_stores_nothing(
    ann: Person, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """One of the staged tasks has a title that the staging table refuses, or the table of the tasks."""
    monkeypatch.setattr(staging, "MAX_ROWS", 10)
    kept = await ann.create("Kept")
    before = await changes(ann)
    right = staged_rows.staged_row

    def wrong(task: import_models.ImportedTask, list_id: UUID | None = None) -> bytes:
        title = None if broken == "staging.staged_row" else ""
        return right(task.model_copy(update={"title": title}) if task.title == "Number 25" else task, list_id)

    monkeypatch.setattr(staging, "staged_row", wrong)
    monkeypatch.setattr(staging, "MAX_ROWS", 10 if broken == "staging.staged_row" else 1000)
    answer = await send(ann, *many(40), key="k")

    assert refusal(answer) == DATABASE_ERROR
    assert await ann.tasks() == [kept]
    assert (await changes(ann))["changes"] == before["changes"]
    monkeypatch.undo()
    assert (await send(ann, *many(40), key="k")).json() == {"imported": 40, "skipped": 0}


async def test_readers_see_all_of_an_import_or_nothing(ann: Person) -> None:
    importing, seen = asyncio.create_task(import_tasks(ann, *many(1500))), set()
    while not importing.done():
        seen.add(len((await changes(ann))["changes"]))
        await asyncio.sleep(0)
    await importing
    seen.add(len((await changes(ann))["changes"]))

    assert seen <= {0, 1000}


# Limits


@pytest.mark.engines("memory")
async def test_a_body_that_says_that_it_is_too_large_is_not_read(app: FastAPI, ann: Person) -> None:
    headers = [
        ("Authorization", f"Bearer {ann.token}"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(LARGEST + 1)),
    ]
    sent = await exchange(app, "POST", "/api/me/import", headers=headers)

    assert (sent.status, sent.asked) == (413, 0)


@pytest.mark.engines("memory")
@pytest.mark.parametrize(("announced", "status"), [(300, 503), (LARGEST, 503), (LARGEST + 1, 413)])
async def test_a_body_for_which_there_is_no_space_is_not_read(
    monkeypatch: pytest.MonkeyPatch, announced: int, status: int
) -> None:
    """One for which there is space is imported."""
    monkeypatch.setattr(spool, "MAX_UPLOADED", 299)
    async with running(settings_for("sqlite://")) as app:
        ann = Person(app)
        headers = [("Authorization", f"Bearer {ann.token}"), ("Content-Type", "application/json")]
        headers.append(("Content-Length", str(announced)))
        sent = await exchange(app, "POST", "/api/me/import", headers=headers)

        assert (sent.status, sent.asked) == (status, 0)
        assert await import_tasks(ann) == (0, 0)


@pytest.mark.engines("memory")
async def test_the_space_of_a_rejected_upload_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MAX_UPLOADED", 299)
    async with running(settings_for("sqlite://")) as app:
        ann = Person(app)

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b" " * 100

        for _ in range(3):
            answer = await ann.http.post(
                "/api/me/import", content=pieces(), headers={"Content-Type": "application/json"}
            )
            assert refusal(answer) == (503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable")
            assert answer.headers["retry-after"] == "10"
        assert await import_tasks(ann) == (0, 0)


def test_the_workers_share_a_third_of_the_free_space() -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    assert spool.space_for_uploads(1) <= 256 * 1024 * 1024
    assert spool.space_for_uploads(4096) == pytest.approx(min(free / 3 / 4096, 2**28), rel=0.2)


@pytest.mark.engines("memory")
async def test_a_body_that_becomes_too_large_is_not_read_to_its_end(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    (route,) = (one for one in app.routes if isinstance(one, ImportRoute))
    assert route.signature.limits == BodyLimits(max_body=LARGEST)
    monkeypatch.setattr(route.signature, "limits", BodyLimits(max_body=1024))
    given = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 8:
            given += 1
            yield b" " * 512

    answer = await ann.http.post(
        "/api/me/import", content=pieces(), headers={"Content-Type": "application/json"}
    )

    assert refusal(answer) == PAYLOAD_TOO_LARGE
    assert given < 8


async def test_an_import_may_be_larger_than_other_bodies(ann: Person) -> None:
    tasks = [a_task(description="\N{ROCKET}" * 2000) for _ in range(200)]
    assert len(orjson.dumps(tasks)) > 1_500_000

    assert await import_tasks(ann, *tasks) == (200, 0)


async def test_a_person_has_one_import_at_a_time(ann: Person, bob: Person) -> None:
    answers = await asyncio.gather(send(ann, *many(1500)), send(ann, *many(1500)), send(bob, a_task()))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
    assert answers[2].status_code == 200
    [refused] = [answer for answer in answers if answer.status_code == 429]
    assert refusal(refused) == (429, "RATE_LIMITED", "Another import is running")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await send(ann, a_task())).status_code == 200


# Idempotency-Key


async def test_a_repeated_import_with_a_key_gets_the_same_answer(ann: Person) -> None:
    tasks = many(3)
    first, second = [await send(ann, *tasks, key="k") for _ in range(2)]

    assert first.json() == second.json() == {"imported": 3, "skipped": 0}
    assert [answer.headers.get("idempotent-replayed") for answer in (first, second)] == [None, "true"]
    other = await send(ann, *many(2), key="k")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_large_import_with_a_key_is_known_again(ann: Person) -> None:
    tasks = many(1500)
    assert len(orjson.dumps(tasks)) > 256 * 1024

    answers = [await send(ann, *tasks, key="k") for _ in range(2)]

    assert answers[1].headers["idempotent-replayed"] == "true"
    assert answers[0].content == answers[1].content


async def test_an_import_that_was_refused_leaves_its_key_free(ann: Person) -> None:
    await send(ann, a_task(title=""), key="k")

    assert (await send(ann, a_task(), key="k")).status_code == 200


# Followers, and the others


async def test_a_deleted_task_that_is_imported_again_comes_back_to_followers(ann: Person) -> None:
    task, other = await ann.create("One"), await ann.create("Two")
    start = (await changes(ann))["cursor"]
    await ann.http.delete(f"/api/tasks/{task['id']}")
    deleted = await changes(ann, start)

    await import_tasks(ann, task, other)

    imported = [upsert(task)]
    assert deleted["changes"] == [{"op": "delete", "id": task["id"]}]
    assert (await changes(ann, deleted["cursor"]))["changes"] == imported
    assert (await changes(ann, start))["changes"] == imported
    assert [one["op"] for one in (await changes(ann))["changes"]] == ["upsert", "upsert"]


async def test_an_import_reaches_followers_in_pages_each_task_once(ann: Person) -> None:
    await ann.create()
    cursor = (await changes(ann))["cursor"]
    await import_tasks(ann, *many(1500))
    first = await changes(ann, cursor)
    second = await changes(ann, first["cursor"])

    assert (len(first["changes"]), first["has_more"]) == (1000, True)
    assert (len(second["changes"]), second["has_more"]) == (500, False)
    ids = [one["task"]["id"] for found in (first, second) for one in found["changes"]]
    assert len(set(ids)) == 1500
    assert (await changes(ann, second["cursor"]))["changes"] == []


async def test_concurrent_imports_of_one_document_import_it_once(ann: Person) -> None:
    tasks = many(500)

    answers = await asyncio.gather(*(send(ann, *tasks) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) in ([200, 200], [200, 429])
    assert sum(answer.json().get("imported", 0) for answer in answers) == 500
    assert len(await ann.tasks()) == 500


@pytest.mark.engines("disk", "postgres")  # in memory there is one connection, for which all wait
async def test_other_people_are_answered_beside_a_large_import(ann: Person, bob: Person) -> None:
    task = await bob.create()
    importing, slowest, count = asyncio.create_task(import_tasks(ann, *many(6_000))), 0.0, 0
    while not importing.done():
        begun = time.perf_counter()
        await bob.get(task["id"])
        slowest, count = max(slowest, time.perf_counter() - begun), count + 1
        await asyncio.sleep(0.005)

    assert await importing == (6_000, 0)
    assert count > 10
    assert slowest < 3


# What one person may have at once


async def test_a_person_has_two_bodies_at_once_also_while_they_are_read(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = asyncio.Semaphore(0), asyncio.Event()
    outline_of = ImportDocument.of

    async def slowly(received: Spool) -> ImportDocument:
        reading.release()
        await go_on.wait()
        return await outline_of(received)

    monkeypatch.setattr(ImportDocument, "of", slowly)
    first = [asyncio.create_task(ann.http.post("/api/me/import", json={"tasks": []})) for _ in range(2)]
    for _ in first:
        await reading.acquire()

    third = await ann.http.post("/api/me/import", json={"tasks": []})
    assert (third.status_code, third.json()["code"]) == (429, "RATE_LIMITED")
    assert int(third.headers["Retry-After"]) > 0
    other = asyncio.create_task(bob.http.post("/api/me/import", json={"tasks": []}))
    await reading.acquire()
    go_on.set()
    assert (await other).status_code == 200
    assert {(await one).status_code for one in first} <= {200, 429}
    assert (await ann.http.post("/api/me/import", json={"tasks": []})).status_code == 200


async def test_an_import_is_renewed_while_nothing_of_it_is_staged(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "RENEW_AFTER", 0.0)
    renewed: list[Any] = []
    add = staging.Staging.add

    async def watched(self: staging.Staging, tasks: Sequence[Any]) -> None:
        await add(self, tasks)
        renewed.append((await stored(app, "imports", user_id=ann.sub))[0]["renewed_at"])

    monkeypatch.setattr(staging.Staging, "add", watched)
    answer = await ann.http.post("/api/me/import", json={"tasks": [{}] * 1000})

    assert problems(answer)
    assert len(renewed) >= 3
    assert renewed == sorted(set(renewed))


async def test_problems_that_are_not_named_are_counted_one_for_each_field(ann: Person) -> None:
    broken = {
        "id": 1,
        "title": "",
        "description": 5,
        "is_completed": 1,
        "created_at": 1,
        "updated_at": 1,
        "x": 1,
    }
    tasks = [broken] * 15 + [{}, 5, a_task(title="\0", y=1)] * 20
    answer = await ann.http.post("/api/me/import", json={"tasks": tasks})
    count = 15 * 7 + 20 * (4 + 1 + 2)
    assert answer.json()["details"][100:] == [{"field": "", "message": f"and {count - 100} more"}]


@pytest.mark.parametrize(("depth", "code"), [(30, "VALIDATION_ERROR"), (31, "INVALID_REQUEST")])
async def test_the_nesting_of_a_task_counts_from_the_body(ann: Person, depth: int, code: str) -> None:
    body = b'{"tasks":[' + b"[" * depth + b"]" * depth + b"]}"
    headers = {"Content-Type": "application/json"}
    answer = await ann.http.post("/api/me/import", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
