"""docs/contract.md#operation: the document describes exactly what is on the wire.

Each response that any test gets is checked against it as well, by `support/openapi_check.py`.
"""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema_rs import Draft202012Validator
from support import Person, settings_for
from support.errors import subclasses_of
from support.openapi_check import documented

from taskward import __version__
from taskward.app import ROUTERS, create_app
from taskward.http.errors import ServiceError
from taskward.http.routing import StrictRoute
from taskward.ids import new_id

pytestmark = pytest.mark.engines("memory")

ENDPOINTS = [route for router in ROUTERS for route in router.routes if isinstance(route, StrictRoute)]


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@pytest.fixture
def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_the_document_needs_no_token(stranger: httpx.AsyncClient, app: FastAPI) -> None:
    answer = await stranger.get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == app.openapi()
    assert answer.json()["openapi"].startswith("3.1")
    assert answer.json()["info"]["version"] == __version__


def test_the_document_does_not_depend_on_the_settings(document: dict[str, Any]) -> None:
    others = settings_for(
        "postgresql://localhost/x",
        environment="production",
        database_rls=True,
        metrics_port=1,
        audit_log=True,
    )

    assert create_app(others).openapi() == document


def test_the_operations_are_the_routes(operations: dict[tuple[str, str], Any]) -> None:
    routes = {
        (method.lower(), route.path)
        for route in ENDPOINTS
        if route.include_in_schema
        for method in route.methods or ()
    }

    assert set(operations) == routes


def test_every_route_below_api_is_documented() -> None:
    hidden = [route.path for route in ENDPOINTS if not route.include_in_schema]

    assert [path for path in hidden if path.startswith("/api")] == []


def test_every_operation_is_named_once_and_says_what_it_does(
    operations: dict[tuple[str, str], dict[str, Any]],
) -> None:
    names = [operation["operationId"] for operation in operations.values()]

    assert len(set(names)) == len(names)
    assert all(operation["summary"] and operation["description"] for operation in operations.values())


def test_a_token_is_asked_for_below_api_and_nowhere_else(
    operations: dict[tuple[str, str], dict[str, Any]], document: dict[str, Any]
) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for (_, path), operation in operations.items():
        assert operation["security"] == ([{"bearer": []}] if path.startswith("/api") else [])


def test_nothing_is_left_of_the_framework_s_own_422(
    operations: dict[tuple[str, str], dict[str, Any]], document: dict[str, Any]
) -> None:
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])
    for operation in operations.values():
        codes = error_examples(operation["responses"].get("422", {}))
        assert set(codes) <= {"IDEMPOTENCY_KEY_REUSED"}
        assert bool(codes) == ("422" in operation["responses"])


def test_every_error_has_the_one_schema_and_an_example_of_each_code(
    operations: dict[tuple[str, str], dict[str, Any]],
) -> None:
    statuses = {kind.code: str(kind.status) for kind in subclasses_of(ServiceError)} | {
        "INVALID_REQUEST": "400"
    }
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                schema = response["content"]["application/json"]["schema"]
                *objects, error = schema.get("oneOf", [schema])
                assert error == {"$ref": "#/components/schemas/Error"}
                assert all(re.fullmatch(r".*/(Task|List|Comment)Exists", one["$ref"]) for one in objects)
                assert error_examples(response)
                for code, example in error_examples(response).items():
                    assert (example["code"], statuses[code]) == (code, status)


def test_below_api_every_code_that_anything_can_lead_to_is_documented(
    operations: dict[tuple[str, str], dict[str, Any]],
) -> None:
    for (_, path), operation in operations.items():
        codes = {code for response in operation["responses"].values() for code in error_examples(response)}
        assert codes >= {"INTERNAL_ERROR", "PAYLOAD_TOO_LARGE"}
        if path.startswith("/api"):
            assert codes >= {"UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED", "VALIDATION_ERROR"}
            assert codes >= {"DATABASE_ERROR", "SERVICE_UNAVAILABLE", "RATE_LIMITED"}
        if "{task_id}" in path:
            assert "NOT_FOUND" in codes
        if "requestBody" in operation:
            assert "INVALID_REQUEST" in codes


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    seen = 0
    for schema, example in examples(document):
        validator = Draft202012Validator(
            schema | {"components": document["components"]}, validate_formats=True
        )
        validator.validate(example)
        seen += 1

    assert seen > 50


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document))

    assert references
    assert set(references) == set(document["components"]["schemas"])


