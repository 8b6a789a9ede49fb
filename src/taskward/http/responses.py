"""Successful answers. A handler gives the bytes; the response model only documents them."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson
from starlette.responses import Response

R = TypeVar("R")

SLICE_ROWS: Final = 25
"""Rows of a list that are written as JSON in one go: 25 of the largest tasks take 0.3 ms."""

SLICE_SECONDS: Final = 0.002


def rfc3339(moment: datetime) -> str:
    """Give a moment of UTC, always to six digits, so that the texts sort as the times do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def json_timestamp(moment: datetime) -> datetime | str:
    """Give a moment of UTC so that `dump_json` writes it to six digits, which costs least."""
    return moment if moment.microsecond else rfc3339(moment)


def dump_json(content: Any) -> bytes:
    """Give the JSON of plain values, and of what `json_timestamp` gives."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)


async def write_json_list(
    key: str, rows: Sequence[R], to_json: Callable[[R], Any], others: Mapping[str, Any]
) -> bytes:
    """Return the JSON of an object: a list of what `to_json` returns for each row, then its other keys.

    Between slices of a long list, other requests have their turn.
    """
    begun = time.perf_counter()
    pieces = [b'{"%b":[' % key.encode()]
    for start in range(0, len(rows), SLICE_ROWS):
        if time.perf_counter() - begun > SLICE_SECONDS:
            await asyncio.sleep(0)
            begun = time.perf_counter()
        if start:
            pieces.append(b",")
        pieces.append(dump_json([to_json(row) for row in rows[start : start + SLICE_ROWS]])[1:-1])
    pieces += b"],", dump_json(others)[1:]
    return b"".join(pieces)


class JSONBytesResponse(Response):
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


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> JSONBytesResponse:
    """Give an answer of JSON."""
    return JSONBytesResponse(dump_json(content), status, headers)
