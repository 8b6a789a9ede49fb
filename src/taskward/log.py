"""The log: one JSON object a line, on standard output.

A line never holds a token, a secret, a task's text or an e-mail address. Exceptions quote what they choked
on, so of an exception only the type and the frames are written, never its message.
"""

import logging
import logging.config
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from taskward.settings import Settings

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}
_PLAIN_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~-]{0,64}")


def configure(settings: Settings) -> None:
    """Send every logger's lines through one handler, as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for chatty in ("alembic", "asyncio", "httpcore", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class JsonFormatter(logging.Formatter):
    """Turns a record, and what was given as `extra`, into a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6]
            + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            # Only the first line: what libraries put behind it tends to quote values.
            "message": record.getMessage().partition("\n")[0],
        }
        line |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = described(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def described(error: BaseException) -> list[dict[str, Any]]:
    """Give the type and the frames of an exception and of those that led to it, outermost first."""
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


def loggable_path(path: str) -> str:
    """Give the path with a mask over each segment that could be a token, an address or somebody's text."""
    return "/".join(
        segment if _PLAIN_SEGMENT.fullmatch(segment) else "[masked]" for segment in path.split("/")[:16]
    )