def test_the_document_names_its_own_server_its_license_and_no_site(document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == ["/"]
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert not re.search(r"https?://", str(document))


def test_a_list_of_kinds_is_a_choice_of_exactly_one(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    operations = schemas["Batch"]["properties"]["operations"]["items"]

    assert operations["discriminator"]["propertyName"] == "op"
    assert set(operations["discriminator"]["mapping"]) == {"create", "update", "delete"}
    assert len(operations["oneOf"]) == 3
    task_results = {"CreatedResult", "UpdatedResult", "DeletedResult", "MismatchedResult", "FailedResult"}
    list_results = {
        *("CreatedListResult", "UpdatedListResult", "DeletedListResult", "MismatchedListResult"),
    }
    comment_results = {name.replace("List", "Comment") for name in list_results}
    entities = {
        f"{kind}{change}" for kind in ("Task", "List", "Comment") for change in ("Upsert", "Deletion")
    }
    assert {frozenset(names) for names in documented_choices(document)} == {
        frozenset(entities | {"MembershipUpsert", "MembershipDeletion"}),
        frozenset(entities | {"MemberUpsert", "SpaceUpsert"}),
        frozenset(task_results),
        frozenset(task_results | list_results | comment_results),
        frozenset({"TaskExists", "Error"}),
        frozenset({"ListExists", "Error"}),
        frozenset({"CommentExists", "Error"}),
        frozenset({"TaskExists", "ListExists", "CommentExists", "Error"}),
    }


async def test_each_object_of_a_choice_is_of_exactly_one_of_its_schemas(
    ann: Person, document: dict[str, Any]
) -> None:
    components = document["components"]
    validators = {
        name: Draft202012Validator({**schema, "components": components}, validate_formats=True)
        for name, schema in components["schemas"].items()
    }
    seen: dict[tuple[str, ...], set[str]] = {}

    async for schema, body in responses_of_every_kind(ann, document):
        for names, value in chosen(components["schemas"], schema, body):
            matching = [name for name in names if validators[name].is_valid(value)]
            assert len(matching) == 1, f"{matching} match {value}"
            seen.setdefault(names, set()).update(matching)

    of_moves = ("TaskExists", "ListExists", "CommentExists", "Error")
    seen[of_moves].add("Error")  # each refusal of a move shows an object, but not the documented example
    assert seen == {names: set(names) for names in documented_choices(document)}


TITLED = {"title": "x"}


async def responses_of_every_kind(
    person: Person, document: dict[str, Any]
) -> AsyncIterator[tuple[dict[str, Any], Any]]:
    """Yields responses in which each object of each choice occurs, with their schemas."""

    async def send(method: str, path: str, body: Any = None, **headers: str) -> tuple[dict[str, Any], Any]:
        answer = await person.http.request(method, path, json=body, headers=headers)
        template = re.sub(r"(\w+)s/[0-9a-f]{8}-[-0-9a-f]{27}", r"\1s/{\1_id}", path)
        operation = document["paths"][template.partition("?")[0]][method.lower()]
        response = operation["responses"][str(answer.status_code)]
        return response["content"]["application/json"]["schema"], answer.json()

    task = await person.create()
    bodies = {"task": TITLED, "list": TITLED, "comment": {"task_id": task["id"], "text": "x"}}
    for kind, body in bodies.items():
        path = f"/api/{kind}s/{new_id()}"
        yield await send("PUT", path, body, **{"If-None-Match": "*"})
        yield await send("PUT", path, body, **{"If-None-Match": "*"})
        yield await send("PUT", path, body, **{"If-Match": '"1"'})
        yield await send("DELETE", path)
    for path, kinds in (("/api/tasks/batch", ["task"]), ("/api/batch", [*bodies])):
        for atomic in (False, True):
            operations = [
                one for kind in kinds for one in operations_of(kind, bodies[kind], named=path == "/api/batch")
            ]
            yield await send("POST", path, {"operations": operations, "atomic": atomic})
    spaces = [(await person.http.post("/api/spaces", json={"title": "x"})).headers["location"] for _ in "xx"]
    await person.http.delete(spaces[0])
    yield await send("GET", "/api/changes?kinds=tasks,lists,comments,spaces")
    shared = (await person.http.post(f"{spaces[1]}/tasks", json=TITLED)).json()["id"]
    for kind, body in bodies.items():
        given = body | ({"task_id": shared} if "task_id" in body else {})
        for _ in "xx":
            made = await person.http.post(f"{spaces[1]}/{kind}s", json=given)
        await person.http.delete(made.headers["location"])
    yield await send("GET", f"{spaces[1]}/changes?kinds=tasks,lists,comments,members,space")
    async for moved in moves_of_existing(person, spaces[1], shared):
        yield await send("POST", "/api/moves", {"from": None, "to": spaces[1].rpartition("/")[2], **moved})


async def moves_of_existing(person: Person, space: str, shared: str) -> AsyncIterator[dict[str, Any]]:
    """Yields moves of a task, a comment and a list with an id that the space has, too."""
    new = {"If-None-Match": "*"}
    home = (await person.http.post("/api/lists", json=TITLED)).json()
    await person.http.put(f"{space}/lists/{home['id']}", json=TITLED, headers=new)
    yield {"list": home["id"]}
    task = await person.create()
    comment = (await person.http.post("/api/comments", json={"task_id": task["id"], "text": "x"})).json()
    other = {"task_id": shared, "text": "x"}
    await person.http.put(f"{space}/comments/{comment['id']}", json=other, headers=new)
    yield {"tasks": [{"id": task["id"]}]}
    await person.http.put(f"{space}/tasks/{task['id']}", json=TITLED, headers=new)
    yield {"tasks": [{"id": task["id"]}]}


def operations_of(kind: str, body: dict[str, Any], *, named: bool) -> list[dict[str, Any]]:
    """Returns operations on objects of one kind, for every result that they can have."""
    common = {"kind": kind} if named else {}
    made = {"id": str(new_id()), **common}
    return [
        {"op": "create", **made, kind: body},
        {"op": "create", **made, kind: body},
        {"op": "update", **made, kind: body},
        {"op": "update", **made, "if_match": '"1"', kind: body},
        {"op": "update", **made, kind: {}},
        {"op": "delete", **made},
        {"op": "delete", **made},
        {"op": "create", **common, kind: body},
    ]


def chosen(
    schemas: dict[str, Any], schema: dict[str, Any], value: Any
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields each object of a value that is of one of several schemas, with their names."""
    if "$ref" in schema:
        yield from chosen(schemas, schemas[name_of(schema)], value)
    if "oneOf" in schema:
        yield names_of(schema), value
    for key in schema.get("properties", {}).keys() & (value if isinstance(value, dict) else {}):
        yield from chosen(schemas, schema["properties"][key], value[key])
    for item in value if "items" in schema else ():
        yield from chosen(schemas, schema["items"], item)


def documented_choices(document: dict[str, Any]) -> set[tuple[str, ...]]:
    """Returns the names of the schemas of each choice that a response can have."""
    schemas, found, known = document["components"]["schemas"], set(), set()
    left = [one["responses"] for methods in document["paths"].values() for one in methods.values()]
    while left:
        match left.pop():
            case {"$ref": str(reference)} if reference not in known:
                known.add(reference)
                left.append(schemas[reference.rpartition("/")[2]])
            case dict(node):
                left += node.values()
                if "oneOf" in node:
                    found.add(names_of(node))
            case list(nodes):
                left += nodes
    return found


def names_of(choice: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(name_of, choice["oneOf"]))


def name_of(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def test_no_property_has_a_default_by_which_a_generator_would_require_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    fields = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]

    assert [field for field in fields if "default" in field] == []
    assert schemas["NewTask"]["properties"]["is_completed"]["description"].endswith("Without it: `false`.")


def test_a_change_has_at_least_one_writable_field_and_no_unknown_ones(document: dict[str, Any]) -> None:
    components = document["components"]
    changes = Draft202012Validator(components["schemas"]["TaskChanges"] | {"components": components})
    task_id = "01a1fbee-d15a-754f-9d5b-38797672c7a2"

    for valid in (
        {"title": "x"},
        {"description": None},
        {"is_completed": True, "title": "x"},
        {"id": task_id, "created_at": 5, "title": "x"},
    ):
        assert changes.is_valid(valid), valid
    for refused in ({}, {"id": task_id}, {"title": "x", "colour": "red"}, {"title": None}):
        assert not changes.is_valid(refused), refused


async def test_each_body_is_documented_with_the_content_types_that_it_may_have(
    ann: Person, operations: dict[tuple[str, str], dict[str, Any]]
) -> None:
    types = (
        "application/json",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "text/plain",
    )
    for (method, path), operation in operations.items():
        if "requestBody" in operation:
            accepted = set()
            for content_type in types:
                names = ("task_id", "list_id", "comment_id", "space_id", "member_id")
                url = path.format(**{name: new_id() for name in names})
                answer = await ann.http.request(
                    method, url, content=b"{}", headers={"Content-Type": content_type}
                )
                if answer.json()["code"] != "INVALID_REQUEST":
                    accepted.add(content_type)
            assert set(operation["requestBody"]["content"]) == accepted, (method, path)


def test_a_success_has_one_content_type_and_the_export_no_query(
    operations: dict[tuple[str, str], dict[str, Any]],
) -> None:
    for operation in operations.values():
        for status, response in operation["responses"].items():
            assert len(response.get("content", {})) == (status != "304")
    named = {one["name"] for one in operations["get", "/api/me/export"]["parameters"]}
    assert named == {"X-Request-ID"}


async def test_an_answer_that_is_documented_otherwise_is_noticed(ann: Person) -> None:
    answer = await ann.http.get("/api/tasks")
    check = documented().check

    for wrong in (
        httpx.Response(299, headers=answer.headers, content=answer.content),
        httpx.Response(200, headers=answer.headers, json={"tasks": []}),
        httpx.Response(200, headers=answer.headers, json=answer.json() | {"total": 0}),
        httpx.Response(200, headers={**answer.headers, "location": "/"}, content=answer.content),
        httpx.Response(200, headers={"content-type": "application/json"}, content=answer.content),
        httpx.Response(404, headers={**answer.headers}, json={"error": "x", "code": "NOT_FOUND"}),
        httpx.Response(400, headers={"x-request-id": "x"}, json={"error": "x", "code": "INVALID_REQUEST"}),
    ):
        wrong.request = answer.request
        with pytest.raises((AssertionError, ValueError)):
            check(wrong)
    check(answer)


def error_examples(response: dict[str, Any]) -> dict[str, Any]:
    content = response.get("content", {}).get("application/json", {})
    return {code: example["value"] for code, example in content.get("examples", {}).items()}


def examples(node: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yields each example in the document with the schema that it is an example of."""
    if isinstance(node, dict):
        if isinstance(named := node.get("examples"), dict):
            yield from ((node["schema"], example["value"]) for example in named.values())
        if isinstance(listed := node.get("examples"), list):
            yield from ((node, example) for example in listed)
        if "default" in node and "type" in node:
            yield node, node["default"]
        for inner in node.values():
            yield from examples(inner)
    if isinstance(node, list):
        for inner in node:
            yield from examples(inner)
