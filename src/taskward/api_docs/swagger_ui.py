"""The interactive documentation. All its assets come from this package; it contacts no other site."""

import asyncio
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from taskward.http.context import Context
from taskward.http.errors import NotFound
from taskward.http.parts import Key
from taskward.http.responses import json_response
from taskward.http.routing import ProbeRoute

router = APIRouter(route_class=ProbeRoute, include_in_schema=False)
OPENAPI: Final = Key[Callable[[], dict[str, Any]]]("OpenAPI document")

_describing: Final = Lock()

_TYPES: Final = {
    "init.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Taskward API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
"""


@router.get("/docs")
async def docs_page() -> Response:
    return Response(_PAGE, headers={"Content-Security-Policy": _POLICY}, media_type="text/html")


@router.get("/docs/{name}")
async def docs_asset(name: Annotated[str, Path()]) -> Response:
    if name not in _TYPES:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(_asset(name), headers=headers, media_type=_TYPES[name])


@router.get("/openapi.json")
async def openapi_json(context: Context) -> Response:
    return json_response(await asyncio.to_thread(_document, context.parts[OPENAPI]))


def _document(describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Returns the document, which takes 0.15 s the first time: made once, however many ask meanwhile."""
    with _describing:
        return describe()


@cache
def _asset(name: str) -> bytes:
    return files("taskward.api_docs").joinpath("static", name).read_bytes()
