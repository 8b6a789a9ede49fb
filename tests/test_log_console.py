"""LOG_FORMAT: readable text on a terminal in development, JSON lines everywhere else."""

import io
import json
import logging
import os
import pty
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import SECRET, BreakDatabase, Person, settings_for
from support.processes import bare_environment, start
from support.waiting import wait_for

from taskward import log
from taskward.log.console import ConsoleRenderer

COLOURED = {"TERM": "xterm", "NO_COLOR": ""}
PLAIN = {"TERM": "xterm", "NO_COLOR": "1"}
LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING|ERROR) +(.*)")
REQUEST = r"\d\d:\d\d:\d\d\.\d{3} INFO +GET +401 /api/tasks \d+\.\d ms UNAUTHORIZED.*"
SLOW = 20.0
"""Seconds for a process to start."""


class Terminal:
    """The output of a terminal."""

    def __init__(self, controller: int) -> None:
        self._controller = controller
        self._shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def text(self) -> str:
        return self._shown.decode().replace("\r\n", "\n")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def close(self) -> None:
        """Call this after the last write to the terminal."""
        self._reader.join()
        os.close(self._controller)

    def _read(self) -> None:
        with suppress(OSError):  # EIO: no process has it open any more
            while part := os.read(self._controller, 65536):
                self._shown += part


@contextmanager
def serving_on_a_terminal(
    folder: Path, *arguments: str, **environment: str
) -> Iterator[tuple[Terminal, str]]:
    """Runs `taskward serve` on a terminal of its own while the block runs, and returns it with the URL."""
    controller, device = pty.openpty()
    process = start(
        ["serve", "--port", "0", *arguments],
        folder,
        bare_environment() | COLOURED | environment,
        (device, device, device),
    )
    os.close(device)
    terminal = Terminal(controller)
    try:
        wait_for(lambda: re.search(r"Listening on ", terminal.text), SLOW)
        wait_for(lambda: re.search(r"Listening on 127\.0\.0\.1:\d+", terminal.text))
        port = re.findall(r"Listening on 127\.0\.0\.1:(\d+)", terminal.text)[0]
        yield terminal, f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        terminal.close()


def get_tasks(url: str) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=SLOW) as client:
        assert client.get(f"{url}/api/tasks?q=canary").status_code == 401


@pytest.mark.processes
@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--reload"]], ids=["one", "workers", "reload"])
def test_in_development_a_terminal_shows_each_request_as_a_readable_line(
    tmp_path: Path, options: list[str]
) -> None:
    with serving_on_a_terminal(tmp_path, *options, **PLAIN) as (terminal, url):
        get_tasks(url)
        wait_for(lambda: re.search(REQUEST, terminal.text))

    assert "\x1b" not in terminal.text
    assert '{"timestamp"' not in terminal.text
    assert "canary" not in terminal.text
    assert any(LINE.fullmatch(line) and "taskward.server: Listening on " in line for line in terminal.lines)


@pytest.mark.processes
def test_in_production_a_terminal_shows_json(tmp_path: Path) -> None:
    production = {"ENVIRONMENT": "production", "JWT_SECRET": SECRET}
    with serving_on_a_terminal(tmp_path, **production) as (terminal, url):
        get_tasks(url)
        wait_for(lambda: '"status":401' in terminal.text)

    assert "taskward.access" in {json.loads(line)["logger"] for line in terminal.lines}


@pytest.mark.parametrize(
    ("stream", "settings", "environment", "is_console", "has_colours"),
    [
        ("terminal", {}, COLOURED, True, True),
        ("terminal", {}, PLAIN, True, False),
        ("terminal", {}, {"TERM": "dumb"}, True, False),
        ("terminal", {"environment": "production"}, COLOURED, False, False),
        ("terminal", {"log_format": "json"}, COLOURED, False, False),
        ("terminal", {"log_format": "console", "environment": "production"}, COLOURED, True, True),
        ("pipe", {}, COLOURED, False, False),
        ("pipe", {"log_format": "json"}, COLOURED, False, False),
        ("pipe", {"log_format": "console"}, COLOURED, True, False),
    ],
)
def test_the_format_follows_the_setting_the_stream_and_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
    settings: dict[str, Any],
    environment: dict[str, str],
    *,
    is_console: bool,
    has_colours: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reader, writer = pty.openpty() if stream == "terminal" else os.pipe()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with open(writer, "w", encoding="utf-8") as out:  # noqa: PTH123 - a descriptor, not a path
        monkeypatch.setattr(sys, "stdout", out)
        try:
            log.configure(settings_for("sqlite://", **settings))
            log.log_request(logging.INFO, FIELDS)
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
        shown = os.read(reader, 65536).decode()
    os.close(reader)

    assert shown.startswith("{") != is_console
    assert ("\x1b" in shown) == has_colours


