"""`taskward` as a process of its own."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from support.apps import SECRET
from support.processes import TASKWARD, bare_environment, start
from support.waiting import TIMEOUT, wait_for


class Command:
    """`taskward` as a process of its own, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        environment: Mapping[str, str],
        execute: bool = False,
        program: Sequence[str] = TASKWARD,
        stdin: int | None = None,
    ) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        (out, their_out), (err, their_err) = os.pipe(), os.pipe()
        with open(os.devnull, "rb") as nothing, open(their_out, "wb"), open(their_err, "wb"):  # noqa: PTH123 - two are descriptors
            streams = (nothing.fileno() if stdin is None else stdin, their_out, their_err)
            self.process = start(
                arguments,
                folder,
                bare_environment() | dict(environment),
                streams,
                execute=execute,
                program=program,
            )
        self._readers = [
            threading.Thread(target=_collect, args=pair) for pair in ((out, self.out), (err, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log, so far."""
        return [json.loads(line) for line in self.out if line.startswith("{")]

    def port(self) -> int:
        """Waits until it listens, and returns the port."""
        wait_for(lambda: self._listening() or self.process.poll() is not None, seconds=4 * TIMEOUT)
        listening = self._listening()
        assert listening, self.out + self.err
        return int(listening[0]["message"].rpartition(":")[2])

    def metrics_url(self) -> str:
        """Returns where the metrics are, with METRICS_PORT set; waits until the API listens."""
        self.port()
        (line,) = (line for line in self.lines if line["message"].startswith("Metrics at "))
        return f"http://{line['message'].removeprefix('Metrics at ')}"

    def _listening(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["message"].startswith("Listening on ")]

    def workers(self) -> list[int]:
        """Returns the process ids of the workers that have started, oldest first."""
        started = (re.fullmatch(r"Started server process \[(\d+)\]", line["message"]) for line in self.lines)
        return [int(match[1]) for match in started if match]

    def wait(self, seconds: float = 4 * TIMEOUT) -> int:
        """Waits for the end and returns the exit status."""
        status = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(TIMEOUT)
        return status


def _collect(stream: int, lines: list[str]) -> None:
    with open(stream, encoding="utf-8") as opened:
        lines.extend(iter(opened.readline, ""))


@contextmanager
def command(folder: Path, *arguments: str, **environment: str) -> Iterator[Command]:
    """Runs `taskward`, if possible as a fork, while the block runs; afterwards nothing of it is left."""
    with _ending(Command(folder, *arguments, environment=environment)) as running:
        yield running


def in_a_shell(
    folder: Path, words: str, *, given: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Runs `taskward` to its end as a shell does, with the redirections among the words."""
    return subprocess.run(  # noqa: S603 - the words are those of a test
        ["/bin/sh", "-c", f"{shlex.quote(sys.executable)} -m taskward {words}"],
        cwd=folder,
        env=bare_environment() | environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def serve(folder: Path, *arguments: str, **environment: str) -> Iterator[Command]:
    """Runs `taskward serve` on a free port while the block runs, which starts once it listens."""
    settings = {"JWT_SECRET": SECRET, "PORT": "0"} | environment
    with command(folder, "serve", *arguments, **settings) as running:
        running.port()
        yield running


@contextmanager
def executed_command(folder: Path, *arguments: str, **environment: str) -> Iterator[Command]:
    """Runs `taskward` as `command` does, but always in a new interpreter."""
    with _ending(Command(folder, *arguments, environment=environment, execute=True)) as running:
        yield running


@contextmanager
def program(folder: Path, *program: str, **environment: str) -> Iterator[Command]:
    """Runs another program, with these arguments of the interpreter, in the same way."""
    with _ending(Command(folder, environment=environment, program=program)) as running:
        yield running


@contextmanager
def _ending(running: Command) -> Iterator[Command]:
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        running.wait()


async def until_ready(running: Command, url: str) -> None:
    """Waits until a service answers that it is ready; fails if it ends before."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client, asyncio.timeout(3 * TIMEOUT):
        while True:
            assert running.process.poll() is None, running.out + running.err
            with suppress(httpx.TransportError):
                if (await client.get("/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.02)
