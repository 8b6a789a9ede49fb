"""The profile of a request, by package, module and function: `make bench-profile [BENCH_CONNECTIONS=1]`.

py-spy looks at a server 500 times a second while wrk keeps it busy. What C code does counts for the Python
function that called it; waiting does not count. PostgreSQL and load run beside it as in `make bench`.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from comparison import MAX_CONNECTIONS, SCENARIOS
from dataset import OWNERS, SECRET, TASKS_EACH, fill_postgres, write_targets
from stage import Load, Server, a_postgres, a_server, cpu_seconds, migrate, taskward, wrk

SECONDS: Final = 8
SHOWN: Final = 12
PROFILED: Final = ("list-unchanged", "one", "create")
CONNECTIONS: Final = int(os.environ.get("BENCH_CONNECTIONS") or MAX_CONNECTIONS)


def main() -> None:
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="taskward-profile-")))
        postgres = stage.enter_context(a_postgres())
        migrate(postgres.url, folder)
        asyncio.run(fill_postgres(postgres.url, dict.fromkeys(range(OWNERS), TASKS_EACH)))
        targets = write_targets(folder)
        env = {"DATABASE_URL": postgres.url, "JWT_SECRET": SECRET, "ENVIRONMENT": "production"}
        server = stage.enter_context(a_server(taskward("serve"), env, folder))
        for scenario in PROFILED:
            stacks, microseconds = stacks_of(server, targets[scenario], folder / scenario)
            print_profile(SCENARIOS[scenario].title, stacks, microseconds)
            server.empty_log()


def stacks_of(server: Server, targets: Path, file: Path) -> tuple[Counter[str], float]:
    """Returns how often each stack was seen, and the CPU time of a request in microseconds.

    A stack is `outermost;…;innermost`, each a function with its file.
    """
    wrk(server.url, targets, seconds=1, connections=CONNECTIONS)
    loads: list[Load] = []
    load = threading.Thread(
        target=lambda: loads.append(wrk(server.url, targets, seconds=SECONDS + 2, connections=CONNECTIONS))
    )
    before = cpu_seconds(server.pid)
    load.start()
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(server.pid)]
    spy += ["--duration", str(SECONDS), "--rate", "500", "--format", "raw", "--function"]
    subprocess.run([*spy, "--output", str(file)], check=True, capture_output=True)
    load.join()
    microseconds = (cpu_seconds(server.pid) - before) / loads[0].requests * 1e6
    stacks: Counter[str] = Counter()
    for line in file.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[stack] += int(count)
    return stacks, microseconds


def print_profile(name: str, stacks: Counter[str], microseconds: float) -> None:
    """Prints the share of each package, module and function: what it takes itself."""
    packages: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack, count in stacks.items():
        function, module = _read(stack.rpartition(";")[2])
        modules[module] += count
        parts = module.split(".")
        packages[".".join(parts[:2]) if parts[0] == "taskward" else parts[0]] += count
        functions[f"{module}.{function}"] += count
    print(f"\n{name}, {CONNECTIONS} connections: {microseconds:.0f} us of CPU\n")
    print("| package | share | us |\n|---|---|---|")
    for package, count in packages.most_common(SHOWN):
        share = count / stacks.total()
        print(f"| `{package}` | {share:.1%} | {share * microseconds:.0f} |")
    print()
    print("| module | share | function | share |\n|---|---|---|---|")
    for (module, of_module), (function, of_function) in zip(
        modules.most_common(SHOWN), functions.most_common(SHOWN), strict=False
    ):
        shares = (f"{count / stacks.total():.1%}" for count in (of_module, of_function))
        print("| {0} | {2} | {1} | {3} |".format(f"`{module}`", f"`{function}`", *shares))


def _read(frame: str) -> tuple[str, str]:
    """Takes `function (path/to/module.py)` apart; returns the module with its dots."""
    found = re.fullmatch(r"(.*?) \((.*?)(?::\d+)?\)", frame)
    if not found:
        return frame, "?"
    path = found[2].partition("site-packages/")[2] or found[2].partition("/src/")[2] or found[2]
    path = re.sub(r".*/lib/python3\.\d+/", "", path)
    return found[1], path.removesuffix(".py").removesuffix("/__init__").replace("/", ".").lstrip(".")


if __name__ == "__main__":
    main()
