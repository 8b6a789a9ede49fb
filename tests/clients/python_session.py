"""Every operation of the API, with the synchronous Python client."""

import json
from typing import assert_type

import pytest

from taskward_client import (
    Client,
    CursorExpired,
    Gone,
    LastOwner,
    ListNotEmpty,
    NotFound,
    PreconditionFailed,
    SpaceClient,
    SpaceNotEmpty,
    ValidationFailed,
    new_id,
)
from taskward_client.types import (
    CommentDeletion,
    CommentUpsert,
    FailedResult,
    ListDeletion,
    ListUpsert,
    MembershipDeletion,
    MembershipUpsert,
    MismatchedResult,
    Move,
    ReminderAt,
    TaskDeletion,
    TaskUpsert,
)

NOW = "2026-11-21T14:30:00+01:00"


def tasks(client: Client | SpaceClient) -> None:
    created = client.tasks.create({"title": "Buy milk", "labels": ["home"]})
    assert client.tasks.get(created.value["id"]) == created
    page = client.tasks.list(is_completed=False, label="home", limit=10)
    assert page == {"tasks": [created.value], "next_cursor": None}

    updated = client.tasks.update(created.value["id"], {"is_completed": True}, if_match=created.etag)
    with pytest.raises(PreconditionFailed) as failed:
        client.tasks.patch(created.value["id"], {"title": "No"}, if_match=created.etag)
    assert failed.value.etag == updated.etag
    patched = client.tasks.patch(created.value["id"], {"title": "Buy bread"}, if_match=updated.etag)
    assert client.tasks.edit(created.value["id"], lambda task: {"title": task["title"] + "!"}).value[
        "title"
    ] == ("Buy bread!")
    assert client.tasks.edit(created.value["id"], lambda _: {}).value["title"] == "Buy bread!"
    with pytest.raises(PreconditionFailed):
        client.tasks.delete(created.value["id"], if_match=patched.etag)
    assert client.tasks.delete(created.value["id"], subtasks="keep")["id"] == created.value["id"]
    with pytest.raises(NotFound, match="Task not found"):
        client.tasks.get(created.value["id"])
    with pytest.raises(ValidationFailed) as refused:
        client.tasks.create({"title": ""})
    assert [one["field"] for one in refused.value.details] == ["title"]
    assert refused.value.request_id


def ids_of_the_client(client: Client | SpaceClient) -> None:
    task_id, list_id = new_id(), new_id()
    assert client.lists.create_at(list_id, {"title": "Work"}).value["id"] == list_id
    task = client.tasks.create_at(task_id, {"title": "Call", "list_id": list_id})
    with pytest.raises(PreconditionFailed) as there:
        client.tasks.create_at(task_id, {"title": "Call"})
    assert there.value.etag == task.etag
    client.tasks.delete(task_id)
    with pytest.raises(Gone):
        client.tasks.create_at(task_id, {"title": "Call"})
    client.lists.delete(list_id, tasks="keep")


def lists_and_labels(client: Client | SpaceClient) -> None:
    work = client.lists.create({"title": "Work"})
    assert client.lists.get(work.value["id"]) == work
    client.lists.update(work.value["id"], {"title": "Office"}, if_match=work.etag)
    renamed = client.lists.patch(work.value["id"], {"is_archived": True})
    assert client.lists.list() == [renamed.value]
    for n in range(5):
        client.tasks.create({"title": f"{n}", "list_id": work.value["id"], "labels": [f"l{n}"]})
    assert [one["title"] for one in client.tasks.iterate(limit=2, sort="title")] == list("01234")
    assert [one["label"] for one in client.labels.iterate(limit=2)] == [f"l{n}" for n in range(5)]
    assert client.labels.list(limit=1)["labels"] == [{"label": "l0", "tasks": 1}]
    assert client.labels.rename("l0", "l1") == 1
    assert client.labels.remove("l1") == 2
    assert client.tasks.summary(NOW)["open"] == 5
    with pytest.raises(ListNotEmpty):
        client.lists.delete(work.value["id"])
    client.lists.delete(work.value["id"], tasks="delete")


