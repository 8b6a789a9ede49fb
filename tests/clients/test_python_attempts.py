"""The Python client: what is sent again, after which wait, and what its errors say."""

import json
import traceback
from collections.abc import Callable
from inspect import isfunction, signature
from typing import Any
from uuid import UUID

import httpx
import pytest

from taskward.ids import problem_of_client_id
from taskward_client import (
    APIError,
    Changed,
    Client,
    Conflict,
    InvalidRequest,
    NoResponse,
    PreconditionFailed,
    RateLimited,
    Reset,
    Retries,
    ServerError,
    ServiceUnavailable,
    Tagged,
    TaskwardError,
    Unauthorized,
    ValidationFailed,
    _operations,
    _sync_resources,
    _sync_transport,
    new_id,
)
from taskward_client._etags import _MAX_ENTRIES
from taskward_client._feed import FeedStream

TOKEN = "of-no-service"
ID = "01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a00"
TASK = {
    "id": ID,
    "user_id": ID,
    "title": "Buy milk",
    "description": None,
    "is_completed": False,
    "created_at": "2026-11-21T14:30:00.000000Z",
    "updated_at": "2026-11-21T14:30:00.000000Z",
}
Step = httpx.Response | Exception


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Returns the waits of the client, which take no time."""
    waits: list[float] = []
    for module in (_sync_transport, _sync_resources):
        monkeypatch.setattr(module, "sleep", waits.append)
    return waits


def failure(status: int, code: str, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": "no", "code": code}, headers=names)


def client_of(
    *steps: Step, token: Any = TOKEN, retries: Retries | None = None
) -> tuple[Client, list[httpx.Request]]:
    """Returns a client whose requests get these responses in turn, and the requests."""
    requests: list[httpx.Request] = []
    left = iter(steps)

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        step = next(left)
        if isinstance(step, Exception):
            raise step
        return step

    return Client(
        "http://tasks.test", token, transport=httpx.MockTransport(respond), retries=retries
    ), requests


def done() -> httpx.Response:
    return httpx.Response(200, json=TASK, headers={"ETag": '"1"'})


def read(client: Client) -> Any:
    return client.tasks.get(ID)


def create(client: Client) -> Any:
    return client.tasks.create({"title": "Buy milk"})


def update(client: Client) -> Any:
    return client.tasks.update(ID, {"title": "Buy milk"})


def update_if_unchanged(client: Client) -> Any:
    return client.tasks.update(ID, {"title": "x"}, if_match='"1"')


def delete(client: Client) -> Any:
    return client.tasks.delete(ID)


def create_at(client: Client) -> Any:
    return client.tasks.create_at(ID, {"title": "x"})


def create_list_at(client: Client) -> Any:
    return client.lists.create_at(ID, {"title": "x"})


REPEATABLE = (read, create, update, create_at, create_list_at)
OTHERS = (update_if_unchanged, delete)

NOT_SENT = (httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"))
UNKNOWN = (httpx.ReadTimeout("silent"), httpx.RemoteProtocolError("broken"), httpx.WriteError("broken"))


@pytest.mark.parametrize("call", REPEATABLE + OTHERS)
def test_what_was_not_carried_out_is_sent_again(waits: list[float], call: Callable[[Client], Any]) -> None:
    refusals = (
        failure(503, "SERVICE_UNAVAILABLE", Retry_After="2"),
        failure(429, "RATE_LIMITED", Retry_After="3"),
    )
    client, requests = client_of(*refusals, NOT_SENT[0], done())
    call(client)
    assert len(requests) == 4
    assert len({(one.method, one.content, one.headers.get("Idempotency-Key")) for one in requests}) == 1
    assert 2 <= waits[0] < 3 <= waits[1] < 4


@pytest.mark.parametrize("call", REPEATABLE)
@pytest.mark.parametrize(
    "step", [*UNKNOWN, failure(500, "DATABASE_ERROR"), httpx.Response(502, text="<html>")]
)
def test_what_may_have_been_carried_out_is_sent_again_if_that_is_safe(
    waits: list[float], call: Callable[[Client], Any], step: Step
) -> None:
    client, requests = client_of(step, done())
    call(client)
    assert (len(requests), len(waits)) == (2, 1)


@pytest.mark.parametrize("call", OTHERS)
@pytest.mark.parametrize(
    "step",
    [*UNKNOWN, failure(500, "DATABASE_ERROR"), httpx.Response(503, text="a proxy's"), httpx.Response(502)],
)
def test_what_may_have_been_carried_out_is_not_sent_again_otherwise(
    waits: list[float], call: Callable[[Client], Any], step: Step
) -> None:
    client, requests = client_of(step, done())
    with pytest.raises((NoResponse, ServerError)) as failed:
        call(client)
    assert (len(requests), waits) == (1, [])
    if isinstance(failed.value, NoResponse):
        assert failed.value.sent


def there_already(kind: str) -> httpx.Response:
    """Returns the response to a creation at an id that exists."""
    body = {"error": "no", "code": "PRECONDITION_FAILED", "etag": '"7"', kind: TASK}
    return httpx.Response(412, json=body, headers={"ETag": '"7"'})


@pytest.mark.parametrize(("call", "kind"), [(create_at, "task"), (create_list_at, "list")])
@pytest.mark.parametrize("lost", [UNKNOWN[0], httpx.Response(502, text="<html>")])
def test_a_repeated_creation_returns_what_an_earlier_attempt_has_created(
    waits: list[float], call: Callable[[Client], Any], kind: str, lost: Step
) -> None:
    client, requests = client_of(lost, NOT_SENT[0], there_already(kind))
    assert call(client) == Tagged(TASK, '"7"')
    assert [one.headers["If-None-Match"] for one in requests] == ["*"] * 3
    assert len(waits) == 2


@pytest.mark.parametrize("call", [create_at, create_list_at])
def test_a_creation_that_was_never_executed_before_reports_an_id_that_exists(
    waits: list[float], call: Callable[[Client], Any]
) -> None:
    refused = (NOT_SENT[0], failure(503, "SERVICE_UNAVAILABLE"), failure(429, "RATE_LIMITED"))
    client, _ = client_of(*refused, there_already("task"))
    with pytest.raises(PreconditionFailed) as there:
        call(client)
    assert (there.value.etag, len(waits)) == ('"7"', 3)


def test_a_412_of_a_proxy_is_no_creation(waits: list[float]) -> None:
    client, _ = client_of(UNKNOWN[0], httpx.Response(412, text="<html>"))
    with pytest.raises(PreconditionFailed):
        create_at(client)
    assert len(waits) == 1


def test_a_conditional_update_after_a_lost_response_reports_a_conflict(waits: list[float]) -> None:
    client, _ = client_of(UNKNOWN[0], there_already("task"))
    with pytest.raises(PreconditionFailed):
        update(client)
    assert len(waits) == 1


def test_a_key_whose_first_request_still_runs_is_tried_again(waits: list[float]) -> None:
    client, requests = client_of(failure(409, "IDEMPOTENCY_KEY_IN_USE"), done())
    create(client)
    assert requests[0].headers["Idempotency-Key"] == requests[1].headers["Idempotency-Key"] != ""
    client, requests = client_of(failure(422, "IDEMPOTENCY_KEY_REUSED"))
    with pytest.raises(Conflict):
        create(client)
    assert len(waits) == 1


def test_attempts_end_and_wait_longer_each_time(waits: list[float]) -> None:
    client, requests = client_of(*[NOT_SENT[1]] * 9)
    with pytest.raises(NoResponse) as failed:
        read(client)
    assert (len(requests), failed.value.sent) == (4, False)
    assert all(wait <= most for wait, most in zip(waits, (0.25, 0.5, 1.0), strict=True))
    client, requests = client_of(*[failure(503, "SERVICE_UNAVAILABLE")] * 9, retries=Retries(1))
    with pytest.raises(ServiceUnavailable):
        read(client)
    assert len(requests) == 2


def test_a_query_that_is_too_long_for_a_url_is_refused() -> None:
    client, requests = client_of()
    with pytest.raises(InvalidRequest, match="The request URL is too long") as refused:
        client.tasks.list(q="x" * 70_000)
    assert (refused.value.status, requests) == (414, [])


def test_a_url_without_http_is_an_error_at_once(waits: list[float]) -> None:
    with pytest.raises(NoResponse, match="UnsupportedProtocol"):
        Client("tasks.example.com", TOKEN).tasks.list()
    assert waits == []


def test_a_wait_that_is_too_long_is_left_to_the_caller(waits: list[float]) -> None:
    client, _ = client_of(failure(429, "RATE_LIMITED", Retry_After="3600"))
    with pytest.raises(RateLimited) as limited:
        read(client)
    assert (limited.value.retry_after, waits) == (3600, [])


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(waits: list[float], text: str) -> None:
    client, _ = client_of(failure(429, "RATE_LIMITED", Retry_After=text), done())
    client.tasks.get(ID)
    assert waits[0] <= 0.25


def test_other_errors_are_raised_at_once(waits: list[float]) -> None:
    for status in (400, 404, 405, 410, 412, 413, 418):
        client, requests = client_of(failure(status, "SOME_CODE", ETag='"2"'))
        with pytest.raises(APIError) as failed:
            read(client)
        assert (failed.value.status, failed.value.code, len(requests), waits) == (status, "SOME_CODE", 1, [])
        if isinstance(failed.value, PreconditionFailed):
            assert failed.value.etag == '"2"'


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": 5}', b"\xff"])
def test_an_error_that_is_not_the_services_is_an_error_too(body: bytes) -> None:
    client, _ = client_of(httpx.Response(404, content=body))
    with pytest.raises(APIError, match="HTTP status 404"):
        read(client)
    client, _ = client_of(httpx.Response(200, content=body[:1] or b"<"))
    with pytest.raises(TaskwardError):
        client.tasks.list()


def test_a_token_that_is_fixed_is_not_renewed(waits: list[float]) -> None:
    client, requests = client_of(failure(401, "TOKEN_EXPIRED"))
    with pytest.raises(APIError):
        read(client)
    assert (len(requests), waits) == (1, [])


NO_TOKENS = ("sec\nret", "sec\rret", "sec ret", "sécret", "sec\x7fret", "sec\udcffret")


@pytest.mark.parametrize("renewable", [False, True])
@pytest.mark.parametrize("token", NO_TOKENS)
def test_a_text_that_is_no_token_is_refused_and_in_no_error(
    waits: list[float], token: str, *, renewable: bool
) -> None:
    client, requests = client_of(done(), done(), done(), token=(lambda: token) if renewable else token)
    for call in (read, create, lambda client: next(client.changes.follow())):
        with pytest.raises(Unauthorized, match="The token must be visible ASCII characters") as refused:
            call(client)
        assert (refused.value.status, refused.value.code) == (401, "INVALID_TOKEN")
        shown = "".join(traceback.format_exception(refused.value))
        assert not any(one in shown for one in (token, repr(token)[1:-1]))
    assert (requests, waits) == ([], [])


def test_a_text_that_is_no_token_is_not_kept(waits: list[float]) -> None:
    """A proxy has answered in place of the provider."""
    tokens = iter(["<html> sign in", "good\n"])
    client, requests = client_of(done(), done(), token=lambda: next(tokens))
    with pytest.raises(Unauthorized):
        read(client)
    read(client)
    read(client)
    assert [one.headers["Authorization"] for one in requests] == ["Bearer good"] * 2
    assert waits == []


def test_a_kept_response_is_of_one_token(waits: list[float]) -> None:
    tokens = iter("ab")
    steps = (done(), failure(401, "TOKEN_EXPIRED"), done())
    client, requests = client_of(*steps, token=lambda: next(tokens))
    read(client)
    read(client)
    assert [one.headers.get("If-None-Match") for one in requests] == [None, '"1"', None]
    assert waits == []


def test_a_confirmed_response_is_returned_if_others_have_replaced_it_meanwhile() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if "If-None-Match" not in request.headers:
            return done()
        for _ in range(_MAX_ENTRIES):
            client.tasks.get(new_id())
        return httpx.Response(304)

    client = Client("http://tasks.test", TOKEN, transport=httpx.MockTransport(respond))
    with client:
        assert [read(client).value for _ in range(2)] == [TASK, TASK]


CALLS_WITH_IDS = [
    call
    for call in vars(_operations).values()
    if isfunction(call) and any(name.endswith("_id") for name in signature(call).parameters)
]
NO_IDS = ("", ".", "..", "../me", f"{ID}/occurrences", f"{ID}%2f..", "summary", "\udcff", f"{ID}\n")


@pytest.mark.parametrize("object_id", NO_IDS)
@pytest.mark.parametrize("call", CALLS_WITH_IDS)
def test_a_text_that_is_no_id_is_refused_before_it_is_sent(call: Callable[..., Any], object_id: str) -> None:
    """As a part of a path it could lead to another resource: `trash.purge(".")` would empty the trash."""
    arguments = {name: object_id if name.endswith("_id") else None for name in signature(call).parameters}
    (argument,) = (name for name in arguments if name.endswith("_id"))
    with pytest.raises(ValidationFailed) as refused:
        call(**arguments)
    assert [one["field"] for one in refused.value.details] == [argument]
    assert (refused.value.status, refused.value.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("space_id", NO_IDS)
def test_a_text_that_is_no_id_is_no_space(space_id: str) -> None:
    client, requests = client_of()
    with pytest.raises(ValidationFailed, match="space_id: Space id must be a UUID"):
        client.space(space_id)
    assert requests == []


def test_ids_have_any_letter_case_and_me_is_a_member() -> None:
    client, requests = client_of(done(), done())
    client.tasks.get(ID.upper())
    client.space(ID).members.get("me")
    paths = [one.url.raw_path.decode() for one in requests]
    assert paths == [f"/api/tasks/{ID.upper()}", f"/api/spaces/{ID}/members/me"]


def test_a_new_id_is_one_that_the_service_accepts() -> None:
    assert problem_of_client_id("Task", UUID(new_id())) is None
    assert len({new_id() for _ in range(100)}) == 100


# The event stream


EVENTS = (
    b': hello\n\nid: 1\ndata: {"n": 1}\r\n\r\nid: 2\rdata:{"n": 2}\r\r'
    b'id: 3\ndata: {"n": "\xc3\xa4"}\n\ndata: half'
)


@pytest.mark.parametrize("size", range(1, len(EVENTS) + 1))
def test_a_stream_is_read_the_same_however_it_is_cut(size: int) -> None:
    following = FeedStream(None, None)
    parts = [EVENTS[n : n + size] for n in range(0, len(EVENTS), size)]
    seen = [(event.cursor, event.change) for part in parts for event in following.receive(part)]
    assert seen == [("1", {"n": 1}), ("2", {"n": 2}), ("3", {"n": "ä"})]
    assert following.call().headers["Last-Event-ID"] == "3"


def test_a_cursor_that_is_too_old_starts_over(waits: list[float]) -> None:
    def stream(cursor: str) -> httpx.Response:
        return httpx.Response(
            200, content=f"id: {cursor}\ndata: {json.dumps({'op': 'delete', 'id': 'x'})}\n\n"
        )

    steps = (stream("5"), failure(410, "CURSOR_EXPIRED"), failure(503, "SERVICE_UNAVAILABLE"), stream("1"))
    client, requests = client_of(*steps, httpx.ReadTimeout("silent"), failure(400, "VALIDATION_ERROR"))
    events = client.changes.follow("4", kinds="tasks,lists")
    assert [next(events) for _ in range(3)] == [
        Changed({"op": "delete", "id": "x"}, "5"),
        Reset(),
        Changed({"op": "delete", "id": "x"}, "1"),
    ]
    with pytest.raises(APIError):
        next(events)
    assert [one.headers.get("Last-Event-ID") for one in requests] == ["4", "5", None, None, "1", "1"]
    assert len(waits) == 5