FIELDS: dict[str, Any] = {
    "request_id": "abc",
    "method": "GET",
    "path": "/api/tasks",
    "status": 200,
    "duration_ms": 3.25,
    "user_id": "an-id",
}


def console(name: str, message: str, level: int = logging.INFO, **fields: Any) -> str:
    """Returns what the console format makes of a record; its time is noon."""
    record = logging.makeLogRecord(
        {"name": name, "msg": message, "levelno": level, "levelname": logging.getLevelName(level)} | fields
    )
    record.created = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1)) + 0.25
    return log.ConsoleFormatter(colours=False).format(record)


def test_a_request_is_its_time_level_method_status_path_and_milliseconds() -> None:
    assert console("taskward.access", "request", **FIELDS) == (
        "12:00:00.250 INFO     GET    200 /api/tasks 3.2 ms"
    )


def test_an_error_also_has_its_code_reason_and_request_id() -> None:
    error = FIELDS | {"status": 500, "code": "DATABASE_ERROR", "reason": "timeout", "user_id": None}

    assert console("taskward.access", "request", logging.ERROR, **error) == (
        "12:00:00.250 ERROR    GET    500 /api/tasks 3.2 ms DATABASE_ERROR: timeout request_id=abc"
    )


def test_a_request_whose_head_was_incomplete_has_dashes() -> None:
    bad = FIELDS | {"status": 400, "method": None, "path": None, "code": "INVALID_REQUEST"}

    assert "-      400 - 3.2 ms INVALID_REQUEST" in console("taskward.access", "request", **bad)


def test_any_other_line_has_its_logger_message_and_fields() -> None:
    assert console("taskward.audit", "change", outcome="done", status=3) == (
        "12:00:00.250 INFO     taskward.audit: change outcome=done status=3"
    )


def test_a_terminal_is_sent_no_control_characters() -> None:
    shown = console("a\x1b[2J", "\x07title\x9b31m", reason="\x1b]0;x\x07 é")

    assert shown.endswith(r"a\x1b[2J: \x07title\x9b31m reason=\x1b]0;x\x07 é")


@pytest.mark.parametrize("engine", ["memory"], indirect=True, scope="session")
async def test_a_crash_is_shown_with_its_frames_and_none_of_its_words(
    ann: Person, break_database: BreakDatabase
) -> None:
    error = RuntimeError("canary")
    error.__cause__ = KeyError("canary")
    break_database(error)
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(log.ConsoleFormatter(colours=False))
    handler.addFilter(lambda record: record.name != "httpx")
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        response = await ann.http.post("/api/tasks", json={"title": "canary"})
    finally:
        root.removeHandler(handler)

    shown = out.getvalue()
    assert "taskward.http.application: Unforeseen error" in shown
    assert f"request_id={response.headers['x-request-id']}" in shown
    assert "\n    builtins.RuntimeError\n      src/taskward/http/application.py:" in shown
    assert "\n    caused by builtins.KeyError\n" in shown
    assert "canary" not in shown
    assert ann.token not in shown


def test_every_colour_ends_in_its_line() -> None:
    fields: dict[str, object] = {"timestamp": "", "level": "info", "logger": "taskward.access", "message": ""}

    for status in (200, 304, 404, 500, 600):
        shown = ConsoleRenderer(colours=True).render(0.0, fields | FIELDS | {"status": status})
        assert shown.count("\x1b[0m") == shown.count("\x1b[") / 2
