"""`taskward export` and `taskward import`: a user's data, for operators."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support import MakeDatabase, Person, running, settings_for
from support.command import in_a_shell
from support.import_documents import a_task, export, many, without_owner
from typer.testing import CliRunner, Result

from taskward import cli


async def taskward(url: str, *arguments: object, given: bytes | None = None) -> Result:
    """Runs a command beside the tests' loop, as it makes one of its own."""
    environment = {"DATABASE_URL": url, "JWT_SECRET": "", "ENVIRONMENT": ""}
    return await asyncio.to_thread(
        CliRunner().invoke, cli.app, [str(one) for one in arguments], input=given, env=environment
    )


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["disk", "postgres"])
async def url(request: pytest.FixtureRequest, new_database: MakeDatabase) -> str:
    return await new_database(request.param)


async def test_what_is_exported_is_what_the_person_would_get_and_comes_back(url: str, tmp_path: Path) -> None:
    there, file = str(uuid4()), tmp_path / "export.json"
    async with running(settings_for(url)) as app:
        ann, bob = Person(app), Person(app, there)
        await ann.create("Buy milk \N{ROCKET}", description="Two litres")
        await ann.http.post("/api/me/import", json={"tasks": many(1200)})
        expected = await export(ann)

        exported = await taskward(url, "export", ann.sub, "--output", file)
        imported = await taskward(url, "import", there, file)
        again = await taskward(url, "import", there, "-", given=file.read_bytes())

        assert (exported.exit_code, exported.output) == (0, "")
        assert json.loads(file.read_bytes()) == expected
        assert file.stat().st_mode & 0o777 == 0o600
        assert (imported.exit_code, imported.output) == (0, "1201 imported, 0 skipped\n")
        assert again.output == "0 imported, 1201 skipped\n"
        assert without_owner((await export(bob))["tasks"]) == without_owner(expected["tasks"])


async def test_an_export_goes_to_standard_output(url: str) -> None:
    user = str(uuid4())
    body = json.dumps({"tasks": [a_task()]}).encode()
    assert (await taskward(url, "import", user, "-", given=body)).exit_code == 0

    exported = await taskward(url, "export", user)

    assert (exported.exit_code, exported.stderr) == (0, "")
    assert json.loads(exported.stdout)["user"]["id"] == user


async def test_of_a_person_who_is_not_there_nothing_is_exported(url: str, tmp_path: Path) -> None:
    answer = await taskward(url, "export", uuid4(), "--output", tmp_path / "export.json")

    assert (answer.exit_code, answer.output) == (1, "taskward: User not found\n")
    assert not (tmp_path / "export.json").exists()


async def test_a_file_that_is_there_is_not_written_over(url: str, tmp_path: Path) -> None:
    file, user = tmp_path / "export.json", uuid4()
    file.write_text("precious")
    await taskward(url, "import", user, "-", given=json.dumps({"tasks": [a_task()]}).encode())

    answer = await taskward(url, "export", user, "--output", file)

    assert (answer.exit_code, file.read_text()) == (1, "precious")
    assert answer.output == f"taskward: {file}: File exists\n"


BROKEN: dict[str, tuple[bytes, list[str]]] = {
    "no JSON": (b"{", ["the body is not a JSON object"]),
    "a list": (b"[]", ["the body is not a JSON object"]),
    "fields": (
        json.dumps({"tasks": [a_task(title=""), a_task(description="\0")], "x": 1}).encode(),
        [
            "Validation failed",
            "x: Unknown field",
            "tasks.0.title: Title cannot be empty",
            "tasks.1.description: The character U+0000 is not allowed",
        ],
    ),
}


@pytest.mark.parametrize(("given", "lines"), BROKEN.values(), ids=BROKEN)
async def test_the_errors_of_a_document_are_plain_lines(url: str, given: bytes, lines: list[str]) -> None:
    user = uuid4()
    answer = await taskward(url, "import", user, "-", given=given)

    assert answer.exit_code == 1
    assert answer.output == "".join(f"taskward: {line}\n" for line in lines)
    assert (await taskward(url, "export", user)).exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("export", "ann"), ("import", "ann", "x"), ("import", str(uuid4()), "no.json")]
)
async def test_a_wrong_argument_is_an_error_without_a_traceback(arguments: Any) -> None:
    answer = await taskward("sqlite:///taskward.db", *arguments)

    assert answer.exit_code in {1, 2}
    assert "Traceback" not in answer.output
    assert answer.output


@pytest.mark.processes
@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ("export USER >/dev/full", 1, "taskward: [Errno 28] No space left on device\n"),
        ("export USER >&-", 1, "taskward: [Errno 9] Bad file descriptor\n"),
        ("export USER 2>&- >/dev/null", 0, ""),
        ("import USER - <&-", 1, "taskward: the body is not a JSON object\n"),
        ("convert google - <&-", 1, "taskward: the file is empty\n"),
        ("convert google tasks.json >/dev/full", 1, "taskward: [Errno 28] No space left on device\n"),
        ("convert google tasks.json >&-", 1, "taskward: [Errno 9] Bad file descriptor\n"),
        ("convert google tasks.json >/dev/null 2>&-", 0, ""),
    ],
)
async def test_a_stream_that_is_full_or_closed_is_one_line_and_a_status(
    tmp_path: Path, words: str, status: int, text: str
) -> None:
    user, document = str(uuid4()), json.dumps({"tasks": [a_task()]}).encode()
    tasks = [{"id": "a", "title": "x"}]
    (tmp_path / "tasks.json").write_text(json.dumps({"kind": "tasks#tasks", "items": tasks}))
    url = f"sqlite:///{tmp_path}/taskward.db"
    if "export" in words:
        assert (await taskward(url, "import", user, "-", given=document)).exit_code == 0
    result = await asyncio.to_thread(in_a_shell, tmp_path, words.replace("USER", user), DATABASE_URL=url)
    assert (result.returncode, result.stderr) == (status, text)
