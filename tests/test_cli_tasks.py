"""`taskward tasks` against a running service: what it prints, and the status that it ends with."""

import json
import os
import re
import select
import shlex
import shutil
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from support import SECRET, token_for
from support.command import command, in_a_shell, serve
from support.other_service import other_service
from support.processes import bare_environment
from support.waiting import wait_for
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.cli import remote
from taskward.cli.remote import Failed
from taskward.cli.task_output import plain, print_json, print_tasks, print_trash
from taskward.cli.task_values import due_date, due_filter
from taskward_client import Client, NoResponse

pytestmark = pytest.mark.processes

PAGE = (Path(__file__).parents[1] / "docs/command-line.md").read_text("utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Yields the URL of a service, and the folder with its database."""
    folder = tmp_path_factory.mktemp("service")
    with serve(folder) as running:
        yield f"http://127.0.0.1:{running.port()}", folder


@pytest.fixture
def user(service: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Returns the token of a user of their own, which the commands use."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKWARD_URL", service[0])
    monkeypatch.setenv("TASKWARD_TOKEN", token := token_for(str(uuid4())))
    return token


def tasks(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli.app, ["tasks", *arguments], env=environment)


def printed(*arguments: str) -> Any:
    """Returns what a command prints as JSON."""
    result = tasks(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.usefixtures("user")
def test_a_task_is_added_edited_completed_and_deleted() -> None:
    task = printed("add", "Buy", "milk", "--due", "2026-12-01T09:30 Europe/Berlin", "--label", "home")
    assert (task["title"], task["labels"]) == ("Buy milk", ["home"])
    assert task["due"] == {"date": "2026-12-01", "time": "09:30", "time_zone": "Europe/Berlin"}
    end = task["id"][-8:]

    edited = printed(
        "edit", end, "--title", "Buy bread", "--due", "none", "--label", "shop", "--priority", "high"
    )
    assert (edited["title"], edited.get("due"), edited["labels"]) == ("Buy bread", None, ["home", "shop"])
    assert printed("edit", end, "--priority", "none", "--remove-label", "home")["labels"] == ["shop"]
    (completed,) = printed("done", end)
    assert completed["is_completed"]
    assert abs(datetime.fromisoformat(completed["completed_at"]) - datetime.now().astimezone()) < timedelta(
        60
    )
    assert [one["id"] for one in printed("list", "--done")] == [task["id"]]
    assert printed("list") == []
    assert not printed("done", "--undo", task["id"])[0]["is_completed"]
    assert printed("rm", end) == [{"message": "Task deleted successfully", "id": task["id"]}]
    assert tasks("rm", task["id"]).exit_code == 4


@pytest.mark.usefixtures("user")
def test_a_task_goes_to_the_trash_with_those_below_it_and_is_restored_with_them(
    service: tuple[str, Path], user: str
) -> None:
    top = printed("add", "Plan")["id"]
    below = httpx.post(
        f"{service[0]}/api/tasks",
        json={"title": "Step", "parent_id": top},
        headers={"Authorization": f"Bearer {user}"},
    ).json()["id"]
    other = printed("add", "Other")["id"]

    deletion = {"message": "Task deleted successfully", "id": top}
    assert printed("trash", top[-8:], "--subtasks", "delete") == [deletion]
    assert tasks("trash", other).stdout == ""
    assert printed("list", "--all") == []
    trashed = {one["task"]["id"]: one.get("deleted_with") for one in printed("trash")}
    assert (next(iter(trashed)), trashed) == (other, {other: None, top: None, below: top})
    with_it = [line.split("\t") for line in tasks("trash").stdout.splitlines()]
    assert {(cells[0], cells[2], cells[-1]) for cells in with_it} == {
        (other, "Other", ""),
        (top, "Plan", ""),
        (below, "Step", top),
    }

    everything = [line.partition("\t")[0] for line in tasks("trash").stdout.splitlines()]
    assert [one["id"] for one in printed("restore", *everything[:-1], top[-8:])] == everything
    assert {one["id"]: one.get("parent_id") for one in printed("list")} == {
        top: None,
        below: top,
        other: None,
    }
    assert printed("trash") == []
    assert tasks("restore", top).exit_code == 4


@pytest.mark.usefixtures("user")
def test_the_whole_trash_is_listed(service: tuple[str, Path], user: str) -> None:
    with httpx.Client(base_url=service[0], headers={"Authorization": f"Bearer {user}"}) as http:

        def batch(operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
            results = http.post("/api/batch", json={"operations": operations}).json()["results"]
            assert {one["status"] for one in results} <= {200, 201}
            return list(results)

        made = []
        for _ in range(2):
            made += batch([{"op": "create", "task": {"title": "x"}}] * 60)
        ids = [one["task"]["id"] for one in made]
        for part in (ids[:60], ids[60:]):
            batch([{"op": "delete", "id": one, "to": "trash"} for one in part])
    assert {one["task"]["id"] for one in printed("trash")} == {*ids}
    assert len(tasks("trash").stdout.splitlines()) == len(ids)


def test_the_command_says_that_the_trash_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKWARD_TOKEN", token_for("off"))
    with serve(tmp_path, TRASH_DAYS="0") as running:
        monkeypatch.setenv("TASKWARD_URL", f"http://127.0.0.1:{running.port()}")
        task = printed("add", "Buy milk")
        result = tasks("trash", task["id"])
        assert (result.exit_code, result.stdout) == (1, "")
        assert "to: The trash is off" in result.stderr
        assert [one["id"] for one in printed("list")] == [task["id"]]
        assert printed("trash") == []


@pytest.mark.usefixtures("user")
def test_the_commands_of_the_page_run_in_their_order() -> None:
    """The first adds a task, to which the others apply."""
    add, *others = (shlex.split(line) for line in re.findall(r"^taskward tasks (.+)$", PAGE, re.MULTILINE))
    task = printed(*add)
    for one in others:
        words = [word.replace("26cf9d8d", task["id"][-8:]) for word in one]
        result = tasks(*words)
        prints = words[0] != "rm" and words != ["trash", task["id"][-8:]]
        assert (result.exit_code, "Buy milk" in result.stdout) == (0, prints), result.output
    assert {words[0] for words in others} == {"list", "edit", "done", "trash", "restore", "rm"}
    assert printed("list", "--all") == []


@pytest.mark.usefixtures("user")
def test_the_filters_are_those_of_the_api(service: tuple[str, Path], user: str) -> None:
    made = httpx.post(
        f"{service[0]}/api/lists", json={"title": "Work"}, headers={"Authorization": f"Bearer {user}"}
    ).json()
    printed("add", "past", "--due", "2020-01-01", "--priority", "low")
    printed("add", "now", "--due", "today", "--list", "work", "--label", "a")
    printed("add", "next", "--due", "tomorrow", "--priority", "urgent", "--list", made["id"])
    printed("add", "never", "--description", "some day")
    done = printed("add", "gone")["id"]
    printed("done", done)

    def titles(*options: str) -> list[str]:
        return [one["title"] for one in printed("list", *options)]

    assert titles("--sort", "title") == ["never", "next", "now", "past"]
    assert titles("--all", "--limit", "1") == ["gone"]
    assert titles("--limit", "9" * 26, "--sort", "title") == ["never", "next", "now", "past"]
    assert titles("--list", "WORK", "--sort", "title") == ["next", "now"]
    assert titles("--list", "none", "--sort", "title") == ["never", "past"]
    assert titles("--label", "A") == ["now"]
    assert titles("--priority", "low,urgent", "--sort", "priority") == ["past", "next"]
    assert titles("--search", "DAY some") == ["never"]
    assert titles("--due", "overdue") == ["past"]
    assert titles("--due", "today") == ["now"]
    assert titles("--due", "week", "--sort", "due") == ["now", "next"]
    assert titles("--due", "none") == ["never"]
    assert titles("--due", "2020-01-01") == ["past"]


def test_the_tasks_of_a_space_are_listed(service: tuple[str, Path], user: str) -> None:
    with Client(service[0], user) as client:
        space = client.spaces.create({"title": "Flat"}).value
        client.spaces.create({"title": "Twice"})
        client.spaces.create({"title": "twice"})
        kitchen = client.space(space["id"]).lists.create({"title": "Kitchen"}).value
        client.space(space["id"]).tasks.create(
            {"title": "Mine", "assigned_to": "me", "list_id": kitchen["id"]}
        )
        client.space(space["id"]).tasks.create({"title": "Of nobody"})

    assert printed("list") == []
    for name in ("flat", space["id"]):
        assert [one["title"] for one in printed("list", "--space", name)] == ["Of nobody", "Mine"]
    for filters in (("--assigned-to", "me"), ("--list", "kitchen")):
        assert [one["title"] for one in printed("list", "--space", "Flat", *filters)] == ["Mine"]
    assert "Kitchen" in tasks("list", "--space", "Flat").stdout
    unknown, several = tasks("list", "--space", "Office"), tasks("list", "--space", "Twice")
    assert (unknown.exit_code, several.exit_code) == (remote.NOT_FOUND, remote.NOT_FOUND)
    assert "no space is called 'Office'; there are: 'Flat', 'Twice', 'twice'" in unknown.stderr
    assert "several spaces are called 'Twice'; give one of the ids" in several.stderr


@pytest.mark.usefixtures("user")
def test_other_programs_get_lines_and_a_terminal_gets_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task = printed("add", "Buy \x1b[2Jmilk\ttoday", "--due", "2026-12-01")
    line = tasks("list").stdout
    assert line == f"{task['id']}\topen\tBuy \ufffd[2Jmilk\ufffdtoday\t2026-12-01\t\t\t\n"

    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_tasks([task], {})
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["ID", "TITLE", "DUE"]
    assert re.fullmatch(rf"{task['id'][-8:]} +· +Buy \ufffd\[2Jmilk\ufffdtoday +2026-12-01 *", row)

    with_it, deleted_at = str(uuid4()), "2026-11-21T14:30:59.123456Z"
    print_trash([{"task": task, "deleted_at": deleted_at, "deleted_with": with_it}], {})
    heading, row = capsys.readouterr().out.splitlines()
    local = datetime.fromisoformat(deleted_at).astimezone().isoformat(sep=" ", timespec="minutes")
    assert heading.split() == ["ID", "TITLE", "DUE", "DELETED", "WITH"]
    assert re.fullmatch(rf"{task['id'][-8:]} +· .+ 2026-12-01 +{re.escape(local)} +{with_it[-8:]} *", row)


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("arguments", "environment", "status", "text"),
    [
        (["list", "--due", "soon"], {}, 2, "--due must be overdue"),
        (["add", "bad\udcff"], {}, 2, r"'bad\udcff' is not UTF-8"),
        (["list", "--search", "\udcff"], {}, 2, r"--search '\udcff' is not UTF-8"),
        (["list", "--label=\udcff"], {}, 2, r"'--label=\udcff' is not UTF-8"),
        (["edit", "abcd", "--title", "\udcff"], {}, 2, r"--title '\udcff' is not UTF-8"),
        (["list", "--search", "x" * 70_000], {}, 1, "The request URL is too long"),
        (["add", "x", "--due", "2026-1-1"], {}, 2, "--due must be today"),
        (["done", "xyz!"], {}, 2, "must be an id"),
        (["edit", "abcd"], {}, 2, "nothing to change"),
        (["done", "abcd"], {}, 4, "no task ends in abcd"),
        (["trash", "abcd"], {}, 4, "no task ends in abcd"),
        (["trash", "--subtasks", "delete"], {}, 2, "--subtasks needs an id"),
        (["restore", "abcd"], {}, 4, "no task in the trash ends in abcd"),
        (["restore", str(uuid4())], {}, 4, "Task not found"),
        (["list", "--list", "Work"], {}, 4, "no list is called 'Work'"),
        (["add", "x", "--due", "2026-02-31"], {}, 1, "due.date: Due date must be a day"),
        (["list"], {"TASKWARD_TOKEN": "x"}, 3, "TASKWARD_TOKEN is not accepted"),
        (["list"], {"TASKWARD_URL": "example.com"}, 2, "TASKWARD_URL must be like"),
        (["list"], {"TASKWARD_URL": "http://tasks.example.com"}, 2, "TASKWARD_URL must begin with https://"),
        (["list"], {"TASKWARD_URL": "http://127.0.0.1.example.com"}, 2, "TASKWARD_URL must begin with"),
        (
            ["list"],
            {"TASKWARD_URL": "https://example.com", "TASKWARD_TOKEN": ""},
            3,
            "TASKWARD_TOKEN must be",
        ),
    ],
)
def test_a_failure_is_one_line_and_a_status(
    arguments: list[str], environment: dict[str, str], status: int, text: str
) -> None:
    result = tasks(*arguments, **environment)
    assert (result.exit_code, result.stdout) == (status, "")
    assert text in result.stderr
    assert re.fullmatch(r"taskward: .+\n", result.stderr)


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("words", [("rm",), ("trash",)])
def test_a_task_that_is_named_twice_is_deleted_once(words: tuple[str, ...]) -> None:
    task = printed("add", "Buy milk")

    assert [one["id"] for one in printed(*words, task["id"], task["id"][-8:])] == [task["id"]]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ("list >/dev/full", 1, "taskward: [Errno 28] No space left on device\n"),
        ("list --json >/dev/full", 1, "taskward: [Errno 28] No space left on device\n"),
        ("list --help >/dev/full", 1, "taskward: [Errno 28] No space left on device\n"),
        ("list >&-", 1, "taskward: [Errno 9] Bad file descriptor\n"),
        ("list --json >&-", 1, "taskward: [Errno 9] Bad file descriptor\n"),
        ("list | :", 0, ""),
        ("list <&-", 0, ""),
        ("rm abcd <&- >&-", 4, "taskward: no task ends in abcd\n"),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stream_that_is_full_or_closed_is_one_line_and_a_status(
    tmp_path: Path, words: str, status: int, text: str, unbuffered: str
) -> None:
    printed("add", "Buy milk")
    result = in_a_shell(tmp_path, f"tasks {words}", PYTHONUNBUFFERED=unbuffered)
    assert (result.returncode, result.stderr) == (status, text)


@pytest.mark.usefixtures("user")
def test_a_text_that_the_output_cannot_have_is_one_line_and_a_status(tmp_path: Path) -> None:
    printed("add", "漢")
    for words in ("list", "list --json"):
        result = in_a_shell(tmp_path, f"tasks {words}", PYTHONIOENCODING="iso8859-1")
        assert (result.returncode, result.stderr) == (
            1,
            "taskward: the output has characters that latin-1 has not: set PYTHONIOENCODING=utf-8\n",
        )


@pytest.mark.usefixtures("user")
def test_a_task_is_deleted_without_a_question_if_standard_input_is_closed(tmp_path: Path) -> None:
    task = printed("add", "Buy milk")
    result = in_a_shell(tmp_path, f"tasks rm {task['id']} --json <&-")
    assert [one["id"] for one in json.loads(result.stdout)] == [task["id"]]


OF_ANOTHER_SERVICE: Final = {
    "an array": b'[{"id": 1, "title": "Buy milk"}]',
    "an object": b'{"id": 1, "title": "Buy milk", "is_completed": false}',
    "a page without a cursor": b'{"tasks": [], "total": 0}',
    "a page of other tasks": b'{"tasks": [{"id": 1, "name": "Buy milk"}], "next_cursor": null}',
    "a page of no tasks": b'{"tasks": {}, "next_cursor": null}',
    "a number": b"7",
    "too deep": b"[" * 100_000,
    "a page for people": b"<html>",
}


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("body", OF_ANOTHER_SERVICE.values(), ids=OF_ANOTHER_SERVICE)
@pytest.mark.parametrize(
    "words",
    [("list",), ("list", "--list", "Work"), ("add", "x"), ("done", "abcd"), ("trash",), ("rm", str(uuid4()))],
)
def test_the_response_of_another_service_is_one_line_and_a_status(
    words: tuple[str, ...], body: bytes
) -> None:
    with other_service(200, body) as url:
        result = tasks(*words, TASKWARD_URL=url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"taskward: the response is not .+: is this .+\?\n", result.stderr)


@pytest.mark.usefixtures("user")
def test_a_response_that_cannot_be_unpacked_is_one_line_and_a_status() -> None:
    with other_service(200, b"nothing of gzip", Content_Encoding="gzip") as url:
        result = tasks("list", TASKWARD_URL=url)
    assert (result.exit_code, result.stderr.startswith("taskward: the response is not")) == (1, True)


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"code": "E1", "error": "No", "details": "title"}', "No"),
        (b'{"code": "E1", "error": "No", "details": ["title"]}', "No"),
        (b'{"code": "E1", "error": {"message": "No"}}', "HTTP status 400"),
        (b'{"code": "E1", "error": "a\\u001b[2Jb\\nc"}', "a\ufffd[2Jb\ufffdc"),
        (b"[" * 100_000, "HTTP status 400"),
    ],
    ids=["a text", "texts", "an object", "control characters", "too deep"],
)
def test_the_error_of_another_service_is_one_line_and_a_status(body: bytes, text: str) -> None:
    with other_service(400, body) as url:
        result = tasks("list", TASKWARD_URL=url)
    assert (result.exit_code, result.stderr) == (1, f"taskward: {text}\n")


