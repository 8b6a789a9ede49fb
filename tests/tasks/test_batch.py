"""docs/contract.md#changes-and-batches: POST /api/tasks/batch."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from support import (
    INVALID_REQUEST,
    PAYLOAD_TOO_LARGE,
    MakeDatabase,
    Person,
    problems,
    refusal,
    running,
    settings_for,
)
from support.change_feed import changes

from taskward.batch.models import MAX_SHORT, Batch
from taskward.idempotency import execution

Task = dict[str, Any]

IN_USE = (409, "IDEMPOTENCY_KEY_IN_USE", "A request with this idempotency key is still running")
REUSED = (422, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request")
NOT_APPLIED = {
    "status": 424,
    "error": "Not applied, because another operation of the batch failed",
    "code": "NOT_APPLIED",
}
NO_SUCH_TASK = {"status": 404, "error": "Task not found", "code": "NOT_FOUND"}
ONE_MEBIBYTE = 1024 * 1024


async def send(person: Person, *operations: Any, key: str | None = None, **others: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"operations": operations, **others}
    return await person.http.post("/api/tasks/batch", json=body, headers=headers)


async def results(person: Person, *operations: Any, **others: Any) -> list[dict[str, Any]]:
    """Returns the results of a batch that was carried out."""
    answer = await send(person, *operations, **others)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["results"]
    told: list[dict[str, Any]] = answer.json()["results"]
    assert len(told) == len(operations)
    return told


def create(title: Any = "Buy milk", **fields: Any) -> dict[str, Any]:
    return {"op": "create", "task": {"title": title, **fields}}


def update(task_id: Any, if_match: Any = None, **fields: Any) -> dict[str, Any]:
    return {"op": "update", "id": task_id, "if_match": if_match, "task": fields}


def delete(task_id: Any, if_match: Any = None) -> dict[str, Any]:
    return {"op": "delete", "id": task_id, "if_match": if_match}


async def etag(person: Person, task: Task) -> str:
    return (await person.http.get(f"/api/tasks/{task['id']}")).headers["etag"]


async def counter(person: Person) -> int:
    """Returns the owner's counter, which the list's entity tag begins with."""
    return int((await person.http.get("/api/tasks")).headers["etag"].strip('"').partition("-")[0])


# Each result equals the answer of the single form

TARGETS: dict[str, Callable[[Task], str]] = {
    "its own": lambda task: task["id"],
    "in capitals": lambda task: task["id"].upper(),
    "missing": lambda _task: "0190b0a0-0000-7000-8000-000000000000",
    "no UUID": lambda _task: "1",
    "in braces": lambda task: f"{{{task['id']}}}",
}
BODIES: dict[str, Any] = {
    "title": {"title": "  Buy bread  "},
    "all": {"title": "Buy bread", "description": "Two", "is_completed": True},
    "null description": {"description": None},
    "empty description": {"description": "   "},
    "nothing": {},
    "nothing writable": {"id": 1, "user_id": None, "created_at": [], "updated_at": {"a": 1}},
    "sent back": {"id": "x", "title": "Buy bread"},
    "empty title": {"title": ""},
    "null title": {"title": None},
    "number title": {"title": 5},
    "long title": {"title": "t" * 201},
    "longest title": {"title": "\N{ROCKET}" * 200},
    "long description": {"title": "x", "description": "d" * 2001},
    "number description": {"title": "x", "description": 5},
    "text state": {"title": "x", "is_completed": "true"},
    "number state": {"title": "x", "is_completed": 1},
    "null state": {"title": "x", "is_completed": None},
    "unknown key": {"title": "x", "colour": 1},
    "many": {"title": " ", "description": [], "is_completed": 0, "colour": 1, "": 2},
    "NUL in title": {"title": "a\0b"},
    "NUL in an unknown key": {"title": "x", "a\0": 1},
    "NUL in an ignored key": {"title": "", "id": {"deep": ["\0"]}},
    "NUL and nothing else": {"id": "\0"},
    "not an object": ["title"],
    "text": "title",
    "number": 5,
    "null": None,
}
TAGS: dict[str, Callable[[str], str | None]] = {
    "none": lambda _tag: None,
    "current": lambda tag: tag,
    "any": lambda _tag: "*",
    "one of several": lambda tag: f'"1", {tag}, "2"',
    "another": lambda _tag: '"1"',
    "weak": lambda tag: f"W/{tag}",
    "of a list": lambda _tag: '"12-abc"',
    "malformed": lambda _tag: "12",
    "empty": lambda _tag: "",
}


async def alike(
    person: Person, single: Callable[[Task, str], Awaitable[httpx.Response]], operation: Callable[..., Any]
) -> dict[str, Any]:
    """Sends a request for one of two equal tasks, an operation for the other; returns the common result.

    What is in the path and in a header of the request has the name of its key in the operation.
    """
    one, other = [await person.create("Twin", description="One of two") for _ in range(2)]
    tags = [await etag(person, one), await etag(person, other)]

    answer = await single(one, tags[0])
    [told] = await results(person, operation(other, tags[1]))

    expected = {"status": answer.status_code, **shown(answer)}
    for problem in expected.get("details", ()):
        problem["field"] = {"task_id": "id", "If-Match": "if_match"}.get(problem["field"], problem["field"])
    if answer.status_code == 412:  # a batch also shows what is there
        expected |= {"task": await person.get(one["id"]), "etag": answer.headers["etag"]}
    assert leveled(told, other) == leveled(expected, one)
    states = [await person.http.get(f"/api/tasks/{task['id']}") for task in (one, other)]
    assert leveled({"task": states[0].json()}, one) == leveled({"task": states[1].json()}, other)
    return told


def shown(answer: httpx.Response) -> dict[str, Any]:
    """Returns what a result is to show of a single form's answer."""
    body = answer.json()
    return {"etag": answer.headers["etag"], "task": body} if "title" in body else body


