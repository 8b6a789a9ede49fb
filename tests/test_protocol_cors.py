"""Pages of other origins can read the errors that are sent before the application is called."""

from collections.abc import Iterator

import pytest
from support.raw_http import HOST, cors_headers, cors_of, get
from support.server import RunningServer, run_server

from taskward.server.limits import MAX_HEADER_BYTES, MAX_TARGET


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with run_server() as server:
        yield server


@pytest.mark.parametrize("status", [400, 414, 431, 501])
@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://evil.example", None])
def test_the_response_to_a_malformed_request_has_cors_headers(
    server: RunningServer, status: int, origin: str | None
) -> None:
    header = f"Origin: {origin}\r\n".encode() if origin else b""
    late = {
        400: b"GET / HTTP/1.1\r\n" + header + b"\r\n",
        414: get("/" + "a" * MAX_TARGET, header),
        431: get("/", header, b"A: " + b"b" * MAX_HEADER_BYTES + b"\r\n"),
        501: b"POST / HTTP/1.1\r\n" + header + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    }
    (answer,) = server.exchange(late[status])
    assert answer.status == status
    granted = origin if origin == "http://localhost:3000" else None
    assert cors_of(answer) == cors_headers(granted)


@pytest.mark.parametrize(
    ("status", "first_line"),
    [
        (400, b"GET / HTTP/3.1"),
        (400, b"GET /a b HTTP/1.1"),
        (501, b"BREW / HTTP/1.1"),
        (501, b"CONNECT a:1 HTTP/1.1"),
        (414, b"GET /" + b"a" * (2 * MAX_TARGET) + b" HTTP/1.1"),
    ],
)
def test_the_response_to_a_malformed_first_line_has_cors_headers(
    server: RunningServer, status: int, first_line: bytes
) -> None:
    for name in (b"Origin", b"origin"):
        head = first_line + b"\r\n" + HOST + name + b": http://localhost:3000\r\n\r\n"
        (answer,) = server.exchange(head)
        assert answer.status == status
        assert cors_of(answer) == cors_headers("http://localhost:3000")
    twice = HOST + b"Origin: http://localhost:3000\r\n" * 2
    for head in (twice + b"\r\n", HOST + b"\r\nOrigin: http://localhost:3000\r\n\r\n"):
        answer = server.exchange(first_line + b"\r\n" + head)[0]
        assert answer.status == status
        assert cors_of(answer) == cors_headers(None)


def test_the_rest_of_a_head_with_a_too_long_url_may_come_later(server: RunningServer) -> None:
    long = b"GET /" + b"a" * (MAX_TARGET + 1)
    (answer,) = server.exchange(long, b" HTTP/1.1\r\n" + HOST, b"Origin: http://localhost:3000\r\n\r\n")
    assert answer.status == 414
    assert cors_of(answer) == cors_headers("http://localhost:3000")


def test_a_page_can_read_the_500_of_an_application_that_fails(server: RunningServer) -> None:
    (answer,) = server.exchange(get("/crash", b"Origin: http://localhost:3000\r\n"))
    assert answer.status == 500
    assert cors_of(answer) == cors_headers("http://localhost:3000")
