"""Forks a process for each start of `taskward`: a start then needs no imports, which take most of its time.

`processes.py` runs this file, and sends it the starts over a socket. It has no threads, no event loop and no
open database. It is the parent of what it starts, and reports how each ended. It ends when the process that
has started it has, and all of its forks.
"""

import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias

PRELOADED: Final = (
    *("taskward.cli", "taskward.app", "taskward.server.serving", "taskward.check", "taskward.me.admin"),
    *("taskward.auth.development", "taskward.users.restores", "taskward.observability.prometheus"),
    *("taskward.database.sqlite.database", "taskward.database.postgres.database"),
    *("taskward.copy.job", "taskward.copy.opening"),
    *("alembic.command", "alembic.config", "multiprocessing.spawn", "uvloop"),
    *("uvicorn.lifespan.on", "uvicorn.loops.uvloop"),
)
"""What `taskward serve` imports, by its end too; modules that read the environment are not among them."""

MAX_MESSAGE: Final = 1 << 17

Start: TypeAlias = tuple[list[int], dict[str, Any]]
"""The descriptors of stdin, stdout and stderr; arguments, folder and environment."""


def main(listener: socket.socket, clients: socket.socket) -> None:
    """Serves the processes that connect to `listener`, until nothing holds the other end of `clients`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may be a job in the background
    for module in PRELOADED:
        importlib.import_module(module)
    compile_statements()
    gc.collect()
    generators = [one for one in gc.get_objects() if issubclass(type(one), random.Random)]
    gc.freeze()
    assert threading.active_count() == 1
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ, accept)
        selector.register(clients, selectors.EVENT_READ, end)
        start = serve(selector)
        for watched in [*selector.get_map().values()]:
            close(watched.fileobj)
    for generator in generators:
        generator.seed()
    run_taskward(*start)


def serve(selector: selectors.BaseSelector) -> Start:
    """Handles what comes; returns in each process that it has forked."""
    while True:
        for key, _ in selector.select():
            start: Start | None = key.data(selector, key.fileobj)
            if start is not None:
                return start


def accept(selector: selectors.BaseSelector, listener: socket.socket) -> None:
    """Accepts the connection of a process that will send starts."""
    selector.register(listener.accept()[0], selectors.EVENT_READ, start_one)


def end(_selector: selectors.BaseSelector, _clients: socket.socket) -> NoReturn:
    sys.exit()


def start_one(selector: selectors.BaseSelector, starts: socket.socket) -> Start | None:
    """Forks a process for a start, and answers with its id; returns the start in that process."""
    message, descriptors, _, _ = socket.recv_fds(starts, MAX_MESSAGE, 4)
    if not message:
        selector.unregister(starts)
        close(starts)
        return None
    *streams, reports = descriptors
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(reports)
        return streams, json.loads(message)
    for stream in streams:
        os.close(stream)
    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, partial(report_end, pid=pid, reports=reports))
    starts.send(b"%d" % pid)
    return None


def report_end(selector: selectors.BaseSelector, pidfd: int, *, pid: int, reports: int) -> None:
    """Reports the status of a process that has ended."""
    selector.unregister(pidfd)
    close(pidfd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):
        os.write(reports, b"%d" % status)
    os.close(reports)


def close(one: Any) -> None:
    """Closes a socket or a descriptor."""
    if isinstance(one, socket.socket):
        one.close()
    else:
        os.close(one)


def compile_statements() -> None:
    """Compiles the schema and what requests would when they first need it: the results are kept."""
    postgres = importlib.import_module("taskward.database.postgres.compiled")
    sqlite = importlib.import_module("taskward.database.sqlite.compiled")
    declared = importlib.import_module("taskward.database.statements").STATEMENTS
    schema = importlib.import_module("taskward.database.schema")
    for dialect in ("sqlite", "postgresql"):
        schema.statements_since(None, dialect)
    for statement in declared:
        sqlite.SqliteStatement.compile(statement)
        postgres.CompiledStatement.compile(statement)


def run_taskward(streams: list[int], message: dict[str, Any]) -> NoReturn:
    """Runs the command line as `python -m taskward` would, but with other values of `TEST_CONSTANTS`."""
    os.chdir(message["folder"])
    os.environ.clear()
    os.environ.update(message["environment"])
    time.tzset()
    for place, value in json.loads(os.environ.pop("TEST_CONSTANTS", "{}")).items():
        owner, _, name = place.rpartition(".")
        setattr(pkgutil.resolve_name(owner), name, value)
    replace_streams(streams)
    sys.argv = ["taskward", *message["arguments"]]
    sys.path[0] = message["folder"]
    runpy.run_module("taskward", run_name="__main__", alter_sys=True)
    sys.exit()


def replace_streams(streams: list[int]) -> None:
    """Makes these descriptors stdin, stdout and stderr, opened as Python does when it starts."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for name, mode, buffering in (("stdin", "r", -1), ("stdout", "w", -1), ("stderr", "w", 1)):
        old = getattr(sys, name)
        new = open(  # noqa: SIM115 - a descriptor, not a path
            old.fileno(), mode, buffering, old.encoding, old.errors, newline="\n", closefd=False
        )
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


if __name__ == "__main__":
    main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
