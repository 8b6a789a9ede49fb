"""The timeouts of HTTP connections, over a socket: docs/contract.md#operation."""

import gc
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from support.raw_http import (
    CLOSE,
    HOST,
    LAST,
    chunked,
    cors_headers,
    cors_of,
    get,
    parse_responses,
    post,
    read_all,
    read_until,
    sending_repeatedly,
)
from support.server import RunningServer, access_lines, run_server
from support.waiting import wait_for

from taskward.http.errors import ServiceError
from taskward.server.parse_turns import MAX_AT_ONCE
from taskward.server.protocol import StrictProtocol
from taskward.server.request_parser import RequestParser
from taskward.server.response_cycle import StrictCycle


class ShortTimeouts(StrictProtocol):
    """`StrictProtocol` with timeouts of tenths of a second."""

    head_seconds = 0.3
    body_seconds = 0.5
    idle_seconds = 0.4
    stall_seconds = 0.5
    linger_seconds = 0.4
    idle_seconds_draining = 0.1


class SweptAtEachRead(StrictProtocol):
    """A connection that has been idle for a minute whenever something arrives."""

    idle_seconds = 30.0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.sweep(60.0)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with run_server(ShortTimeouts) as server:
        yield server


def test_an_idle_connection_is_closed_without_a_response(server: RunningServer) -> None:
    with server.connect() as client:
        begun = time.monotonic()
        assert read_all(client) == b""
        assert 0.2 < time.monotonic() - begun < 1