def leveled(result: dict[str, Any], twin: Task) -> dict[str, Any]:
    """Puts what differs from twin to twin, having seen its form, on one level."""
    level = orjson.loads(orjson.dumps(result).replace(twin["id"].encode(), b"ITS ID"))
    if "etag" in level:
        assert re.fullmatch(r'"[1-9][0-9]*"', level["etag"])
        level["etag"] = "TAG"
    for name in {"id", "created_at", "updated_at", "completed_at"} & level.get("task", {}).keys():
        level["task"][name] = f"ITS {name}"
    return dict(level)


@pytest.mark.engines("memory", "postgres")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_creation_is_answered_as_its_single_form_is(ann: Person, body: Any) -> None:
    await alike(
        ann,
        lambda _task, _tag: ann.http.post("/api/tasks", json=body),
        lambda _task, _tag: {"op": "create", "task": body},
    )


@pytest.mark.engines("memory", "postgres")
@pytest.mark.parametrize(
    ("body", "target"),
    [
        pytest.param(BODIES[body], TARGETS[target], id=f"{body}-{target}")
        for body in BODIES
        for target in TARGETS
        if target == "its own" or body in {"title", "nothing", "many", "not an object"}
    ],
)
async def test_an_update_is_answered_as_its_single_form_is(
    ann: Person, body: Any, target: Callable[[Task], str]
) -> None:
    await alike(
        ann,
        lambda task, _tag: ann.http.put(f"/api/tasks/{target(task)}", json=body),
        lambda task, _tag: {"op": "update", "id": target(task), "task": body},
    )


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("kind", ["update", "delete"])
async def test_if_match_means_what_it_means_in_the_single_form(
    ann: Person, kind: str, target: Callable[[Task], str]
) -> None:
    seen = set()
    for match in TAGS.values():

        def single(task: Task, tag: str, match: Any = match) -> Awaitable[httpx.Response]:
            headers = {} if match(tag) is None else {"If-Match": match(tag)}
            body = {"title": "Mine"} if kind == "update" else None
            method = "PUT" if kind == "update" else "DELETE"
            return ann.http.request(method, f"/api/tasks/{target(task)}", json=body, headers=headers)

        def operation(task: Task, tag: str, match: Any = match) -> Any:
            given = {} if match(tag) is None else {"if_match": match(tag)}
            body = {"task": {"title": "Mine"}} if kind == "update" else {}
            return {"op": kind, "id": target(task), **given, **body}

        seen.add((await alike(ann, single, operation))["status"])

    there = target is TARGETS["its own"] or target is TARGETS["in capitals"]
    missing = target is TARGETS["missing"]
    assert seen == ({200, 400, 412} if there else {400, 404} if missing else {400})


async def test_a_foreign_task_is_answered_like_a_missing_one(ann: Person, bob: Person) -> None:
    his = await bob.create("His")

    told = await results(
        ann, update(his["id"], title="Mine"), delete(his["id"]), update(his["id"], '"1"', title="Mine")
    )

    assert told == [NO_SUCH_TASK] * 3
    assert await bob.tasks() == [his]


@pytest.mark.parametrize("value", [5, [], {}, True])
async def test_an_id_and_an_if_match_that_are_no_text_are_named(ann: Person, value: Any) -> None:
    told = await results(ann, update(value, value, title=""))

    assert [(one["field"], one["message"]) for one in told[0]["details"]] == [
        ("id", "Task id must be a UUID"),
        ("if_match", 'If-Match must be * or a list of entity tags, like "12"'),
        ("title", "Title cannot be empty"),
    ]


async def test_an_operation_takes_only_what_its_single_form_takes(ann: Person) -> None:
    task = await ann.create()
    told = await results(
        ann,
        {"op": "create", "id": task["id"], "if_match": "*", "task": {"title": "x"}},
        {"op": "delete", "id": task["id"], "task": {"title": "x"}},
        {"op": "create"},
        {"op": "update", "task": {"title": "x"}},
    )

    unknown = "Unknown field"
    assert [one.get("details") for one in told] == [
        [{"field": "id", "message": unknown}, {"field": "if_match", "message": unknown}],
        [{"field": "task", "message": unknown}],
        None,
        [{"field": "id", "message": "Task id must be a UUID"}],
    ]
    assert (told[2]["status"], told[2]["code"]) == (400, "INVALID_REQUEST")
    assert await ann.tasks() == [task]


# Order, numbers, one transaction


async def test_operations_are_carried_out_and_answered_in_order(ann: Person) -> None:
    task = await ann.create("One")

    told = await results(
        ann,
        update(task["id"], title="Two"),
        create("Another"),
        update(task["id"], description="Now with one"),
        delete(task["id"]),
        update(task["id"], title="Three"),
        delete(task["id"]),
    )

    assert [one["status"] for one in told] == [200, 201, 200, 200, 404, 404]
    assert (told[2]["task"]["title"], told[2]["task"]["description"]) == ("Two", "Now with one")
    assert told[3] == {"status": 200, "message": "Task deleted successfully", "id": task["id"]}
    assert told[0]["task"]["updated_at"] < told[2]["task"]["updated_at"]
    assert await ann.tasks() == [told[1]["task"]]


async def test_a_later_operation_sees_the_version_that_an_earlier_one_made(ann: Person) -> None:
    task = await ann.create()
    tag = await etag(ann, task)

    told = await results(ann, update(task["id"], tag, title="One"), update(task["id"], tag, title="Two"))

    assert [one["status"] for one in told] == [200, 412]
    assert (await ann.get(task["id"]))["title"] == "One"


async def test_a_hundred_creations_get_ids_and_numbers_in_order(ann: Person) -> None:
    told = await results(ann, *(create(f"Number {n}") for n in range(100)))

    ids = [one["task"]["id"] for one in told]
    assert {UUID(task_id).version for task_id in ids} == {7}
    versions = [int(one["etag"].strip('"')) for one in told]
    assert ids == sorted(set(ids))
    assert versions == sorted(set(versions))
    assert [task["title"] for task in await ann.tasks()] == [f"Number {n}" for n in reversed(range(100))]


async def test_each_operation_that_changes_something_has_a_number_of_its_own(ann: Person) -> None:
    task = await ann.create()
    before = await counter(ann)

    told = await results(
        ann,
        update(task["id"], title="One"),
        update(uuid4().hex, title="Two"),
        create(),
        delete(str(uuid4())),
        delete(task["id"]),
    )

    assert [one["status"] for one in told] == [200, 400, 201, 404, 200]
    numbers = [int(told[n]["etag"].strip('"')) for n in (0, 2)]
    assert before < numbers[0] < numbers[1] < await counter(ann)


async def test_the_answers_of_a_batch_are_what_is_stored(ann: Person) -> None:
    told = await results(ann, create("One", description="d"), create("Two", is_completed=True))

    for one in told:
        answer = await ann.http.get(f"/api/tasks/{one['task']['id']}")
        assert (answer.json(), answer.headers["etag"]) == (one["task"], one["etag"])


async def test_a_batch_that_is_not_atomic_applies_what_can_be(ann: Person) -> None:
    told = await results(ann, create("One"), create(""), create("Two"), atomic=False)

    assert [one["status"] for one in told] == [201, 400, 201]
    assert [task["title"] for task in await ann.tasks()] == ["Two", "One"]