def comments(client: Client | SpaceClient) -> None:
    task = client.tasks.create({"title": "Buy milk"}).value["id"]
    made = client.comments.create({"task_id": task, "text": "Sold out"}, idempotency_key="comment")
    comment_id = made.value["id"]
    assert client.comments.create({"task_id": task, "text": "Sold out"}, idempotency_key="comment") == made
    assert client.comments.get(comment_id) == made
    changed = client.comments.update(comment_id, {"text": "Sold out again"}, if_match=made.etag)
    with pytest.raises(PreconditionFailed):
        client.comments.patch(comment_id, {"text": "No"}, if_match=made.etag)
    patched = client.comments.patch(comment_id, {"metadata": {"n": 1}}, if_match=changed.etag).value
    assert patched["text"] == "Sold out again"
    own_id = new_id()
    own = client.comments.create_at(own_id, {"task_id": task, "text": "Milk is back"}).value
    [created] = client.batch(
        [{"op": "create", "kind": "comment", "comment": {"task_id": task, "text": "Bought"}}]
    )["results"]
    assert "comment" in created
    written = [patched, own, created["comment"]]
    assert list(client.comments.iterate(task_id=task, limit=2)) == written
    assert client.comments.list(task_id=task, sort="-created_at", limit=1)["comments"] == written[-1:]
    assert client.comments.counts()["counts"] == [
        {"task_id": task, "comments": 3, "last_at": created["comment"]["created_at"]}
    ]
    assert [one["task_id"] for one in client.comments.iterate_counts(limit=1)] == [task]
    assert client.comments.delete(own_id)["id"] == own_id
    with pytest.raises(NotFound, match="Comment not found"):
        client.comments.get(own_id)
    client.tasks.delete(task)


def access_tokens(client: Client) -> None:
    made = client.tokens.create(name="script", access="read", expires_in=3600, idempotency_key="token")
    assert made["token"].startswith("twp_")
    again = client.tokens.create(name="script", access="read", expires_in=3600, idempotency_key="token")
    assert again == {key: value for key, value in made.items() if key != "token"}
    (listed,) = client.tokens.list()
    assert (listed["id"], listed["name"]) == (made["id"], "script")
    assert client.tokens.revoke(made["id"]) == {"message": "Token revoked successfully", "id": made["id"]}
    client.tokens.create(name="other", access="write")
    assert client.tokens.revoke_all() == 1
    assert client.tokens.list() == []


def trash(client: Client | SpaceClient) -> None:
    top = client.tasks.create({"title": "Plan"})
    below = client.tasks.create({"title": "Step", "parent_id": top.value["id"]})
    top_id, below_id = top.value["id"], below.value["id"]
    assert client.tasks.delete(top_id, subtasks="delete", to="trash")["id"] == top_id
    page = client.trash.list(limit=1)
    assert (len(page["tasks"]), bool(page["next_cursor"])) == (1, True)
    trashed = {one["task"]["id"]: one for one in client.trash.iterate(limit=1)}
    assert {one: trashed[one].get("deleted_with") for one in trashed} == {top_id: None, below_id: top_id}

    restored = client.trash.restore(top_id, idempotency_key="restore")
    assert client.trash.restore(top_id, idempotency_key="restore") == restored == client.tasks.get(top_id)
    assert restored.value["created_at"] == top.value["created_at"]
    assert client.tasks.get(below_id).value["parent_id"] == top_id
    with pytest.raises(NotFound, match="Task not found"):
        client.trash.restore(top_id)

    work = client.lists.create({"title": "Work"})
    listed = client.tasks.create({"title": "Listed", "list_id": work.value["id"]})
    client.lists.delete(work.value["id"], tasks="delete", to="trash")
    client.tasks.batch([{"op": "delete", "id": below_id, "to": "trash"}])
    client.batch([{"op": "delete", "kind": "task", "id": top_id, "to": "trash"}])
    assert [one["task"]["id"] for one in client.trash.list()["tasks"]] == [
        top_id,
        below_id,
        listed.value["id"],
    ]
    assert client.trash.purge(below_id) == {"message": "Task deleted permanently", "id": below_id}
    assert client.trash.empty() == 2
    assert client.trash.list() == {"tasks": [], "next_cursor": None}


