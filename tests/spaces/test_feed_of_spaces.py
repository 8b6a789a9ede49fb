"""docs/contract.md#ids-batches-and-kinds: spaces, members and memberships in the change feed."""

from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from changes.streams import Stream, http_client, in_process_server
from spaces.shared_space import feed_of, join, new_space
from support import MakeDatabase, Person, problems, settings_for

from taskward.spaces.endings import MembershipEndings
from taskward.spaces.records import MemberRecord
from taskward.spaces.store import MySpacesStore, SpaceEntry

ALL = "tasks,lists,members,space"
OF_A_SPACE = {"kinds": "Kinds must be some of tasks, lists, comments, members and space, like tasks,lists"}
OF_A_PERSON = {"kinds": "Kinds must be some of tasks, lists, comments and spaces, like tasks,lists"}


def upsert(kind: str, value: Any, etag: str) -> dict[str, Any]:
    return {"op": "upsert", kind: value, "etag": etag}


async def read(person: Person, path: str, kind: str) -> dict[str, Any]:
    """Returns the upsert of an object as it is now."""
    answer = await person.http.get(path)
    return upsert(kind, answer.json(), answer.headers["etag"])


def own(space: str) -> str:
    return space.removeprefix("/api/spaces/")


async def test_a_space_its_members_lists_and_tasks_come_in_one_order(ann: Person, bob: Person) -> None:
    space = await new_space(ann, time_zone="Europe/Berlin", metadata={"colour": "red"})
    created = (await ann.http.post(f"{space}/lists", json={"title": "List"})).json()
    task = (await ann.http.post(f"{space}/tasks", json={"title": "Milk", "list_id": created["id"]})).json()
    other = await join(ann, space, bob)

    expected = [
        await read(ann, space, "space"),
        await read(ann, f"{space}/members/me", "member"),
        await read(ann, f"{space}/lists/{created['id']}", "list"),
        await read(ann, f"{space}/tasks/{task['id']}", "task"),
        await read(bob, f"{space}/members/{other}", "member"),
    ]
    for person in (ann, bob):
        assert (await feed_of(person, space, kinds=ALL))["changes"] == expected
    for kind, of_kind in (("space", expected[:1]), ("members", [expected[1], expected[4]])):
        assert (await feed_of(bob, space, kinds=kind))["changes"] == of_kind
    assert (await feed_of(bob, space))["changes"] == [expected[3]]


