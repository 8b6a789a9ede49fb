"""Forks a process for each start of `taskward`: a start then needs no imports, which take most of its time.

`processes.py` runs this file, and sends it the starts over a socket. It has no threads, no event loop and no
open database.
"""

import gc
import importlib
import json
import os
import random
import runpy
import socket
import sys
import threading
import time
from typing import Final

PRELOADED: Final = (
    *("taskward.cli", "taskward.app", "taskward.server", "taskward.check", "taskward.me.admin"),
    *("taskward.auth.development", "taskward.users.restores", "taskward.observability.prometheus"),
    *("taskward.database.sqlite.database", "taskward.database.postgres.database"),
    *("taskward.copy.job", "taskward.copy.opening"),
    *("alembic.command", "alembic.config", "multiprocessing.spawn", "uvloop"),
    *("uvicorn.lifespan.on", "uvicorn.loops.uvloop"),
)
"""What `taskward serve` imports, by its end too; modules that read the environment are not among them."""

MAX_MESSAGE: Final = 1 << 17


def main(starts: socket.socket) -> None:
    for module in PRELOADED:
        importlib.import_module(module)
    compile_statements()
    gc.collect()
    generators = [one for one in gc.get_objects() if issubclass(type(one), random.Random)]
    gc.freeze()
    assert threading.active_count() == 1
    while True:
        message, streams, _, _ = socket.recv_fds(starts, MAX_MESSAGE, 3)
        if not message:
            return
        if fork_orphan(starts):
            starts.close()
            for generator in generators:
                generator.seed()
            run_taskward(streams, **json.loads(message))
        for stream in streams:
            os.close(stream)


def compile_statements() -> None:
    """Compiles what each start compiles, with webhooks and without: the results are cached."""
    postgres = importlib.import_module("taskward.database.postgres.database")
    sqlite = importlib.import_module("taskward.database.sqlite.compiled")
    declared = importlib.import_module("taskward.database.statements").STATEMENTS
    for statement in declared:
        sqlite.CompiledStatement.compile(statement)
    for marking in (False, True):
        database = postgres.PostgresDatabase("postgresql://localhost/unused", 1, marking=marking)
        database.use({statement: postgres.CompiledStatement.compile(statement) for statement in declared})


def fork_orphan(starts: socket.socket) -> bool:
    """Forks a process in a session of its own, whose parent is gone. Returns whether this is that process.

    The test process adopts it, and gets two messages in any order: its id, and that the parent is gone.
    """
    parent = os.fork()
    if parent:
        os.waitpid(parent, 0)
        starts.send(b"orphaned")
        return False
    if os.fork():
        os._exit(0)
    os.setsid()
    starts.send(b"%d" % os.getpid())
    return True


def run_taskward(
    streams: list[int], *, arguments: list[str], folder: str, environment: dict[str, str]
) -> None:
    """Runs the command line as `python -m taskward` would, but with other values of `TEST_CONSTANTS`."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for place, value in json.loads(os.environ.pop("TEST_CONSTANTS", "{}")).items():
        module, _, name = place.rpartition(".")
        setattr(importlib.import_module(module), name, value)
    replace_streams(streams)
    sys.argv = ["taskward", *arguments]
    sys.path[0] = folder
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
    main(socket.socket(fileno=int(sys.argv[1])))
