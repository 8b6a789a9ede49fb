"""Conditional requests (RFC 9110, 13): entity tags, `If-Match` and `If-None-Match`.

The tag of a task is its version; the tag of a list is the owner's counter with a digest of the query. All are
strong.
"""

import re
from hashlib import blake2b
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Header
from pydantic import PlainValidator
from starlette.responses import Response

from taskward.http.errors import ServiceError
from taskward.http.validation import field_error

_TAG: Final = rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rb"[ \t]*(?:,[ \t]*)*%b[ \t]*(?:,[ \t]*(?:%b[ \t]*)?)*" % (_TAG, _TAG))
"""A comma-separated list, which may have empty elements (RFC 9110, 5.6.1)."""
_ONE_TAG: Final = re.compile(_TAG)
_VERSION_TAG: Final = re.compile(rb'"([1-9][0-9]{0,18})"')

_MAX_VERSION: Final = 2**63 - 1

EntityTags: TypeAlias = frozenset[str]
"""Opaque tags in quotation marks, without `W/`."""

Versions: TypeAlias = tuple[int, ...]

ANY_TAG: Final[EntityTags] = frozenset("*")
"""`If-None-Match: *`, which matches every tag."""

_ONE: Final = r'(W/)?"[!#-~]*"'
_PATTERN: Final = rf"^(\*|{_ONE}(\s*,\s*{_ONE})*)$"
"""For the OpenAPI document."""


class Gone(ServiceError):
    """The object was deleted; a repeated creation does not bring it back."""

    status = 410
    code = "GONE"
    text = "The object was deleted"


def not_modified(tag: str) -> Response:
    """Returns a 304 response."""
    return Response(status_code=304, headers={"ETag": tag})


def scoped_tag(counter: int, scope: bytes) -> str:
    """Returns the entity tag of a response made at that counter; `scope` is what else it depends on."""
    return f'"{counter}-{blake2b(scope, digest_size=9).hexdigest()}"'


def tag_matches(tag: str, known: EntityTags) -> bool:
    """Returns whether the client's `If-None-Match` matches the tag, by weak comparison."""
    return known is ANY_TAG or tag in known


def _versions(values: Any) -> Versions | None:
    """Parses `If-Match` into the versions that match; None if any version matches.

    Weak tags, and tags that no task can have, match nothing; alone they give no versions.
    """
    whole = b", ".join(values)
    if whole.strip() == b"*":
        return None
    if not _TAGS.fullmatch(whole):
        raise field_error('If-Match must be * or a list of entity tags, like "12"')
    matches = [_VERSION_TAG.fullmatch(tag) for tag in _ONE_TAG.findall(whole)]
    return tuple(version for match in matches if match and (version := int(match[1])) <= _MAX_VERSION)


def _tags(values: Any) -> EntityTags:
    """Parses `If-None-Match` into its tags; a malformed value matches nothing."""
    whole = b", ".join(values)
    if whole.strip() == b"*":
        return ANY_TAG
    return frozenset(tag.decode("latin-1").removeprefix("W/") for tag in _ONE_TAG.findall(whole))


IfMatch = Annotated[
    Versions | None,
    PlainValidator(_versions, json_schema_input_type=str | None),
    Header(
        alias="If-Match",
        description="Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing.",
        json_schema_extra={"minLength": 1, "pattern": _PATTERN},
        examples=['"1764000000000000"'],
    ),
]
IfNoneMatch = Annotated[
    EntityTags | None,
    PlainValidator(_tags, json_schema_input_type=str | None),
    Header(
        alias="If-None-Match",
        description="Answer 304 if the ETag is one of these, or for `*`.",
        examples=['"1764000000000000"'],
    ),
]
CreateOnly = Annotated[
    bool | None,
    PlainValidator(lambda values: _tags(values) is ANY_TAG, json_schema_input_type=str | None),
    Header(
        alias="If-None-Match",
        description="With `*`, it is created, with the id of the client. Other values have no effect.",
        examples=["*"],
    ),
]
"""Of a PUT: whether it only creates."""
