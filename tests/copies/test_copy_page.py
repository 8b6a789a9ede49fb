"""docs/copy.md: its examples run, and its tables are complete."""

import asyncio
import re
import shlex
from pathlib import Path
from string import Template
from typing import Final

import pytest
from support import MakeDatabase, Person, running, settings_for, stored
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.cli.terminal import INTERRUPTED
from taskward.copy.passes import MAX_TASKS
from taskward.database import schema

PAGE: Final = (Path(__file__).parents[2] / "docs/copy.md").read_text("utf-8")
PLACEHOLDER: Final = "postgresql://taskward:password@127.0.0.1/taskward"

pytestmark = [pytest.mark.processes, pytest.mark.single_statements("copies send SQL of their own")]


@pytest.mark.parametrize("number", [0, 1])
async def test_the_examples_copy_a_file_to_postgresql(
    number: int, new_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("taskward.copy.job.PAUSE", 0.05)
    target = await new_database("postgres")
    async with running(settings_for("sqlite:///taskward.db")) as app:
        await Person(app).create()

    results = await asyncio.to_thread(_run_example, number, target)

    assert [result.exit_code for result in results] == [0] * len(results), results[-1].output
    async with running(settings_for(target)) as app:
        assert len(await stored(app, "tasks")) == 1


def _run_example(number: int, target: str) -> list[Result]:
    """Runs the commands of an example; the operator presses Enter when they are asked."""
    example = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[number].replace(PLACEHOLDER, target)
    environment = {"JWT_SECRET": "", "ENVIRONMENT": "", "COPY_TO": target}
    results = []
    for line in example.splitlines():
        words = shlex.split(Template(line).safe_substitute(environment))
        if words[0] == "export":
            environment |= dict(word.split("=", 1) for word in words[1:])
            continue
        begin = words.index("taskward")
        given = environment | dict(word.split("=", 1) for word in words[:begin])
        results.append(CliRunner().invoke(cli.app, words[begin + 1 :], env=given, input="\n"))
    return results


def test_the_page_names_what_the_code_does() -> None:
    assert f"`{schema.UNFINISHED_COPY}…`" in PAGE
    assert f"the current {MAX_TASKS} tasks" in PAGE
    assert f"| {INTERRUPTED} |" in PAGE