def test_a_slow_head_is_rejected_at_the_timeout(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with server.connect() as client:
        begun = time.monotonic()
        client.sendall(get("/a") + b"GET / HTTP/1.1\r\n")
        with sending_repeatedly(client, b"A: b\r\n", every=0.05):
            received = read_until(client, b'"}')
            seconds = time.monotonic() - begun
    first, second = parse_responses(received)
    assert (first.status, second.status, second.headers["connection"]) == (200, 408, "close")
    assert second.json() == {"error": "The request took too long to arrive", "code": "INVALID_REQUEST"}
    assert 0.2 < seconds < 1
    wait_for(lambda: [line["status"] for line in access_lines(caplog.records)] == [408])


def test_a_request_that_comes_too_late_is_not_served(server: RunningServer) -> None:
    seen = len(server.app.scopes)
    with server.connect() as client:
        client.sendall(LAST[:-2])
        received = read_until(client, b'"}')
        client.sendall(LAST[-2:])
        assert read_all(client) == b""
    assert received.startswith(b"HTTP/1.1 408 ")
    assert len(server.app.scopes) == seen


@pytest.mark.parametrize("start", [post("/", body=b"x" * 1000)[:-900], chunked("/", b"1\r\nx\r\n")])
def test_a_body_that_stalls_ends_the_request_at_the_timeout(
    server: RunningServer, caplog: pytest.LogCaptureFixture, start: bytes
) -> None:
    caplog.set_level("INFO")
    server.app.outcomes.clear()
    begun = time.monotonic()
    with server.connect() as client:
        client.sendall(start)
        (answer,) = parse_responses(read_until(client, b'"}'))
        assert 0.4 < time.monotonic() - begun < 1.2
    assert (answer.status, answer.json()["code"]) == (408, "INVALID_REQUEST")
    wait_for(lambda: server.app.outcomes == ["disconnected", "echo ended"])
    (line,) = access_lines(caplog.records)
    assert (line["method"], line["path"]) == ("POST", "/")


def test_idle_time_does_not_count_for_the_next_request(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(get("/a"))
        read_until(client, b"GET /a []")
        time.sleep(0.2)
        client.sendall(LAST[:10])
        time.sleep(0.2)
        client.sendall(LAST[10:])
        (answer,) = parse_responses(read_all(client))
    assert answer.text == "GET /last []"


def test_a_request_that_waits_for_its_turn_to_be_parsed_is_not_idle_time() -> None:
    """A large one is parsed in turn, with those of other connections."""
    body = b"x" * (2 * MAX_AT_ONCE)
    with run_server(SweptAtEachRead) as server, server.connect() as client:
        client.sendall(get("/a"))
        read_until(client, b"GET /a []")
        client.sendall(post("/b", CLOSE, body=body))
        (answer,) = parse_responses(read_all(client))
    assert answer.text == f"POST /b [{body.decode()}]"


def test_a_queued_request_does_not_time_out(server: RunningServer) -> None:
    request = post("/b", CLOSE, body=b"abcdef")
    answers = server.exchange(get("/slower") + get("/a") + request[:-3], request[-3:])
    assert [answer.text for answer in answers] == ["GET /slower []", "GET /a []", "POST /b [abcdef]"]


def test_the_error_of_a_queued_request_is_kept(server: RunningServer) -> None:
    answers = server.exchange(get("/slow") + b"FROBNICATE / HTTP/1.1\r\n")
    assert [answer.status for answer in answers] == [200, 501]


def test_a_body_that_keeps_arriving_may_take_longer(server: RunningServer) -> None:
    piece = b"x" * (64 << 10)
    with server.connect() as client:
        client.sendall(post("/count", CLOSE, body=piece * 5)[: -len(piece) * 5])
        for _ in range(5):
            time.sleep(0.2)
            client.sendall(piece)
        (answer,) = parse_responses(read_all(client))
    assert answer.text == str(5 * len(piece))


def test_an_idle_connection_is_closed_and_a_used_one_is_not(server: RunningServer) -> None:
    with server.connect() as client:
        for _ in range(4):
            client.sendall(get("/a"))
            read_until(client, b"GET /a []")
            time.sleep(0.2)
        begun = time.monotonic()
        assert read_all(client) == b""
        assert time.monotonic() - begun < 0.8


def test_empty_lines_keep_no_connection_alive(server: RunningServer) -> None:
    with server.connect() as client, sending_repeatedly(client, b"\r\n", every=0.05):
        begun = time.monotonic()
        with suppress(ConnectionResetError):
            assert read_all(client) == b""
        assert time.monotonic() - begun < 1


def test_a_client_that_does_not_read_its_response_is_disconnected(server: RunningServer) -> None:
    server.app.outcomes.clear()
    with server.connect() as client:
        client.sendall(get("/flood"))
        wait_for(lambda: server.app.outcomes == ["flood ended"], seconds=3)
        assert not read_all(client).endswith(b"\r\n0\r\n\r\n")


def test_a_response_that_is_read_slowly_arrives_completely(server: RunningServer) -> None:
    received = 0
    with server.connect() as client:
        client.sendall(get("/flood", CLOSE))
        while part := client.recv(1 << 18):
            received += len(part)
            time.sleep(0.01)
    assert received > 400 * 65536


def test_a_client_that_does_not_read_the_end_of_its_response_is_disconnected(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(get("/flood", CLOSE))
        taken = 0
        while taken < 24_500_000:  # of 26 MB; the rest fits into the buffers, and the response is complete
            taken += len(client.recv(1 << 16))
        wait_for(lambda: not server.server.server_state.connections, seconds=3)


def test_a_stream_that_is_read_has_no_timeout(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(get("/stream"))
        begun = time.monotonic()
        while time.monotonic() - begun < 1.5:
            assert client.recv(4096)


def test_a_slow_response_has_no_timeout(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(get("/forever"))
        client.settimeout(1.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_client_that_never_stops_sending_is_disconnected(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(post("/toobig", body=b"x" * (1 << 20))[: -1 << 19])
        read_until(client, b"too big")
        wait_for(lambda: refuses(client), seconds=1.5)


def refuses(client: socket.socket) -> bool:
    try:
        client.sendall(b"x" * 100)
    except ConnectionError:
        return True
    return False


def test_a_process_that_was_suspended_times_no_client_out(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        held = threading.Event()
        server.server._loop.call_soon_threadsafe(held.wait, 0.8)
        client.sendall(HOST + CLOSE + b"\r\n")
        (answer,) = parse_responses(read_all(client))
    assert answer.status == 200


# Memory


def test_nothing_of_a_closed_connection_waits_for_the_garbage_collector(server: RunningServer) -> None:
    def objects() -> list[str]:
        kinds = (StrictProtocol, StrictCycle, RequestParser, ServiceError)
        return [type(one).__name__ for one in gc.get_objects() if isinstance(one, kinds)]

    gc.collect()
    gc.disable()
    try:
        before = Counter(objects())
        for request in (
            LAST,
            get("/slow") + get("/b") * 1000 + LAST,
            b"GET / HTTP/1.1\r\n\r\n",
            chunked("/", b"3\r\nabc\r\nnonsense"),
            get("/chat", b"Upgrade: h2c\r\nConnection: Upgrade\r\n"),
            post("/early", body=b"x" * (1 << 20)),
        ):
            server.exchange(request)
        with server.connect() as client:
            client.sendall(get("/stream") + get("/b") * 1000)
            read_until(client, b"tick\n\r\n")
        wait_for(lambda: not server.server.server_state.connections and not server.server.server_state.tasks)
        wait_for(lambda: not Counter(objects()) - before)
    finally:
        gc.enable()


# Errors and browsers


def test_the_response_to_a_request_that_timed_out_has_cors_headers(server: RunningServer) -> None:
    head = HOST + b"Origin: http://localhost:3000\r\nA: b\r\n"
    for start in (b"GET / HTTP/1.1\r\n" + head, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n" + head + b"\r\n"):
        with server.connect() as client:
            client.sendall(start)
            (answer,) = parse_responses(read_until(client, b'"}'))
        assert answer.status == 408
        assert cors_of(answer) == cors_headers("http://localhost:3000")
