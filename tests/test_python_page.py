"""docs/python.md: its examples run, and it names every method."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import token_for
from support.command import serve
from support.processes import bare_environment

from taskward_client import APIError, Client, TaskwardError, errors, new_id

PAGE = (Path(__file__).parent.parent / "docs/python.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.processes
def test_the_examples_run_one_after_the_other(tmp_path: Path) -> None:
    with serve(tmp_path) as running:
        service = {
            "TASKWARD_URL": f"http://127.0.0.1:{running.port()}",
            "TASKWARD_TOKEN": token_for("python"),
        }
        done = subprocess.run(  # noqa: S603 - the examples
            [sys.executable, "-W", "error", "-c", "\n".join(EXAMPLES)],
            env=bare_environment() | service,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r'Buy milk "\d+"\n', done.stdout)


def test_the_page_names_every_method() -> None:
    rows = dict(re.findall(r"^\| `client(?:\.(\w+))?` \| (.+) \|$", PAGE, re.MULTILINE))
    with Client("http://tasks.test", "t") as client:
        for name, row in rows.items():
            methods = {one for one in dir(getattr(client, name) if name else client) if one[0] != "_"}
            named = set(re.findall(r"`(\w+)`", row)) - {"aclose", "AsyncClient"}
            assert named == (methods if name else methods - rows.keys())


def test_the_page_names_every_method_of_a_space() -> None:
    rows = dict(re.findall(r"^\| `space\.(\w+)` \| ([^;|]+)", PAGE, re.MULTILINE))
    with Client("http://tasks.test", "t") as client:
        space = client.space(new_id())
        assert rows.keys() == vars(space).keys() - vars(client).keys()
        for name, row in rows.items():
            methods = {one for one in dir(getattr(space, name)) if one[0] != "_"}
            assert set(re.findall(r"`(\w+)`", row)) == methods


def test_the_page_names_every_error() -> None:
    kinds = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, APIError)
    }
    assert {name for name in {*kinds, TaskwardError.__name__} if f"`{name}`" not in PAGE} == set()
