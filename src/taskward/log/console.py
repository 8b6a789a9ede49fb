"""Renders a log line as readable text for a terminal.

It is rendered from the same fields as the JSON form, so it contains nothing that the JSON form leaves out.
"""

import time
from pathlib import Path
from typing import Any, Final, TextIO

ACCESS_LOGGER: Final = "taskward.access"

_RESET: Final = "\x1b[0m"
_DIM: Final = "2"
_GREEN: Final = "32"
_YELLOW: Final = "33"
_CYAN: Final = "36"
_RED: Final = "31"
_BOLD_RED: Final = "1;31"

_LEVEL_COLOURS: Final = {
    "debug": _DIM,
    "info": _GREEN,
    "warning": _YELLOW,
    "error": _RED,
    "critical": _BOLD_RED,
}
_STATUS_COLOURS: Final = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}

_REQUEST_FIELDS: Final = ("method", "path", "status", "duration_ms", "code", "reason")
"""The fields of a request that have a place of their own in its line."""
_HIDDEN_ON_SUCCESS: Final = frozenset({"request_id", "user_id", "trace_id", "span_id"})


def is_terminal(stream: TextIO) -> bool:
    """Returns whether a human reads the stream; a closed stream is no terminal."""
    return not stream.closed and stream.isatty()


def has_colours(stream: TextIO, environment: dict[str, str]) -> bool:
    """Returns whether to write colours to the stream: NO_COLOR (no-color.org) and TERM=dumb turn them off."""
    return is_terminal(stream) and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


class ConsoleRenderer:
    """Renders log lines, with or without colours."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._folder = f"{Path.cwd()}/"

    def render(self, created: float, fields: dict[str, Any]) -> str:
        """Returns the text of a log line; several lines if it has an exception.

        `created` is in seconds since 1970, `fields` are those of the JSON form.
        """
        fields = dict(fields)
        level, logger, message = (str(fields.pop(name)) for name in ("level", "logger", "message"))
        fields.pop("timestamp")
        exceptions = fields.pop("exception", [])
        is_request = logger == ACCESS_LOGGER and "status" in fields
        parts = [
            self._painted(_time_of_day(created), _DIM),
            self._painted(f"{level.upper():<8}", _LEVEL_COLOURS.get(level, _DIM)),
            self._request(fields) if is_request else _printable(f"{logger}: {message}"),
            *(
                self._painted(f"{name}={_printable(value)}", _DIM)
                for name, value in fields.items()
                if value is not None
            ),
        ]
        return "\n".join([" ".join(parts), *self._traceback(exceptions)])

    def _request(self, fields: dict[str, Any]) -> str:
        """Returns the text of a request, and removes from `fields` what need not be repeated."""
        method, path, status, milliseconds, code, reason = (
            fields.pop(name, None) for name in _REQUEST_FIELDS
        )
        text = (
            f"{_printable(method or '-'):<7}"
            f"{self._painted(str(status), _STATUS_COLOURS.get(status // 100, _DIM))} "
            f"{_printable(path or '-')} {milliseconds:.1f} ms"
        )
        if code is None:
            for name in _HIDDEN_ON_SUCCESS & fields.keys():
                del fields[name]
            return text
        return f"{text} {self._painted(_printable(f'{code}: {reason}' if reason else code), _YELLOW)}"

    def _traceback(self, exceptions: list[dict[str, Any]]) -> list[str]:
        """Returns the lines of an exception and of its causes, the most recent call last."""
        lines = []
        for number, exception in enumerate(exceptions):
            kind = self._painted(_printable(exception["type"]), _BOLD_RED)
            lines.append(f"    {'caused by ' if number else ''}{kind}")
            lines += [
                f"      {_printable(frame.removeprefix(self._folder))}" for frame in exception["frames"]
            ]
        return lines

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}{_RESET}" if self._colours else text


def _time_of_day(created: float) -> str:
    """Returns the local time of day, with milliseconds."""
    return f"{time.strftime('%H:%M:%S', time.localtime(created))}.{int(created % 1 * 1000):03d}"


def _printable(value: object) -> str:
    """Returns the text of a value without control characters, which a terminal would execute."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
