"""`taskward convert`: the document on stdout, the report on stderr, the exit status."""

import json
from pathlib import Path

import pytest
from convert.conversion import SAMPLE_FORMATS, SAMPLES, converted, sample, vtodo
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.cli.terminal import number_of


def taskward(*arguments: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.app, ["convert", *map(str, arguments)], input=given)


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_the_document_is_on_stdout_and_the_report_on_stderr(name: str) -> None:
    done = taskward(SAMPLE_FORMATS[name], SAMPLES / name, "--time-zone", "Europe/Berlin")
    expected = sample(name, "Europe/Berlin")
    *notes, summary = done.stderr.splitlines()

    assert (done.exit_code, json.loads(done.stdout)) == (0, expected.document)
    assert notes == expected.notes
    count, lists = len(expected.tasks), len(expected.document["lists"])
    assert summary.startswith(f"{number_of(count, 'task')} and {number_of(lists, 'list')} converted")


def test_standard_input() -> None:
    done = taskward("ical", "-", given=vtodo().encode())

    assert json.loads(done.stdout) == converted("ical", vtodo()).document
    assert done.stderr == "1 task and 0 lists converted\n"


def test_a_title_cannot_control_the_terminal() -> None:
    done = taskward(
        "ical", "-", given=vtodo("LOCATION:x").replace("Buy milk", "Buy\x1b[2Jmilk\\nnow").encode()
    )

    assert "\x1b" not in done.stderr
    assert done.stderr.startswith('line 2: task "Buy [2Jmilk now": left out: LOCATION\n')


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("google", SAMPLES / "ticktick.csv"), 1, "taskward: line 2, column 1: this is not JSON"),
        (("vikunja", SAMPLES / "google.json"), 1, "taskward: this is not a data export of Vikunja"),
        (
            ("ical", SAMPLES / "no-such-file"),
            1,
            f"taskward: {SAMPLES / 'no-such-file'}: No such file or directory\n",
        ),
        (("ical", SAMPLES), 1, "Is a directory"),
        (
            ("ical", SAMPLES / "nextcloud.ics", "--time-zone", "Berlin"),
            1,
            "taskward: Berlin is not a time zone",
        ),
        (("outlook", SAMPLES / "nextcloud.ics"), 2, "'outlook' is not one of"),
        (("ical",), 2, "Missing argument"),
    ],
)
def test_an_error_is_a_plain_line_without_a_document(
    arguments: tuple[object, ...], status: int, message: str
) -> None:
    done = taskward(*arguments)

    assert (done.exit_code, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_name_of_a_file_need_not_be_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "caf\udce9.ics"
    file.write_text(vtodo(), "utf-8")
    done = taskward("ical", file)

    assert [one["title"] for one in json.loads(done.stdout)["lists"]] == ["caf\N{REPLACEMENT CHARACTER}"]


def test_nothing_is_written_next_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "errands.ics"
    file.write_text(vtodo(), "utf-8")
    taskward("ical", file)

    assert [one.name for one in tmp_path.iterdir()] == ["errands.ics"]
