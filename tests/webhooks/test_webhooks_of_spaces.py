"""docs/contract.md#webhooks: the deliveries of a space, and WEBHOOK_KINDS."""

from typing import Any

import pytest
from spaces.space_support import join, new_space, remove, task_in
from support import MakeDatabase, Person, running, settings_for, stored
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.marks import marks, until_idle
from webhooks.receiver import FAIL, OK, SECRET, Receiver
from webhooks.test_reminders import soon

from taskward.features import FEED_KINDS
from taskward.settings.webhooks import KINDS

pytestmark = pytest.mark.engines("disk", "postgres", "postgres-rls")


def types_of(receiver: Receiver, owner: str) -> list[str]:
    return [one.content["type"] for one in receiver.of(owner)]


def kinds_of(receiver: Receiver, owner: str) -> list[tuple[str, str]]:
    """Returns the operation and the kind of each change that was delivered."""
    changes = (change for one in receiver.of(owner) for change in one.data.get("changes", ()))
    return [(change["op"], _kind_of(change)) for change in changes]


def _kind_of(change: dict[str, Any]) -> str:
    if change["op"] == "delete":
        return str(change.get("kind", "task"))
    (kind,) = set(change) - {"op", "etag"}
    return kind


def erased(receiver: Receiver, owner: str) -> bool:
    return types_of(receiver, owner)[-1:] in (["space.erased"], ["person.erased"])


