"""Successful answers. A handler gives the bytes; the response model only documents them."""

from typing import Any

import orjson
from starlette.responses import Response


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Give an answer of JSON."""
    return Response(orjson.dumps(content), status, headers, "application/json")
