"""docs/contract.md, webhooks: one attempt over a real socket, with receivers that mean no good."""

import asyncio
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr
from webhooks.receiver import OTHER_SECRET, SECRET, Answer, Attempt, Receiver, receiving, status

from taskward.settings.webhooks import webhook_settings
from taskward.webhooks import connection as connection_module
from taskward.webhooks import sender as sender_module
from taskward.webhooks.connection import MAX_RESPONSE
from taskward.webhooks.sender import MAX_RETRY_AFTER, Outcome, WebhookSender

BODY = b'{"type":"ping","timestamp":"2026-11-22T03:00:00.000000Z","data":{}}'


def new_sender(url: str, secrets: str = SECRET) -> WebhookSender:
    settings = webhook_settings(url, SecretStr(secrets), "changes", "tasks")
    assert settings is not None
    return WebhookSender(settings.url, settings.secrets)


async def send(receiver: Receiver, answer: Answer | None = None, url: str | None = None) -> Outcome:
    if answer is not None:
        receiver.answer = answer
    sender = new_sender(url or receiver.url)
    try:
        return await sender.send("msg_1", BODY)
    finally:
        await sender.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "ATTEMPT_TIMEOUT", 1.0)


@pytest.mark.parametrize("line", ["200 OK", "201 Created", "204 No Content", "299 Fine"])
async def test_a_2xx_with_any_body_is_a_delivery(receiver: Receiver, line: str) -> None:
    receiver.answer_with(status(line, body=b"" if line.startswith("204") else b"{no JSON"))

    assert (await send(receiver)).kind == "delivered"
    assert receiver.attempts[0].body == BODY


@pytest.mark.parametrize(
    "line",
    ["301 Moved", "302 Found", "307 Temporary", "308 Permanent", "304 Same", "400 No", "500 Oh", "503 No"],
)
async def test_nothing_else_is_one_and_no_redirect_is_followed(receiver: Receiver, line: str) -> None:
    with receiving() as elsewhere:
        for target in (elsewhere.url, "http://169.254.169.254/latest/meta-data/", "/other"):
            receiver.answer_with(status(line, f"Location: {target}"))
            assert (await send(receiver)) == Outcome("failed", f"status {line[:3]}")
        assert elsewhere.attempts == []
    assert {attempt.path for attempt in receiver.attempts} == {"/hook?app=1"}


async def test_410_is_the_end(receiver: Receiver) -> None:
    receiver.answer_with(status("410 Gone"))

    assert (await send(receiver)).kind == "gone"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1e3", 0.0),
        ("soon", 0.0),
        ("99999999999999999999", MAX_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999999", 0.0),
    ],
)
async def test_retry_after_is_read(receiver: Receiver, value: str, seconds: float) -> None:
    receiver.answer_with(status("429 Too Many Requests", f"Retry-After: {value}"))

    assert await send(receiver) == Outcome("failed", "status 429", seconds)


async def test_retry_after_may_be_a_date(receiver: Receiver) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    receiver.answer_with(status("503 Service Unavailable", f"Retry-After: {later}"))

    assert 97 < (await send(receiver)).retry_after <= 100


async def test_every_secret_signs(receiver: Receiver) -> None:
    with receiving(OTHER_SECRET) as other:
        for one in (receiver, other):
            sender = new_sender(one.url, f"{SECRET},{OTHER_SECRET}")
            assert (await sender.send("msg_1", BODY)).kind == "delivered"
            await sender.stop()
            assert one.refused == []
            assert len(one.attempts[0].headers["webhook-signature"].split()) == 2


async def test_a_signature_of_another_secret_is_refused_by_the_receiver(receiver: Receiver) -> None:
    sender = new_sender(receiver.url, OTHER_SECRET)
    outcome = await sender.send("msg_1", BODY)
    await sender.stop()

    assert (outcome.reason, len(receiver.refused)) == ("status 401", 1)


@pytest.mark.usefixtures("in_a_second")
async def test_a_receiver_that_hangs_is_left(receiver: Receiver) -> None:
    def hang(_attempt: Attempt, _connection: socket.socket) -> None:
        time.sleep(3)

    begun = time.monotonic()
    outcome = await send(receiver, hang)

    assert outcome.kind == "failed"
    assert 0.9 < time.monotonic() - begun < 1.6


