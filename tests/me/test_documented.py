"""The OpenAPI document says of batches and of a person's own data what is on the wire."""

from typing import Any
from uuid import uuid4

import orjson
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter
from support import Person
from support.import_documents import a_task

from taskward.batch.results import BatchResults

pytestmark = pytest.mark.engines("memory")

STATUSES = {
    ("/api/tasks/batch", "post"): {"200", "400", "401", "405", "409", "413", "422", "429", "500", "503"},
    ("/api/me", "get"): {"200", "400", "401", "404", "405", "413", "429", "500", "503"},
    ("/api/me", "delete"): {"200", "400", "401", "405", "413", "429", "500", "503"},
    ("/api/me/export", "get"): {"200", "400", "401", "405", "413", "429", "500", "503"},
    ("/api/me/import", "post"): {"200", "400", "401", "405", "409", "413", "422", "429", "500", "503"},
    ("/api/changes", "get"): {"200", "400", "401", "405", "410", "413", "429", "500", "503"},
}


def responses(app: FastAPI, path: str, method: str) -> Any:
    paths: Any = app.openapi()["paths"]
    return paths[path][method]["responses"]


@pytest.mark.parametrize(("path", "method"), STATUSES)
def test_every_status_that_there_can_be_is_documented(app: FastAPI, path: str, method: str) -> None:
    documented = responses(app, path, method)

    assert documented.keys() == STATUSES[path, method]
    for status, response in documented.items():
        if status > "400":
            assert response["content"]["application/json"]["examples"]


async def test_the_examples_are_what_is_answered(app: FastAPI, ann: Person) -> None:
    for method, path, body in [
        ("GET", "/api/me", None),
        ("POST", "/api/tasks/batch", {"operations": [{"op": "upsert"}]}),
        ("POST", "/api/me/import", {"tasks": [a_task(title="")]}),
        ("GET", "/api/me/export?colour=red", None),
        ("DELETE", "/api/me?colour=red", None),
    ]:
        answer = await ann.http.request(method, path, json=body)
        documented = responses(app, path.partition("?")[0], method.lower())[str(answer.status_code)]
        examples = documented["content"]["application/json"]["examples"]
        assert answer.json() == examples[answer.json()["code"]]["value"]


async def test_the_headers_are_documented(app: FastAPI, ann: Person) -> None:
    task = await ann.create()
    for method, path, template, body in [
        ("POST", "/api/tasks/batch", None, {"operations": [{"op": "create", "task": {"title": "x"}}]}),
        ("POST", "/api/me/import", None, {"tasks": []}),
        ("PUT", f"/api/tasks/{task['id']}", "/api/tasks/{task_id}", {"title": "x"}),
        ("GET", f"/api/tasks/{task['id']}", "/api/tasks/{task_id}", None),
    ]:
        key = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        answers = [await ann.http.request(method, path, json=body, headers=key) for _ in range(2)]
        documented = responses(app, template or path, method.lower())["200"]["headers"]
        for name in ("etag", "idempotent-replayed"):
            sent = any(name in answer.headers for answer in answers)
            assert sent == (name in {header.lower() for header in documented})


async def test_a_result_of_a_batch_is_one_of_the_documented_kinds(ann: Person) -> None:
    task = await ann.create()
    operations = [
        {"op": "create", "task": {"title": "x", "description": "y"}},
        {"op": "update", "id": task["id"], "task": {"title": "x"}},
        {"op": "update", "id": task["id"], "if_match": '"1"', "task": {"title": "x"}},
        {"op": "delete", "id": task["id"]},
        {"op": "delete", "id": task["id"]},
        {"op": "delete"},
    ]
    for atomic in (False, True):
        body = {"operations": operations, "atomic": atomic}
        answer = (await ann.http.post("/api/tasks/batch", json=body)).json()
        kinds: Any = TypeAdapter(BatchResults).validate_json(orjson.dumps(answer), strict=True)
        assert kinds.model_dump(mode="json", exclude_unset=True).keys() == answer.keys()
        for kind, told in zip(kinds.results, answer["results"], strict=True):
            assert kind.model_dump(exclude_unset=True).keys() == told.keys()