async def test_a_changed_space_and_a_changed_member_are_in_the_feed_once_more(
    ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    other = await join(ann, space, bob)
    since = (await feed_of(bob, space, kinds=ALL))["cursor"]

    await ann.http.patch(space, json={"title": "House", "time_zone": "Asia/Tokyo"})
    await ann.http.patch(f"{space}/members/{other}", json={"role": "viewer"})
    await bob.http.patch(f"{space}/members/me", json={"name": "Robert"})

    found = (await feed_of(bob, space, kinds=ALL, since=since))["changes"]
    assert found == [await read(bob, space, "space"), await read(bob, f"{space}/members/me", "member")]
    assert found[0]["space"]["time_zone"] == "Asia/Tokyo"
    assert found[1]["member"] | {"name": "Robert", "role": "viewer"} == found[1]["member"]


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_member_who_has_left_is_an_upsert_and_the_membership_a_deletion(
    ann: Person, bob: Person, *, leaves: bool
) -> None:
    space = await new_space(ann)
    other = await join(ann, space, bob)
    joined = (await ann.http.get(f"{space}/members/{other}")).json()["joined_at"]
    of_space, of_bob = await feed_of(ann, space, kinds=ALL), await feed_of(bob, "/api", kinds="spaces")
    [membership] = of_bob["changes"]
    assert membership["membership"]["space_id"] == own(space)
    assert membership == upsert(
        "membership", {"space_id": own(space), "joined_at": joined}, membership["etag"]
    )

    await (bob if leaves else ann).http.delete(f"{space}/members/{'me' if leaves else other}")

    [left] = (await feed_of(ann, space, kinds=ALL, since=of_space["cursor"]))["changes"]
    assert left == await read(ann, f"{space}/members/{other}", "member")
    assert left["member"]["role"] is None
    gone = [{"op": "delete", "kind": "membership", "id": own(space)}]
    assert (await feed_of(bob, "/api", kinds="spaces", since=of_bob["cursor"]))["changes"] == gone
    assert (await feed_of(bob, "/api", kinds="tasks,spaces"))["changes"] == gone

    await join(ann, space, bob)
    [again] = (await feed_of(bob, "/api", kinds="spaces", since=of_bob["cursor"]))["changes"]
    assert again["membership"]["joined_at"] > joined


async def test_the_memberships_of_a_deleted_space_end(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    await ann.http.delete(f"{space}?tasks=delete")

    for person in (ann, bob):
        assert (await feed_of(person, "/api", kinds="spaces,lists"))["changes"] == [
            {"op": "delete", "kind": "membership", "id": own(space)}
        ]


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_membership_whose_end_was_lost_ends_when_the_spaces_are_listed(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, *, is_deleted: bool
) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)

    async def lost(_endings: MembershipEndings, _space: object, _members: object) -> None:
        """As in a process that ends after the commit."""

    monkeypatch.setattr(MembershipEndings, "end", lost)
    await ann.http.delete(f"{space}?tasks=delete" if is_deleted else f"{space}/members/{member}")
    [before] = (await feed_of(bob, "/api", kinds="spaces"))["changes"]
    assert before["op"] == "upsert"

    assert (await bob.http.get("/api/spaces")).json() == {"spaces": []}
    assert (await feed_of(bob, "/api", kinds="spaces"))["changes"] == [
        {"op": "delete", "kind": "membership", "id": own(space)}
    ]


async def test_who_has_joined_again_meanwhile_stays_in_the_own_list(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    late: list[Coroutine[Any, Any, None]] = []
    end = MembershipEndings.end

    async def later(endings: MembershipEndings, of: UUID, members: Sequence[MemberRecord]) -> None:
        late.append(end(endings, of, members))

    monkeypatch.setattr(MembershipEndings, "end", later)
    await ann.http.delete(f"{space}/members/{member}")
    read = MySpacesStore._entry

    async def read_before(spaces: MySpacesStore, of: UUID) -> SpaceEntry | None:
        found = await read(spaces, of)
        if found is None:
            await join(ann, space, bob)
        return found

    monkeypatch.setattr(MySpacesStore, "_entry", read_before)
    assert (await bob.http.get("/api/spaces")).json() == {"spaces": []}
    for _ in range(2):
        [listed] = (await bob.http.get("/api/spaces")).json()["spaces"]
        assert listed["space"]["id"] == own(space)
        [change] = (await feed_of(bob, "/api", kinds="spaces"))["changes"]
        assert change["membership"]["joined_at"] == listed["member"]["joined_at"]
        while late:
            await late.pop()


async def test_a_feed_without_the_new_kinds_has_none_of_them(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await bob.create()

    for kinds in ({}, {"kinds": "tasks,lists"}):
        found = (await feed_of(bob, "/api", **kinds))["changes"]
        assert [change["task"] for change in found] == [task]
        assert (await feed_of(bob, space, **kinds))["changes"] == []


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_pages_give_each_change_once(ann: Person, bob: Person, limit: int) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    for title in "abc":
        await bob.http.post(f"{space}/tasks", json={"title": title})
    seen, query, more = list[str](), dict[str, str](), True
    while more:
        page = await feed_of(bob, space, kinds=ALL, limit=limit, **query)
        seen += [next(key for key in change if key not in {"op", "etag"}) for change in page["changes"]]
        query, more = {"since": page["cursor"]}, page["has_more"]

    assert seen == ["space", "member", "member", "task", "task", "task"]


@pytest.mark.parametrize(
    "kinds", ["", "task", "spaces", "tasks,tasks", "tasks,", "comments", "lists,comments", "Tasks"]
)
@pytest.mark.parametrize("route", ["changes", "events"])
async def test_kinds_of_a_space_are_checked_before_the_membership(
    ann: Person, bob: Person, kinds: str, route: str
) -> None:
    space = await new_space(ann)

    for person in (ann, bob):
        answer = await person.http.get(f"{space}/{route}", params={"kinds": kinds})
        assert problems(answer) == OF_A_SPACE


@pytest.mark.parametrize("kinds", ["members", "space", "tasks,space", "spaces,spaces", "spaces,comments"])
@pytest.mark.parametrize("route", ["changes", "events"])
async def test_kinds_of_a_person_are_those_of_a_person(ann: Person, kinds: str, route: str) -> None:
    assert problems(await ann.http.get(f"/api/{route}", params={"kinds": kinds})) == OF_A_PERSON


async def test_comments_are_known_beside_tasks(ann: Person) -> None:
    space, private = await new_space(ann), await ann.create()
    task = (await ann.http.post(f"{space}/tasks", json={"title": "Milk"})).json()

    for path, expected in ((space, task), ("/api", private)):
        page = await feed_of(ann, path, kinds="comments,tasks")
        assert [change["task"] for change in page["changes"]] == [expected]
        assert (await feed_of(ann, path, kinds="tasks,comments", since=page["cursor"]))["changes"] == []
        answer = await ann.http.get(f"{path}/changes", params={"since": page["cursor"]})
        assert problems(answer) == {"since": "Since is not a valid cursor"}


async def test_a_cursor_is_of_its_owner_and_of_no_member(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    cursor = (await feed_of(ann, space, kinds=ALL))["cursor"]

    assert (await feed_of(bob, space, kinds="space,lists,members,tasks", since=cursor))["changes"] == []
    for path in ("/api", await new_space(ann)):
        answer = await ann.http.get(f"{path}/changes", params={"since": cursor, "kinds": "tasks,lists"})
        assert problems(answer) == {"since": "Since is not a valid cursor"}


@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_streams_have_them_and_end_with_the_membership(
    engine_name: str, new_database: MakeDatabase
) -> None:
    async with (
        in_process_server(settings_for(await new_database(engine_name))) as service,
        http_client(service.url, str(uuid4())) as ann,
        http_client(service.url, str(uuid4())) as bob,
        bob.stream(kinds="spaces") as own_feed,
    ):
        space = await new_space(ann)
        other = await join(ann, space, bob)
        assert (await own_feed.next()).change["membership"]["space_id"] == own(space)
        async with bob.http.stream("GET", f"{space}/events", params={"kinds": "members,space"}) as answer:
            of_space = Stream(answer)
            assert [next(iter(one.change.keys() - {"op", "etag"})) for one in await of_space.events(3)] == [
                *("space", "member", "member"),
            ]
            await ann.http.delete(f"{space}/members/{other}")
            assert await of_space.ends()
        assert (await own_feed.next()).change == {"op": "delete", "kind": "membership", "id": own(space)}
