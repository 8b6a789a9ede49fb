"""Conditional requests (RFC 9110, 13): entity tags, `If-Match` and `If-None-Match`.

The tag of a task is its version; the tag of a list is the owner's counter with a digest of the query. All are
strong.
"""

import re
from typing import Annotated, Any, Final

from fastapi import Header
from pydantic import BeforeValidator
from starlette.responses import Response

from taskward.http.validation import field_error

_TAG: Final = rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rb"[ \t]*(?:,[ \t]*)*%b[ \t]*(?:,[ \t]*(?:%b[ \t]*)?)*" % (_TAG, _TAG))
"""A comma-separated list, which may have empty elements (RFC 9110, 5.6.1)."""
_ONE_TAG: Final = re.compile(_TAG)
_VERSION_TAG: Final = re.compile(rb'"([1-9][0-9]{0,18})"')

ANY_TAG: Final = "*"

_ONE: Final = r'(W/)?"[!#-~]*"'
_PATTERN: Final = rf"^(\*|{_ONE}(\s*,\s*{_ONE})*)$"
"""For the OpenAPI document."""


def version_tag(version: int) -> str:
    """Returns the tag of a task in that version."""
    return f'"{version}"'


def not_modified(tag: str) -> Response:
    """Returns a 304 response."""
    return Response(status_code=304, headers={"ETag": tag})


def tag_matches(tag: str, known: str) -> bool:
    """Returns whether the client's `If-None-Match` matches the tag, by weak comparison."""
    return known == ANY_TAG or tag in known.split("\n")


def _versions(values: Any) -> str | None:
    """Parses `If-Match` into `,12,15,`: the versions that match; None if any version matches.

    Weak tags, and tags that no task can have, match nothing; alone they give an empty list, `,`.
    """
    whole = b", ".join(values)
    if whole.strip() == b"*":
        return None
    if not _TAGS.fullmatch(whole):
        raise field_error('If-Match must be * or a list of entity tags, like "12"')
    matches = [_VERSION_TAG.fullmatch(tag) for tag in _ONE_TAG.findall(whole)]
    return "," + "".join(f"{match[1].decode()}," for match in matches if match)


def _tags(values: Any) -> str | None:
    """Parses `If-None-Match` into its tags, one a line; a malformed value matches nothing."""
    whole = b", ".join(values)
    if whole.strip() == b"*":
        return ANY_TAG
    return "\n".join(tag.decode("latin-1").removeprefix("W/") for tag in _ONE_TAG.findall(whole))


IfMatch = Annotated[
    str | None,
    BeforeValidator(_versions),
    Header(
        alias="If-Match",
        description="Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing.",
        json_schema_extra={"minLength": 1, "pattern": _PATTERN},
        examples=['"1764000000000000"'],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    BeforeValidator(_tags),
    Header(
        alias="If-None-Match",
        description="Answer 304 if the ETag is one of these, or for `*`.",
        examples=['"1764000000000000"'],
    ),
]
