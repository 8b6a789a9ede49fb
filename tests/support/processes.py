"""Starts `taskward` as a process: a fork of a process that has imported it, or the command itself."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

import psutil

import taskward
from taskward.settings import Settings

TASKWARD: Final = ("-m", "taskward")
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
    program: Sequence[str] = TASKWARD,
) -> Process:
    """Starts `taskward` in a session of its own; `execute` starts a new interpreter in any case.

    So does another `program`: arguments of the interpreter.
    """
    if execute or program is not TASKWARD or not can_fork(environment):
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *program, *arguments],
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
    return sys.platform == "linux" and not any(name.startswith("OTEL_") for name in environment)


def bare_environment() -> dict[str, str]:
    """Returns this process's environment without what `taskward` reads, for a process of its own."""
    unwanted = {name.upper() for name in Settings.model_fields} | {"PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in unwanted}
    return kept | {"PYTHONPATH": str(Path(taskward.__file__).parent.parent)}


def has_ended(process: psutil.Process) -> bool:
    """Returns whether a process has ended; its parent need not have noticed."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class ForkedProcess:
    """A process that the fork server has started, with the interface of `subprocess.Popen`."""

    def __init__(self, pid: int, reports: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._reports = reports
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Returns its exit status, which the fork server reports; None while it runs."""
        with self._lock:
            if self.returncode is None and self._has_report():
                self.returncode = int(os.read(self._reports, 16))
                os.close(self._reports)
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

    def _has_report(self) -> bool:
        report = select.poll()  # as `select.select`, but with any number of descriptors
        report.register(self._reports, select.POLLIN)
        return bool(report.poll(0))


class ForkServer:
    """The process of `fork_server.py`; forks of this process use it too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: dict[int, socket.socket] = {}
        self._address = f"\0taskward-tests-{uuid4()}"
        ours, theirs = socket.socketpair()
        ours.detach()  # it is open as long as this process, or a fork of it
        with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self._address)
            listener.listen()
            passed = (listener.fileno(), theirs.fileno())
            subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, str(Path(__file__).with_name("fork_server.py")), *map(str, passed)],
                env={name: value for name, value in bare_environment().items() if _is_passed_on(name)},
                stdin=subprocess.DEVNULL,
                pass_fds=passed,
                start_new_session=True,
            ).returncode = 0  # it ends by itself, when this process has

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Streams
    ) -> ForkedProcess:
        message = {"arguments": [*arguments], "folder": str(folder), "environment": dict(environment)}
        reports, theirs = os.pipe()
        with self._lock, os.fdopen(theirs, "wb"):
            server = self._connection()
            socket.send_fds(server, [json.dumps(message).encode()], [*streams, theirs])
            return ForkedProcess(int(server.recv(32)), reports)

    def _connection(self) -> socket.socket:
        """Returns the connection of this process."""
        if os.getpid() not in self._sockets:
            self._sockets[os.getpid()] = server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            server.settimeout(60)
            server.connect(self._address)
            atexit.register(server.close)
        return self._sockets[os.getpid()]


def _is_passed_on(name: str) -> bool:
    """Returns whether the fork server has a variable: not one that makes it trace itself."""
    return not name.startswith("OTEL_")


@cache
def fork_server() -> ForkServer:
    """Returns the fork server, started when it is first needed."""
    return ForkServer()
