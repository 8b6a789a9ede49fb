"""Requests that are made to cost as much as they can, all within the limits of size."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import orjson

from support.latency import Request

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * KIBIBYTE
BATCH: Final = "/api/tasks/batch"
TASK: Final = "/api/tasks/0198c0de-0000-7000-8000-000000000000"


def filled(before: bytes, piece: Callable[[int], bytes], after: bytes, size: int) -> bytes:
    """Returns a text of as many pieces as fit, with commas between."""
    pieces, length, n = [], len(before) + len(after), 0
    while length + len(part := piece(n)) + 1 <= size:
        pieces.append(part)
        length += len(part) + 1
        n += 1
    return before + b",".join(pieces) + after


def keys(n: int) -> bytes:
    return b'"%x":1' % n


def batch(piece: Callable[[int], bytes] | bytes, inside: str = "%s") -> Request:
    """Returns a batch of 1 MiB: many pieces, where `inside` has its `%s`."""
    before, after = inside.encode().split(b"%s")
    one = piece if callable(piece) else lambda _: piece
    return Request("POST", BATCH, filled(before, one, after, MEBIBYTE))


def in_task(value: str) -> str:
    return f'{{"operations":[{{"op":"create","task":{{"title":"x","id":{value}}}}}]}}'


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def batch_of_100(operation: Callable[[int], object]) -> Request:
    return Request("POST", BATCH, orjson.dumps({"operations": [operation(n) for n in range(100)]}))


def broken(n: int) -> dict[str, object]:
    """Returns an operation whose task has 64 keys, each with a bad value."""
    unknown: dict[str, object] = {f"{n}-{key}-" + 120 * "k": [] for key in range(61)}
    return {"op": "create", "task": {"title": 5, "description": [], "is_completed": "yes", **unknown}}


LARGEST: Final = {"title": "\U0001f600" * 200, "description": "\U0001f600" * 2000}
BAD_TASK: Final = orjson.dumps(
    {"id": 1, "title": 5, "created_at": "x", "updated_at": None, "is_completed": 1}
)


def worst_case_requests() -> dict[str, Request]:
    """Returns the requests by name. They take a second to make, so not at import."""
    return {
        "batch: unknown keys": batch(keys, "{%s}"),
        "batch: unknown keys in an operation": batch(keys, '{"operations":[{"op":"delete",%s}]}'),
        "batch: unknown keys in a task": batch(keys, '{"operations":[{"op":"create","task":{%s}}]}'),
        "batch: 64 unknown keys in each operation": batch_of_100(
            lambda n: {"op": "delete", **{f"{n}-{key}-" + 130 * "k": 1 for key in range(63)}}
        ),
        "batch: 64 bad values in each operation": batch_of_100(broken),
        "batch: many objects of 64 keys": batch(
            b"{" + b",".join(b'"%x":{}' % n for n in range(64)) + b"}", in_task("[%s]")
        ),
        "batch: one deep array": Request("POST", BATCH, nested(MEBIBYTE // 2)),
        "batch: many deep arrays": batch(nested(25), in_task("[%s]")),
        "batch: many empty arrays": batch(b"[]", in_task("[%s]")),
        "batch: many empty objects": batch(b"{}", in_task("[%s]")),
        "batch: many numbers": batch(b"1", in_task("[%s]")),
        "batch: many large numbers": batch(b"1.7976931348623157e308", in_task("[%s]")),
        "batch: one huge number": Request("POST", BATCH, b'{"operations":' + b"9" * (MEBIBYTE - 20) + b"}"),
        "batch: many operations": batch(b"{}", '{"operations":[%s]}'),
        "batch: many numbers and one NUL": batch(b"1", in_task('["\\u0000",%s]')),
        "batch: many NULs": batch(b'"\\u0000"', in_task("[%s]")),
        "batch: one text of escapes": batch(b"\\u00e9" * 100, in_task('"%s"')),
        "batch: many entity tags": batch(
            b'\\"1\\"', '{"operations":[{"op":"delete","id":"' + TASK[-36:] + '","if_match":"%s"}]}'
        ),
        "batch: a hundred largest tasks": batch_of_100(lambda _: {"op": "create", "task": LARGEST}),
        "create: unknown keys": Request("POST", "/api/tasks", filled(b"{", keys, b"}", 64 * KIBIBYTE)),
        "create: one long key": Request("POST", "/api/tasks", b'{"' + b"k" * 60 * KIBIBYTE + b'":1}'),
        "create: many arrays": Request(
            "POST", "/api/tasks", filled(b'{"title":"x","id":[', lambda _: b"[]", b"]}", 64 * KIBIBYTE)
        ),
        "create: many NULs": Request(
            "POST", "/api/tasks", filled(b'{"title":"x","id":[', lambda _: b'"\\u0000"', b"]}", 64 * KIBIBYTE)
        ),
        "patch: unknown keys": Request("PATCH", TASK, filled(b"{", keys, b"}", 64 * KIBIBYTE)),
        "query: unknown parameters": Request("GET", "/api/tasks?" + "&".join(f"{n:x}" for n in range(3200))),
        "query: one parameter again and again": Request("GET", "/api/tasks?" + "a&" * 8000 + "a"),
        "query: not UTF-8": Request("GET", "/api/tasks?" + "%ff&" * 4000 + "a"),
        "query: a long text": Request("GET", "/api/tasks?q=" + quote("\U0001f600" * 1300)),
        "query: many words": Request("GET", "/api/tasks?q=" + "+".join(f"w{n}" for n in range(1900))),
        "header: If-None-Match": Request("GET", TASK, headers=(("If-None-Match", '"1",' * 15000 + '"2"'),)),
        "header: If-Match": Request("DELETE", TASK, headers=(("If-Match", '"1",' * 15000 + '"2"'),)),
        "header: Authorization": Request("GET", TASK, headers=(("Authorization", "Bearer " + "a." * 30000),)),
        "header: Idempotency-Key": Request(
            "POST", "/api/tasks", b'{"title":"x"}', (("Idempotency-Key", "k" * 60000),)
        ),
        "import: broken tasks": Request(
            "POST", "/api/me/import", filled(b'{"tasks":[', lambda _: BAD_TASK, b"]}", MEBIBYTE)
        ),
        "import: unknown keys in a task": Request(
            "POST", "/api/me/import", filled(b'{"tasks":[{', keys, b"}]}", MEBIBYTE)
        ),
        "import: unknown keys": Request("POST", "/api/me/import", filled(b"{", keys, b"}", MEBIBYTE)),
    }
