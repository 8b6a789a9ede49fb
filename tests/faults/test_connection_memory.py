"""Memory of connections without a token: while they are open, and after they have closed.

A real server process, hostile clients over TCP, and another user of the service meanwhile.
"""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from statistics import median
from typing import Final

import httpx
import pytest
from faults.fault_report import Observe
from faults.own_postgres import free_port
from support import SECRET, token_for
from support.command import command
from support.process_memory import resident_bytes
from support.waiting import TIMEOUT, wait_for

from taskward.http.requests import MAX_LARGE_BODIES

pytestmark = pytest.mark.processes

MIB: Final = 1 << 20
MAX_GROWTH: Final = 10 * MIB
"""Bytes by which the process may grow, by the requirement."""

MANY: Final = 50
"""Connections at once."""

READ_SIZE: Final = 256 * 1024
"""Bytes that the event loop reads from a socket at once; a connection keeps no more unparsed."""

BATCHES: Final = 200
ROUNDS: Final = 3
GET: Final = b"GET /health HTTP/1.1\r\nHost: taskward.test\r\n\r\n"
PIPELINE: Final = GET * (256 * 1024 // len(GET) + 1)
HUGE_BODY: Final = b"POST /health HTTP/1.1\r\nHost: taskward.test\r\nContent-Length: 1073741824\r\n\r\n"


class Service:
    """`taskward serve` in a process of its own."""

    def __init__(self, process: int, port: int) -> None:
        self.process, self.port = process, port

    def is_up(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/health/ready").status_code == 200
        return False

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
        client.settimeout(0)
        return client

    @contextmanager
    def peak(self) -> Iterator[Callable[[], int]]:
        """Samples the memory while the block runs; the function returns the largest sample."""
        largest = resident_bytes(self.process)
        done = threading.Event()

        def sample() -> None:
            nonlocal largest
            while not done.wait(0.005):
                largest = max(largest, resident_bytes(self.process))

        thread = threading.Thread(target=sample)
        thread.start()
        try:
            yield lambda: max(largest, resident_bytes(self.process))
        finally:
            done.set()
            thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    port, folder = free_port(), tmp_path_factory.mktemp("served")
    with command(folder, "serve", "--port", str(port), JWT_SECRET=SECRET, LOG_LEVEL="WARNING") as taskward:
        service = Service(taskward.process.pid, port)
        wait_for(service.is_up, seconds=4 * TIMEOUT)
        with people(service) as http:  # so that all code has run
            for number in range(100):
                assert http.get("/health").status_code == 200
                assert http.post("/api/tasks", json={"title": f"Task {number}"}).status_code == 201
        _hold(service, [PIPELINE[: 64 * len(GET)]] * 5, seconds=0.2, reading=True)
        yield service


@contextmanager
def people(service: Service) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token_for('somebody')}"}
    url = f"http://127.0.0.1:{service.port}"
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False) as http:
        yield http


def _hold(
    service: Service, requests: list[bytes], *, seconds: float, reading: bool, most: int = 64 * MIB
) -> int:
    """Opens a connection for each of the texts, and sends it again and again for as long as the server reads.

    Returns the number of bytes sent. The connections are closed at the end.
    """
    sent = 0
    with ExitStack() as stack:
        clients = {stack.enter_context(service.connect()): (text, 0) for text in requests}
        end = time.monotonic() + seconds
        while clients and (left := end - time.monotonic()) > 0:
            can_read, can_write, _ = select.select(clients if reading else (), clients, (), min(left, 0.05))
            for client in can_read:
                with suppress(BlockingIOError, ConnectionError):
                    client.recv(MIB)
            for client in can_write:
                text, offset = clients[client]
                try:
                    taken = client.send(memoryview(text)[offset : offset + READ_SIZE]) if sent < most else 0
                except BlockingIOError:
                    continue
                except ConnectionError:
                    del clients[client]
                    continue
                sent += taken
                clients[client] = (text, (offset + taken) % len(text))
            if sent >= most or not can_write:
                time.sleep(0.005)
    return sent


def body_behind(pipeline: bytes) -> bytes:
    """Returns a pipeline, then the head and the first 128 MiB of a body; more than a test ever sends."""
    return pipeline + HUGE_BODY + bytes(128 * MIB)


@pytest.mark.parametrize(
    ("begin", "has_body", "reading"),
    [
        pytest.param(
            PIPELINE,
            False,
            True,
            marks=pytest.mark.fault("No token: a client sends requests without waiting for the responses"),
        ),
        pytest.param(
            PIPELINE,
            False,
            False,
            marks=pytest.mark.fault("No token: the same, and the client reads no response"),
        ),
        pytest.param(
            PIPELINE,
            True,
            True,
            marks=pytest.mark.fault("No token: a body of up to 1 GiB behind requests that wait"),
        ),
        pytest.param(
            GET,
            True,
            False,
            marks=pytest.mark.fault("No token: a body of up to 1 GiB for a route that takes none"),
        ),
    ],
    ids=["pipeline read", "pipeline not read", "body behind a pipeline", "body not wanted"],
)
def test_a_connection_without_a_token_costs_little_memory_and_keeps_none_after_it_closed(
    service: Service,
    begin: bytes,
    has_body: bool,  # noqa: FBT001 - a case
    reading: bool,  # noqa: FBT001 - a case
    observe: Observe,
) -> None:
    requests = [body_behind(begin) if has_body else begin]
    before = resident_bytes(service.process)
    grown: list[int] = []
    kept: list[int] = []
    sent = 0
    for _ in range(ROUNDS):
        with service.peak() as peak:
            sent += _hold(service, requests, seconds=0.4, reading=reading)
            grown.append(peak() - before)
        time.sleep(0.2)
        kept.append(resident_bytes(service.process) - before)
    print(f"sent {sent / MIB:.1f}, grown by {in_mib(grown)}, kept {in_mib(kept)} MiB")  # noqa: T201 - if it fails
    assert sent > READ_SIZE
    assert max(grown) <= MAX_GROWTH
    assert max(kept) <= MAX_GROWTH
    assert kept[-1] - kept[0] <= MAX_GROWTH / 4
    observe(
        f"{ROUNDS} connections, one after the other: memory {describe_memory(before, max(grown), kept[-1])}"
    )


