"""The profile of a request, by module and by function: `make bench-profile`.

py-spy looks at a server 500 times a second while wrk keeps it busy. What C code does counts for the Python
function that called it; waiting does not count. PostgreSQL and load run beside it as in `make bench`.
"""

import asyncio
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
from stage import Server, a_postgres, a_server, migrate, taskward, wrk

SECONDS: Final = 8
SHOWN: Final = 12
PROFILED: Final = ("list-unchanged", "one", "create")


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
            print_profile(SCENARIOS[scenario], stacks_of(server, targets[scenario], folder / scenario))
            server.empty_log()


def stacks_of(server: Server, targets: Path, file: Path) -> Counter[str]:
    """Returns how often each stack was seen: `outermost;…;innermost`, each a function with its file."""
    wrk(server.url, targets, seconds=1, connections=MAX_CONNECTIONS)
    load = threading.Thread(
        target=wrk,
        args=(server.url, targets),
        kwargs={"seconds": SECONDS + 2, "connections": MAX_CONNECTIONS},
    )
    load.start()
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(server.pid)]
    spy += ["--duration", str(SECONDS), "--rate", "500", "--format", "raw", "--function"]
    subprocess.run([*spy, "--output", str(file)], check=True, capture_output=True)
    load.join()
    stacks: Counter[str] = Counter()
    for line in file.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[stack] += int(count)
    return stacks


def print_profile(name: str, stacks: Counter[str]) -> None:
    """Prints the share of each module and of each function: what it takes itself."""
    modules: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack, count in stacks.items():
        function, module = _read(stack.rpartition(";")[2])
        modules[module] += count
        functions[f"{module}.{function}"] += count
    print(f"\n{name}\n")
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
