"""Successful answers. A handler gives the bytes; the response model only documents them."""

from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response


def rfc3339(moment: datetime) -> str:
    """Give a moment of UTC, always to six digits, so that the texts sort as the times do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Give an answer of JSON."""
    return Response(orjson.dumps(content), status, headers, "application/json")
