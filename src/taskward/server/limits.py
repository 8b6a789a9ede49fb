"""Limits of a request's size, and the checks of its head (RFC 9112) that the parser does not make."""

import re
from typing import Final, NamedTuple

import httptools

from taskward.http.errors import ServiceError
from taskward.http.protocol_errors import HeadersTooLarge, MalformedHttp, NotSupported

KIBIBYTE: Final = 1024
MAX_TARGET: Final = 16 * KIBIBYTE
MAX_HEADER_BYTES: Final = 64 * KIBIBYTE
MAX_HEADERS: Final = 100
MAX_SLICE: Final = 16 * KIBIBYTE
"""The maximum number of bytes fed to the parser at once, so that it never buffers much more than the limits.
"""
MAX_HEAD: Final = MAX_TARGET + MAX_HEADER_BYTES + MAX_SLICE
MAX_FRAMING: Final = 64 * KIBIBYTE
"""Bytes of chunk extensions and trailers that are accepted without any content."""
FRAMING_PER_BYTE: Final = 16
"""Further bytes of framing for each byte of content, so that one-byte chunks are accepted."""
MAX_UNREAD_BODY: Final = 64 * KIBIBYTE
"""Bytes of a body that are read after its response, so that the connection can be used again."""
MAX_BUFFERED: Final = 64 * KIBIBYTE
"""Bytes kept unparsed while a request waits for its response. Above this, reading is paused."""
BODY_HIGH_WATER: Final = 64 * KIBIBYTE
"""Bytes of a body that the application has not read yet. Above this, reading is paused."""
WRITE_HIGH_WATER: Final = 64 * KIBIBYTE
"""Bytes of responses that the kernel has not accepted. Above this, writing pauses until there are none."""
MIN_BODY_RATE: Final = 64 * KIBIBYTE
"""Bytes a second. A body that arrives at least this fast has no time limit."""

BAD_TARGET: Final = "The request URL is not valid"

Headers = list[tuple[bytes, bytes]]

VERSIONS: Final = frozenset({"1.0", "1.1"})
HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")
ORIGIN_FORM: Final = re.compile(rb"(/[!-\"$->@-~]*)(?:\?([!-\"$-~]*))?")
"""The usual target (RFC 9112, 3.2.1): a path, and perhaps a query."""
FRAMING_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding", b"expect"})

_ORIGIN: Final = re.compile(rb"\r\n(?i:origin):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n|$)")
_METHOD: Final = re.compile(rb"[\r\n]*[A-Za-z0-9!#$%&'*+.^_`|~-]+( |$)")


class BodyHeaders(NamedTuple):
    """The framing of a body, as announced in the head."""

    length: int | None
    expects_continue: bool


def check_header_sizes(headers: Headers) -> None:
    """Raises HeadersTooLarge if there are too many headers, or too many bytes of them."""
    if (
        len(headers) > MAX_HEADERS
        or sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES
    ):
        raise HeadersTooLarge


def unsupported(version: str) -> ServiceError:
    """Returns the error of a request in another version of HTTP, or else of CONNECT."""
    return NotSupported() if version in VERSIONS else MalformedHttp("The HTTP version is not supported")


def check_hosts(hosts: list[bytes], version: str) -> None:
    """Raises MalformedHttp unless there is one valid `Host`, or none in HTTP/1.0 (RFC 9112, 3.2)."""
    if len(hosts) > 1 or (version == "1.1" and not hosts) or not all(map(HOST.fullmatch, hosts)):
        raise MalformedHttp("The Host header is missing, repeated or malformed")


def split_target(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Returns the path and the query of a target in another form than `ORIGIN_FORM`.

    Raises:
        MalformedHttp: the target is not valid.

    """
    if b"#" in target or (target == b"*" and method != b"OPTIONS"):
        raise MalformedHttp(BAD_TARGET)
    try:
        parts = httptools.parse_url(target)
    except httptools.HttpParserError:
        raise MalformedHttp(BAD_TARGET) from None
    return parts.path or b"/", parts.query or b""


def read_framing(version: str, headers: Headers) -> BodyHeaders:
    """Returns how the body is framed, and checks that a proxy reads it in the same way (RFC 9112, 6.1).

    Raises:
        ServiceError: the framing is ambiguous or not supported.

    """
    codings = []
    length, expects_continue = None, False
    for name, value in headers:
        if name == b"content-length":
            length = int(value)  # the parser has checked it
        elif name == b"transfer-encoding":
            codings.append(value.lower())
        elif name == b"expect":
            expects_continue = value.lower() == b"100-continue"
    if codings and (codings != [b"chunked"] or version == "1.0"):
        if version == "1.0" or codings[-1].rpartition(b",")[2].strip() != b"chunked":
            raise MalformedHttp("The transfer coding leaves the length of the body open")
        raise NotSupported("The transfer coding is not supported")
    return BodyHeaders(length, expects_continue)


def rejected_headers(parsed: Headers, unparsed: bytes) -> Headers:
    """Returns the headers of a rejected head, its `Origin` too if the parser gave up before that."""
    if any(name == b"origin" for name, _ in parsed):
        return parsed
    rest, _, _ = unparsed.partition(b"\r\n\r\n")
    return [*parsed, *((b"origin", value) for value in _ORIGIN.findall(rest))]


def check_framing(size: int, content: int) -> None:
    """Checks a chunked body of `size` bytes so far, of which `content` bytes are content.

    Raises:
        MalformedHttp: too much of it is framing.

    """
    if size - content > MAX_FRAMING + FRAMING_PER_BYTE * content:
        raise MalformedHttp("The request body has too much framing")


def parser_error(error: httptools.HttpParserError, data: bytes, *, in_body: bool) -> ServiceError:
    """Returns the response to an error that the parser found in `data`."""
    if isinstance(error.__context__, ServiceError):
        return error.__context__
    reason = str(error)
    if isinstance(error, httptools.HttpParserInvalidMethodError) and not _METHOD.match(data):
        return MalformedHttp(reason=reason)  # TLS, for instance
    if reason.startswith("Invalid method"):
        return NotSupported(reason=reason)
    text = None
    if isinstance(error, httptools.HttpParserInvalidURLError):
        text = BAD_TARGET
    elif "Transfer-Encoding" in reason and "Content-Length" in reason:
        text = "Transfer-Encoding and Content-Length exclude each other"
    elif in_body:
        text = "The request body is not valid HTTP"
    return MalformedHttp(text, reason=reason)
