"""docs/contract.md#errors and #operation: one line a request, and never a word of what people wrote."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from support import SECRET, BreakDatabase, Person, client_of, exchange, running, settings_for, token_for
from support.captured_log import CapturedLog, captured_log

from taskward import log
from taskward.app import create_app
from taskward.database.postgres import migrate
from taskward.http.errors import DatabaseError

CANARY = "canary4711"
EMAIL = f"{CANARY}@example.com"
TEXT = f"A {CANARY} text"


@pytest.fixture
def written() -> Iterator[CapturedLog]:
    """Yields everything that is logged, down to DEBUG, as the service would write it."""
    with captured_log() as captured:
        yield captured


async def test_a_request_is_one_line_of_json_that_says_who_what_and_how(
    ann: Person, written: CapturedLog
) -> None:
    answer = await ann.http.post("/api/tasks", json={"title": TEXT}, headers={"X-Request-ID": "mine"})

    # A request of an app that has just stopped may end now.
    (line,) = [one for one in written.requests if one["request_id"] == "mine"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert 0 < line.pop("duration_ms") < 60_000
    assert line == {
        "level": "info",
        "logger": "taskward.access",
        "message": "request",
        "request_id": "mine",
        "method": "POST",
        "path": "/api/tasks",
        "status": 201,
        "user_id": answer.json()["user_id"],
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/tasks", 401, "UNAUTHORIZED"),
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("POST", "/health", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_a_refused_request_is_one_line_with_its_code_and_no_user(
    stranger: httpx.AsyncClient, written: CapturedLog, method: str, path: str, status: int, code: str
) -> None:
    answer = await stranger.request(method, path)

    (line,) = written.requests
    assert (line["status"], line["code"], line["user_id"], line["level"]) == (status, code, None, "info")
    assert line["request_id"] == answer.headers["x-request-id"]


async def test_why_a_token_was_refused_is_in_the_log_alone(
    stranger: httpx.AsyncClient, written: CapturedLog
) -> None:
    token = token_for(CANARY, aud=CANARY)

    answer = await stranger.get("/api/tasks", headers={"Authorization": f"Bearer {token}"})

    (line,) = written.requests
    assert "JWT_AUDIENCE" in line["reason"]
    assert "JWT_AUDIENCE" not in answer.text
    assert CANARY not in written.text


async def test_a_head_and_a_preflight_are_logged_too(
    stranger: httpx.AsyncClient, written: CapturedLog
) -> None:
    await stranger.head("/health")
    page = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    await stranger.options("/api/tasks", headers=page)

    assert [(line["method"], line["status"]) for line in written.requests] == [
        ("HEAD", 200),
        ("OPTIONS", 200),
    ]


async def test_a_client_that_went_away_is_logged_as_499(
    app: FastAPI, ann: Person, written: CapturedLog
) -> None:
    headers = [("Authorization", f"Bearer {ann.token}"), ("Content-Length", "9")]

    await exchange(app, "POST", "/api/tasks", headers=headers, pieces=[b"{"], whole=False)

    assert [line["status"] for line in written.requests] == [499]


async def test_a_crash_is_logged_with_its_frames_under_the_request_s_id(
    ann: Person, break_database: BreakDatabase, written: CapturedLog
) -> None:
    break_database(RuntimeError(CANARY))

    answer = await ann.http.get("/api/tasks")

    (crash,) = written.of("taskward.http.application")
    assert crash["request_id"] == answer.headers["x-request-id"]
    assert crash["level"] == "error"
    assert crash["exception"][0]["type"] == "builtins.RuntimeError"
    assert any("store.py" in frame for frame in crash["exception"][0]["frames"])
    (line,) = written.requests
    assert (line["status"], line["code"], line["level"]) == (500, "INTERNAL_ERROR", "error")
    assert CANARY not in written.text


async def test_what_led_to_a_crash_is_logged_and_none_of_its_words(
    ann: Person, break_database: BreakDatabase, written: CapturedLog
) -> None:
    error = DatabaseError(reason="UniqueViolationError 23505")
    error.__cause__ = asyncpg.UniqueViolationError(f"Key (email)=({EMAIL}) already exists.")
    error.__cause__.__context__ = KeyError(EMAIL)
    error.__cause__.__context__.__context__ = error  # a ring
    break_database(error)

    await ann.http.get("/api/tasks")

    (crash,) = written.of("taskward.http.application")
    kinds = [link["type"].rpartition(".")[2] for link in crash["exception"]]
    assert kinds[:4] == ["DatabaseError", "UniqueViolationError", "KeyError", "DatabaseError"]
    assert len(kinds) == 10
    assert written.requests[0]["reason"] == "UniqueViolationError 23505"
    assert CANARY not in written.text


HEADERS = [
    "Authorization", "X-Request-ID", "User-Agent", "Cookie", "Origin", "Referer", "Content-Type", "Accept",
    "If-Match", "If-None-Match", "Idempotency-Key", "Last-Event-ID", "X-Forwarded-For", "X-Canary",
]  # fmt: skip


@pytest.mark.parametrize("crashes", [False, True])
async def test_no_line_contains_content_of_users(
    app: FastAPI, break_database: BreakDatabase, written: CapturedLog, *, crashes: bool
) -> None:
    ann = Person(app, sub=EMAIL, email=EMAIL, name=TEXT)
    task = await ann.create(TEXT, description=EMAIL)
    path = f"/api/tasks/{task['id']}"
    if crashes:
        break_database(ValueError(TEXT, {"title": TEXT}, EMAIL, ann.token, SECRET))
    for method, target, body in [
        ("POST", "/api/tasks", {"title": TEXT, "description": EMAIL}),
        ("POST", "/api/tasks", {"title": 1, TEXT: EMAIL, "id": EMAIL}),
        ("POST", "/api/tasks", [TEXT]),
        ("POST", f"/api/tasks?{CANARY}={CANARY}", {"title": TEXT}),
        ("GET", f"/api/tasks?q={CANARY}&{CANARY}=1", None),
        ("GET", f"/api/tasks?access_token={ann.token}", None),
        ("PUT", path, {"title": TEXT}),
        ("PUT", path, {"description": EMAIL, CANARY: 1}),
        ("GET", path, None),
        ("GET", f"/api/tasks/{EMAIL}", None),
        ("GET", f"/api/tasks/{TEXT}", None),
        ("GET", f"/api/tasks/{ann.token}", None),
        ("GET", f"/{EMAIL}/{TEXT}/{ann.token}", None),
        ("DELETE", f"{path}?{CANARY}", None),
        ("DELETE", path, None),
    ]:
        await ann.http.request(method, target, json=body)
    for name in HEADERS:
        for value in (EMAIL, f'"{TEXT}"', f"Bearer {ann.token}x", f"Bearer {EMAIL}"):
            await ann.http.post("/api/tasks", json={"title": TEXT}, headers={name: value})

    assert len(written.requests) == 16 + 4 * len(HEADERS)
    assert {line["user_id"] for line in written.requests} <= {task["user_id"], None}
    for word in (CANARY, ann.token, SECRET, *ann.token.split(".")[1:]):
        assert word not in written.text


async def test_the_password_of_the_database_is_in_no_line(
    written: CapturedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "STARTUP_WAIT", 0)
    url = f"postgresql://{CANARY}:{CANARY}@127.0.0.1:1/{CANARY}?options={CANARY}"
    async with running(settings_for(url)) as app:
        assert (await Person(app).http.get("/api/tasks")).status_code == 500
        assert (await client_of(app).get("/health/ready")).status_code == 503

    assert written.of("taskward.database.postgres.migrate")
    assert CANARY not in written.text


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/api/tasks", "/api/tasks"),
        (
            "/api/tasks/0190b0a0-0000-7000-8000-000000000000",
            "/api/tasks/0190b0a0-0000-7000-8000-000000000000",
        ),
        ("/", "/"),
        ("//a//", "//a//"),
        ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui-bundle.js"),
        ("/api/me@example.com/x", "/api/[masked]/x"),
        ("/Buy milk", "/[masked]"),
        ("/" + "a" * 64, "/" + "a" * 64),
        ("/" + "a" * 65, "/[masked]"),
        ("/a\nb/c\x00", "/[masked]/[masked]"),
        ("/é/%41", "/[masked]/[masked]"),
        ("/a" * 100, "/a" * 15),
    ],
)
def test_a_segment_that_could_say_something_is_masked(path: str, logged: str) -> None:
    assert log.masked_path(path) == logged


def formatted(message: str, *arguments: object, error: BaseException | None = None) -> dict[str, Any]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("somebody", logging.WARNING, "file.py", 1, message, arguments, info)
    line: dict[str, Any] = json.loads(log.JsonFormatter().format(record))
    return line


def test_of_a_library_s_message_only_the_first_line_is_written() -> None:
    line = formatted("Task exception was never retrieved\nfuture: %s", CANARY)

    assert line["message"] == "Task exception was never retrieved"
    assert CANARY not in str(line)


def test_an_exception_outside_of_any_request_is_written_without_its_message() -> None:
    line = formatted("Failed", error=RuntimeError(CANARY))

    assert line["exception"] == [{"type": "builtins.RuntimeError", "frames": []}]


def test_what_json_does_not_know_is_written_as_text() -> None:
    record = logging.makeLogRecord(
        {"name": "x", "msg": "x", "levelname": "INFO", "extra_thing": {1, 2}.__class__}
    )

    assert json.loads(log.JsonFormatter().format(record))["extra_thing"] == "<class 'set'>"


@contextmanager
def fresh_process() -> Iterator[logging.Logger]:
    """Yields the root logger as a fresh process has it, and puts everything back afterwards."""
    root = logging.getLogger()
    names = ("", "alembic", "asyncio", "httpcore", "httpx")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers, root.handlers = root.handlers, []
    try:
        yield root
    finally:
        root.handlers = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_an_app_in_a_fresh_process_writes_lines_of_its_level_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with fresh_process():
        create_app(settings_for("sqlite://", log_level="WARNING"))
        for level in (logging.INFO, logging.WARNING):
            logging.getLogger("anybody").log(level, "%s", level)

    out, err = capsys.readouterr()
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["30"]
    assert err == ""


def test_an_app_in_a_process_that_logs_already_leaves_that_alone() -> None:
    with fresh_process() as root:
        root.addHandler(theirs := logging.NullHandler())
        create_app(settings_for("sqlite://"))
        assert root.handlers == [theirs]


def test_libraries_that_talk_much_are_heard_from_warning_on() -> None:
    with fresh_process() as root:
        log.configure(settings_for("sqlite://", log_level="DEBUG"))
        assert root.level == logging.DEBUG
        assert logging.getLogger("asyncio").level == logging.WARNING


FIELDS = {"request_id": "abc", "status": 200, "duration_ms": 0.25, "user_id": None, "reason": "a\nb"}


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_the_short_way_of_a_requests_line_writes_what_the_long_way_writes(level: int) -> None:
    out = io.StringIO()
    with fresh_process() as root:
        log.configure(settings_for("sqlite://"))
        root.handlers[:] = [log.JsonLinesHandler(out)]
        log.log_request(level, FIELDS)
        log.access.log(level, "request", extra=FIELDS)

    short, long = (json.loads(line) for line in out.getvalue().splitlines())
    assert list(short) == list(long)
    assert {**short, "timestamp": None} == {**long, "timestamp": None}


def test_a_requests_line_goes_where_the_logging_module_would_send_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log.log_request(logging.INFO, FIELDS)
    assert [record.name for record in caplog.records] == ["taskward.access"]
    out = io.StringIO()
    with fresh_process() as root:
        log.configure(settings_for("sqlite://", log_level="ERROR"))
        root.handlers[:] = [log.JsonLinesHandler(out)]
        log.log_request(logging.INFO, FIELDS)
        assert out.getvalue() == ""
        made: list[str] = []

        def factory(*arguments: Any, **options: Any) -> logging.LogRecord:
            made.append("record")
            return logging.LogRecord(*arguments, **options)

        before = logging.getLogRecordFactory()
        logging.setLogRecordFactory(factory)
        try:
            log.log_request(logging.ERROR, FIELDS)
        finally:
            logging.setLogRecordFactory(before)
    assert made == ["record"]
    assert json.loads(out.getvalue())["request_id"] == "abc"


def test_a_line_is_seen_as_soon_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with fresh_process() as root, file.open("w", encoding="utf-8") as out:
        log.configure(settings_for("sqlite://"))
        root.handlers[:] = [log.JsonLinesHandler(out)]
        logging.getLogger("taskward").warning("At once")
        assert "At once" in file.read_text("utf-8")


class Pieces(io.StringIO):
    """Remembers what was written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


