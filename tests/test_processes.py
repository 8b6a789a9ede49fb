"""The processes of the tests: a forked start of `taskward` behaves as an executed one."""

import os
import re
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import SECRET, token_for
from support.command import Command, command, executed_command
from support.processes import ForkedProcess, can_fork

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not can_fork({}), reason="processes are forked on Linux only"),
]

REQUESTS = (
    *(("GET", path) for path in ("/health", "/health/ready", "/docs", "/openapi.json", "/nothing")),
    *(("GET", "/api/tasks"), ("POST", "/api/tasks"), ("DELETE", "/api/me")),
)
Run = Callable[..., AbstractContextManager[Command]]

VARIES = re.compile(r"\b\d{4,}\b|(?<=\[)\d+(?=\])|0\.\d+\.\d+|TOKEN=.*")
"""Ports, ids of processes, versions and tokens."""


def test_a_forked_service_does_the_same_as_an_executed_one(tmp_path: Path) -> None:
    forked, executed = (observe_service(tmp_path, run) for run in (command, executed_command))

    assert forked == executed


def observe_service(folder: Path, run: Run) -> dict[str, Any]:
    with run(folder, "serve", "--port", "0", JWT_SECRET=SECRET) as service:
        assert isinstance(service.process, ForkedProcess) == (run is command)
        url, pid = f"http://127.0.0.1:{service.port()}", service.process.pid
        process = {
            "folder": Path(f"/proc/{pid}/cwd").readlink(),
            "leads its session and group": (os.getsid(pid), os.getpgid(pid)) == (pid, pid),
            "open files": {kind(path) for path in Path(f"/proc/{pid}/fd").iterdir()},
        }
        headers = {"Authorization": f"Bearer {token_for('somebody')}", "X-Request-ID": "id"}
        with httpx.Client(base_url=url, headers=headers) as client:
            responses = [client.request(*request, content=b"{}") for request in REQUESTS]
        service.process.terminate()
        return process | {
            "status": service.wait(),
            "lines": [VARIES.sub("…", line["message"]) for line in service.lines],
            "fields": [sorted(line) for line in service.lines],
            "text": [VARIES.sub("…", line) for line in service.out if not line.startswith("{")],
            "errors": service.err,
            "responses": [(one.status_code, sorted(one.headers), one.content) for one in responses],
        }


def kind(descriptor: Path) -> str:
    return re.sub(r":?\[?\d+\]?$", "", str(descriptor.readlink()))


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("nonsense",), ("serve",)],
    ids=" ".join,
)
def test_a_forked_command_prints_the_same_and_ends_with_the_same_status(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    forked, executed = (observe_command(tmp_path, arguments, run) for run in (command, executed_command))

    assert forked == executed


def observe_command(folder: Path, arguments: tuple[str, ...], run: Run) -> tuple[object, ...]:
    with run(folder, *arguments, PORT="none", TERMINAL_WIDTH="80") as running:
        return running.wait(), running.out, running.err


def test_forked_processes_draw_different_random_numbers(tmp_path: Path) -> None:
    ids = set()
    for _ in range(2):
        with command(tmp_path, "serve", "--port", "0") as service:
            ids.add(httpx.get(f"http://127.0.0.1:{service.port()}/health").headers["x-request-id"])

    assert len(ids) == 2


def test_the_exit_status_of_a_forked_process_names_the_signal_that_killed_it(tmp_path: Path) -> None:
    with command(tmp_path, "serve", "--port", "0") as service:
        service.port()
        assert service.process.poll() is None
        service.process.kill()

        assert service.wait() == -signal.SIGKILL


def test_a_process_whose_imports_read_the_environment_is_executed() -> None:
    assert not can_fork({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    assert can_fork({"PORT": "0", "PATH": "/bin"})
