"""Every operation of the API, with the synchronous Python client."""

import json
from typing import assert_type

import pytest

from taskward_client import (
    Client,
    CursorExpired,
    Gone,
    ListNotEmpty,
    NotFound,
    PreconditionFailed,
    ValidationFailed,
    new_id,
)
from taskward_client.types import (
    FailedResult,
    ListDeletion,
    ListUpsert,
    MismatchedResult,
    TaskDeletion,
    TaskUpsert,
)

NOW = "2026-11-21T14:30:00+01:00"


def tasks(client: Client) -> None:
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


def ids_of_the_client(client: Client) -> None:
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


def lists_and_labels(client: Client) -> None:
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


def trash(client: Client) -> None:
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


def recurrence(client: Client) -> None:
    task = client.tasks.create(
        {"title": "Water", "due": {"date": "2026-11-23"}, "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=MO"}}
    )
    assert client.tasks.occurrences(task.value["id"], limit=2) == ["2026-11-30", "2026-12-07"]
    done = client.tasks.update(task.value["id"], {"is_completed": True})
    assert client.tasks.get(done.value["next_id"]).value["due"]["date"] > "2026-11-23"
    client.tasks.update(task.value["id"], {"is_completed": False})
    client.tasks.delete(task.value["id"])


def batches(client: Client) -> None:
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
                assert_type(change, TaskDeletion | ListDeletion)
                applied.pop(change["id"], None)
            else:
                assert_type(change, ListUpsert)
        cursor = page["cursor"]
    assert list(applied.values()) == client.tasks.list()["tasks"]
    assert client.changes.list(since=cursor)["changes"] == []


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
    access_tokens(client)
    recurrence(client)
    batches(client)
    changes(client)
    own_data(client)
    health(client)
