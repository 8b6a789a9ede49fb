"""The web app at /: its files, and in development a token for it; see docs/web-app.md."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from taskward.http.conditional import IfNoneMatch, not_modified, tag_matches
from taskward.http.context import Context
from taskward.http.errors import NotFound
from taskward.http.responses import json_response
from taskward.http.routing import ProbeRoute, StrictRoute
from taskward.web_app.files import WebFile, web_file
from taskward.web_app.session import WEB_SESSION, SessionQuery, SessionResponse
from taskward.web_app.sign_in import WEB_SIGN_IN, SignIn

router = APIRouter(route_class=ProbeRoute, include_in_schema=False)


@router.get("/")
async def page(context: Context, if_none_match: IfNoneMatch = None) -> Response:
    return _response(web_file("index.html", context.parts[WEB_SIGN_IN]), if_none_match)


@router.get("/app/sign-in")
async def sign_in(context: Context) -> Response:
    """Returns where users sign in, which is public; nulls if the app asks them for a token."""
    found = context.parts[WEB_SIGN_IN]
    return json_response(dict.fromkeys(SignIn._fields) if found is None else found._asdict())


@router.get("/app/{name}")
async def asset(
    context: Context, name: Annotated[str, Path()], if_none_match: IfNoneMatch = None
) -> Response:
    return _response(web_file(name, context.parts[WEB_SIGN_IN]), if_none_match)


async def new_session(context: Context, query: Annotated[SessionQuery, Query()]) -> Response:
    session = context.parts[WEB_SESSION]
    if session is None:
        raise NotFound(reason="no tokens are issued here")
    return SessionResponse(session, context, query.user)


router.add_api_route("/app/session", new_session, methods=["POST"], route_class_override=StrictRoute)


def _response(file: WebFile | None, if_none_match: frozenset[str] | None) -> Response:
    if file is None:
        raise NotFound
    if if_none_match is not None and tag_matches(file.tag, if_none_match):
        response = not_modified(file.tag)
    else:
        response = Response(file.content, media_type=file.media_type)
    response.headers.update(file.headers)
    return response
