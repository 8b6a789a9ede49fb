"""Requests about access tokens that cost as much as they can."""

from typing import Final
from uuid import UUID

from support.latency import Sender
from support.worst_requests.entries import Entry, request
from support.worst_requests.world import World

_PATH: Final = "/api/tokens"
_NEW: Final = {"name": "n" * 100, "access": "write"}


def _listed(world: World) -> Sender:
    owner = world.new_owner()
    world.add_tokens(owner, 50)
    return request("GET", _PATH, None, owner)


def _last(world: World) -> Sender:
    owner = world.new_owner()
    world.add_tokens(owner, 49)
    return request("POST", _PATH, _NEW, owner)


def _one(world: World) -> Sender:
    owner = world.new_owner()
    world.add_tokens(owner, 50)
    return request("DELETE", f"{_PATH}/{UUID(int=1)}", None, owner)


def _all(world: World) -> Sender:
    owner = world.new_owner()
    world.add_tokens(owner, 50)
    return request("DELETE", _PATH, None, owner)


TOKEN_REQUESTS: Final = (
    Entry(f"GET {_PATH}", "all there can be", _listed),
    Entry(f"POST {_PATH}", "the last one there can be", _last, frozenset({201})),
    Entry(f"DELETE {_PATH}/{{token_id}}", "one of all there can be", _one),
    Entry(f"DELETE {_PATH}", "all there can be", _all),
)