@pytest.mark.fault("No token: 50 connections at once that do this")
def test_many_connections_without_a_token_leave_the_service_to_others(
    service: Service, observe: Observe
) -> None:
    before = resident_bytes(service.process)
    kept = []
    seconds: list[float] = []
    with people(service) as http:
        for _ in range(ROUNDS):
            attack = threading.Thread(
                target=_hold, args=(service, [PIPELINE] * MANY), kwargs={"seconds": 0.5, "reading": False}
            )
            with service.peak() as peak:
                attack.start()
                while attack.is_alive():
                    begin = time.perf_counter()
                    assert http.get("/api/tasks?limit=20").status_code == 200
                    seconds.append(time.perf_counter() - begin)
                    time.sleep(0.01)
                attack.join()
                grown = peak() - before
            time.sleep(0.2)
            kept.append(resident_bytes(service.process) - before)
            assert grown <= MANY * 2 * READ_SIZE + MAX_GROWTH
    print(  # noqa: T201 - shown if it fails
        f"grown by {grown / MIB:.1f}, kept {in_mib(kept)} MiB; another's list: median"
        f" {median(seconds) * 1000:.1f} ms, longest {max(seconds) * 1000:.1f} ms"
    )
    assert kept[-1] <= MAX_GROWTH
    assert median(seconds) < 0.5
    observe(
        f"another user's list: success, median {median(seconds) * 1000:.0f} ms; memory"
        f" {describe_memory(before, grown, kept[-1])}",
        longest=max(seconds),
    )


@pytest.mark.fault("One user: the bodies of 200 batches of 1 MiB, without their last byte")
def test_bodies_that_do_not_end_have_bounded_memory_and_leave_room_for_others(
    service: Service, observe: Observe
) -> None:
    begun = _batch_of_a_mebibyte("ann")[:-1]
    with ExitStack() as stack, service.peak() as peak:
        before = peak()
        clients = [stack.enter_context(service.connect()) for _ in range(BATCHES)]
        _send_all(clients, begun)
        time.sleep(1)  # for what is in the buffers of the kernel
        grown = peak() - before
        sent = time.perf_counter()
        status = _status_of(stack, service, _batch_of_a_mebibyte("bob"))
        seconds = time.perf_counter() - sent
        wait_for(lambda: len(_readable(clients)) >= BATCHES - MAX_LARGE_BODIES // 2)
        refused = {client.recv(12) for client in _readable(clients)}
    most = MAX_LARGE_BODIES // 2 * MIB + BATCHES * (2 * READ_SIZE) + MAX_GROWTH
    assert grown <= most, f"{grown / MIB:.1f} MiB"
    assert (status, refused) == (b"HTTP/1.1 200", {b"HTTP/1.1 503"})
    observe(f"another user's batch of 1 MiB: success; memory {grown / MIB:.0f} MiB more", longest=seconds)


def _batch_of_a_mebibyte(user: str) -> bytes:
    body = b'{"operations": [{"op": "create", "task": {"title": "x"}}]}'.ljust(MIB)
    return (
        b"POST /api/tasks/batch HTTP/1.1\r\nHost: taskward.test\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n" % (token_for(user).encode(), MIB)
    ) + body


def _send_all(clients: list[socket.socket], data: bytes) -> None:
    """Sends to each for as long as the server reads."""
    left = dict.fromkeys(clients, memoryview(data))
    while left and (writable := select.select([], left, [], 0.5)[1]):
        for client in writable:
            left[client] = left[client][client.send(left[client][:READ_SIZE]) :]
            if not left[client]:
                del left[client]


def _status_of(stack: ExitStack, service: Service, request: bytes) -> bytes:
    client = stack.enter_context(service.connect())
    client.settimeout(TIMEOUT)
    client.sendall(request)
    return client.recv(12)


def _readable(clients: list[socket.socket]) -> list[socket.socket]:
    return select.select(clients, [], [], 0)[0]


def describe_memory(before: int, grown: int, kept: int) -> str:
    more, afterwards = max(grown, 0) / MIB, max(kept, 0) / MIB
    return f"{before / MIB:.0f} MiB, {more:.1f} more meanwhile, {afterwards:.1f} more after"


def in_mib(sizes: list[int]) -> str:
    return ", ".join(f"{size / MIB:.1f}" for size in sizes)
