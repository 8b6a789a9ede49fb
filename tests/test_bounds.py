"""Bounds of one request and of an error: docs/contract.md#validation-of-requests."""

from typing import Any

import pytest
from support import Person, problems

pytestmark = pytest.mark.parametrize("engine", ["memory"], indirect=True)

LARGEST_ERROR = 64 * 1024
TOO_MANY_KEYS = "An object cannot have more than 64 keys"


def wide(keys: int, **others: Any) -> dict[str, Any]:
    """Returns an object of that many keys."""
    return others | {f"key {n}": 1 for n in range(keys - len(others))}


async def details(ann: Person, *operations: Any) -> list[dict[str, str]]:
    """Returns what is wrong with operations of which nothing else can be validated."""
    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    named: list[dict[str, str]] = answer.json()["details"]
    return named


async def results(ann: Person, *operations: Any) -> list[dict[str, Any]]:
    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


class TestErrors:
    async def test_a_hundred_problems_are_all_named(self, ann: Person) -> None:
        answer = await ann.http.get("/api/tasks?" + "&".join(f"p{n}" for n in range(100)))

        assert list(problems(answer)) == [f"p{n}" for n in range(100)]

    @pytest.mark.parametrize("more", [1, 250])
    async def test_of_more_the_number_is_said(self, ann: Person, more: int) -> None:
        answer = await ann.http.get("/api/tasks?" + "&".join(f"p{n}" for n in range(100 + more)))

        named = answer.json()["details"]
        assert [one["field"] for one in named[:100]] == [f"p{n}" for n in range(100)]
        assert named[100:] == [{"field": "", "message": f"and {more} more"}]

    async def test_a_batch_names_a_hundred_problems_too(self, ann: Person) -> None:
        named = await details(ann, *[{"op": "delete", **wide(60)} for _ in range(100)])

        assert len(named) == 101
        assert named[100] == {"field": "", "message": "and 5900 more"}

    async def test_of_a_long_name_its_beginning_is_shown(self, ann: Person) -> None:
        answer = await ann.http.post("/api/tasks", json={"title": "Milk", "k" * 60_000: 1, "e" * 64: 1})

        assert problems(answer) == {"k" * 64 + "…": "Unknown field", "e" * 64: "Unknown field"}
        assert len(answer.content) < 1000

    @pytest.mark.parametrize("character", ["\x01", "\U0001f600", '"'])
    async def test_no_error_is_larger_than_64_kib(self, ann: Person, character: str) -> None:
        operations = [
            {"op": "delete", **{character * 100 + f"{n} {key}": 1 for key in range(60)}} for n in range(20)
        ]
        answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})

        assert len(answer.json()["details"]) == 101
        assert len(answer.content) <= LARGEST_ERROR

    async def test_an_import_names_a_hundred_problems(self, ann: Person) -> None:
        answer = await ann.http.post("/api/me/import", json={"tasks": [wide(60)] * 50})

        named = answer.json()["details"]
        assert len(named) == 101
        assert named[100]["message"] == f"and {50 * (60 + 4) - 100} more"


class TestKeys:
    async def test_an_object_has_up_to_64_keys(self, ann: Person) -> None:
        answer = await ann.http.post("/api/tasks", json={"title": "Milk", "id": wide(64)})
        assert answer.status_code == 201

        answer = await ann.http.post("/api/tasks", json=wide(64))
        assert len(problems(answer)) == 65  # with the title

    @pytest.mark.parametrize("keys", [65, 2000])
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_a_body_with_more_is_validated_no_further(
        self, ann: Person, method: str, keys: int
    ) -> None:
        path = "/api/tasks" if method == "POST" else "/api/tasks/0190b0a0-0000-7000-8000-000000000000"

        answer = await ann.http.request(method, path, json=wide(keys, title=5))

        assert problems(answer) == {"body": TOO_MANY_KEYS}

    async def test_path_and_query_are_named_with_it(self, ann: Person) -> None:
        answer = await ann.http.put("/api/tasks/1?x", json=wide(65))

        assert list(problems(answer)) == ["task_id", "x", "body"]

    @pytest.mark.parametrize(
        ("within", "field"),
        [
            (lambda value: value, "id"),
            (lambda value: {"a": value}, "id.a"),
            (lambda value: [1, {"b": [value]}], "id.1.b.0"),
        ],
    )
    async def test_an_object_within_is_named_by_its_place(self, ann: Person, within: Any, field: str) -> None:
        answer = await ann.http.post("/api/tasks", json={"title": " ", "id": within(wide(65))})

        assert problems(answer) == {field: TOO_MANY_KEYS, "title": "Title cannot be empty"}

    async def test_nothing_else_is_said_of_its_field(self, ann: Person) -> None:
        answer = await ann.http.post("/api/tasks", json={"title": wide(65), "unknown": wide(65)})

        assert problems(answer) == {"title": TOO_MANY_KEYS, "unknown": TOO_MANY_KEYS}

    async def test_many_arrays_and_texts_with_colons_are_no_keys(self, ann: Person) -> None:
        task = {"title": "a:b" * 60, "id": [{"a": 1}] * 500}

        assert (await ann.http.post("/api/tasks", json=task)).status_code == 201

    async def test_a_batch(self, ann: Person) -> None:
        answer = await ann.http.post("/api/tasks/batch", json=wide(65, operations=[]))
        assert problems(answer) == {"body": TOO_MANY_KEYS}

    async def test_an_operation(self, ann: Person) -> None:
        good = {"op": "create", "task": {"title": "Milk"}}

        named = await details(ann, good, wide(65, op="create"), good, wide(70), {"op": "?"})

        assert [one["field"] for one in named] == ["operations.1", "operations.3", "operations.4.op"]
        assert [one["message"] for one in named[:2]] == [TOO_MANY_KEYS] * 2
        assert (await ann.http.get("/api/tasks")).json()["tasks"] == []

    async def test_a_task_of_an_operation_is_validated_as_its_single_form(self, ann: Person) -> None:
        found = await results(
            ann,
            {"op": "create", "task": wide(65)},
            {"op": "create", "task": {"title": "Milk", "id": {"a": wide(65)}}},
            {"op": "create", "task": {"title": "Milk", "id": wide(64)}},
            {"op": "update", "id": "1", "task": wide(65)},
        )

        assert [result["status"] for result in found] == [400, 400, 201, 400]
        named = [[one["field"] for one in found[n]["details"]] for n in (0, 1, 3)]
        assert named == [["body"], ["id.a"], ["id", "body"]]

    async def test_a_task_of_an_import(self, ann: Person) -> None:
        answer = await ann.http.post("/api/me/import", json={"tasks": [wide(65)]})

        assert problems(answer) == {"tasks.0": TOO_MANY_KEYS}


class TestIfMatchOfAnOperation:
    async def test_it_is_bounded_as_a_header_is(self, ann: Person) -> None:
        task = await ann.create()
        tags = ", ".join(['"1"'] * 5000)

        (result,) = await results(ann, {"op": "delete", "id": task["id"], "if_match": tags})

        assert (result["status"], result["code"]) == (400, "VALIDATION_ERROR")
        assert result["details"] == [
            {"field": "if_match", "message": "If-Match cannot exceed 16384 characters"}
        ]


async def test_a_large_body_is_validated_as_a_small_one(ann: Person) -> None:
    """Above 16 KiB a thread validates it."""
    large = {"title": " ", "id": ["x" * 1000] * 40, "x\0": 1}
    small = {"title": " ", "x\0": 1}

    first, second = [await ann.http.post("/api/tasks", json=body) for body in (large, small)]

    assert problems(first) == problems(second)
    assert (await ann.http.post("/api/tasks", content=b"[" * 40_000)).json()["code"] == "INVALID_REQUEST"
    assert (await ann.http.post("/api/tasks", json={**large, "title": "Milk"})).status_code == 400
    del large["x\0"]
    assert (await ann.http.post("/api/tasks", json={**large, "title": "Milk"})).status_code == 201
