"""The start and the end of the service, and its processes."""

import asyncio
import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
import uvicorn
from changes.streams import InProcessServer
from observability.metrics_page import samples_in, value
from starlette.types import Receive, Scope, Send
from support import SECRET, token_for
from support.command import command, serve
from support.raw_http import get, parse_responses, read_all, read_until
from support.server import TinyApp, run_server
from support.waiting import TIMEOUT, wait_for

from taskward.database import DatabaseUnusable
from taskward.http.cors import CrossOrigin
from taskward.http.errors import DatabaseError
from taskward.http.responses import CommonHeaders
from taskward.server.protocol import StrictProtocol
from taskward.server.server import Server, run
from taskward.server.sockets import CannotListen, listen, url_of
from taskward.server.state import ConnectionState
from taskward.settings import SettingsError, load_settings

READY = b"GET /ready HTTP/1.1\r\nHost: taskward.test\r\n\r\n"
STREAM = b"GET /stream HTTP/1.1\r\nHost: taskward.test\r\n\r\n"
FOREVER = b"GET /forever HTTP/1.1\r\nHost: taskward.test\r\n\r\n"
HALF, OTHER_HALF = b"POST / HTTP/1.1\r\nHost: taskward.test\r\nContent-Length: 6\r\n\r\nabc", b"def"


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        return True
    return False


# Shutdown


def test_after_the_signal_it_is_not_ready_and_soon_accepts_no_connection() -> None:
    with run_server(lame_duck=0.4) as server, server.connect() as idle:
        idle.sendall(READY)
        assert b" 200 " in read_until(idle, b"ready?")
        server.server.end()
        (answer,) = server.exchange(READY)
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        idle.sendall(READY)
        assert b" 503 " in read_all(idle), "an old connection closes with its next response"
        time.sleep(0.1)
        assert not refuses(server.port), "a load balancer needs time to notice"
        wait_for(lambda: refuses(server.port), seconds=TIMEOUT)
        assert server.ended()
        server.exit_after.assert_called_once_with(29.0)


def test_requests_in_flight_at_the_end_are_answered() -> None:
    with run_server(lame_duck=0.1) as server, server.connect() as client, server.connect() as head:
        client.sendall(HALF)
        head.sendall(READY[:20])
        time.sleep(0.1)
        server.server.end()
        wait_for(lambda: refuses(server.port))
        client.sendall(OTHER_HALF)
        (answer,) = parse_responses(read_all(client))
        assert (answer.text, answer.headers["connection"]) == ("POST / [abcdef]", "close")
        head.sendall(READY[20:])
        (answer,) = parse_responses(read_all(head))
        assert answer.text == "ready?"
        assert server.ended(1)


async def test_a_connection_accepted_at_the_moment_of_the_end_is_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sockets, config = listen("127.0.0.1", 0), uvicorn.Config(TinyApp(), http=StrictProtocol, log_config=None)
    config.load()
    server = InProcessServer(config, load_settings(_env_file=None, jwt_secret=SECRET))
    server.lifespan = config.lifespan_class(config)
    with server.capture_signals():
        await server.startup(sockets)
        with socket.create_connection(sockets[0].getsockname(), timeout=TIMEOUT) as client:
            client.sendall(READY)
            ending = asyncio.create_task(server.shutdown(sockets))  # it runs just before accept
            (answer,) = parse_responses(await asyncio.to_thread(read_all, client))
            await ending
    assert (answer.status, answer.headers["connection"]) == (503, "close")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_idle_connections_do_not_delay_the_end() -> None:
    class Quick(StrictProtocol):
        idle_seconds_draining = 0.2

    with run_server(Quick) as server:
        idle = [server.connect() for _ in range(3)]
        idle[0].sendall(READY)
        read_until(idle[0], b"ready?")
        server.server.end()
        assert server.ended(1)
        assert [client.recv(1) for client in idle] == [b""] * 3
        for client in idle:
            client.close()


