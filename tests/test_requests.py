"""docs/contract.md#errors: the form of requests, and the order of their checks."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query, Response
from pydantic import BaseModel
from starlette.types import Message
from support import (
    INVALID_REQUEST,
    INVALID_TOKEN,
    METHOD_NOT_ALLOWED,
    NO_SUCH_PATH,
    NO_SUCH_TASK,
    PAYLOAD_TOO_LARGE,
    UNAUTHORIZED,
    Person,
    context_for,
    exchange,
    problems,
    refusal,
)

from taskward.http.requests import read_body, slot_for_body
from taskward.http.routing import MAX_CACHED_QUERY, QUERY_CACHE_SIZE, StrictRoute

pytestmark = pytest.mark.engines("memory")

LIMIT = 64 * 1024
MILK = b'{"title":"Buy milk"}'
JSON = "application/json"


async def post(person: Person, body: bytes, kind: str = JSON) -> httpx.Response:
    return await person.http.post("/api/tasks", content=body, headers={"Content-Type": kind})


# Content type


@pytest.mark.parametrize(
    "kind",
    [
        JSON, "Application/JSON", "APPLICATION/JSON", "application/json; charset=utf-8",
        "application/json;charset=UTF-8", "application/json ; Charset=utf-8",
        'application/json; charset="utf-8"',
    ],
)  # fmt: skip
async def test_the_content_type_is_json_in_any_case_with_utf_8_or_no_charset(ann: Person, kind: str) -> None:
    assert (await post(ann, MILK, kind)).status_code == 201


@pytest.mark.parametrize(
    "kind",
    [
        "", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/jsonp",
        "application/json-patch+json", "application/ld+json", "application/json; charset=latin-1", "json",
        "application/json; charset=utf-16", "application/json; charset=utf8", "application/json, text/plain",
        "application/json; charset=", "text/plain; application/json", "application/json; boundary=x",
        "application/json; charset=utf-8; charset=utf-8", "*/*", "application/*",
        "application/merge-patch+json", "application",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_any_other_content_type_is_refused(ann: Person, method: str, kind: str) -> None:
    path = "/api/tasks" if method == "POST" else f"/api/tasks/{(await ann.create())['id']}"

    answer = await ann.http.request(method, path, content=MILK, headers={"Content-Type": kind})

    assert refusal(answer) == INVALID_REQUEST


async def test_an_absent_content_type_is_refused(ann: Person) -> None:
    assert refusal(await ann.http.post("/api/tasks", content=MILK)) == INVALID_REQUEST


async def test_two_content_types_are_refused_even_if_both_are_json(app: FastAPI, ann: Person) -> None:
    headers = [*bearer(ann), ("Content-Type", JSON), ("Content-Type", JSON), ("Content-Length", "20")]

    assert (await exchange(app, "POST", "/api/tasks", headers=headers, pieces=[MILK])).status == 400


async def test_no_content_type_is_needed_where_no_body_is_read(ann: Person) -> None:
    task = await ann.create()

    for method in ("GET", "DELETE"):
        headers = {"Content-Type": "text/plain"}
        answer = await ann.http.request(method, f"/api/tasks/{task['id']}", content=b"x", headers=headers)
        assert answer.status_code == 200


# JSON


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"}", b"{}}", b'{"title":"a"', b"{'title':'a'}", b'{title:"a"}', b'{"title":"a",}',
        b'{"title":"a"}x', b'{"title":"a"}{}', b'{"title":"a"} // b', b'/**/{"title":"a"}',
        b'{"title":"a\n"}',
        b'{"title":"\\x41"}', b'{"title":"\\u00"}', b'{"title":undefined}', b'{"title":True}', b"title=a",
        b'{"title":"a","id":01}', b'{"title":"a","id":+1}', b'{"title":"a","id":.5}',
        b'{"title":"a","id":1.}',
        b'{"title":"a","id":0x1}', b'{"title":"a","id":1_0}', b'{"title":"a\x00"}', b'\x00{"title":"a"}',
        b'\xa0{"title":"a"}', b'\x0c{"title":"a"}',
    ],
)  # fmt: skip
async def test_what_is_not_json_is_refused(ann: Person, body: bytes) -> None:
    assert refusal(await post(ann, body)) == INVALID_REQUEST


@pytest.mark.parametrize("body", [b"[]", b'[{"title":"a"}]', b'"a"', b"1", b"true", b"null"])
async def test_json_that_is_not_an_object_is_refused(ann: Person, body: bytes) -> None:
    assert refusal(await post(ann, body)) == INVALID_REQUEST


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "nan", "1e999", "-1e999", "9" * 400])
async def test_nan_infinity_and_numbers_beyond_a_double_are_refused_in_ignored_keys_too(
    ann: Person, number: str
) -> None:
    for body in (f'{{"title":"a","id":{number}}}', f'{{"title":"a","id":[{{"b":{number}}}]}}'):
        assert refusal(await post(ann, body.encode())) == INVALID_REQUEST


@pytest.mark.parametrize("number", ["1e308", "-1.7976931348623157e308", "1e-999", "9" * 300, "-0", "0.1e-1"])
async def test_numbers_that_a_double_holds_are_json(ann: Person, number: str) -> None:
    assert (await post(ann, f'{{"title":"a","id":{number}}}'.encode())).status_code == 201


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
async def test_a_byte_order_mark_is_refused(ann: Person, mark: bytes) -> None:
    assert refusal(await post(ann, mark + MILK)) == INVALID_REQUEST


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
async def test_json_in_another_encoding_is_refused(ann: Person, encoding: str) -> None:
    assert refusal(await post(ann, MILK.decode().encode(encoding))) == INVALID_REQUEST


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"\xc0\xaf",
        b"\xe9",
        b"\xed\xa0\x80",
        b"\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc3",
        b"\xf8\x88",
    ],
)
async def test_bytes_that_are_not_utf_8_are_refused_everywhere(ann: Person, text: bytes) -> None:
    for body in (b'{"title":"%b"}', b'{"title":"a","id":"%b"}', b'{"title":"a","%b":1}', b'%b{"title":"a"}'):
        assert refusal(await post(ann, body % text)) == INVALID_REQUEST


@pytest.mark.parametrize(
    "text", [r"\ud800", r"\udc00", r"\udc00\ud800", r"a\ud83d", r"\ud83d\ud83d", r"\uDBFF"]
)
async def test_lone_surrogates_are_refused_everywhere(ann: Person, text: str) -> None:
    for body in ('{"title":"%s"}', '{"title":"a","id":["%s"]}', '{"title":"a","%s":1}'):
        assert refusal(await post(ann, (body % text).encode())) == INVALID_REQUEST


async def test_a_pair_of_surrogates_is_one_character(ann: Person) -> None:
    answer = await post(ann, rb'{"title":"\ud83d\ude4f"}')

    assert answer.json()["title"] == "\N{PERSON WITH FOLDED HANDS}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (r'{"title":"a\u0000"}', "title"),
        (r'{"title":"a","description":"\u0000"}', "description"),
        (r'{"title":"a","id":"\u0000"}', "id"),
        (r'{"title":"a","user_id":[1,{"b":["\u0000"]}]}', "user_id"),
        (r'{"title":"a","created_at":{"\u0000":1}}', "created_at"),
        (r'{"title":"a","\u0000":1}', "\0"),
        (r'{"title":"a","colour\u0000":1}', "colour\0"),
    ],
)
async def test_nul_is_refused_in_every_value_and_key(ann: Person, body: str, field: str) -> None:
    assert problems(await post(ann, body.encode())) == {field: "The character U+0000 is not allowed"}


async def test_text_that_only_looks_like_an_escaped_nul_is_no_nul(ann: Person) -> None:
    assert (await post(ann, rb'{"title":"a\\u0000"}')).json()["title"] == r"a\u0000"


async def test_nul_is_reported_together_with_every_other_fault(ann: Person) -> None:
    answer = await post(ann, rb'{"id":"\u0000","description":5,"colour":"\u0000","shape":1}')

    assert problems(answer) == {
        "id": "The character U+0000 is not allowed",
        "colour": "The character U+0000 is not allowed",
        "title": "Title is required and cannot be empty",
        "description": "Description must be text or null",
        "shape": "Unknown field",
    }


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("beside", [0, 40])
async def test_32_levels_are_read_and_33_are_refused(
    ann: Person, opening: str, closing: str, beside: int
) -> None:
    def nested(levels: int) -> bytes:
        inner = opening * (levels - 1) + "1" + closing * (levels - 1)
        return f'{{"title":"a","user_id":{[[]] * beside},"id":{inner}}}'.encode()

    assert (await post(ann, nested(32))).status_code == 201
    assert refusal(await post(ann, nested(33))) == INVALID_REQUEST
    assert refusal(await post(ann, nested(5000))) == INVALID_REQUEST


async def test_many_brackets_beside_each_other_are_not_deep(ann: Person) -> None:
    body = {"title": "a", "id": [[], {}] * 500, "user_id": "[" * 500}

    assert (await post(ann, json.dumps(body).encode())).status_code == 201


async def test_of_a_key_given_twice_the_last_one_wins(ann: Person) -> None:
    task = (await post(ann, b'{"title":5,"is_completed":true,"title":"Last","is_completed":false}')).json()

    assert (task["title"], task["is_completed"]) == ("Last", False)
    assert problems(await post(ann, b'{"title":"a","title":null}')) == {"title": "Title cannot be empty"}


async def test_white_space_of_json_around_an_object_is_read(ann: Person) -> None:
    assert (await post(ann, b' \t\r\n{ "title"\n:\t"a" }\r\n')).status_code == 201


# Size


def padded(length: int) -> bytes:
    """Returns a body of that length that is a task."""
    return MILK + b" " * (length - len(MILK))


async def pieces_of(body: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), size):
        yield body[begin : begin + size]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_64_kib_is_read_and_one_byte_more_is_refused(ann: Person, *, chunked: bool) -> None:
    for length, status in ((LIMIT, 201), (LIMIT + 1, 413)):
        body = padded(length)
        answer = await ann.http.post(
            "/api/tasks", content=pieces_of(body) if chunked else body, headers={"Content-Type": JSON}
        )
        assert ("content-length" in answer.request.headers) != chunked
        assert answer.status_code == status


async def test_a_body_that_says_it_is_too_large_is_not_read_at_all(app: FastAPI, ann: Person) -> None:
    headers = [*bearer(ann), ("Content-Type", JSON), ("Content-Length", str(LIMIT + 1))]

    told = await exchange(app, "POST", "/api/tasks", headers=headers, pieces=[b" " * 1024] * 65)

    assert (told.status, told.asked) == (413, 0)


async def test_a_body_that_grows_too_large_is_not_read_further(app: FastAPI, ann: Person) -> None:
    headers = [*bearer(ann), ("Content-Type", JSON), ("Transfer-Encoding", "chunked")]

    told = await exchange(app, "POST", "/api/tasks", headers=headers, pieces=[b" " * 1024] * 1000)

    assert (told.status, told.asked) == (413, 65)


async def test_an_answer_to_a_body_that_is_not_read_closes_the_connection(ann: Person) -> None:
    answer = await post(ann, padded(LIMIT + 1))

    assert answer.headers["connection"] == "close"


async def test_a_body_without_a_token_is_not_read(app: FastAPI) -> None:
    told = await exchange(app, "POST", "/api/tasks", headers=[("Content-Length", "20")], pieces=[MILK])

    assert (told.status, told.asked) == (401, 0)


async def test_a_body_in_pieces_is_one_body(ann: Person) -> None:
    answer = await ann.http.post(
        "/api/tasks", content=pieces_of('{"title":"\N{SNOWMAN}"}'.encode(), 1), headers={"Content-Type": JSON}
    )

    assert answer.json()["title"] == "\N{SNOWMAN}"


async def test_nothing_is_done_for_a_client_that_went_away_before_its_request_was_whole(
    app: FastAPI, ann: Person
) -> None:
    headers = [*bearer(ann), ("Content-Type", JSON), ("Content-Length", "40")]

    told = await exchange(app, "POST", "/api/tasks", headers=headers, pieces=[MILK], whole=False)

    assert told.status == 0
    assert await ann.tasks() == []


# Query


async def test_a_repeated_query_parameter_is_refused_once(ann: Person) -> None:
    answer = await ann.http.get("/api/tasks?limit=1&limit=1&colour=a&colour=b&colour=c")

    assert problems(answer) == dict.fromkeys(
        ("limit", "colour"), "The query parameter is given more than once"
    )


@pytest.mark.parametrize("value", ["%FF", "%ED%A0%80", "%C3", "%00", "a%00b"])
async def test_a_query_parameter_that_is_not_text_is_refused(ann: Person, value: str) -> None:
    answer = await ann.http.get(f"/api/tasks?q={value}")

    assert problems(answer) == {"q": "The query parameter is not valid text in UTF-8"}


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/0190b0a0-0000-7000-8000-000000000000"])
async def test_a_query_parameter_whose_name_is_not_text_is_refused(ann: Person, path: str) -> None:
    answer = await ann.http.get(f"{path}?%FF=1&a%C3b=2")

    not_text = "The query parameter is not valid text in UTF-8"
    assert problems(answer) == {"\ufffd": not_text, "a\ufffdb": not_text}


@pytest.mark.parametrize(("raw", "status"), [("\xe2\x98\x83", 200), ("\xff", 400)])
async def test_unescaped_bytes_of_a_query_are_read_as_utf_8(
    app: FastAPI, ann: Person, raw: str, status: int
) -> None:
    task, other = await ann.create("\N{SNOWMAN}"), await ann.create("No snow")

    told = await exchange(app, "GET", f"/api/tasks?q={raw}", headers=bearer(ann))

    assert told.status == status
    if status == 200:
        assert (task["id"].encode() in told.body, other["id"].encode() in told.body) == (True, False)


async def test_an_empty_query_is_no_query(ann: Person) -> None:
    assert (await ann.http.get("/api/tasks?")).status_code == 200
    assert (await ann.http.get("/api/tasks?&&")).status_code == 200


# The token's header


async def test_a_query_that_was_read_before_is_read_the_same(ann: Person) -> None:
    await ann.create("First")
    await ann.create("Second")
    for _ in range(2):
        for limit, number in ((1, 1), (2, 2)):
            assert len((await ann.http.get(f"/api/tasks?limit={limit}")).json()["tasks"]) == number
        for query in ("limit=0", "limit=1&limit=1", "limit=1&more=1", "limit=1&sort=%ff"):
            assert (await ann.http.get(f"/api/tasks?{query}")).status_code == 400


async def test_the_queries_kept_are_few_and_short(app: FastAPI, ann: Person) -> None:
    (route,) = (one for one in app.routes if isinstance(one, StrictRoute) and one.operation_id == "listTasks")
    kept = route._queries
    kept.clear()
    for n in range(QUERY_CACHE_SIZE + 10):
        await ann.http.get(f"/api/tasks?limit={n % 9 + 1}&q={n}")
        await ann.http.get(f"/api/tasks?limit={n}&limit={n}")
        await ann.http.get(f"/api/tasks?q={'w' * MAX_CACHED_QUERY}")
    assert 0 < len(kept) <= QUERY_CACHE_SIZE
    assert max(map(len, kept)) <= MAX_CACHED_QUERY
    assert not any(query.count(b"limit") > 1 for query in kept)


def test_a_query_that_could_change_is_refused_when_the_route_is_made() -> None:
    class Mutable(BaseModel):
        limit: int = 1

    async def handler(query: Annotated[Mutable, Query()]) -> Response:
        raise NotImplementedError

    with pytest.raises(TypeError, match="frozen"):
        StrictRoute("/", handler)


async def test_two_authorization_headers_are_an_invalid_token(app: FastAPI, ann: Person) -> None:
    told = await exchange(app, "GET", "/api/tasks", headers=bearer(ann) * 2)

    assert (told.status, json.loads(told.body)["code"]) == (401, "INVALID_TOKEN")
    assert (b"www-authenticate", b'Bearer error="invalid_token"') in told.headers


@pytest.mark.parametrize("place", ["?access_token=", "?token=", "?jwt="])
async def test_a_token_in_the_query_is_not_seen(stranger: httpx.AsyncClient, ann: Person, place: str) -> None:
    assert refusal(await stranger.get(f"/api/tasks{place}{ann.token}")) == UNAUTHORIZED


async def test_a_token_in_a_cookie_a_body_or_another_header_is_not_seen(
    stranger: httpx.AsyncClient, ann: Person
) -> None:
    headers = {"Cookie": f"token={ann.token}", "X-Authorization": f"Bearer {ann.token}"}
    body = f"access_token={ann.token}".encode()

    answer = await stranger.post("/api/tasks", content=body, headers=headers)

    assert refusal(answer) == UNAUTHORIZED


# Order of checks: each request has all the faults of those below it, and one more


ALL_FAULTS: dict[str, Any] = {
    "method": "PROPFIND",
    "path": "/api/nothing/at/all?a=1&a=2",
    "headers": {"Content-Type": "text/plain", "Authorization": "Bearer x"},
    "body": b"{" + b" " * LIMIT,
}
VALIDATION_ERROR = (400, "VALIDATION_ERROR", "Validation failed")

CHAIN: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    ("the token", {}, INVALID_TOKEN),
    ("the path", {"headers": {"Content-Type": "text/plain"}}, NO_SUCH_PATH),
    ("the method", {"path": "/api/tasks/1?a=1&a=2"}, METHOD_NOT_ALLOWED),
    ("the size", {"method": "PUT"}, PAYLOAD_TOO_LARGE),
    ("the content type", {"body": b"{"}, INVALID_REQUEST),
    ("the JSON", {"headers": {"Content-Type": JSON}}, INVALID_REQUEST),
    ("the fields together", {"body": b'{"title":""}'}, VALIDATION_ERROR),
    ("the fields without those of the path", {"path": "/api/tasks/{missing}?a=1&a=2"}, VALIDATION_ERROR),
    ("the fields without those of the query", {"path": "/api/tasks/{missing}"}, VALIDATION_ERROR),
    ("the database", {"body": MILK}, NO_SUCH_TASK),
]


@pytest.mark.parametrize("step", range(len(CHAIN)), ids=[name for name, _, _ in CHAIN])
async def test_each_fault_hides_all_that_are_checked_after_it(ann: Person, step: int) -> None:
    request = dict(ALL_FAULTS)
    for _, mended, _ in CHAIN[: step + 1]:
        request |= mended
    path = request["path"].format(missing="0190b0a0-0000-7000-8000-000000000000")

    answer = await ann.http.request(
        request["method"], path, content=request["body"], headers=request["headers"]
    )

    body = answer.json()
    assert (answer.status_code, body["code"], body["error"]) == CHAIN[step][2]
    assert {"task_id", "a", "title"} >= {one["field"] for one in body.get("details", ())}


async def test_path_query_and_body_are_one_check(ann: Person) -> None:
    answer = await ann.http.put("/api/tasks/1?a=1&a=2", json={"title": ""})

    assert list(problems(answer)) == ["task_id", "a", "title"]


async def test_a_plain_options_is_handled_like_any_other_method(
    stranger: httpx.AsyncClient, ann: Person
) -> None:
    assert refusal(await stranger.options("/api/tasks")) == UNAUTHORIZED
    assert refusal(await ann.http.options("/api/tasks")) == METHOD_NOT_ALLOWED


def bearer(person: Person) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {person.token}")]


async def test_a_body_in_the_smallest_parts_takes_little_more_memory_than_in_one() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"x", "more_body": next(left) > 1}

    left = iter(range(LIMIT, 0, -1))
    context = context_for({"headers": [(b"transfer-encoding", b"chunked")]})
    tracemalloc.start()
    try:
        body = await read_body(context, receive)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(body) == LIMIT
    assert most < 4 * LIMIT


@pytest.mark.parametrize("is_within_another", [False, True])
async def test_no_slot_is_taken_for_a_body_that_is_in_memory_or_missing(*, is_within_another: bool) -> None:
    headers = [(b"transfer-encoding", b"chunked")] if is_within_another else []
    context = context_for({"headers": headers})  # without slots
    context.is_admitted = is_within_another

    async with slot_for_body(context):
        assert context.has_body == is_within_another
