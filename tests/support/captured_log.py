"""The log of this process, as the service writes it: lines of JSON."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from taskward.log import JsonFormatter


class CapturedLog(logging.Handler):
    """The lines of the log so far, without those of the tests' own HTTP client."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "httpx":
            self.texts.append(self.format(record))

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def of(self, logger: str) -> list[dict[str, Any]]:
        """Returns the lines of one logger."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["logger"] == logger]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return self.of("taskward.access")


@contextmanager
def captured_log(level: int = logging.DEBUG) -> Iterator[CapturedLog]:
    """Captures what is logged from that level on while the block runs."""
    root, captured = logging.getLogger(), CapturedLog()
    before = root.level
    root.addHandler(captured)
    root.setLevel(level)
    try:
        yield captured
    finally:
        root.setLevel(before)
        root.removeHandler(captured)
