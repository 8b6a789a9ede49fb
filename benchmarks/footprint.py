"""The cost of a process with little load: memory, start, tail latency at half of capacity."""

import os
import resource
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from comparison import MAX_CONNECTIONS
from dataset import PAGE, SECRET, token
from stage import Load, Server, a_server, family, free_port, resident_megabytes, taskward, wrk

OPEN: Final = 1_000
"""Connections."""

STARTS: Final = 5


def megabytes_with_open_connections(server: Server) -> float:
    """Returns the resident memory of the largest of the server's processes while many connections are open.

    Each of them has been used for a list, and stays open.
    """
    with _open_connections(server):
        return max(resident_megabytes(pid) for pid in family(server.pid))


def fresh_megabytes(env: Mapping[str, str], folder: Path) -> float:
    """Returns the same of a server that has just been started."""
    settings = {"JWT_SECRET": SECRET, "ENVIRONMENT": "production", **env}
    with a_server(taskward("serve"), settings, folder) as server:
        return megabytes_with_open_connections(server)


def seconds_to_first_answer(env: Mapping[str, str], folder: Path) -> float:
    """Returns the median time from the command to the first task list that it answers with."""
    return median(_seconds_to_first_answer(env, folder) for _ in range(STARTS))


def at_half_of_capacity(server: Server, targets: Path, rate: float, idle: float, seconds: int) -> Load:
    """Sends half of what the server can do; `rate` is that a second, `idle` the milliseconds of one answer.

    Every connection pauses between its requests, so that they come by chance and independently; the time
    of an answer counts from when its request is sent.
    """
    think = MAX_CONNECTIONS / (rate / 2) * 1000 - idle
    return wrk(server.url, targets, seconds=seconds, connections=MAX_CONNECTIONS, think=think)


@contextmanager
def _open_connections(server: Server) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * OPEN)), hard))
    port = int(server.url.rpartition(":")[2])
    opened: list[socket.socket] = []
    try:
        for n in range(OPEN):
            opened.append(socket.create_connection(("127.0.0.1", port), 10))
            _ask_for_a_list(opened[-1], token(n))
        yield
    finally:
        for one in opened:
            one.close()


def _ask_for_a_list(connection: socket.socket, bearer: str) -> None:
    """Sends one request and reads its answer.

    Raises:
        OSError: there is none, or it is none of success.

    """
    connection.sendall(
        f"GET /api/tasks?limit={PAGE} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {bearer}\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the server has closed the connection")
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise OSError(head[:100].decode())
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)


def _seconds_to_first_answer(env: Mapping[str, str], folder: Path) -> float:
    port = free_port()
    settings = {"JWT_SECRET": SECRET, "ENVIRONMENT": "production", "PORT": str(port), **env}
    bearer = token(0)
    begun = time.perf_counter()
    process = subprocess.Popen(
        taskward("serve"),
        env={**os.environ, **settings},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 10) as connection:
                    _ask_for_a_list(connection, bearer)
                return time.perf_counter() - begun
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.002)
    finally:
        process.terminate()
        process.wait()
