"""The file that is converted: plain or in a ZIP archive, in one of several encodings, read in chunks."""

import codecs
import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any, BinaryIO, Final, cast

from taskward.convert.report import Report

MAX_FILE_SIZE: Final = 1024 * 1024 * 1024
"""Bytes of a file, unpacked. It is read in chunks."""

MAX_MEMBERS: Final = 1000
"""Files of a ZIP archive that are read."""

MAX_UNPACKED: Final = 256 * 1024 * 1024
"""Bytes of all of them, unpacked."""

MAX_JSON_SIZE: Final = 256 * 1024 * 1024
"""Bytes of a JSON file, which is read into memory: about 200,000 tasks."""

MAX_FIELD_LENGTH: Final = 16 * 1024 * 1024
"""Characters of one field of a CSV file."""

_CHUNK: Final = 1024 * 1024
_ZIP: Final = b"PK\x03\x04"
NOT_UTF8: Final = "the file is not UTF-8: it is read as Windows-1252"


class Unconvertible(Exception):
    """The file cannot be converted; the message names the place and the reason."""


@dataclass(slots=True)
class Source:
    """One file to convert, with the options of the conversion."""

    file: IO[bytes]
    name: str
    """The name of the file without folders and ending; empty for standard input."""
    size: int
    zone: str | None
    """The time zone that the caller has given."""
    report: Report

    @property
    def position(self) -> int:
        """Returns the number of bytes that are read."""
        return self.file.tell()

    @property
    def is_json(self) -> bool:
        """Returns whether the file begins as a JSON object or list does."""
        start = self.file.read(256).removeprefix(codecs.BOM_UTF8).lstrip()
        self.file.seek(0)
        return start[:1] in {b"{", b"["}

    def json(self) -> Any:
        """Returns the value of a JSON file.

        Raises:
            Unconvertible: it is not JSON, or too large.

        """
        return parse_json(self.text())

    def text(self) -> str:
        """Returns the content of a JSON file: UTF-8, else Windows-1252, which is reported.

        Raises:
            Unconvertible: it is too large.

        """
        if self.size > MAX_JSON_SIZE:
            raise Unconvertible(f"the JSON file has more than {MAX_JSON_SIZE >> 20} MiB")
        encoding = self._encoding()
        return self.file.read().decode(encoding, "replace")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields the rows of a CSV file, each with the number of its last line.

        Raises:
            Unconvertible: a quotation mark is not closed, or a field is too long.

        """
        csv.field_size_limit(MAX_FIELD_LENGTH)
        file = io.TextIOWrapper(cast("BinaryIO", self.file), self._encoding(), "replace", newline="")
        reader = csv.reader(file)
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise Unconvertible(f"line {reader.line_num}: {error}") from None
        finally:
            with suppress(ValueError):  # it is closed already
                file.detach()  # which would be closed with its wrapper

    def _encoding(self) -> str:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := self.file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self.report.of_file(NOT_UTF8)
            return "cp1252"
        finally:
            self.file.seek(0)
        return "utf-8-sig"


def parse_json(text: str, line: int = 1) -> Any:
    """Returns the value of a JSON text that begins in that line.

    Raises:
        Unconvertible: it is not JSON.

    """
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno + line - 1}, column {error.colno}"
        raise Unconvertible(f"{place}: this is not JSON: {error.msg}") from None
    except RecursionError:
        raise Unconvertible("the JSON file is nested too deeply") from None
    except ValueError:  # a number of more than 4300 digits
        raise Unconvertible("the JSON file has a number that is too long") from None


def sources(file: BinaryIO, name: str, members: str, zone: str | None, report: Report) -> Iterator[Source]:
    """Yields the file, or those in it that match if it is a ZIP archive.

    Raises:
        Unconvertible: the archive is damaged or has no such file, or a file is empty or too large.

    """
    with _seekable(file) as whole:
        is_archive = whole.read(len(_ZIP)) == _ZIP
        whole.seek(0)
        if not is_archive:
            with _in_utf8(whole) as content:
                yield _source(content, "" if name == "-" else PurePath(name).stem, zone, report)
            return
        try:
            yield from _unpacked(zipfile.ZipFile(whole), members, zone, report)
        except Unconvertible:
            raise
        except Exception:  # noqa: BLE001 - the library raises various errors, also those of compressions
            raise Unconvertible("the ZIP archive is damaged or encrypted") from None


def _unpacked(archive: zipfile.ZipFile, members: str, zone: str | None, report: Report) -> Iterator[Source]:
    names = sorted(name for name in archive.namelist() if re.search(members, name, re.IGNORECASE))
    if not names:
        raise Unconvertible("the ZIP archive has no file of this format")
    if len(names) > MAX_MEMBERS:
        raise Unconvertible(f"the ZIP archive has more than {MAX_MEMBERS} files of this format")
    left = MAX_UNPACKED
    too_large = Unconvertible(f"the files of the ZIP archive have more than {MAX_UNPACKED >> 20} MiB")
    for name in names:
        with archive.open(name) as packed, _copy(packed, left, too_large) as file:
            left -= file.seek(0, io.SEEK_END)
            file.seek(0)
            with _in_utf8(file) as content:
                yield _source(content, PurePath(name).stem, zone, report)


def _source(file: IO[bytes], name: str, zone: str | None, report: Report) -> Source:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if not size:
        raise Unconvertible("the file is empty")
    if size > MAX_FILE_SIZE:
        raise _too_large()
    return Source(file, name, size, zone, report)


@contextmanager
def _seekable(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yields the file; if it can be read only once, a copy."""
    if file.seekable():
        yield file
        return
    with _copy(file, MAX_FILE_SIZE, _too_large()) as copy:
        yield copy


@contextmanager
def _copy(file: IO[bytes], largest: int, otherwise: Unconvertible) -> Iterator[IO[bytes]]:
    remaining = largest
    with tempfile.TemporaryFile() as copy:
        while chunk := file.read(_CHUNK):
            remaining -= len(chunk)
            if remaining < 0:
                raise otherwise
            copy.write(chunk)
        copy.seek(0)
        yield copy


@contextmanager
def _in_utf8(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yields the file; if it is in UTF-16, a copy in UTF-8."""
    encoding = _utf_16(file.read(2))
    file.seek(0)
    if encoding is None:
        yield file
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with tempfile.TemporaryFile() as copy:
        while chunk := file.read(_CHUNK):
            copy.write(decoder.decode(chunk).encode("utf-8", "replace"))
        copy.seek(0)
        yield copy


def _utf_16(start: bytes) -> str | None:
    """Returns the form of UTF-16 of a file with these first two bytes; None if it is not in UTF-16.

    Without a byte order mark the first character is known to be one of ASCII.
    """
    if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    if len(start) < len(codecs.BOM_UTF16) or all(start) or not any(start):
        return None
    return "utf-16-le" if start[0] else "utf-16-be"


def _too_large() -> Unconvertible:
    return Unconvertible(f"the file has more than {MAX_FILE_SIZE >> 20} MiB")