async def test_a_connection_in_use_is_not_closed_by_the_first_sweep_of_the_shutdown() -> None:
    config = uvicorn.Config(TinyApp(), http=StrictProtocol, log_config=None)
    config.load()
    state = ConnectionState(CommonHeaders(CrossOrigin(()), https_only=False))
    transport: Any = mock.Mock(get_write_buffer_size=lambda: 0, is_closing=lambda: transport.close.called)
    connection = StrictProtocol(config, state, {}, asyncio.get_running_loop())
    connection.connection_made(transport)
    connection.data_received(get("/a"))
    await asyncio.gather(*state.tasks)  # it is answered a moment before the sweep
    state.draining.set()

    connection.sweep(Server.sweep_seconds)
    assert not transport.close.called
    connection.sweep(Server.sweep_seconds)
    assert transport.close.called
    connection.connection_lost(None)


def test_a_stream_is_notified_of_the_shutdown() -> None:
    with run_server() as server, server.connect() as client:
        client.sendall(STREAM)
        read_until(client, b"tick\n\r\n")
        server.server.end()
        assert read_all(client).endswith(b"end\n\r\n0\r\n\r\n")
        assert server.ended(1)


def test_requests_that_take_too_long_at_the_end_are_aborted(caplog: pytest.LogCaptureFixture) -> None:
    with run_server(drain=0.3) as server, server.connect() as client, server.connect() as late:
        client.sendall(FOREVER)
        late.sendall(HALF)
        time.sleep(0.1)
        server.server.end()
        for unanswered in (client, late):
            (answer,) = parse_responses(read_all(unanswered))
            assert (answer.status, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert int(answer.headers["retry-after"]) > 0
        assert server.ended(1)
    assert "Shutdown timed out; 2 requests are unanswered" in caplog.messages


def test_a_worker_ends_when_its_parent_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    with run_server(parent=-1) as server:
        assert server.ended(2)
    assert "The parent process is gone; shutting down" in caplog.messages


# Start


def listening_server(app: Callable[[Scope, Receive, Send], object]) -> tuple[Server, list[socket.socket]]:
    config = uvicorn.Config(
        app,
        http=StrictProtocol,
        interface="asgi3",
        lifespan="on",
        log_config=None,
        proxy_headers=False,
    )
    return Server(config, load_settings(_env_file=None)), listen("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DatabaseUnusable("x.db: is not a database"), "x.db: is not a database"),
        (DatabaseError(reason="no route to host"), "no route to host"),
        (SettingsError("A: is missing\nB: too"), "A: is missing; B: too"),
        (ValueError("p4ssw0rd"), "ValueError"),
    ],
)
def test_a_failed_start_logs_its_reason_once(
    caplog: pytest.LogCaptureFixture, error: Exception, reason: str
) -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if reason != "no route to host":  # Starlette reports before it raises; others only raise
            await send({"type": "lifespan.startup.failed", "message": "Traceback (most recent call last)"})
        raise error

    statuses: list[int] = []
    server, sockets = listening_server(app)
    thread = threading.Thread(target=lambda: statuses.append(run(server, sockets)))
    thread.start()
    thread.join(TIMEOUT)
    assert statuses == [1]
    (told,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert told.getMessage() == f"Startup or shutdown failed: {reason}"
    assert not any("Traceback" in message for message in caplog.messages)
    sockets[0].close()


def test_a_failed_shutdown_logs_its_reason_once(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "Traceback"})
        raise DatabaseError(reason="disk full")

    server, sockets = listening_server(app)
    server.lame_duck_seconds = 0
    server.on_started = lambda: setattr(server, "should_exit", True)
    thread = threading.Thread(target=run, args=(server, sockets))
    thread.start()
    thread.join(TIMEOUT)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    assert told == ["Startup or shutdown failed: disk full"]
    assert "Traceback" not in caplog.messages


def test_settings_that_the_application_rejects_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def create_app() -> TinyApp:
        raise SettingsError("JWT_SECRET: is no secret")

    server, sockets = listening_server(TinyApp())
    server.config.app, server.config.factory = create_app, True
    assert run(server, sockets) == 1
    assert caplog.messages == ["Taskward cannot start: JWT_SECRET: is no secret"]
    sockets[0].close()


def test_a_port_in_use_is_named() -> None:
    (first,) = listen("127.0.0.1", 0)
    with first:
        port = first.getsockname()[1]
        with pytest.raises(
            CannotListen, match=rf"^Cannot listen on 127\.0\.0\.1:{port}: Address already in use$"
        ):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(CannotListen, match=r"^Cannot listen on 192\.0\.2\.1:80: "):
        listen("192.0.2.1", 80)


def test_the_url_reaches_the_service() -> None:
    for host, url in [("127.0.0.1", "http://127.0.0.1"), ("0.0.0.0", "http://127.0.0.1")]:  # noqa: S104 - a test
        (taken,) = listen(host, 0)
        with taken:
            assert url_of(taken) == f"{url}:{taken.getsockname()[1]}"


def test_a_host_name_means_those_of_its_addresses_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
    not_ours = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [not_ours, ours, ours])
    (taken,) = listen("localhost", 0)
    with taken:
        assert taken.getsockname()[0] == "127.0.0.1"
        in_use = (*ours[:4], taken.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [ours, in_use])
        with pytest.raises(CannotListen, match="Address already in use"):
            listen("localhost", 0)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_the_ipv6_wildcard_includes_ipv4() -> None:
    (taken,) = listen("::", 0)
    with taken:
        port = taken.getsockname()[1]
        assert url_of(taken) == f"http://[::1]:{port}"
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, port), timeout=1).close()


# Processes


@pytest.mark.processes
def test_a_signal_ends_the_service_with_status_0_and_loses_no_request(tmp_path: Path) -> None:
    with serve(tmp_path) as taskward:
        port = taskward.port()
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{url}/health/ready").status_code == 200
        body = b'{"title": "Buy milk"}'
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
            head = f"POST /api/tasks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token_for('somebody')}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body[:5])
            time.sleep(0.1)
            taskward.process.send_signal(signal.SIGTERM)
            signalled = time.monotonic()
            time.sleep(0.05)
            assert httpx.get(f"{url}/health/ready").status_code == 503
            assert httpx.get(f"{url}/health").status_code == 200
            wait_for(lambda: refuses(port))
            assert 0.8 < time.monotonic() - signalled < 2
            client.sendall(body[5:])
            (answer,) = parse_responses(read_all(client))
            assert answer.status == 201
        assert taskward.wait() == 0
        assert time.monotonic() - signalled < 4
    assert taskward.err == []


@pytest.mark.processes
def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with (
        command(tmp_path, "serve", "--port", "0") as taskward,
        socket.create_connection(("127.0.0.1", taskward.port())) as client,
    ):
        client.sendall(b"GET /health HTTP/1.1\r\n")
        taskward.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        taskward.process.send_signal(signal.SIGINT)
        assert taskward.wait(1) == 128 + signal.SIGINT


@pytest.mark.processes
def test_the_same_signal_twice_at_once_is_one(tmp_path: Path) -> None:
    with command(tmp_path, "serve", "--port", "0") as taskward:
        taskward.port()
        taskward.process.terminate()
        taskward.process.terminate()
        assert taskward.wait(5) == 0


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


HEALTH = {"method": "GET", "route": "/health", "status": "200"}


@pytest.mark.processes
def test_a_worker_that_dies_is_replaced_its_requests_stay_counted_and_none_outlives_its_parent(
    tmp_path: Path,
) -> None:
    """One service for all of it, because each worker takes a second to start."""
    with serve(tmp_path, "--workers", "2", METRICS_PORT="0") as taskward:
        metrics = taskward.metrics_url()

        def current(name: str, **labels: str) -> float:
            return value(samples_in(httpx.get(metrics, timeout=30).text), name, **labels)

        def send_on_new_connections(times: int) -> None:
            url = f"http://127.0.0.1:{taskward.port()}/health"
            answers = [httpx.get(url, timeout=30) for _ in range(times)]
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.headers["x-request-id"] for answer in answers}) == times, "both make ids"

        def counted() -> float:
            return current("taskward_http_requests_total", **HEALTH)

        wait_for(lambda: current("taskward_processes") == 2, seconds=60)
        send_on_new_connections(20)
        wait_for(lambda: counted() == 20)  # a request is counted once its response has been sent
        assert current("process_resident_memory_bytes") > 3 * 20_000_000  # the parent's too
        used = current("process_cpu_seconds_total")

        os.kill(taskward.workers()[0], signal.SIGKILL)
        wait_for(lambda: len(taskward.workers()) == 3, seconds=60)
        wait_for(lambda: current("taskward_processes") == 2, seconds=60)
        assert counted() == 20
        assert current("process_cpu_seconds_total") >= used
        send_on_new_connections(10)
        wait_for(lambda: counted() == 30)

        taskward.process.kill()
        wait_for(lambda: not any(map(alive, taskward.workers())), seconds=2 * TIMEOUT)


@pytest.mark.processes
def test_workers_that_die_together_are_replaced_together(tmp_path: Path) -> None:
    constants = json.dumps({"taskward.server.supervisor.RESTART_SECONDS": 2.0})
    with serve(tmp_path, "--workers", "4", TEST_CONSTANTS=constants) as taskward:
        wait_for(lambda: len(taskward.workers()) == 4)
        killed_at = time.monotonic()
        for worker in taskward.workers():
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda: len(taskward.workers()) == 8, seconds=4 * TIMEOUT)

        assert time.monotonic() - killed_at < 7, "one pause for the first, and one for the others"


@pytest.mark.processes
def test_ctrl_c_ends_all_workers(tmp_path: Path) -> None:
    with serve(tmp_path, "--workers", "2") as taskward:
        port = taskward.port()
        wait_for(lambda: len(taskward.workers()) == 2)
        os.kill(taskward.workers()[0], signal.SIGKILL)
        wait_for(lambda: len(taskward.workers()) == 3)  # also one that replaces another
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
            client.sendall(b"GET /health HTTP/1.1\r\n")
            time.sleep(0.1)
            os.killpg(taskward.process.pid, signal.SIGINT)  # as a terminal sends Ctrl-C: to all of them
            wait_for(lambda: refuses(port))
            client.sendall(b"Host: taskward.test\r\n\r\n")
            (answer,) = parse_responses(read_all(client))
            assert answer.status == 200
        assert taskward.wait() == 0
        assert not any(map(alive, taskward.workers()))
        ended = [line for line in taskward.lines if line["message"].startswith("Finished server process")]
        assert len(ended) == 2, "each ends by itself"
    assert taskward.err == []


@pytest.mark.processes
def test_a_second_signal_ends_the_workers_at_once(tmp_path: Path) -> None:
    with (
        serve(tmp_path, "--workers", "2") as taskward,
        socket.create_connection(("127.0.0.1", taskward.port())) as client,
    ):
        client.sendall(b"GET /health HTTP/1.1\r\n")  # a worker would wait for the rest
        wait_for(lambda: len(taskward.workers()) == 2)
        taskward.process.terminate()
        time.sleep(0.2)
        taskward.process.terminate()
        assert taskward.wait(1) == 128 + signal.SIGTERM
        wait_for(lambda: not any(map(alive, taskward.workers())), seconds=TIMEOUT)


@pytest.mark.processes
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_cannot_start_logs_the_reason_once_and_ends(tmp_path: Path, workers: str) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database " * 100)
    with command(
        tmp_path,
        "serve",
        "--port",
        "0",
        DATABASE_URL="sqlite:///broken.db",
        JWT_SECRET=SECRET,
        WORKERS=workers,
    ) as taskward:
        assert taskward.wait() == 1
    (told,) = [line for line in taskward.lines if line["level"] == "critical"]
    assert "broken.db" in told["message"]
    assert "exception" not in told
    assert not any("TOKEN" in line or "Traceback" in line for line in taskward.out + taskward.err)


@pytest.mark.processes
def test_a_service_that_reloads_serves_and_ends(tmp_path: Path) -> None:
    with command(tmp_path, "serve", "--port", "0", "--reload") as taskward:
        port = taskward.port()
        wait_for(lambda: not refuses(port), seconds=2 * TIMEOUT)
        assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
        taskward.process.terminate()
        begun = time.monotonic()
        assert taskward.wait() == 0
        assert time.monotonic() - begun < 5, "a reload must not take long"