@pytest.mark.usefixtures("in_a_second")
async def test_a_head_that_comes_byte_by_byte_gets_no_more_time(receiver: Receiver) -> None:
    def drip(_attempt: Attempt, connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 400:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    begun = time.monotonic()
    assert (await send(receiver, drip)).kind == "failed"
    assert time.monotonic() - begun < 1.6


async def test_a_2xx_whose_body_comes_byte_by_byte_is_a_delivery(receiver: Receiver) -> None:
    def drip(_attempt: Attempt, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(150):
            connection.sendall(b"a")
            time.sleep(0.02)

    begun = time.monotonic()
    assert (await send(receiver, drip)).kind == "delivered"
    assert time.monotonic() - begun < 1.6


async def test_an_endless_body_is_not_read(receiver: Receiver) -> None:
    sent = 0

    def flood(_attempt: Attempt, connection: socket.socket) -> None:
        nonlocal sent
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
            sent += 0x4000

    begun = time.monotonic()
    assert (await send(receiver, flood)).kind == "delivered"
    assert time.monotonic() - begun < 0.9
    await asyncio.sleep(0.2)
    assert sent < MAX_RESPONSE + 8 * 1024 * 1024  # what socket buffers hold


async def test_a_receiver_that_dies_after_the_request_has_not_confirmed(receiver: Receiver) -> None:
    assert (await send(receiver, lambda *_: None)).kind == "failed"
    assert len(receiver.attempts) == 1


async def test_a_connection_is_used_again_and_cookies_are_not_kept(receiver: Receiver) -> None:
    connections = set()

    def note(_attempt: Attempt, connection: socket.socket) -> bytes:
        connections.add(connection.getpeername())
        return status("200 OK", "Set-Cookie: a=b", body=b"thanks")

    receiver.answer = note
    sender = new_sender(receiver.url)
    for _ in range(3):
        assert (await sender.send("msg_1", BODY)).kind == "delivered"
    await sender.stop()

    assert len(connections) == 1
    assert all("cookie" not in attempt.headers for attempt in receiver.attempts)


@pytest.mark.parametrize(
    "response",
    [
        status("200 OK", "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        status("200 OK") + status("500 Internal Server Error"),
        status("200 OK", body=b"a" * (MAX_RESPONSE + 1)),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
    ],
    ids=["close", "HTTP/1.0", "two responses", "long", "malformed"],
)
async def test_a_connection_is_used_again_only_after_a_complete_response(
    receiver: Receiver, response: bytes
) -> None:
    connections = []

    def note(_attempt: Attempt, connection: socket.socket) -> bytes:
        connections.append(connection.getpeername())
        return response

    receiver.answer = note
    sender = new_sender(receiver.url)
    for _ in range(2):
        assert (await sender.send("msg_1", BODY)).kind == "delivered"
    await sender.stop()

    assert len(set(connections)) == 2


async def test_a_connection_that_the_receiver_has_closed_is_not_used_again(receiver: Receiver) -> None:
    def answer_once(_attempt: Attempt, connection: socket.socket) -> None:
        connection.sendall(status("200 OK"))

    receiver.answer = answer_once
    sender = new_sender(receiver.url)
    for _ in range(3):
        assert (await sender.send("msg_1", BODY)).kind == "delivered"
        await asyncio.sleep(0.05)
    await sender.stop()


async def test_an_idle_connection_is_closed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "KEEP_ALIVE", 0.05)
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(_attempt: Attempt, connection: socket.socket) -> None:
        connection.sendall(status("200 OK"))
        connection.recv(1)
        loop.call_soon_threadsafe(closed.set)

    receiver.answer = answer
    sender = new_sender(receiver.url)
    assert (await sender.send("msg_1", BODY)).kind == "delivered"
    await asyncio.wait_for(closed.wait(), 2)
    await sender.stop()


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * MAX_RESPONSE + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
    ],
    ids=["long head", "100 without end", "101", "no HTTP", "no status"],
)
async def test_anything_but_an_http_response_is_a_failure(receiver: Receiver, response: bytes) -> None:
    receiver.answer_with(response)

    assert (await send(receiver)).kind == "failed"


async def test_an_informational_response_is_skipped(receiver: Receiver) -> None:
    receiver.answer_with(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" + status("500 Oh"))

    assert await send(receiver) == Outcome("failed", "status 500")


async def test_a_response_that_ends_with_the_connection_is_a_delivery(receiver: Receiver) -> None:
    def answer(_attempt: Attempt, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nthanks")

    assert (await send(receiver, answer)).kind == "delivered"


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert (await send(receiver)).kind == "delivered"


async def test_the_address_of_an_attempt_is_looked_up_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_names = patched_names(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])

    outcome = await send(receiver, url=f"http://localhost:{receiver.port}/hook")

    assert outcome.kind == "delivered"
    assert loop_names == ["localhost"]
    assert receiver.attempts[0].headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0"])  # noqa: S104 - a connection to it would reach the receiver
async def test_without_tls_only_a_loopback_address_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    patched_names(monkeypatch, ["10.0.0.1", "169.254.169.254"])

    outcome = await send(receiver, url=f"http://{host}:{receiver.port}/hook")

    assert outcome == Outcome("failed", "it cannot be reached (OSError)")
    assert receiver.attempts == []


async def test_the_next_address_is_tried_if_one_refuses(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched_names(monkeypatch, ["127.0.0.2", "127.0.0.1"])

    assert (await send(receiver, url=f"http://localhost:{receiver.port}/hook")).kind == "delivered"


async def test_a_name_that_does_not_exist_is_a_failure() -> None:
    sender = new_sender("https://no-such-host.invalid/")

    assert (await sender.send("msg_1", BODY)).kind == "failed"
    await sender.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_an_address_is_not_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    asked = patched_names(monkeypatch)
    sender = new_sender(f"http://{host}:1/")

    assert (await sender.send("msg_1", BODY)).error == "ConnectionRefusedError"
    assert asked == []
    await sender.stop()


def patched_names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Makes each look-up give the next of the answers; returns the list of names that were looked up."""
    asked: list[str] = []
    left = list(answers)

    def look_up(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(host if isinstance(host, str) else host.decode())
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, int(port))) for one in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked
