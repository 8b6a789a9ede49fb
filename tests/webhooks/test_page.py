"""docs/webhooks.md: its receivers run as they stand there, against a live service."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support import token_for
from support.command import command
from support.processes import bare_environment
from support.waiting import TIMEOUT, wait_for
from webhooks.receiver import OTHER_SECRET, SECRET

PAGE = (Path(__file__).parents[2] / "docs/webhooks.md").read_text("utf-8")
NODE = shutil.which("node")


def receiver_of(language: str) -> str:
    """Returns the program of the page in that language."""
    found = re.findall(
        rf"<!-- receiver: {language}(, before the above)? -->\n```\w+\n(.*?)```", PAGE, re.DOTALL
    )
    return "\n".join(text for _, text in sorted(found, key=lambda part: not part[0]))


@contextmanager
def running(program: list[str], folder: Path, secret: str) -> Iterator[tuple[int, Callable[[], str]]]:
    """Runs a receiver; yields its port, and a function that returns its output."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = bare_environment() | {"WEBHOOK_SECRET": secret, "PORT": str(port)}
    output = folder / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(program, env=environment, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603 - the page's own
    try:
        wait_for(lambda: accepts(port), 4 * TIMEOUT)
        yield port, lambda: output.read_text("utf-8")
    finally:
        process.kill()
        process.wait()


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def program_in(language: str, folder: Path) -> list[str]:
    file = folder / ("receiver.py" if language == "python" else "receiver.mjs")
    file.write_text(receiver_of(language), "utf-8")
    return [sys.executable if language == "python" else str(NODE), str(file)]


@pytest.mark.processes
@pytest.mark.parametrize("language", ["python", "node"])
def test_a_receiver_of_the_page_gets_what_is_written(language: str, tmp_path: Path) -> None:
    if language == "node" and NODE is None:
        pytest.skip("there is no Node")
    with running(program_in(language, tmp_path), tmp_path, SECRET) as (port, output):
        settings = {
            "WEBHOOK_URL": f"http://127.0.0.1:{port}/taskward",
            "WEBHOOK_SECRET": f"{OTHER_SECRET},{SECRET}",
            "JWT_SECRET": "a secret that only the tests know about",
        }
        with command(tmp_path, "serve", "--port", "0", **settings) as service:
            url = f"http://127.0.0.1:{service.port()}/api/tasks"
            bearer = {"Authorization": f"Bearer {token_for('ann')}"}
            with httpx.Client(headers=bearer) as client:
                task = client.post(url, json={"title": "Milk"}).json()
                expected = "task.completed Milk"
                if language == "python":
                    client.put(f"{url}/{task['id']}", json={"is_completed": True})
                    wait_for(lambda: expected in output())
                    client.put(f"{url}/{task['id']}", json={"title": "More milk"})
                else:
                    expected = f"task.changes delete {task['id']}"
                    wait_for(lambda: "task.changes upsert Milk" in output())
                    client.delete(f"{url}/{task['id']}")
            wait_for(lambda: expected in output())

    assert output().count(expected) == 1
    assert "Traceback" not in output()


@pytest.mark.processes
@pytest.mark.parametrize("language", ["python", "node"])
def test_a_receiver_of_the_page_refuses_a_wrong_signature(language: str, tmp_path: Path) -> None:
    if language == "node" and NODE is None:
        pytest.skip("there is no Node")
    with running(program_in(language, tmp_path), tmp_path, OTHER_SECRET) as (port, _):
        settings = {"WEBHOOK_URL": f"http://127.0.0.1:{port}/", "WEBHOOK_SECRET": SECRET}
        with command(tmp_path, "webhooks", "test", **settings) as failing:
            assert failing.wait() == 1
        with command(tmp_path, "webhooks", "test", **settings | {"WEBHOOK_SECRET": OTHER_SECRET}) as good:
            assert good.wait() == 0

    assert failing.out == ["The ping was not delivered: status 401.\n"]
    assert good.out == ["The ping was delivered: status 204.\n"]


def test_the_receivers_are_short() -> None:
    assert len(re.findall(r"<!-- receiver: ", PAGE)) == 3
    for language, lines in (("python", 45), ("node", 30)):
        assert receiver_of(language).count("\n") <= lines
    assert os.linesep.join(sorted(re.findall(r'from "(node:\w+)"', receiver_of("node")))) == os.linesep.join(
        ["node:crypto", "node:http"]
    )
