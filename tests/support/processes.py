"""Starts `taskward` as a process: a fork of a process that has imported it, or the command itself."""

import atexit
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import taskward
from taskward.settings import Settings

PR_SET_CHILD_SUBREAPER: Final = 36

Streams = tuple[int, int, int]
"""The descriptors of stdin, stdout and stderr."""


class Process(Protocol):
    """A child process; `subprocess.Popen` is one."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def start(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    streams: Streams,
    *,
    execute: bool = False,
) -> Process:
    """Starts `taskward` in a session of its own; `execute` starts a new interpreter in any case."""
    if execute or not can_fork(environment):
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "taskward", *arguments],
            cwd=folder,
            env=environment,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            start_new_session=True,
        )
    return fork_server().start(arguments, folder, environment, streams)


def can_fork(environment: Mapping[str, str]) -> bool:
    """Returns whether a fork behaves as a new interpreter: not if its imports depend on the environment."""
    read_by_imports = ("COVERAGE_PROCESS_CONFIG", "OTEL_")
    return sys.platform == "linux" and not any(name.startswith(read_by_imports) for name in environment)


def bare_environment() -> dict[str, str]:
    """Returns this process's environment without what `taskward` reads, for a process of its own."""
    unwanted = {name.upper() for name in Settings.model_fields} | {"PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in unwanted}
    return kept | {"PYTHONPATH": str(Path(taskward.__file__).parent.parent)}


class ForkedProcess:
    """A child process that the fork server has started, with the interface of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("taskward", timeout or 0)
            time.sleep(0.005)
        return status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process of `fork_server.py`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(60)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, str(Path(__file__).with_name("fork_server.py")), str(theirs.fileno())],
                env={name: value for name, value in bare_environment().items() if can_fork({name: value})},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Streams
    ) -> ForkedProcess:
        message = {"arguments": [*arguments], "folder": str(folder), "environment": dict(environment)}
        with self._lock, _adoption():
            socket.send_fds(self._socket, [json.dumps(message).encode()], streams)
            messages = {self._socket.recv(32), self._socket.recv(32)}
        (pid,) = messages - {b"orphaned"}
        return ForkedProcess(int(pid))

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def fork_server() -> ForkServer:
    """Returns the fork server of this process, started when it is first needed."""
    server = ForkServer()
    atexit.register(server.end)
    return server


@contextmanager
def _adoption() -> Iterator[None]:
    """Makes this process the parent of those of its descendants that become orphans while the block runs."""
    prctl = ctypes.CDLL(None).prctl
    assert prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
