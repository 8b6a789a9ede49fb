"""HTTP over a socket: malformed, too large, too slow or unusual requests.

RFC 9110 and RFC 9112; docs/contract.md#errors and #operation.
"""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.raw_http import (
    CLOSE,
    HOST,
    LAST,
    chunked,
    get,
    parse_responses,
    post,
    read_all,
    read_until,
    sending_repeatedly,
)
from support.server import RunningServer, access_lines, run_server
from support.waiting import wait_for

from taskward.server.limits import MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with run_server() as server:
        yield server


MALFORMED = {
    "no HTTP at all": (b"hello\x00\r\n\r\n", 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "an unknown method": (b"FROBNICATE / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "a method in small letters": (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "a method of another protocol": (b"DESCRIBE / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "CONNECT": (b"CONNECT taskward.test:80 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "lines that end in LF alone": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "two Hosts in HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
    "a Host that is none": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a Host with a user": (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "NUL in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\x00c\r\n\r\n", 400),
    "a bare CR in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rc\r\n\r\n", 400),
    "a header without a name": (b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n", 400),
    "a target that is no URL": (b"GET http://a:99999/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target without a slash": (b"GET tasks HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target with a fragment": (b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target that is not ASCII": ("GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n", 400),
    "a star for a target": (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "Transfer-Encoding, then Content-Length": (chunked("/", b"0\r\n\r\n", b"Content-Length: 5\r\n"), 400),
    "Content-Length, then Transfer-Encoding": (post("/", b"Transfer-Encoding: chunked\r\n"), 400),
    "Content-Length twice": (post("/", b"Content-Length: 0\r\n"), 400),
    "a signed Content-Length": (get("/", b"Content-Length: +5\r\n"), 400),
    "a list of Content-Lengths": (get("/", b"Content-Length: 5, 5\r\n"), 400),
    "an endless Content-Length": (get("/", b"Content-Length: 99999999999999999999\r\n"), 400),
    "chunked twice": (chunked("/", b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), 400),
    "a coding whose end nobody knows": (get("/", b"Transfer-Encoding: gzip\r\n"), 400),
    "a coding that hides as chunked": (get("/", b"Transfer-Encoding: xchunked\r\n"), 400),
    "a coding that nobody here reads": (get("/", b"Transfer-Encoding: gzip, chunked\r\n"), 501),
    "chunks in HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a URL that is too long": (get("/" + "a" * MAX_TARGET), 414),
    "too many headers": (get("/", *[b"A: b\r\n"] * MAX_HEADERS), 431),
    "headers that are too large": (get("/", b"A: " + b"b" * MAX_HEADER_BYTES + b"\r\n"), 431),
}


@pytest.mark.parametrize(("request_bytes", "status"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_gets_an_error_response_and_the_connection_is_closed(
    server: RunningServer, caplog: pytest.LogCaptureFixture, request_bytes: bytes, status: int
) -> None:
    caplog.set_level("INFO")
    seen = len(server.app.scopes)
    (answer,) = server.exchange(request_bytes)
    assert answer.status == status
    assert answer.json() == {"error": answer.json()["error"], "code": "INVALID_REQUEST"}
    assert answer.json()["error"] != "Request body is not valid JSON"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert len(server.app.scopes) == seen, "it reached the application"
    (line,) = access_lines(caplog.records)
    assert (line["status"], line["request_id"]) == (status, answer.headers["x-request-id"])
    assert line["code"] == "INVALID_REQUEST"
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


def test_the_response_to_a_malformed_request_has_the_common_headers() -> None:
    with run_server(production=True) as server:
        (answer,) = server.exchange(b"GET / HTTP/1.1\r\n\r\n")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "server" not in answer.headers
    names = [name for name, _ in answer.fields]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("start", "path"), [(b"GET / HTTP/1.1\r\nX-Request-ID: mine\r\n\r\n", None), (b"", "/known")]
)
def test_an_error_response_uses_the_parts_of_the_request_that_were_parsed(
    server: RunningServer, caplog: pytest.LogCaptureFixture, start: bytes, path: str | None
) -> None:
    caplog.set_level("INFO")
    (answer,) = server.exchange(start or chunked("/known", b"nonsense", b"X-Request-ID: mine\r\n"))
    (line,) = access_lines(caplog.records)
    assert answer.headers["x-request-id"] == line["request_id"] == "mine"
    assert (line["path"], line["method"]) == (path, path and "POST")


def test_malformed_requests_are_detected_in_any_fragmentation(server: RunningServer) -> None:
    for request, status in [MALFORMED["two Hosts"], MALFORMED["Content-Length twice"], MALFORMED["HTTP/2.0"]]:
        halves = [(request[:cut], request[cut:]) for cut in range(1, len(request), 7)]
        for first, second in halves:
            (answer,) = server.exchange(first, second, pause=0.002)
            assert answer.status == status


@pytest.mark.parametrize(
    "request_bytes",
    [
        get("/", CLOSE),
        b"\r\n\r\n" + get("/", CLOSE),
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET http://taskward.test/ HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
        b"GET http://taskward.test HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n" + CLOSE + b"\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n" + CLOSE + b"\r\n",
    ],
)
def test_unusual_but_valid_requests_are_served(server: RunningServer, request_bytes: bytes) -> None:
    (answer,) = server.exchange(request_bytes)
    assert (answer.status, answer.text) == (200, "GET / []")


def test_a_star_is_a_target_for_options_only(server: RunningServer) -> None:
    (answer,) = server.exchange(b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
    assert answer.text == "OPTIONS * []"


def test_requests_at_the_limits_are_served(server: RunningServer) -> None:
    longest = server.exchange(get("/" + "a" * (MAX_TARGET - 1), CLOSE))
    most = server.exchange(get("/", CLOSE, *[b"A: b\r\n"] * (MAX_HEADERS - 2)))
    rest = MAX_HEADER_BYTES - len(HOST + CLOSE) - len(b"A: \r\n")
    largest = server.exchange(get("/", CLOSE, b"A: " + b"b" * rest + b"\r\n"))
    larger = server.exchange(get("/", CLOSE, b"A: " + b"b" * (rest + 1) + b"\r\n"))
    assert [answer.status for answer in longest + most + largest + larger] == [200, 200, 200, 431]


@pytest.mark.parametrize(
    ("start", "status"), [(b"GET / HTTP/1.1\r\nA: ", 431), (b"GET / HTTP/1.1\r\na", 431), (b"GET /", 414)]
)
def test_an_endless_head_is_rejected_at_the_limit(server: RunningServer, start: bytes, status: int) -> None:
    with server.connect() as client:
        client.sendall(start)
        sent = 0
        while not select.select([client], [], [], 0.002)[0]:
            sent += client.send(b"a" * 16384)
            assert sent < 1 << 20
        client.shutdown(socket.SHUT_WR)
        (answer,) = parse_responses(read_all(client))
    assert answer.status == status


def test_a_path_is_decoded_once_and_also_kept_raw(server: RunningServer) -> None:
    server.exchange(get("/a%2Fb%252F?q=%20x", CLOSE))
    scope = server.app.scopes[-1]
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a/b%2F", b"/a%2Fb%252F", b"q=%20x")


# Pipelining


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    requests = [get(f"/{'slow' if number % 3 == 0 else number}") for number in range(6)]
    answers = server.exchange(b"".join(requests), LAST)
    paths = [answer.text.split()[1] for answer in answers]
    assert paths == ["/slow", "/1", "/2", "/slow", "/4", "/5", "/last"]


def test_a_malformed_request_after_valid_ones_is_answered_after_them(server: RunningServer) -> None:
    answers = server.exchange(get("/slow"), post("/b", body=b"abc") + b"FROBNICATE / HTTP/1.1\r\n\r\n" + LAST)
    assert [answer.status for answer in answers] == [200, 200, 501]
    assert answers[1].text == "POST /b [abc]"


def test_a_request_with_a_bad_url_does_not_affect_the_one_before_it(server: RunningServer) -> None:
    answers = server.exchange(get("/slow") + get("/b") + get("http://a:99999/"))
    assert [answer.status for answer in answers] == [200, 200, 400]


def test_a_malformed_body_in_the_queue_is_rejected_in_its_turn(server: RunningServer) -> None:
    answers = server.exchange(get("/slow") + get("/b") + chunked("/c", b"nonsense\r\n"))
    assert [answer.status for answer in answers] == [200, 200, 400]
    assert server.app.scopes[-1]["path"] != "/c"


def test_nothing_is_parsed_while_a_request_waits_for_its_response(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(get("/slower") + get("/b"))

        def active() -> list[Any]:
            # A copy: the server's thread changes the set meanwhile.
            return [one for one in list(server.server.server_state.connections) if one.active]

        wait_for(active)
        (connection,) = active()
        seen = len(server.app.scopes)
        for _ in range(5):
            time.sleep(0.02)
            client.sendall(get("/c"))
        waiting = get("/b") + get("/c") * 5
        wait_for(lambda: connection._buffer[connection._offset :] == waiting)
        assert len(server.app.scopes) == seen
        client.sendall(LAST)
        answers = parse_responses(read_all(client))
    assert len(answers) == 8


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, 61])
def test_messages_are_parsed_in_any_fragmentation(server: RunningServer, size: int) -> None:
    body = b"5\r\na\r\n\r\n\r\n1;x=y\r\n\n\r\n0\r\nA: b\r\n\r\n"
    wire = b"\r\n\r\n" + get("/a") + post("/b", body=b"\r\n\r\nGET") + chunked("/c", body) + get("/d") + LAST
    with server.connect() as client:
        for start in range(0, len(wire), size):
            client.sendall(wire[start : start + size])
            time.sleep(0.0005)
        answers = parse_responses(read_all(client))
    assert [answer.text for answer in answers] == [
        "GET /a []", "POST /b [\r\n\r\nGET]", "POST /c [a\r\n\r\n\n]", "GET /d []", "GET /last []",
    ]  # fmt: skip


def test_nothing_after_connection_close_is_served(server: RunningServer) -> None:
    answers = server.exchange(get("/slow", CLOSE) + get("/more"), get("/evenmore"))
    assert [answer.text for answer in answers] == ["GET /slow []"]


def test_a_stream_is_notified_of_a_disconnect_although_another_request_is_queued(
    server: RunningServer,
) -> None:
    server.app.outcomes.clear()
    with server.connect() as client:
        client.sendall(get("/stream") + get("/behind"))
        client.recv(1000)
        time.sleep(0.1)
    wait_for(lambda: server.app.outcomes == ["disconnected", "stream ended"])


# Bodies


def test_chunks_with_extensions_and_trailers_make_one_body(server: RunningServer) -> None:
    body = b'3;a=b\r\nabc\r\n2;c="d"\r\nde\r\n0\r\nAuthorization: x\r\nX-Sum: 1\r\n\r\n'
    answers = server.exchange(chunked("/", body) + LAST)
    assert [answer.text for answer in answers] == ["POST / [abcde]", "GET /last []"]
    names = [name for name, _ in server.app.scopes[-2]["headers"]]
    assert names == [b"host", b"transfer-encoding"], "a trailer is no header"


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"-1\r\n", b"0x5\r\nhello\r\n", b"5\r\nhelloX", b"5\nhello\n", b"1" * 20 + b"\r\n"]
)
def test_a_malformed_chunk_is_rejected_and_ends_the_request(server: RunningServer, chunk: bytes) -> None:
    server.app.outcomes.clear()
    before = len(server.app.scopes)
    with server.connect() as client:
        client.sendall(chunked("/", b"3\r\nabc\r\n"))
        wait_for(lambda: len(server.app.scopes) > before)  # otherwise the app may not see the request
        client.sendall(chunk)
        (answer,) = parse_responses(read_all(client))
    assert answer.status == 400
    assert answer.json()["code"] == "INVALID_REQUEST"
    wait_for(lambda: server.app.outcomes == ["disconnected", "echo ended"])


def test_a_malformed_chunk_aborts_a_response_that_has_begun(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(chunked("/unfinished", b"3\r\nabc\r\n"))
        begun = read_until(client, b"first\r\n")
        client.sendall(b"nonsense")
        assert read_all(client) == b""
    assert b"\r\n0\r\n" not in begun


def test_a_malformed_chunk_after_the_response_causes_no_second_response(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(chunked("/early", b"3\r\nabc\r\n"))
        begun = client.recv(1)  # only then is what follows after the response
        client.sendall(b"nonsense")
        (answer,) = parse_responses(begun + read_all(client))
    assert answer.status == 401


def test_a_body_with_too_much_framing_is_rejected(server: RunningServer) -> None:
    (answer,) = server.exchange(chunked("/", b"1;" + b"a" * 200_000))
    assert (answer.status, answer.json()["error"]) == (400, "The request body has too much framing")
    one_by_one = chunked("/count", b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n", CLOSE)
    (answer,) = server.exchange(one_by_one)
    assert answer.text == "50000"


def test_endless_trailers_are_rejected(server: RunningServer) -> None:
    (answer,) = server.exchange(chunked("/", b"0\r\n" + b"A: b\r\n" * 50_000))
    assert answer.status == 400


def test_a_client_that_is_still_sending_can_read_the_error(server: RunningServer) -> None:
    body = b"x" * (20 << 20)
    for path, status in [("/toobig", 413), ("/early", 401)]:
        (answer,) = server.exchange(post(path, body=body))
        assert answer.status == status
    (answer,) = server.exchange(b"GET / HTTP/1.1\r\n\r\n" + body)
    assert answer.status == 400


def test_the_last_response_arrives_although_more_requests_were_sent(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(get("/closing") + get("/a"))
        time.sleep(0.1)
        with sending_repeatedly(client, get("/b") * 1000, every=0.01):
            (answer,) = parse_responses(read_until(client, b"goodbye"))
            assert read_all(client) == b""
    assert answer.headers["connection"] == "close"


def test_a_small_unread_body_does_not_close_the_connection(server: RunningServer) -> None:
    request = post("/early", body=b"x" * 1000)
    answers = server.exchange(request[:-500], request[-500:] + LAST)
    assert [answer.status for answer in answers] == [401, 200]


def test_a_client_that_expects_100_continue_gets_it(server: RunningServer) -> None:
    request = post("/", b"Expect: 100-continue\r\n", CLOSE, body=b"abc")
    with server.connect() as client:
        client.sendall(request[:-3])
        assert read_until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        (answer,) = parse_responses(read_all(client))
    assert answer.text == "POST / [abc]"


def test_after_a_rejected_100_continue_the_next_request_is_parsed_correctly(server: RunningServer) -> None:
    request = post("/early", b"Expect: 100-continue\r\n", body=get("/smuggled"))
    (answer,) = server.exchange(request[: -len(get("/smuggled"))], get("/smuggled"))
    assert answer.status == 401


# Upgrades


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"TLS/1.0"])
def test_an_upgrade_is_served_as_a_plain_request(
    server: RunningServer, caplog: pytest.LogCaptureFixture, protocol: bytes
) -> None:
    caplog.set_level("INFO")
    upgrade = b"Upgrade: " + protocol + b"\r\nConnection: keep-alive, Upgrade\r\n"
    (plain,) = server.exchange(get("/chat", upgrade) + b"what follows is of no protocol here")
    request = post("/with", upgrade, body=b"abcdef")
    (with_body,) = server.exchange(request[:-4], request[-4:])
    (in_chunks,) = server.exchange(chunked("/chunks", b"3\r\nabc\r\n0\r\n\r\n", upgrade))
    texts = [answer.text for answer in (plain, with_body, in_chunks)]
    assert texts == ["GET /chat []", "POST /with [abcdef]", "POST /chunks [abc]"]
    assert {answer.headers["connection"] for answer in (plain, with_body, in_chunks)} == {"close"}
    assert caplog.records == []


def test_an_upgrade_after_another_request_waits_for_its_turn(server: RunningServer) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    answers = server.exchange(get("/slow") + post("/b", upgrade, body=b"abc"))
    assert [answer.text for answer in answers] == ["GET /slow []", "POST /b [abc]"]


# Responses


def test_http_1_0_gets_a_response_of_unknown_length_without_chunks(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(b"GET /flood HTTP/1.0\r\n\r\n")
        (answer,) = parse_responses(read_all(client))
    assert answer.body == b"x" * (400 * 65536)
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["connection"] == "close"


def test_head_and_304_have_no_body(server: RunningServer) -> None:
    head = b"HEAD /a HTTP/1.1\r\n" + HOST + b"\r\n"
    with server.connect() as client:
        client.sendall(head + get("/notmodified") + LAST)
        first, second, third, *rest = read_all(client).split(b"\r\n\r\n")
    assert b"content-length: 10" in first
    assert second.startswith(b"HTTP/1.1 304 ")
    assert third.startswith(b"HTTP/1.1 200 ")
    assert rest == [b"GET /last []"]


@pytest.mark.parametrize("path", ["/crash", "/noresponse", "/headerinjection"])
def test_an_application_that_fails_gives_a_500(
    server: RunningServer, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    (answer,) = server.exchange(get(path))
    assert answer.status == 500
    assert answer.json() == {"error": "An internal server error occurred", "code": "INTERNAL_ERROR"}
    assert caplog.records[-1].levelname == "ERROR"


@pytest.mark.parametrize("path", ["/long", "/short"])
def test_a_response_of_another_length_than_its_header_says_is_aborted(
    server: RunningServer, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with server.connect() as client:
        client.sendall(get(path))
        head, _, body = read_all(client).partition(b"\r\n\r\n")
    assert int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:])[b"content-length"]) > len(body)
    assert caplog.records[-1].levelname == "ERROR"


def test_a_response_that_an_error_cuts_off_is_aborted_with_a_warning_that_says_why(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    with server.connect() as client:
        client.sendall(get("/cutoff"))
        wire = read_all(client)
    assert wire.endswith(b"5\r\nfirst\r\n"), "its last chunk says that there is more"
    record = caplog.records[-1]
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert (record.__dict__["code"], record.__dict__["reason"]) == (
        "SERVICE_UNAVAILABLE",
        "no slot became free in time",
    )


def test_nothing_is_sent_after_a_response(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    (answer,) = server.exchange(get("/tworesponses"))
    assert answer.text == "once"
    assert caplog.records[-1].levelname == "ERROR"


def test_a_client_that_has_closed_its_side_gets_its_responses(server: RunningServer) -> None:
    answers = server.exchange(get("/slow"), get("/slow"), half_close=True)
    assert [answer.text for answer in answers] == ["GET /slow []"] * 2


LONG = b"x" * 40_000
ONE_BYTE = b"1\r\nx\r\n"


@pytest.fixture
def others_in_turn(server: RunningServer) -> Iterator[None]:
    """Has others wait for their turns to parse, so that a client closes its side before its turn."""
    with ExitStack() as clients:
        for _ in range(16):
            clients.enter_context(server.connect()).sendall(chunked("/", ONE_BYTE * len(LONG)))
        yield
    wait_for(lambda: not server.server.server_state.connections)


@pytest.mark.usefixtures("others_in_turn")
@pytest.mark.parametrize(
    ("request_bytes", "text"),
    [
        (get("/long-head", b"A: " + LONG + b"\r\n"), "GET /long-head []"),
        (post("/b", body=LONG), f"POST /b [{LONG.decode()}]"),
        (chunked("/c", ONE_BYTE * len(LONG) + b"0\r\n\r\n"), f"POST /c [{LONG.decode()}]"),
        (get("/slow") + post("/b", body=LONG), f"POST /b [{LONG.decode()}]"),
    ],
    ids=["head", "body", "body in chunks", "body behind another request"],
)
def test_a_client_that_has_closed_its_side_gets_its_response_to_a_large_request(
    server: RunningServer, request_bytes: bytes, text: str
) -> None:
    answers = server.exchange(request_bytes, pause=0, half_close=True)
    assert (answers[-1].status, answers[-1].text) == (200, text)


@pytest.mark.usefixtures("others_in_turn")
@pytest.mark.parametrize(
    "start", [get("/", b"A: " + LONG)[:-2], post("/", body=LONG)[:-1], chunked("/", ONE_BYTE * len(LONG))]
)
def test_a_large_request_that_is_incomplete_is_rejected(server: RunningServer, start: bytes) -> None:
    (answer,) = server.exchange(start, pause=0, half_close=True)
    assert (answer.status, answer.json()["error"]) == (400, "The request ended early")


@pytest.mark.usefixtures("others_in_turn")
def test_a_connection_on_which_no_request_has_begun_is_closed_after_its_end(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(b"\r\n" * 10_000)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""


def test_a_stream_ends_when_its_client_has_closed_its_side(server: RunningServer) -> None:
    server.app.outcomes.clear()
    with server.connect() as client:
        client.sendall(get("/stream"))
        client.recv(1000)
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    wait_for(lambda: server.app.outcomes == ["disconnected", "stream ended"])


@pytest.mark.parametrize("start", [b"GET / HT", post("/", body=b"abcdef")[:-3]])
def test_an_incomplete_request_is_rejected(server: RunningServer, start: bytes) -> None:
    (answer,) = server.exchange(start, half_close=True)
    assert (answer.status, answer.json()["error"]) == (400, "The request ended early")


def test_slow_clients_do_not_delay_others(server: RunningServer) -> None:
    beginnings = [b"", b"GET / HTTP/1.1\r\n", post("/", body=b"abc")[:-1], get("/flood")]
    with ExitStack() as clients:
        for beginning in beginnings * 20:
            clients.enter_context(server.connect()).sendall(beginning)
        begun = time.monotonic()
        (answer,) = server.exchange(LAST)
        assert answer.status == 200
        assert time.monotonic() - begun < 2
