"""Requests about all that a user has: labels, the time zone, imports, and the erasure."""

from collections.abc import Callable
from typing import Final

import orjson

from support.background_load import import_document
from support.latency import Request, Sender
from support.worst_requests.entries import Entry, request
from support.worst_requests.hostile import filled
from support.worst_requests.senders import AtOnce
from support.worst_requests.values import COMMON, RULE, day, fields, label
from support.worst_requests.world import World

_IMPORT: Final = "/api/me/import"
_MOMENT: Final = "2020-01-01T00:00:00.000Z"


def _renamed(to: str) -> Callable[[World], Request]:
    return lambda world: request(
        "POST", "/api/labels/rename", {"from": COMMON, "to": to}, world.copy_of_all()
    )


def _renamed_at_once(world: World) -> Sender:
    return AtOnce([_renamed("renamed")(world).head() for _ in range(8)])


def _removed(world: World) -> Sender:
    return request("POST", "/api/labels/remove", {"label": COMMON}, world.copy_of_all())


def _moved(world: World) -> Sender:
    return request("PATCH", "/api/me", {"time_zone": "Pacific/Auckland"}, world.copy_of_all())


def _erased(world: World) -> Sender:
    return request("DELETE", "/api/me", None, world.copy_of_all())


def _small_tasks(world: World) -> Sender:
    document, _ = import_document(world.scale.imported)
    return Request("POST", _IMPORT, document, person=str(world.new_owner()))


def _largest_tasks(world: World) -> Sender:
    times = {"created_at": _MOMENT, "updated_at": _MOMENT}

    def task(n: int) -> bytes:
        name = f"016f5e66-e800-7000-8000-{n:012x}"
        recurrence = {"rule": RULE, "occurrence": day(n)}
        return orjson.dumps({"id": name, **fields(n), "recurrence": recurrence, **times})

    document = filled(b'{"tasks":[', task, b"]}", world.scale.imported)
    return Request("POST", _IMPORT, document, person=str(world.new_owner()))


def _trees(world: World) -> Sender:
    times = {"title": "x", "created_at": _MOMENT, "updated_at": _MOMENT}

    def task(n: int) -> bytes:
        top = f"016f5e66-e800-7000-8000-{n // 500 * 500:012x}"
        parent = {"parent_id": top} if n % 500 else {}
        return orjson.dumps({"id": f"016f5e66-e800-7000-8000-{n:012x}", **parent, **times})

    document = filled(b'{"tasks":[', task, b"]}", world.scale.imported)
    return Request("POST", _IMPORT, document, person=str(world.new_owner()))


OWN_DATA: Final = (
    Entry("POST /api/labels/rename", "a label of all tasks", _renamed("renamed")),
    Entry("POST /api/labels/rename", "a label of all tasks to one of some", _renamed(label(0))),
    Entry("POST /api/labels/rename", "labels of all tasks of 8 users at once", _renamed_at_once),
    Entry("POST /api/labels/remove", "a label of all tasks", _removed),
    Entry("PATCH /api/me", "another time zone", _moved),
    Entry("DELETE /api/me", "all tasks", _erased),
    Entry(f"POST {_IMPORT}", "small tasks", _small_tasks),
    Entry(f"POST {_IMPORT}", "the largest tasks", _largest_tasks),
    Entry(f"POST {_IMPORT}", "trees", _trees),
)
