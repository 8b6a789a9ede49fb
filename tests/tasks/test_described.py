"""docs/contract.md#operation: the document describes what is on the wire; of pages, ETags and retries."""

import re
from typing import Any

import pytest
from support import settings_for

from taskward.app import create_app

LIST, TASK, SUMMARY = "/api/tasks", "/api/tasks/{task_id}", "/api/tasks/summary"
FILTERS = {
    *("list_id", "parent_id", "label", "priority", "due", "due_from", "due_before", "available_at"),
    *("completed_from", "completed_before", "series_id", "archived"),
}


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    paths: dict[str, Any] = create_app(settings_for("sqlite://")).openapi()["paths"]
    return paths


def parameters(operation: dict[str, Any]) -> dict[str, Any]:
    """Returns the schemas of the parameters that this operation has and not every one."""
    return {one["name"]: one["schema"] for one in operation["parameters"] if one["name"] != "X-Request-ID"}


def examples(operation: dict[str, Any], status: str) -> list[Any]:
    described = operation["responses"][status]["content"]["application/json"]["examples"]
    return [example["value"] for example in described.values()]


def test_the_query_of_the_list_is_described_with_its_bounds(paths: dict[str, Any]) -> None:
    query = parameters(paths[LIST]["get"])

    assert set(query) == {
        "limit",
        "cursor",
        "is_completed",
        "q",
        "sort",
        "assigned_to",
        "If-None-Match",
        *FILTERS,
    }
    assert [query["limit"][key] for key in ("type", "minimum", "maximum", "default")] == [
        "integer",
        1,
        1000,
        1000,
    ]
    assert query["sort"]["default"] == "-created_at"
    assert set(query["sort"]["enum"]) == {
        "-created_at",
        "created_at",
        "-updated_at",
        "updated_at",
        "title",
        "-title",
        "position",
        "-position",
        "due",
        "-due",
        "priority",
        "-priority",
        "completed_at",
        "-completed_at",
    }
    assert query["is_completed"]["type"] == "boolean"
    assert query["q"]["type"] == query["cursor"]["type"] == "string"


def test_the_filters_of_the_list_are_described_with_their_forms(paths: dict[str, Any]) -> None:
    query = parameters(paths[LIST]["get"])

    assert query["due"]["enum"] == ["any", "none"]
    assert query["archived"]["type"] == "boolean"
    assert query["series_id"]["format"] == "uuid"
    for name in ("list_id", "parent_id"):
        assert re.search(query[name]["pattern"], "none")
        assert not re.search(query[name]["pattern"], "nobody")
    assert re.search(query["priority"]["pattern"], "high,urgent")
    assert not re.search(query["priority"]["pattern"], "high,")
    assert (query["label"]["minLength"], query["label"]["maxLength"]) == (1, 50)
    required = [one["name"] for one in paths[SUMMARY]["get"]["parameters"] if one["required"]]
    assert required == ["now"]


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        (LIST, "get", "200 304 400 401 405 413 429 500 503"),
        (SUMMARY, "get", "200 304 400 401 405 413 429 500 503"),
        (LIST, "post", "201 400 401 405 409 413 422 429 500 503"),
        (TASK, "get", "200 304 400 401 404 405 413 429 500 503"),
        (TASK, "put", "200 201 400 401 404 405 410 412 413 429 500 503"),
        (TASK, "patch", "200 400 401 404 405 412 413 429 500 503"),
        (TASK, "delete", "200 400 401 404 405 412 413 429 500 503"),
    ],
)
def test_every_status_is_described_and_every_error_has_an_example(
    paths: dict[str, Any], path: str, method: str, statuses: str
) -> None:
    operation = paths[path][method]

    assert sorted(operation["responses"]) == statuses.split()
    for status in operation["responses"]:
        if status >= "400":
            assert all({"error", "code"} <= set(example) for example in examples(operation, status))


@pytest.mark.parametrize(
    ("path", "method", "tagged"),
    [
        (LIST, "get", {"200", "304"}),
        (SUMMARY, "get", {"200", "304"}),
        (LIST, "post", {"201"}),
        (TASK, "get", {"200", "304"}),
        (TASK, "put", {"200", "201", "412"}),
        (TASK, "patch", {"200", "412"}),
        (TASK, "delete", {"412"}),
    ],
)
def test_the_answers_with_a_tag_say_so(
    paths: dict[str, Any], path: str, method: str, tagged: set[str]
) -> None:
    responses = paths[path][method]["responses"]

    assert {status for status, response in responses.items() if "ETag" in response["headers"]} == tagged
    assert "content" not in responses.get("304", {})


def test_the_refusals_of_conditions_and_keys_are_those_on_the_wire(paths: dict[str, Any]) -> None:
    assert examples(paths[TASK]["put"], "412") == [
        {"error": "The task has been changed since it was read", "code": "PRECONDITION_FAILED"}
    ]
    post = paths[LIST]["post"]
    assert examples(post, "409") == [
        {"error": "A request with this idempotency key is still running", "code": "IDEMPOTENCY_KEY_IN_USE"}
    ]
    assert examples(post, "422") == [
        {"error": "The idempotency key was used for another request", "code": "IDEMPOTENCY_KEY_REUSED"}
    ]
    assert "Retry-After" in post["responses"]["409"]["headers"]
    assert {"Location", "ETag", "Idempotent-Replayed"} <= set(post["responses"]["201"]["headers"])


def test_a_key_is_described_with_what_it_is_made_of(paths: dict[str, Any]) -> None:
    key = parameters(paths[LIST]["post"])["Idempotency-Key"]

    assert (key["minLength"], key["maxLength"]) == (1, 255)
    assert re.search(key["pattern"], "!~")
    assert not re.search(key["pattern"], "a b")


def test_conditions_are_described_where_they_are_read(paths: dict[str, Any]) -> None:
    for method in ("put", "patch", "delete"):
        assert "If-Match" in parameters(paths[TASK][method])
    assert "If-None-Match" in parameters(paths[TASK]["get"])


def test_a_merge_patch_is_described_for_patch_alone(paths: dict[str, Any]) -> None:
    bodies = {method: set(paths[TASK][method]["requestBody"]["content"]) for method in ("put", "patch")}

    assert bodies == {
        "put": {"application/json"},
        "patch": {"application/json", "application/merge-patch+json"},
    }