def recurrence(client: Client | SpaceClient) -> None:
    task = client.tasks.create(
        {"title": "Water", "due": {"date": "2026-11-23"}, "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=MO"}}
    )
    assert client.tasks.occurrences(task.value["id"], limit=2) == ["2026-11-30", "2026-12-07"]
    done = client.tasks.update(task.value["id"], {"is_completed": True})
    assert client.tasks.get(done.value["next_id"]).value["due"]["date"] > "2026-11-23"
    client.tasks.update(task.value["id"], {"is_completed": False})
    client.tasks.delete(task.value["id"])


def batches(client: Client | SpaceClient) -> None:
    first = client.tasks.batch([{"op": "create", "task": {"title": "One"}}], idempotency_key="batch")
    [created] = first["results"]
    assert "task" in created
    assert client.tasks.batch([{"op": "create", "task": {"title": "One"}}], idempotency_key="batch") == first
    outdated = client.tasks.batch([{"op": "delete", "id": created["task"]["id"], "if_match": '"1"'}])
    for result in outdated["results"]:
        assert "error" in result
        assert_type(result, MismatchedResult | FailedResult)
        assert "task" in result
        assert_type(result, MismatchedResult)
        assert result["task"] == created["task"]
    mixed = client.batch(
        [{"op": "create", "kind": "list", "list": {"title": "Home"}}, {"op": "delete", "id": new_id()}],
        atomic=True,
    )
    assert [one["status"] for one in mixed["results"]] == [424, 404]


def changes(client: Client) -> None:
    applied = {}
    cursor = ""
    for page in client.changes.iterate(limit=2):
        for change in page["changes"]:
            if "task" in change:
                assert_type(change, TaskUpsert)
                applied[change["task"]["id"]] = change["task"]
            elif change["op"] == "delete":
                assert_type(change, TaskDeletion | ListDeletion | CommentDeletion | MembershipDeletion)
                applied.pop(change["id"], None)
            else:
                assert_type(change, ListUpsert | CommentUpsert | MembershipUpsert)
        cursor = page["cursor"]
    assert list(applied.values()) == client.tasks.list()["tasks"]
    assert client.changes.list(since=cursor)["changes"] == []


def spaces(client: Client) -> None:
    created = client.spaces.create({"title": "Flat", "name": "Olga"}, idempotency_key="space")
    space_id = created.value["id"]
    assert client.spaces.create({"title": "Flat", "name": "Olga"}, idempotency_key="space") == created
    assert client.spaces.get(space_id) == created
    updated = client.spaces.update(space_id, {"title": "House"}, if_match=created.etag)
    with pytest.raises(PreconditionFailed):
        client.spaces.patch(space_id, {"title": "No"}, if_match=created.etag)
    assert client.spaces.patch(space_id, {"is_archived": True}).value["title"] == updated.value["title"]
    (listed,) = client.spaces.list()
    assert (listed["space"]["id"], listed["member"]["role"]) == (space_id, "owner")

    space = client.space(space_id)
    members(client, space)
    tasks(space)
    ids_of_the_client(space)
    lists_and_labels(space)
    trash(space)
    recurrence(space)
    batches(space)
    comments(space)
    moves(client, space, space_id)
    mine = space.tasks.create({"title": "Mine", "assigned_to": "me"}).value
    assert (mine["user_id"], mine["created_by"]) == (space_id, mine["assigned_to"])
    assert space.tasks.list(assigned_to="me")["tasks"] == [mine]
    assert client.me.agenda(sort="-created_at", limit=1)["tasks"] == [mine]
    assert next(iter(client.me.iterate_agenda(sort="-created_at", limit=1))) == mine
    assert space.changes.list(kinds="space")["changes"][0]["op"] == "upsert"
    reminders(space, mine["id"])
    page = space.activity(limit=1)
    assert (page["activity"][0]["action"], page["activity"][0].get("task_id")) == ("created", mine["id"])
    assert next(iter(space.iterate_activity(limit=1))) == page["activity"][0]
    exported = space.export()
    assert exported["tasks"][-1] == mine
    assert json.loads(b"".join(space.export_parts())) == exported
    with pytest.raises(SpaceNotEmpty):
        client.spaces.delete(space_id)
    assert client.spaces.delete(space_id, tasks="delete")["id"] == space_id
    with pytest.raises(NotFound, match="Space not found"):
        space.tasks.list()


