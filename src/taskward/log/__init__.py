"""The log: one JSON object a line on standard output, or readable text on a terminal (LOG_FORMAT).

A line never holds a token, a secret, a task's text or an e-mail address. Exceptions quote what they choked
on, so of an exception only the type and the frames are written, never its message.
"""

import asyncio
import logging
import logging.config
import os
import re
import sys
import time
import traceback
from functools import cache, lru_cache
from typing import Any, Final, TextIO
from uuid import UUID

import orjson

from taskward.log.console import ACCESS_LOGGER, ConsoleRenderer, has_colours, is_terminal
from taskward.settings import Settings

PIPE_BUF: Final = 4096
"""Bytes that Linux writes to a pipe in one piece (POSIX: 512 at least)."""

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}
_PLAIN_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~-]{0,64}")
_PLAIN_PATH: Final = re.compile(rf"{_PLAIN_SEGMENT.pattern}(?:/{_PLAIN_SEGMENT.pattern}){{0,15}}")


access = logging.getLogger(ACCESS_LOGGER)


def configure(settings: Settings) -> None:
    """Sends every logger's lines through one handler, in the format of the settings."""
    root = logging.getLogger()
    root.handlers[:] = [_handler(settings, sys.stdout)]
    root.setLevel(settings.log_level)
    for chatty in ("alembic", "asyncio", "httpcore", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _handler(settings: Settings, stream: TextIO) -> logging.Handler:
    automatic = "console" if is_terminal(stream) and not settings.production else "json"
    if (automatic if settings.log_format == "auto" else settings.log_format) == "json":
        return JsonLinesHandler(stream)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ConsoleFormatter(colours=has_colours(stream, dict(os.environ))))
    return handler


def request_fields(  # noqa: PLR0913, PLR0917 - one argument for each field
    request_id: str, method: str | None, path: str | None, status: int, seconds: float, user_id: UUID | None
) -> dict[str, object]:
    """Returns the fields of a request's access log record; an error adds its `code` and `reason`."""
    return {
        "request_id": request_id,
        "method": method,
        "path": path if path is None or _PLAIN_PATH.fullmatch(path) else masked_path(path),
        "status": status,
        "duration_ms": round(seconds * 1000, 3),
        "user_id": user_id,
    }


def log_request(level: int, fields: dict[str, object], *, at_once: bool = False) -> None:
    """Writes the access log record of a request.

    It bypasses the logging module, which costs up to a fifth of a small request, if only the handler of
    `configure` would handle the record. Unless `at_once`, it is written at the end of this turn of the event
    loop, together with the lines of other requests.
    """
    if not access.isEnabledFor(level):
        return
    handlers = logging.root.handlers
    handler = handlers[0] if len(handlers) == 1 else None
    if isinstance(handler, JsonLinesHandler) and logging.getLogRecordFactory() is logging.LogRecord:
        line = _base_fields(time.time(), _level_name(level), access.name, "request") | fields
        handler.buffer(orjson.dumps(line, str, orjson.OPT_APPEND_NEWLINE), at_once=at_once)
    else:
        access.log(level, "request", extra=fields)


class JsonLinesHandler(logging.StreamHandler[TextIO]):
    """Writes each record as a line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(JsonFormatter())
        self._buffer: list[bytes] = []

    def buffer(self, line: bytes, *, at_once: bool = False) -> None:
        """Buffers a line of JSON until the end of this turn of the event loop, or writes it `at_once`."""
        if at_once and not self._buffer:
            self._write(line)
            return
        self._buffer.append(line)
        if at_once:
            self.flush()
        elif len(self._buffer) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:  # no event loop is running
                self.flush()

    def emit(self, record: logging.LogRecord) -> None:
        self.flush()  # keeps the lines in order
        super().emit(record)

    def flush(self) -> None:
        """Writes the buffered lines: whole lines per write, and no more than a pipe accepts atomically.

        Lines of several processes that share a pipe are therefore never interleaved (POSIX, write: PIPE_BUF).
        """
        self.acquire()
        try:
            self._write(b"")  # the output of `emit`
            while self._buffer:
                self._write(self._next_chunk())
        finally:
            self.release()

    def _write(self, lines: bytes) -> None:
        self.acquire()
        try:
            if lines:
                self.stream.write(lines.decode())
            self.stream.flush()
        except (OSError, ValueError):  # the reader is gone, which is no reason to fail
            self._buffer.clear()
            self.handleError(logging.makeLogRecord({"msg": "a line"}))
        finally:
            self.release()

    def _next_chunk(self) -> bytes:
        size = number = 0
        for line in self._buffer:
            size += len(line)
            if size > PIPE_BUF and number:
                break
            number += 1
        chunk = b"".join(self._buffer[:number])
        del self._buffer[:number]
        return chunk


def _base_fields(created: float, level: str, logger: str, message: str) -> dict[str, Any]:
    """Returns the first fields of every line; `created` is in seconds since 1970."""
    second = int(created)
    return {
        "timestamp": f"{_second(second)}.{int((created - second) * 1000):03d}Z",
        "level": level,
        "logger": logger,
        "message": message,
    }


@cache
def _level_name(level: int) -> str:
    name: str = logging.getLevelName(level)
    return name.lower()


@lru_cache(maxsize=1)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


class JsonFormatter(logging.Formatter):
    """Turns a record, and what was given as `extra`, into a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(_fields(record), default=str).decode()


class ConsoleFormatter(logging.Formatter):
    """Turns a record into readable text with the same fields as JSON."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._renderer = ConsoleRenderer(colours=colours)

    def format(self, record: logging.LogRecord) -> str:
        return self._renderer.render(record.created, _fields(record))


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Returns the fields of a record's line."""
    # Only the first line of a message: what libraries put behind it tends to quote values.
    message = record.getMessage().partition("\n")[0]
    line = _base_fields(record.created, record.levelname.lower(), record.name, message)
    line |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if record.exc_info and record.exc_info[1] is not None:
        line["exception"] = exception_chain(record.exc_info[1])
    return line


def exception_chain(error: BaseException) -> list[dict[str, Any]]:
    """Returns the type and the frames of an exception and of its causes, outermost first."""
    chain: list[dict[str, Any]] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 10:  # noqa: PLR2004 - a chain can be a ring
        frames = traceback.extract_tb(link.__traceback__)
        chain.append(
            {
                "type": f"{type(link).__module__}.{type(link).__qualname__}",
                "frames": [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames],
            }
        )
        link = link.__cause__ or link.__context__
    return chain


def masked_path(path: str) -> str:
    """Returns the path with a mask over each segment that could be a token, an address or user content."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    return "/".join(
        segment if _PLAIN_SEGMENT.fullmatch(segment) else "[masked]" for segment in path.split("/")[:16]
    )
