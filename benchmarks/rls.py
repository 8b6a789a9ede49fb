"""The cost of row-level security, in three minutes: `make bench-rls`.

Two servers on one database, `DATABASE_RLS` off and on, alternate under wrk for many owners, so that both
run under the same conditions. Printed are medians over the rounds: the requests per second and the server's
CPU per request with sixteen connections, and the median latency with one; then those of the
ratios within each round.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import httpx
from pages import a_postgres, settle
from support import SECRET, Person, running, settings_for
from support.paging import insert_tasks, some_tasks

OWNERS: Final = 100
TASKS: Final = 100
ROUNDS: Final = 12
SECONDS: Final = 1
CONNECTIONS: Final = 16

KINDS: Final = {
    "list of 20": ("GET", "/api/tasks?limit=20"),
    "one task": ("GET", "/api/tasks/TASK"),
    "create": ("POST", "/api/tasks"),
}
SCRIPT: Final = """
local people = {people}
local requests, next = {{}}, 0
init = function()
  for n, one in ipairs(people) do
    local headers = {{["Authorization"] = "Bearer " .. one[1], ["Content-Type"] = "application/json"}}
    requests[n] = wrk.format("{method}", (string.gsub("{path}", "TASK", one[2])), headers, {body})
  end
end
request = function()
  next = next % #requests + 1
  return requests[next]
end
done = function(summary) io.write("errors ", summary.errors.status, "\\n") end
"""
TICK: Final = os.sysconf("SC_CLK_TCK")


class Figures(NamedTuple):
    """Of one round: requests a second, CPU seconds a request, median seconds of one alone."""

    rate: float
    cpu: float
    p50: float


async def main() -> None:
    found = defaultdict[tuple[str, str], list[Figures]](list)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(a_postgres())
        people = ", ".join([f'{{"{token}", "{task_id}"}}' for token, task_id in await filled(url)])
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {rls: await stack.enter_async_context(served(url, rls)) for rls in ("off", "on")}
        for turn in range(ROUNDS + 1):
            for kind, (method, path) in KINDS.items():
                script = folder / "wrk.lua"
                body = '\'{"title": "Buy milk"}\'' if method == "POST" else "nil"
                script.write_text(SCRIPT.format(people=f"{{{people}}}", method=method, path=path, body=body))
                for rls, (process, address) in servers.items():
                    figures = await measured(process, address, script)
                    if turn:  # the first one warms up
                        found[kind, rls].append(figures)
    report(found)


def report(found: dict[tuple[str, str], list[Figures]]) -> None:
    print(f"{'':<12}{'rls':>5}{'requests/s':>12}{'CPU a request':>16}{'p50 of one':>13}")
    for (kind, rls), rounds in found.items():
        rate, cpu, p50 = (median(column) for column in zip(*rounds, strict=True))
        print(f"{kind:<12}{rls:>5}{rate:>12.0f}{cpu * 1e6:>13.0f} us{p50 * 1e6:>10.0f} us")
    for kind in KINDS:
        pairs = zip(found[kind, "on"], found[kind, "off"], strict=True)
        ratios = [[on / off for on, off in zip(*pair, strict=True)] for pair in pairs]
        rate, cpu, p50 = (median(column) for column in zip(*ratios, strict=True))
        print(f"{kind:<12}{'on/off':>7}{rate:>10.2f}{cpu:>16.2f}{p50:>13.2f}")


async def measured(process: subprocess.Popen[bytes], url: str, script: Path) -> Figures:
    before = cpu_of(process)
    many = await wrk(url, script, CONNECTIONS)
    used = cpu_of(process) - before
    requests = int(number(many, r"(\d+) requests in"))
    alone = await wrk(url, script, 1)
    p50 = number(alone, r"50%\s+([\d.]+)") * (1e-3 if re.search(r"50%\s+[\d.]+ms", alone) else 1e-6)
    return Figures(number(many, r"Requests/sec:\s+([\d.]+)"), used / requests, p50)


async def wrk(url: str, script: Path, connections: int) -> str:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(script), url]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    told = (await process.communicate())[0].decode()
    if "errors 0\n" not in told:
        raise RuntimeError(told)
    return told


def number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(text)
    return float(found[1])


def cpu_of(process: subprocess.Popen[bytes]) -> float:
    """Returns the CPU seconds of the process until now; those of the database are none of its."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def filled(url: str) -> list[tuple[str, str]]:
    """Fills the database; returns the token of each owner there, and a task of theirs."""
    people = []
    async with running(settings_for(url, log_level="ERROR")) as app:
        for _ in range(OWNERS):
            person, tasks = Person(app), some_tasks(TASKS)
            await insert_tasks(app, person, tasks)
            people.append((person.token, str(tasks[TASKS // 2].id)))
        await settle(url)
    return people


@asynccontextmanager
async def served(url: str, rls: str) -> AsyncIterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "DATABASE_URL": url,
        "DATABASE_RLS": rls,
        "JWT_SECRET": SECRET,
        "ENVIRONMENT": "production",
    }
    process = subprocess.Popen(  # noqa: ASYNC220 - our own command, waited for below
        [sys.executable, "-m", "taskward", "serve", "--port", address.rpartition(":")[2]],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await ready(address)
        yield process, address
    finally:
        process.terminate()
        process.wait()


async def ready(address: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while True:
            try:
                if (await client.get(f"{address}/health/ready")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


if __name__ == "__main__":
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed")
    asyncio.run(main())
