"""Requests to spaces, their members and invitations that cost as much as they can."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from support.latency import Request, Sender
from support.worst_requests.entries import Entry, request
from support.worst_requests.senders import Streamed, Watched
from support.worst_requests.values import inbox_task
from support.worst_requests.world import SECRET, World
from taskward.lists.steps import MAX_LISTS
from taskward.spaces.invitation_text import InvitationText
from taskward.spaces.invitations import MAX_OPEN
from taskward.spaces.steps import MAX_MEMBERS, MAX_SPACES
from taskward.tasks.fields.reminders import MAX_REMINDERS

_SPACES: Final = "/api/spaces"
_KINDS: Final = "kinds=tasks,lists,comments,members,space"
_ASSIGNED: Final = 300
"""Tasks of each space that are assigned to the caller."""
_STREAMS: Final = 9
"""Of each member."""
_NEW_TITLE: Final = "What each stream shows"
_CHANGES: Final = {"title": "T" * 200, "is_archived": True, "time_zone": "Asia/Kathmandu"}


def _of_many(method: str, body: Any = None) -> Callable[[World], Sender]:
    """Returns requests of a person who is in as many spaces as allowed, or in all of them but one."""

    def make(world: World) -> Sender:
        person = world.new_owner()
        for _ in range(MAX_SPACES - (body is not None)):
            world.add_space(world.new_owner(), [person])
        return request(method, _SPACES, body, person)

    return make


def _in_full(method: str, path: str, body: Any = None, missing: int = 0) -> Callable[[World], Sender]:
    """Returns requests in a space with all members and invitations that it may have, except some."""

    def make(world: World) -> Sender:
        space, people = world.new_owner(), [world.new_owner() for _ in range(MAX_MEMBERS)]
        member = world.add_space(space, people)[-1]
        invitation = world.invite(space, MAX_OPEN - missing)[-1]
        target = path.format(space=space, member=member, invitation=invitation)
        return request(method, target, body, people[0])

    return make


def _largest(world: World) -> Sender:
    space, person = world.copy_of_all(), world.new_owner()
    world.add_space(space, [person])
    return request("DELETE", f"{_SPACES}/{space}?tasks=delete", None, person)


def _export(world: World) -> Sender:
    space, people = world.copy_of_all(), [world.new_owner() for _ in range(MAX_MEMBERS)]
    world.add_space(space, people)
    world.add_lists(space, MAX_LISTS)
    return request("GET", f"{_SPACES}/{space}/export", None, people[0])


def _changes(path: str) -> Callable[[World], Request]:
    """Returns requests for all changes of a space with all members."""

    def make(world: World) -> Request:
        space, people = world.copy_of_all(), [world.new_owner() for _ in range(MAX_MEMBERS)]
        world.add_space(space, people)
        return request("GET", f"{_SPACES}/{space}/{path}", None, people[0])

    return make


def _stream(world: World) -> Sender:
    return Streamed(_changes(f"events?{_KINDS}")(world), world.scale.changed)


def _watched(path: str, text: str, times: int = 1) -> Callable[[World], Watched]:
    """Returns a change in a space with all members, each of whom has several streams."""

    def make(world: World) -> Watched:
        space, people = world.new_owner(), [world.new_owner() for _ in range(MAX_MEMBERS)]
        world.add_space(space, people)
        task = inbox_task(1)
        world.add([task], space)
        streams = [request("GET", path.format(space=space), None, person) for person in people] * _STREAMS
        change = request("PATCH", f"{_SPACES}/{space}/tasks/{task.id}", {"title": _NEW_TITLE}, people[0])
        return Watched(streams, change, text.encode(), times)

    return make


def _redemption(world: World) -> Sender:
    space, people = world.new_owner(), [world.new_owner() for _ in range(MAX_MEMBERS - 1)]
    world.add_space(space, people)
    person = world.new_owner()
    for _ in range(MAX_SPACES - 1):
        world.add_space(world.new_owner(), [person])
    text = InvitationText(space, UUID(int=world.invite(space, MAX_OPEN)[0].int), SECRET).text
    return request("POST", "/api/invitations/redeem", {"invitation": text, "name": "n" * 100}, person)


def _entry(method: str, path: str, body: Any = None, missing: int = 0, status: int = 200) -> Entry:
    shown = path.format(space="{space_id}", member="{member_id}", invitation="{invitation_id}")
    return Entry(
        f"{method} {shown}", "in a full space", _in_full(method, path, body, missing), frozenset({status})
    )


_SPACE: Final = _SPACES + "/{space}"
_MEMBER: Final = _SPACE + "/members/{member}"
_INVITATIONS: Final = _SPACE + "/invitations"


def _reminders(method: str) -> Callable[[World], Request]:
    """Returns requests of a member for the ten reminders of one task, in a space with 100 members."""

    def make(world: World) -> Request:
        space, people = world.new_owner(), [world.new_owner() for _ in range(MAX_MEMBERS)]
        world.add_space(space, people)
        task = inbox_task(1)
        world.add([task], space)
        body = {"reminders": [{"at": f"2035-01-{n + 1:02}T10:00:00Z"} for n in range(MAX_REMINDERS)]}
        path = f"{_SPACES}/{space}/tasks/{task.id}/reminders"
        return request(method, path, body if method == "PUT" else None, people[0])

    return make


def _agenda(world: World) -> Sender:
    person = world.copy_of_all()
    for _ in range(MAX_SPACES):
        space = world.new_owner()
        member = world.add_space(space, [person])[0]
        world.add([replace(inbox_task(n), assigned_to=member) for n in range(_ASSIGNED)], space)
    return request("GET", "/api/me/agenda?limit=200&sort=-created_at", None, person)


SPACE_REQUESTS: Final = (
    Entry("GET /api/me/agenda", "of 100 spaces with 300 tasks each", _agenda),
    Entry(f"GET {_SPACES}", "of 100 spaces", _of_many("GET")),
    Entry(f"POST {_SPACES}", "the 100th one", _of_many("POST", _CHANGES), frozenset({201})),
    Entry("POST /api/invitations/redeem", "the last one, in 99 spaces", _redemption),
    Entry(f"DELETE {_SPACES}/{{space_id}}", "with all tasks", _largest),
    Entry(f"GET {_SPACES}/{{space_id}}/export", "all tasks, 1000 lists, 100 members", _export),
    Entry(
        f"GET {_SPACES}/{{space_id}}/changes",
        "the first page of all",
        _changes(f"changes?limit=1000&{_KINDS}"),
    ),
    Entry(f"GET {_SPACES}/{{space_id}}/events", "all changes", _stream),
    Entry(
        f"GET {_SPACES}/{{space_id}}/events",
        "900 streams that one change wakes",
        _watched(f"{_SPACES}/{{space}}/events", _NEW_TITLE),
    ),
    Entry(
        f"GET {_SPACES}/events",
        "900 streams that one change wakes",
        _watched(f"{_SPACES}/events", '"state"', 2),
    ),
    Entry(f"GET {_SPACES}/{{space_id}}/activity", "the largest page", _changes("activity?limit=200")),
    Entry(f"GET {_SPACES}/{{space_id}}/reminders", "the largest page", _changes("reminders?limit=1000")),
    Entry(f"GET {_SPACES}/{{space_id}}/tasks/{{task_id}}/reminders", "of one task", _reminders("GET")),
    Entry(f"PUT {_SPACES}/{{space_id}}/tasks/{{task_id}}/reminders", "ten", _reminders("PUT")),
    _entry("GET", _SPACE),
    _entry("PUT", _SPACE, _CHANGES),
    _entry("PATCH", _SPACE, _CHANGES),
    _entry("GET", _SPACE + "/members"),
    _entry("GET", _MEMBER),
    _entry("PUT", _MEMBER, {"role": "viewer"}),
    _entry("PATCH", _MEMBER, {"role": "viewer"}),
    _entry("DELETE", _MEMBER),
    _entry("GET", _INVITATIONS),
    _entry("POST", _INVITATIONS, {"uses": 100}, missing=1, status=201),
    _entry("DELETE", _INVITATIONS + "/{invitation}"),
)