def moves(client: Client, space: SpaceClient, space_id: str) -> None:
    task = client.tasks.create({"title": "Rent"}).value["id"]
    there: Move = {"from": None, "to": space_id, "tasks": [{"id": task}]}
    moved = client.move(there, idempotency_key="move")
    assert (moved["moved"], client.move(there, idempotency_key="move")) == (1, moved)
    assert space.tasks.get(task).value["user_id"] == space_id
    with pytest.raises(ValidationFailed, match="Task not found"):
        client.move(there)
    work = space.lists.create({"title": "Work"}).value["id"]
    assert client.move({"from": space_id, "to": None, "list": work})["moved"] == 0
    assert client.move({"from": space_id, "to": None, "tasks": [{"id": task}], "to_list": work})["moved"] == 1
    client.lists.delete(work, tasks="delete")


def reminders(space: SpaceClient, task_id: str) -> None:
    at: ReminderAt = {"at": "2035-01-01T10:00:00Z"}
    before = space.reminders.get(task_id)
    given = space.reminders.update(task_id, {"reminders": [at]}, if_match=before.etag)
    assert space.reminders.get(task_id) == given
    page = space.reminders.list(limit=1)
    assert page["tasks"] == [{"task_id": task_id, "reminders": [at]}]
    assert list(space.reminders.iterate(limit=1)) == page["tasks"]


def members(client: Client, space: SpaceClient) -> None:
    me = space.members.get("me")
    assert space.members.list() == [me.value]
    assert space.members.update("me", {"name": "Ola"}, if_match=me.etag).value["name"] == "Ola"
    assert space.members.patch("me", {"name": "Olga"}).value["name"] == "Olga"
    with pytest.raises(LastOwner):
        space.members.remove("me")
    invited = space.invitations.create(role="viewer", idempotency_key="invitation")
    assert "invitation" not in space.invitations.create(role="viewer", idempotency_key="invitation")
    assert [one["id"] for one in space.invitations.list()] == [invited["id"]]
    joined = client.spaces.redeem(invited["invitation"], name="Nobody new")
    assert joined["member"]["name"] == "Olga", "the user is a member already"
    assert space.invitations.revoke(invited["id"])["id"] == invited["id"]
    assert space.invitations.list() == []


def own_data(client: Client) -> None:
    user = client.me.get()
    exported = client.me.export()
    assert exported["user"] == user
    parts = b"".join(client.me.export_parts())
    assert json.loads(parts) == exported
    assert client.me.import_(parts) == {"imported": 0, "skipped": len(exported["tasks"])}
    assert b"".join(client.me.export_calendar_parts()).decode() == client.me.export_calendar()
    assert client.me.export_calendar().startswith("BEGIN:VCALENDAR")
    assert client.me.update(time_zone="Europe/Berlin")["time_zone"] == "Europe/Berlin"
    assert "time_zone" not in client.me.update(time_zone=None)
    cursor = client.changes.list()["cursor"]
    assert client.me.erase()["message"] == "All data deleted"
    with pytest.raises(CursorExpired):
        client.changes.list(since=cursor)
    assert client.me.import_(exported)["imported"] == len(exported["tasks"])


def health(client: Client) -> None:
    assert client.health()["status"] == "healthy"
    assert client.ready()["status"] == "ready"


def session(client: Client) -> None:
    """Carries out every operation; a result that is not as expected ends it."""
    tasks(client)
    ids_of_the_client(client)
    lists_and_labels(client)
    trash(client)
    comments(client)
    access_tokens(client)
    recurrence(client)
    batches(client)
    changes(client)
    spaces(client)
    own_data(client)
    health(client)