async def test_an_atomic_batch_applies_all(ann: Person) -> None:
    task = await ann.create()

    told = await results(ann, create("One"), update(task["id"], title="Two"), atomic=True)

    assert [one["status"] for one in told] == [201, 200]
    assert [task["title"] for task in await ann.tasks()] == ["One", "Two"]


FAILURES: dict[str, Callable[[Task], Any]] = {
    "invalid": lambda _task: create(""),
    "missing": lambda _task: delete(str(uuid4())),
    "in another version": lambda task: update(task["id"], '"1"', title="x"),
}


@pytest.mark.parametrize("failing", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("place", [0, 1, 3])
async def test_an_atomic_batch_with_a_failure_in_it_applies_nothing(
    ann: Person, failing: Callable[[Task], Any], place: int
) -> None:
    task, gone = await ann.create(), await ann.create("Stays")
    before, cursor = await counter(ann), (await changes(ann))["cursor"]
    operations = [create("One"), update(task["id"], title="Two"), delete(gone["id"])]
    operations.insert(place, failing(task))

    told = await results(ann, *operations, atomic=True)
    [alone] = await results(ann, failing(task))

    assert told[place] == alone
    assert [one for n, one in enumerate(told) if n != place] == [NOT_APPLIED] * 3
    assert await ann.tasks() == [gone, task]
    assert await counter(ann) == before
    assert (await changes(ann, cursor))["changes"] == []


async def test_every_failure_of_an_atomic_batch_is_reported(ann: Person) -> None:
    told = await results(ann, create(""), create("One"), delete("1"), delete(str(uuid4())), atomic=True)

    assert [one["status"] for one in told] == [400, 424, 400, 404]


@pytest.mark.parametrize("others", [{"atomic": True}, {"atomic": False}, {}], ids=str)
async def test_a_batch_in_which_every_operation_fails_makes_no_user(
    ann: Person, others: dict[str, bool]
) -> None:
    told = await results(ann, create(""), delete(str(uuid4())), key="k", **others)

    assert [one["status"] for one in told] == [400, 404]
    assert refusal(await ann.http.get("/api/me")) == (404, "NOT_FOUND", "User not found")


async def test_an_atomic_batch_that_fails_makes_no_user_either(ann: Person) -> None:
    await results(ann, create(), create(""), atomic=True, key="k")

    assert refusal(await ann.http.get("/api/me")) == (404, "NOT_FOUND", "User not found")


async def test_a_reader_never_sees_half_of_an_atomic_batch(ann: Person) -> None:
    """Every task is given the same title by each batch; a follower polls all the while."""
    told = await results(ann, *(create("Round 0") for _ in range(20)))
    ids = [one["task"]["id"] for one in told]
    held, cursor, rounds = dict[str, str](), None, set[frozenset[str]]()
    done = asyncio.Event()

    async def follow() -> None:
        nonlocal cursor
        while not done.is_set():
            found = await changes(ann, cursor)
            cursor = found["cursor"]
            held.update({one["task"]["id"]: one["task"]["title"] for one in found["changes"]})
            assert not found["has_more"]
            rounds.add(frozenset(held.values()))
            await asyncio.sleep(0)

    following = asyncio.create_task(follow())
    for n in range(1, 25):
        await results(ann, *(update(task_id, title=f"Round {n}") for task_id in ids), atomic=True)
    done.set()
    await following

    assert {len(titles) for titles in rounds} == {1}
    assert len(rounds) > 2


# The form of the body

NO_LIST = "Operations must be a list of 1 to 100 operations"


@pytest.mark.parametrize("operations", [None, {}, "x", 5, True])
async def test_operations_are_a_list(ann: Person, operations: Any) -> None:
    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})

    assert problems(answer) == {"operations": NO_LIST}


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_one_to_a_hundred_operations(ann: Person, count: int) -> None:
    assert problems(await send(ann, *[create()] * count)) == {"operations": NO_LIST}
    assert await ann.tasks() == []


async def test_what_is_no_operation_is_named_with_its_place(ann: Person) -> None:
    answer = await send(
        ann,
        create(),
        5,
        {},
        {"op": "upsert"},
        {"op": []},
        {"op": {}},
        {"op": None},
        {"op": "create", "path": "/", "ID": 1},
        [],
        None,
        {"op": "CREATE"},
        atomic="yes",
        dry=True,
    )

    one_of = "Op must be one of create, update, delete"
    assert problems(answer) == {
        "operations.1": "Operations.1 must be an object",
        "operations.2.op": "Op is required and cannot be empty",
        "operations.3.op": one_of,
        "operations.4.op": one_of,
        "operations.5.op": one_of,
        "operations.6.op": one_of,
        "operations.7.path": "Unknown field",
        "operations.7.ID": "Unknown field",
        "operations.8": "Operations.8 must be an object",
        "operations.9": "Operations.9 must be an object",
        "operations.10.op": one_of,
        "atomic": "Atomic must be true or false",
        "dry": "Unknown field",
    }
    assert await ann.tasks() == []