def test_no_service_is_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = NoResponse("GET /api/tasks: ConnectError", sent=False)
    assert remote._status(failure) == 5
    monkeypatch.setenv("TASKWARD_URL", "http://127.0.0.1:9")
    assert remote._text(failure) == "no answer from http://127.0.0.1:9: GET /api/tasks: ConnectError"


def test_the_developer_needs_no_token_on_this_machine_only(
    service: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TASKWARD_TOKEN", "JWT_SECRET", "ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Failed, match=r"TASKWARD_TOKEN must .+; .+ in the folder of the service"):
        remote.service_token(service[0])
    assert list(tmp_path.iterdir()) == [], "it creates no secret"
    monkeypatch.setenv("JWT_SECRET", SECRET)
    monkeypatch.setenv("TASKWARD_URL", service[0])
    assert tasks("list").exit_code == 0
    for url in ("https://tasks.example.com", "http://127.0.0.1.example.com"):
        with pytest.raises(Failed, match="TASKWARD_TOKEN"):
            remote.service_token(url)
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(Failed, match="TASKWARD_TOKEN"):
        remote.service_token(service[0])


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_the_token_of_a_service_on_this_machine_does_not_go_to_a_proxy(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        variables = {name: f"http://127.0.0.1:{proxy.getsockname()[1]}", "no_proxy": "", "NO_PROXY": ""}
        result = tasks("list", **variables)
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        with pytest.raises(BlockingIOError):
            proxy.accept()


@pytest.mark.usefixtures("user")
def test_a_shell_completes_lists_and_labels(service: tuple[str, Path], user: str, tmp_path: Path) -> None:
    httpx.post(f"{service[0]}/api/lists", json={"title": "Work"}, headers={"Authorization": f"Bearer {user}"})
    printed("add", "x", "--label", "home")

    def completed(words: str, token: str = user) -> str:
        shell = completing("bash", words)
        with command(tmp_path, TASKWARD_URL=service[0], TASKWARD_TOKEN=token, **shell) as running:
            running.wait()
            return "".join((*running.out, *running.err)).strip()

    assert completed("taskward tasks list --list Wo") == "Work"
    assert completed("taskward tasks list --label h") == "home"
    assert completed("taskward tasks edit 1234 --label h") == "home"
    assert completed("taskward tasks list --label h", "x") == ""
    assert completed("taskward tasks re") == "restore"
    assert completed("taskward tasks trash 1234 --subtasks d") == "delete"


SPECIAL: Final = " !\"#$%&'()*,/:;<=>?@[\\]^`{|}~\t\n\x1b\x7f\x9b\u2018\u2019\u201c\u201d\u2013\u202e"
"""Characters that some shell takes for more than a letter; PowerShell takes typographic quotes for quotes."""
PLAIN: Final = ("Home", "Home_1", "Home-2", "Home.3", "Home+4", "Homeé", "Home家")


def completing(shell: str, words: str) -> dict[str, str]:
    """Returns the environment with which the script of a shell asks for the completions of its last word."""
    return {
        "_TASKWARD_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": words.rsplit(maxsplit=1)[-1],
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_a_shell_gets_no_completion_that_it_would_have_to_quote(
    service: tuple[str, Path], user: str, tmp_path: Path, shell: str
) -> None:
    titles = [*PLAIN, "Home$(touch pwned)", "Home\\$(touch pwned)", *(f"Home{one}x" for one in SPECIAL)]
    operations = [{"op": "create", "kind": "list", "list": {"title": title}} for title in titles]
    with_token = {"Authorization": f"Bearer {user}"}
    made = httpx.post(f"{service[0]}/api/batch", json={"operations": operations}, headers=with_token).json()
    assert [one["status"] for one in made["results"]] == [201] * len(titles), made

    environment = completing(shell, "taskward tasks list --list Home")
    with command(tmp_path, TASKWARD_URL=service[0], TASKWARD_TOKEN=user, **environment) as running:
        assert running.wait() == 0, running.err
    printed = "".join(running.out).removesuffix("\n")

    form = {"bash": "{}", "fish": "{}", "zsh": '"{}"'}.get(shell, "{}::: ")
    offered = printed.removeprefix("_arguments '*: :((").removesuffix("))'").split("\n")
    assert sorted(offered) == sorted(form.format(title) for title in PLAIN)


@pytest.mark.usefixtures("user")
@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh here")
def test_a_key_press_in_zsh_runs_nothing_of_a_title(
    service: tuple[str, Path], user: str, tmp_path: Path
) -> None:
    titles = ["Home\\$(touch pwned1)", "Home$(touch pwned2)", "Home`touch pwned3`", "Homework"]
    for title in titles:
        with_token = {"Authorization": f"Bearer {user}"}
        assert httpx.post(f"{service[0]}/api/lists", json={"title": title}, headers=with_token).is_success
    program = tmp_path / "bin/taskward"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{shlex.quote(sys.executable)} -m taskward "$@"; echo $? >>~/calls\n')
    program.chmod(0o755)
    variables = {
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "TASKWARD_URL": service[0],
        "TASKWARD_TOKEN": user,
    }
    calls = tmp_path / "calls"
    terminal, of_shell = os.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"],  # noqa: S607 - the shell of the user
        cwd=tmp_path,
        env=bare_environment() | variables,
        stdin=of_shell,
        stdout=of_shell,
        stderr=of_shell,
        start_new_session=True,
    )
    os.close(of_shell)
    seen = ""

    def shows(text: str) -> bool:
        nonlocal seen
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 1 << 16).decode(errors="replace")
        return text in seen

    try:
        os.write(terminal, b"autoload -Uz compinit; compinit -u -D\n")
        os.write(terminal, b'eval "$(env _TASKWARD_COMPLETE=source_zsh taskward)"; print read""y\n')
        wait_for(lambda: shows("ready"), seconds=60)
        os.write(terminal, b"taskward tasks list --list Ho\t")
        wait_for(lambda: calls.read_text() == "0\n0\n", seconds=60)
        os.write(terminal, b'\x15print do""ne\n')  # \x15 clears the line, as soon as it is completed
        wait_for(lambda: shows("done"), seconds=60)
    finally:
        os.close(terminal)
        shell.kill()
        shell.wait()
    assert sorted(one.name for one in tmp_path.iterdir() if "pwned" in one.name) == []
    assert "mework" in seen


def test_days_are_those_of_this_place() -> None:
    now = datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=14)))
    assert due_filter("tomorrow", now) == {"due_from": "2027-01-01", "due_before": "2027-01-02"}
    assert due_filter("overdue", now)["due_before"] == "2026-12-31T23:30:00+14:00"
    assert due_date("today", now) == {"date": "2026-12-31", "time": None}


CONTROLS: Final = [one for one in map(chr, range(0x110000)) if unicodedata.category(one) == "Cc"] + list(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""The characters that control a terminal, or reorder what it shows."""


def test_a_text_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"a{''.join(CONTROLS)}b é 漢"
    assert plain(text) == f"a{chr(0xFFFD) * len(CONTROLS)}b é 漢"

    print_json([{"title": text}])
    printed = capsys.readouterr().out
    assert json.loads(printed) == [{"title": text}]
    assert set(CONTROLS).intersection(printed) == {"\n"}
    assert "b é 漢" in printed