async def test_the_changes_of_a_space_name_it_and_are_the_page_of_its_feed(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start()
    ann, bob = Person(app), Person(app)
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(bob, space, "Milk")
    space_id = space[-36:]
    await until(lambda: receiver.titles(space_id))
    await until_idle(app)
    (one,) = receiver.of(space_id)

    assert list(one.data) == ["user_id", "space_id", "changes", "cursor", "has_more"]
    assert one.data["user_id"] == one.data["space_id"] == space_id
    assert [change["task"] for change in one.data["changes"]] == [task]
    assert (await ann.http.get(f"{space}/changes", params={"since": one.data["cursor"]})).json()[
        "changes"
    ] == []
    assert {row["user_id"] for row in await marks(app)} == {ann.sub, bob.sub, space_id}  # each has a queue
    assert receiver.of(ann.sub) == receiver.of(bob.sub) == []


async def test_a_member_leaves_and_the_space_is_marked(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_kinds="members")
    ann, bob = Person(app), Person(app)
    space = await new_space(ann)
    member = await join(ann, space, bob)
    answer = await bob.http.delete(f"{space}/members/me")
    assert answer.status_code == 200, answer.text
    await until_idle(app)

    last = receiver.of(space[-36:])[-1].data["changes"][-1]["member"]
    assert (last["id"], last["role"]) == (member["id"], None)


async def test_a_deleted_space_is_erased_as_a_space_and_a_person_as_a_person(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start()
    ann = Person(app)
    await ann.create("own")
    space = await new_space(ann)
    await task_in(ann, space)
    await until(lambda: receiver.titles(space[-36:]))
    answer = await ann.http.delete(space, params={"tasks": "delete"})
    assert answer.status_code == 200, answer.text
    await until(lambda: erased(receiver, space[-36:]))
    await ann.http.delete("/api/me")
    await until(lambda: erased(receiver, ann.sub))
    await until_idle(app)

    last = receiver.of(space[-36:])[-1].content
    assert (last["type"], last["data"]) == (
        "space.erased",
        {"user_id": space[-36:], "space_id": space[-36:]},
    )
    last = receiver.of(ann.sub)[-1].content
    assert (last["type"], last["data"]) == ("person.erased", {"user_id": ann.sub})
    assert await marks(app) == []


async def test_a_space_that_is_deleted_while_a_delivery_fails_is_erased_as_a_space(
    start: StartApp, receiver: Receiver
) -> None:
    receiver.answer_with(FAIL)
    app = await start()
    ann = Person(app)
    space = await new_space(ann)
    await task_in(ann, space)
    await until(lambda: receiver.of(space[-36:]))
    await ann.http.delete(space, params={"tasks": "delete"})
    receiver.answer_with(OK)
    await until(lambda: erased(receiver, space[-36:]), 10)

    assert types_of(receiver, space[-36:])[-1] == "space.erased"


async def test_all_kinds_are_delivered_to_each_owner_as_far_as_the_owner_has_them(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start(webhook_kinds=",".join(KINDS))
    ann, bob = Person(app), Person(app)
    space = await new_space(ann)
    member = await join(ann, space, bob)
    await ann.http.post(f"{space}/lists", json={"title": "Groceries"})
    await task_in(ann, space)
    await remove(ann, space, member)
    await until_idle(app)

    assert {("upsert", kind) for kind in ("space", "member", "list", "task")} == set(
        kinds_of(receiver, space[-36:])
    )
    assert set(kinds_of(receiver, ann.sub)) == {("upsert", "membership")}
    assert kinds_of(receiver, bob.sub)[-1] == ("delete", "membership")
    cursor = receiver.of(space[-36:])[-1].data["cursor"]
    kinds = "tasks,lists,comments,members,space"
    answer = await ann.http.get(f"{space}/changes", params={"kinds": kinds, "since": cursor})
    assert (answer.status_code, answer.json()["changes"]) == (200, [])


async def test_who_has_none_of_the_kinds_gets_nothing(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_kinds="members")
    ann = Person(app)
    space = await new_space(ann)
    await ann.create("own")
    await until_idle(app)

    assert receiver.of(ann.sub) == []
    assert kinds_of(receiver, space[-36:]) == [("upsert", "member")]


async def test_a_changed_setting_begins_each_owner_anew_with_a_reset(
    engine: str, new_database: MakeDatabase, receiver: Receiver
) -> None:
    rls, given = engine.endswith("-rls"), {"webhook_url": receiver.url, "webhook_secret": SECRET}
    url = await new_database(engine.removesuffix("-rls"))
    async with running(settings_for(url, database_rls=rls, **given)) as app:
        ann = Person(app)
        space = await new_space(ann)
        await ann.http.post("/api/lists", json={"title": "Home"})
        await ann.create("own")
        await task_in(ann, space)
        await until_idle(app)
    assert set(types_of(receiver, ann.sub)) == set(types_of(receiver, space[-36:])) == {"task.changes"}
    receiver.attempts.clear()

    async with running(settings_for(url, database_rls=rls, webhook_kinds="lists,tasks", **given)) as app:
        ann = Person(app, ann.sub)
        await ann.create("second")
        await task_in(ann, space, "third")
        await until_idle(app)
        assert types_of(receiver, ann.sub) == ["person.reset", "task.changes"]
        assert types_of(receiver, space[-36:]) == ["space.reset", "task.changes"]
        reset, again = receiver.of(space[-36:])
        assert reset.data == {"user_id": space[-36:], "space_id": space[-36:]}
        assert len(again.data["changes"]) == 2
        assert sorted(kinds_of(receiver, ann.sub)) == [("upsert", "list"), *[("upsert", "task")] * 2]

        await ann.create("fourth")
        await until_idle(app)
        assert types_of(receiver, ann.sub)[2:] == ["task.changes"]  # once, and no more


@pytest.mark.engines("memory")
def test_the_kinds_of_the_setting_are_those_of_the_feeds(engine: str) -> None:
    assert tuple(kind.plural for kind in FEED_KINDS) == KINDS, engine
    settings = settings_for(
        "sqlite://", webhook_url="https://example.com/", webhook_secret=SECRET, webhook_kinds="lists, tasks"
    )
    assert settings.webhooks is not None
    assert settings.webhooks.kinds == {"lists", "tasks"}


async def test_a_reminder_of_a_member_names_the_member_and_the_person(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start()
    ann, bob = Person(app), Person(app)
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task = await task_in(ann, space)
    path = f"{space}/tasks/{task['id']}/reminders"
    later, due = {"at": "2035-01-01T10:00:00Z"}, {"at": soon(1.0)}
    await ann.http.put(path, json={"reminders": [later]})
    await bob.http.put(path, json={"reminders": [later, due]})
    await until(receiver.reminders, 8)
    await until_idle(app)

    (fired,) = receiver.reminders()
    assert fired.data == {
        "user_id": space[-36:],
        "space_id": space[-36:],
        "member_id": member["id"],
        "person_id": bob.sub,
        "task": task,
        "reminder": due,
        "due_at": due["at"],
    }
    assert len(await stored(app, "reminders")) == 2