@pytest.mark.parametrize("atomic", [1, 0, "true", None, [], {}])
async def test_atomic_is_true_or_false(ann: Person, atomic: Any) -> None:
    assert problems(await send(ann, create(), atomic=atomic)) == {"atomic": "Atomic must be true or false"}


async def test_the_query_and_the_body_are_validated_together(ann: Person) -> None:
    answer = await ann.http.post("/api/tasks/batch?colour=red", json={}, headers=[("Idempotency-Key", "a b")])

    assert problems(answer) == {
        "colour": "Unknown query parameter",
        "Idempotency-Key": "Idempotency-Key must be 1-255 visible ASCII characters",
        "operations": "Operations is required and cannot be empty",
    }


async def test_a_nul_is_refused_in_the_operation_that_holds_it_alone(ann: Person) -> None:
    told = await results(
        ann, create("a\0b", description="\0"), create("Good"), delete("\0", "\0"), create("\\u0000")
    )

    refused = "The character U+0000 is not allowed"
    assert told[0]["details"] == [
        {"field": "title", "message": refused},
        {"field": "description", "message": refused},
    ]
    assert [one["field"] for one in told[2]["details"]] == ["id", "if_match"]
    assert [task["title"] for task in await ann.tasks()] == ["\\u0000", "Good"]


