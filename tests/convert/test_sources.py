"""Files in several encodings, in archives, of the wrong format, and damaged ones."""

import io
import json
import struct
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from convert.conversion import SAMPLE_FORMATS, SAMPLES, converted, vtodo

from taskward.convert import convert, source
from taskward.convert.report import Report
from taskward.convert.source import Unconvertible

FORMATS = sorted({*SAMPLE_FORMATS.values()})


def reason(name: str, content: bytes | str, file: str = "-") -> str:
    """Returns why a file is refused."""
    with pytest.raises(Unconvertible) as refused:
        converted(name, content, file)
    return str(refused.value)


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_and_utf_16(name: str, encoding: str) -> None:
    text = (SAMPLES / name).read_bytes().decode("utf-8-sig").replace("Two pages", "Größe")
    plain, encoded = (
        converted(SAMPLE_FORMATS[name], text.encode(code), name) for code in ("utf-8", encoding)
    )

    assert encoded == plain


@pytest.mark.parametrize("name", ["google.json", "ticktick.csv", "todoist.csv"])
def test_another_encoding_is_read_as_windows_1252_and_reported(name: str) -> None:
    text = (SAMPLES / name).read_bytes().decode("utf-8-sig")
    done = converted(SAMPLE_FORMATS[name], text.replace("the", "thé").encode("cp1252"), name)

    assert any("thé" in str(task) for task in done.tasks)
    assert "the file is not UTF-8: it is read as Windows-1252" in done.notes


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_line_ends_do_not_matter(name: str) -> None:
    content = (SAMPLES / name).read_bytes().replace(b"\r\n", b"\n")
    unix = converted(SAMPLE_FORMATS[name], content, name)
    windows = converted(SAMPLE_FORMATS[name], content.replace(b"\n", b"\r\n"), name)

    assert [one["title"] for one in windows.tasks] == [one["title"] for one in unix.tasks]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "content",
    [b"", b" ", b"\0" * 100, b"hello\nworld\n", b"<html></html>", b"%PDF-1.7\n\xff\xfe", b"null", b"7"],
)
def test_what_is_not_of_the_format_is_refused(name: str, content: bytes) -> None:
    assert reason(name, content)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("other", SAMPLE_FORMATS)
def test_the_file_of_another_product_is_refused(name: str, other: str) -> None:
    if SAMPLE_FORMATS[other] == name:
        return
    assert reason(name, (SAMPLES / other).read_bytes(), other)


@pytest.mark.parametrize("name", ["todoist-sync.json", "google.json", "vikunja.json", "microsoft.json"])
def test_truncated_json_is_refused_with_the_place(name: str) -> None:
    content = (SAMPLES / name).read_bytes()

    assert reason(SAMPLE_FORMATS[name], content[: len(content) // 2]).startswith("line ")


def test_the_line_of_an_older_taskwarrior_export_is_named() -> None:
    line = json.dumps({"uuid": "1", "description": "x", "status": "pending"})

    assert reason("taskwarrior", f"{line}\n{line}\n{line[:20]}").startswith("line 3, column 1")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("[" + "9" * 5000 + "]", "a number that is too long"),
    ],
)
def test_json_that_python_cannot_read_is_refused(content: str, expected: str) -> None:
    assert expected in reason("vikunja", content)


def test_json_with_lone_surrogates_and_nan_is_read() -> None:
    whole = '{"items": [{"id": NaN, "content": "a\\ud800", "child_order": 1e999}]}'

    assert converted("todoist", whole).tasks[0]["title"] == "a\N{REPLACEMENT CHARACTER}"


def test_a_quotation_mark_that_is_not_closed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FIELD_LENGTH", 1000)
    content = (SAMPLES / "ticktick.csv").read_text("utf-8") + '"","Inbox","' + "x\n" * 1000

    assert reason("ticktick", content).startswith("line ")


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILE_SIZE", 100)
    monkeypatch.setattr(source, "MAX_JSON_SIZE", 50)

    assert reason("ical", vtodo("DESCRIPTION:" + "x" * 100)) == "the file has more than 0 MiB"
    assert reason("vikunja", "[" + " " * 60 + "]") == "the JSON file has more than 0 MiB"


