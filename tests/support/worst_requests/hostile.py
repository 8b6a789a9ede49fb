"""Requests that cost as much as they can before they are refused, all within the limits of size."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final
from urllib.parse import quote

import orjson

from support.latency import Request, Sender
from support.worst_requests.entries import BATCH, TASK_BATCH, TASKS, Entry
from support.worst_requests.senders import AtOnce, in_chunks

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * KIBIBYTE
_ID: Final = "0198c0de-0000-7000-8000-000000000000"
"""Of a task that is not there."""

_OUTCOMES: Final = frozenset({200, 201, 400, 401, 404})


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


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _batch(piece: Callable[[int], bytes] | bytes, inside: str = "%s") -> bytes:
    """Returns a batch of 1 MiB: many pieces, where `inside` has its `%s`."""
    before, after = inside.encode().split(b"%s")
    return filled(before, piece if callable(piece) else lambda _: piece, after, MEBIBYTE)


def _in_task(value: str) -> str:
    return f'{{"operations":[{{"op":"create","task":{{"title":"x","id":{value}}}}}]}}'


def _batch_of_100(operation: Callable[[int], object]) -> bytes:
    return orjson.dumps({"operations": [operation(n) for n in range(100)]})


def _broken(n: int) -> dict[str, object]:
    """Returns an operation whose task has 64 keys, each with a bad value."""
    unknown: dict[str, object] = {f"{n}-{key}-" + 120 * "k": [] for key in range(61)}
    return {"op": "create", "task": {"title": 5, "description": [], "is_completed": "yes", **unknown}}


_LARGEST: Final = {"title": "\U0001f600" * 200, "description": "\U0001f600" * 2000}
_BAD_TASK: Final = b'{"id":1,"title":5,"created_at":"x","updated_at":null,"is_completed":1}'

_BATCHES: Final[Mapping[str, Callable[[], bytes]]] = {
    "unknown keys": lambda: _batch(keys, "{%s}"),
    "unknown keys in an operation": lambda: _batch(keys, '{"operations":[{"op":"delete",%s}]}'),
    "unknown keys in a task": lambda: _batch(keys, '{"operations":[{"op":"create","task":{%s}}]}'),
    "64 unknown keys in each operation": lambda: _batch_of_100(
        lambda n: {"op": "delete", **{f"{n}-{key}-" + 130 * "k": 1 for key in range(63)}}
    ),
    "64 bad values in each operation": lambda: _batch_of_100(_broken),
    "many objects of 64 keys": lambda: _batch(
        b"{" + b",".join(b'"%x":{}' % n for n in range(64)) + b"}", _in_task("[%s]")
    ),
    "one deep array": lambda: nested(MEBIBYTE // 2),
    "many deep arrays": lambda: _batch(nested(25), _in_task("[%s]")),
    "many empty arrays": lambda: _batch(b"[]", _in_task("[%s]")),
    "many empty objects": lambda: _batch(b"{}", _in_task("[%s]")),
    "many numbers": lambda: _batch(b"1", _in_task("[%s]")),
    "many large numbers": lambda: _batch(b"1.7976931348623157e308", _in_task("[%s]")),
    "one huge number": lambda: b'{"operations":' + b"9" * (MEBIBYTE - 20) + b"}",
    "many operations": lambda: _batch(b"{}", '{"operations":[%s]}'),
    "many numbers and one NUL": lambda: _batch(b"1", _in_task('["\\u0000",%s]')),
    "many NULs": lambda: _batch(b'"\\u0000"', _in_task("[%s]")),
    "one text of escapes": lambda: _batch(b"\\u00e9" * 100, _in_task('"%s"')),
    "many entity tags": lambda: _batch(
        b'\\"1\\"', '{"operations":[{"op":"delete","id":"' + _ID + '","if_match":"%s"}]}'
    ),
    "a hundred largest texts": lambda: _batch_of_100(lambda _: {"op": "create", "task": _LARGEST}),
}
_BODIES: Final[Mapping[tuple[str, str, str], Callable[[], bytes]]] = {
    ("POST", TASKS, "unknown keys"): lambda: filled(b"{", keys, b"}", 64 * KIBIBYTE),
    ("POST", TASKS, "one long key"): lambda: b'{"' + b"k" * 60 * KIBIBYTE + b'":1}',
    ("POST", TASKS, "many arrays"): lambda: filled(
        b'{"title":"x","id":[', lambda _: b"[]", b"]}", 64 * KIBIBYTE
    ),
    ("POST", TASKS, "many NULs"): lambda: filled(
        b'{"title":"x","id":[', lambda _: b'"\\u0000"', b"]}", 64 * KIBIBYTE
    ),
    ("PATCH", f"{TASKS}/{{task_id}}", "unknown keys"): lambda: filled(b"{", keys, b"}", 64 * KIBIBYTE),
    ("POST", "/api/me/import", "broken tasks"): lambda: filled(
        b'{"tasks":[', lambda _: _BAD_TASK, b"]}", MEBIBYTE
    ),
    ("POST", "/api/me/import", "unknown keys in a task"): lambda: filled(
        b'{"tasks":[{', keys, b"}]}", MEBIBYTE
    ),
    ("POST", "/api/me/import", "unknown keys"): lambda: filled(b"{", keys, b"}", MEBIBYTE),
}
_QUERIES: Final[Mapping[str, str]] = {
    "unknown parameters": "&".join(f"{n:x}" for n in range(3200)),
    "one parameter again and again": "a&" * 8000 + "a",
    "not UTF-8": "%ff&" * 4000 + "a",
    "a long text": "q=" + quote("\U0001f600" * 1300),
    "many words": "q=" + "+".join(f"w{n}" for n in range(1900)),
}
_HEADERS: Final = (
    ("GET", "If-None-Match", '"1",' * 15000 + '"2"'),
    ("DELETE", "If-Match", '"1",' * 15000 + '"2"'),
    ("GET", "Authorization", "Bearer " + "a." * 30000),
    ("PUT", "If-Match", '"1",' * 15000 + '"2"'),
)


def _entry(of: str, case: str, make: Callable[[], Sender]) -> Entry:
    return Entry(of, case, lambda _: make(), _OUTCOMES)


def _all() -> Iterator[Entry]:
    for n, (case, body) in enumerate(_BATCHES.items()):
        for path in (TASK_BATCH, BATCH)[: 1 + (n % 6 == 0)]:  # both parse it in the same way
            yield _entry(f"POST {path}", case, lambda path=path, body=body: Request("POST", path, body()))  # type: ignore[misc] # mypy knows no defaults of lambdas
    for (method, path, case), body in _BODIES.items():
        target = path.format(task_id=_ID)
        make = partial(lambda method, target, body: Request(method, target, body()), method, target, body)
        yield _entry(f"{method} {path}", case, make)
    for case, query in _QUERIES.items():
        yield _entry(f"GET {TASKS}", case, partial(Request, "GET", f"{TASKS}?{query}"))
    for method, name, value in _HEADERS:
        content = b'{"title":"x"}' if method == "PUT" else b""
        sent = partial(Request, method, f"{TASKS}/{_ID}", content, ((name, value),))
        yield _entry(f"{method} {TASKS}/{{task_id}}", f"a long {name}", sent)
    for connections, size, path in ((16, MEBIBYTE, TASK_BATCH), (64, 64 * KIBIBYTE, TASKS)):
        small = Request("POST", path, b'{"title":"x"}'.ljust(size))
        case = f"{connections} bodies in chunks of one byte"
        yield _entry(f"POST {path}", case, partial(AtOnce, [in_chunks(small)] * connections))
    long_key = (("Idempotency-Key", "k" * 60000),)
    yield _entry(f"POST {TASKS}", "a long key", partial(Request, "POST", TASKS, b'{"title":"x"}', long_key))


HOSTILE: Final = (*_all(),)