async def test_a_nul_outside_the_operations_is_refused_too(ann: Person) -> None:
    answer = await ann.http.post(
        "/api/tasks/batch", json={"operations": [{"op": "create\0"}, {"op": "create", "\0": 1}], "\0": 1}
    )

    assert list(problems(answer)) == ["operations.0.op", "operations.1.\0", "\0"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"operations":[', b'{"operations": "\\ud800"}', b"\xff"])
async def test_what_is_no_json_object_is_refused_as_anywhere(ann: Person, body: bytes) -> None:
    answer = await ann.http.post(
        "/api/tasks/batch", content=body, headers={"Content-Type": "application/json"}
    )

    assert refusal(answer) == INVALID_REQUEST


async def test_a_task_in_a_batch_may_nest_no_deeper_than_anything_else(ann: Person) -> None:
    deep: Any = 1
    for _ in range(30):
        deep = [deep]

    assert refusal(await send(ann, create(id=deep))) == INVALID_REQUEST
    assert (await results(ann, create(id=deep[0][0])))[0]["status"] == 201


async def test_a_batch_may_take_a_mebibyte(ann: Person) -> None:
    body = orjson.dumps({"operations": [create("t", description="\N{ROCKET}" * 2000)] * 100})
    json = {"Content-Type": "application/json"}
    assert len(body) > 800_000

    async def in_pieces(content: bytes) -> Any:
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]

    for size, status in [(ONE_MEBIBYTE, 200), (ONE_MEBIBYTE + 1, 413)]:
        padded = body.ljust(size)
        for sent in (padded, in_pieces(padded)):
            answer = await ann.http.post("/api/tasks/batch", content=sent, headers=json)
            assert answer.status_code == status
    assert refusal(answer) == PAYLOAD_TOO_LARGE
    assert len(await ann.tasks()) == 200


# Idempotency-Key


async def test_a_repeated_batch_acts_once_and_gets_the_same_answer(ann: Person) -> None:
    operations = [create("One"), create(""), delete(str(uuid4()))]

    first, second = [await send(ann, *operations, key="k") for _ in range(2)]

    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert [answer.headers.get("idempotent-replayed") for answer in (first, second)] == [None, "true"]
    assert len(await ann.tasks()) == 1


async def test_a_key_is_for_one_body_and_one_path(ann: Person) -> None:
    await send(ann, create("One"), key="k")

    assert refusal(await send(ann, create("Two"), key="k")) == REUSED
    again = await ann.http.post("/api/tasks", json={"title": "x"}, headers={"Idempotency-Key": "k"})
    assert refusal(again) == REUSED
    assert [task["title"] for task in await ann.tasks()] == ["One"]


async def test_a_key_belongs_to_one_person(ann: Person, bob: Person) -> None:
    for person in (ann, bob):
        assert "idempotent-replayed" not in (await send(person, create(), key="k")).headers


async def test_an_atomic_batch_that_failed_leaves_its_key_free(ann: Person) -> None:
    await ann.create()
    await send(ann, create("One"), create(""), key="k", atomic=True)

    answer = await send(ann, create("Two"), key="k", atomic=True)

    assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (200, None)
    assert [task["title"] for task in await ann.tasks()] == ["Two", "Buy milk"]


async def test_a_batch_that_was_refused_leaves_its_key_free(ann: Person) -> None:
    await send(ann, {"op": "x"}, key="k")

    assert (await send(ann, create(), key="k")).status_code == 200


async def test_a_batch_whose_failures_are_kept_is_answered_alike_again(ann: Person) -> None:
    task = await ann.create()
    operations = [update(task["id"], '"1"', title="x")]

    first, second = [await send(ann, *operations, key="k") for _ in range(2)]

    assert (first.content, second.headers["idempotent-replayed"]) == (second.content, "true")


async def test_while_a_batch_is_running_its_key_is_in_use(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    answer = execution.IdempotentExecution._run

    async def held(self: execution.IdempotentExecution, *arguments: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await answer(self, *arguments)

    monkeypatch.setattr(execution.IdempotentExecution, "_run", held)
    first = asyncio.create_task(send(ann, create(), key="k"))
    await begun.wait()

    second = await send(ann, create(), key="k")
    go_on.set()

    assert refusal(second) == IN_USE
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 200
    assert len(await ann.tasks()) == 1


# Many at once


async def test_concurrent_batches_of_one_person_lose_nothing(new_database: MakeDatabase, engine: str) -> None:
    """On a server or a file through two apps; they touch the same tasks in opposite orders."""
    settings = settings_for(await new_database(engine))
    async with running(settings) as one, running(settings) as other:
        apps = [one, one] if engine == "memory" else [one, other]
        ann, too = Person(apps[0]), Person(apps[1])
        too.http.headers["Authorization"] = ann.http.headers["Authorization"]
        ids = [one["task"]["id"] for one in await results(ann, *[create("Shared")] * 5)]

        async def work(person: Person, number: int) -> list[list[dict[str, Any]]]:
            mine = ids if number % 2 else list(reversed(ids))
            return [
                await results(
                    person,
                    *(update(task_id, title=f"{number}.{n}") for task_id in mine),
                    create(f"New {number}.{n}"),
                    atomic=bool(number % 3),
                )
                for n in range(5)
            ]

        worked = await asyncio.gather(*(work((ann, too)[n % 2], n) for n in range(8)))

        told = [one for batches in worked for batch in batches for one in batch]
        versions = [one["etag"] for one in told]
        assert {one["status"] for one in told} == {200, 201}
        assert len(set(versions)) == len(versions) == 8 * 5 * 6
        listed = await too.tasks()
        shared, new = listed[40:], listed[:40]
        assert {task["title"] for task in new} == {f"New {n}.{m}" for n in range(8) for m in range(5)}
        assert len({task["title"] for task in shared}) == 1, "the last batch changed all of them together"
        found = await changes(ann)
        held = {one["task"]["id"]: one["task"] for one in found["changes"]}
        assert held == {task["id"]: task for task in listed}


async def test_of_concurrent_batches_with_one_tag_one_wins(ann: Person) -> None:
    task = await ann.create()
    tag = await etag(ann, task)

    told = await asyncio.gather(
        *(
            results(ann, create(f"New {n}"), update(task["id"], tag, title=str(n)), atomic=True)
            for n in range(8)
        )
    )

    statuses = sorted(tuple(one["status"] for one in batch) for batch in told)
    assert statuses == [(201, 200)] + [(424, 412)] * 7
    assert len(await ann.tasks()) == 2


# The time that a batch may take


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    ("operation", "is_long"),
    [
        ({"op": "update", "task": {"is_completed": True}}, True),
        ({"op": "update", "task": {"list_id": None}}, True),
        ({"op": "delete"}, True),
        ({"op": "update", "task": {"title": "x", "priority": "high"}}, False),
    ],
)
def test_a_batch_that_may_change_many_subtasks_has_as_long_as_an_import(
    operation: dict[str, Any], *, is_long: bool
) -> None:
    for count, expected in ((MAX_SHORT, False), (MAX_SHORT + 1, is_long)):
        batch = Batch.model_validate({"operations": [{"id": str(uuid4()), **operation}] * count})
        assert batch.is_long() == expected