def archive(name: str, content: bytes, count: int = 1) -> bytes:
    """Returns a ZIP archive with a file, in that many folders."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as files:
        for n in range(count):
            files.writestr(f"{n}/{name}", content)
    return whole.getvalue()


def test_the_files_of_an_archive_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (SAMPLES / "google.json").read_bytes()
    monkeypatch.setattr(source, "MAX_UNPACKED", 3 * len(content))

    assert len(converted("google", archive("Tasks.json", content, 3)).tasks) == 9
    assert reason("google", archive("Tasks.json", content, 4)) == (
        "the files of the ZIP archive have more than 0 MiB"
    )


def test_the_number_of_files_of_an_archive_is_limited() -> None:
    assert reason("google", archive("Tasks.json", b"{", source.MAX_MEMBERS)).startswith("line 1")
    assert reason("google", archive("Tasks.json", b"{", source.MAX_MEMBERS + 1)) == (
        "the ZIP archive has more than 1000 files of this format"
    )


def test_a_file_in_any_folder_of_an_archive_is_found() -> None:
    content = (SAMPLES / "google.json").read_bytes()

    assert len(converted("google", archive("Takeout/Tasks/Tasks.json", content)).tasks) == 3


def test_an_archive_without_the_file_or_damaged_is_refused() -> None:
    whole = archive("data.json", (SAMPLES / "vikunja.json").read_bytes())
    encrypted = bytearray(whole)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", encrypted, whole.index(signature) + offset, 1)

    assert reason("google", whole) == "the ZIP archive has no file of this format"
    for damaged in (whole[:-50], whole[:60] + b"\0" * 50 + whole[110:], bytes(encrypted)):
        assert reason("vikunja", damaged) == "the ZIP archive is damaged or encrypted"


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_any_damage_of_an_archive_is_refused_or_has_no_effect(compression: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", compression) as files:
        files.writestr("ä/data.json", "[]")
    for place in range(len(whole.getvalue())):
        damaged = bytearray(whole.getvalue())
        damaged[place] ^= 0xFF
        with suppress(Unconvertible):
            assert converted("vikunja", bytes(damaged)).tasks == []


class OnlyOnce(io.BytesIO):
    """Standard input: it can be read, but not from the beginning again."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_standard_input_is_read_once(name: str) -> None:
    given = OnlyOnce((SAMPLES / name).read_bytes())
    output = io.BytesIO()
    with Report() as report:
        convert(SAMPLE_FORMATS[name], given, "-", None, output, report)

    assert json.loads(output.getvalue())["tasks"]


class Endless(OnlyOnce):
    """Input without an end; it must not be read to the end."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        assert self.reads < 10
        return b"x" * (size or 1)


def test_input_without_an_end_is_not_copied_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILE_SIZE", 3 * 1024 * 1024)
    with Report() as report, pytest.raises(Unconvertible, match="more than 3 MiB"):
        convert("ical", Endless(), "-", None, io.BytesIO(), report)


def test_nothing_is_written_when_the_file_is_refused_at_its_end(tmp_path: Path) -> None:
    output = io.BytesIO()
    whole = archive("Home.csv", b"TYPE,CONTENT\ntask,x\n")
    with zipfile.ZipFile(file := io.BytesIO(whole), "a") as files:
        files.writestr("Work.csv", b"not,this\n")
    with Report() as report, pytest.raises(Unconvertible):
        convert("todoist", file, str(tmp_path), None, output, report)

    assert output.getvalue() == b""


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(Unconvertible, match="--time-zone must be a name like Europe/Berlin"):
        converted("google", "{}", zone="Berlin")


def test_progress_never_goes_back_and_ends_at_the_end() -> None:
    seen: list[tuple[int, int]] = []
    content = "".join(vtodo() for _ in range(400)).encode()
    with Report() as report:
        convert("ical", io.BytesIO(content), "-", None, io.BytesIO(), report, lambda *one: seen.append(one))

    shares = [done / total for done, total in seen]
    assert shares == sorted(shares)
    assert len({total for _, total in seen}) == 1
    assert (seen[0][0] > 0, shares[-1]) == (True, 1)


def test_the_report_is_one_line_for_each_thing_for_any_text() -> None:
    due = {"date": "\ud800\n\x1b[2J" * 30, "string": "every \ud800\n", "is_recurring": True}
    items = [{"id": "1", "content": "a\ud800\nb", "due": due}]
    done = converted("todoist", json.dumps({"items": items}))

    assert len(done.notes) == 2
    assert all(note.startswith('task "a\N{REPLACEMENT CHARACTER} b": ') for note in done.notes)
    assert all(note.isprintable() for note in done.notes)


def test_ids_with_lone_surrogates_are_kept_apart() -> None:
    items = [{"id": one, "content": "x"} for one in ("\ud800", "\ud801")]

    assert len({task["id"] for task in converted("todoist", json.dumps({"items": items})).tasks}) == 2


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_byte_order_mark(name: str, encoding: str) -> None:
    text = (SAMPLES / name).read_bytes().decode("utf-8-sig")

    assert converted(SAMPLE_FORMATS[name], text.encode(encoding), name).tasks == (
        converted(SAMPLE_FORMATS[name], text, name).tasks
    )