async def test_the_lines_of_a_turn_are_written_together_in_their_order() -> None:
    out = Pieces()
    with fresh_process() as root:
        log.configure(settings_for("sqlite://"))
        root.handlers[:] = [log.JsonLinesHandler(out)]
        for n in range(3):
            log.log_request(logging.INFO, FIELDS | {"status": n})
        assert out.pieces == []
        await asyncio.sleep(0)
        assert [piece.count("\n") for piece in out.pieces] == [3]
        log.log_request(logging.INFO, FIELDS | {"status": 3})
        logging.getLogger("taskward").warning("Something else", extra={"status": 4})
        log.log_request(logging.INFO, FIELDS | {"status": 5})
        logging.shutdown([lambda: root.handlers[0]])
    assert [json.loads(line)["status"] for line in out.getvalue().splitlines()] == list(range(6))


async def test_no_piece_is_larger_than_what_a_pipe_takes_at_once_and_no_line_is_torn() -> None:
    out = Pieces()
    with fresh_process() as root:
        log.configure(settings_for("sqlite://"))
        root.handlers[:] = [log.JsonLinesHandler(out)]
        sizes = [10, 5000, 20, 3000, 1500, 1500, 700, 1]
        for size in sizes:
            log.log_request(logging.INFO, FIELDS | {"path": "ü" * (size // 2)})
        await asyncio.sleep(0)
    assert [len(json.loads(line)["path"]) for line in out.getvalue().splitlines()] == [n // 2 for n in sizes]
    assert all(piece.endswith("\n") for piece in out.pieces)
    assert all(len(piece.encode()) <= log.PIPE_BUF or piece.count("\n") == 1 for piece in out.pieces)
    assert 1 < len(out.pieces) < len(sizes)


def test_a_log_whose_reader_has_gone_fails_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    out.close()
    with fresh_process() as root:
        log.configure(settings_for("sqlite://"))
        root.handlers[:] = [log.JsonLinesHandler(out)]
        log.log_request(logging.INFO, FIELDS)
    assert "closed file" in capsys.readouterr().err
