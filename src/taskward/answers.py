"""Successful answers. A handler gives the bytes; the response model only documents them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response


def rfc3339(moment: datetime) -> str:
    """Give a moment of UTC, always to six digits, so that the texts sort as the times do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def json_moment(moment: datetime) -> datetime | str:
    """Give a moment of UTC so that `write_json` writes it to six digits, which costs least."""
    return moment if moment.microsecond else rfc3339(moment)


def write_json(content: Any) -> bytes:
    """Give the JSON of plain values, and of what `json_moment` gives."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)


class JsonAnswer(Response):
    """An answer whose body is JSON already; it does of Starlette's what such an answer needs."""

    def __init__(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
        ]
        if headers:
            self.raw_headers += [
                (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
            ]


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonAnswer:
    """Give an answer of JSON."""
    return JsonAnswer(write_json(content), status, headers)
