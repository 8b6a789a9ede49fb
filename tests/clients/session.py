"""Every operation of the API, with the client that openapi-python-client has generated.

test_generated.py has mypy check it and runs it; a step that does not come out as expected ends it.
"""

import os
from typing import TypeVar

from generated import AuthenticatedClient, Client
from generated.api.changes import list_changes
from generated.api.health import get_health, get_readiness
from generated.api.labels import list_labels, remove_label, rename_label
from generated.api.my_data import erase_me, export_me, get_me, import_me
from generated.api.tasks import (
    batch_tasks,
    create_task,
    delete_task,
    get_task,
    list_tasks,
    patch_task,
    update_task,
)
from generated.models import (
    Batch,
    ChangeList,
    CreatedResult,
    CreateOperation,
    DeletedResult,
    DeleteOperation,
    Error,
    Export,
    FailedResult,
    Import,
    LabelRemoval,
    LabelRenaming,
    ListTasksSort,
    NewTask,
    NewTaskDate,
    Task,
    TaskChanges,
    TaskDateChanges,
    TaskList,
    TaskPriority,
    UpdatedResult,
    UpdateOperation,
    Upsert,
    User,
)
from generated.types import UNSET

T = TypeVar("T")

client = AuthenticatedClient(base_url=os.environ["SERVICE_URL"], token=os.environ["TOKEN"])


def success(response: T | Error | None) -> T:
    """Returns the data of a success; fails with the code of an error."""
    assert response is not None
    assert not isinstance(response, Error), response.code
    return response


def error(response: object) -> Error:
    assert isinstance(response, Error)
    return response


def create_list_read_update_delete() -> Task:
    milk = NewTask(title="Buy milk", description="Two litres")
    created = create_task.sync_detailed(client=client, body=milk, idempotency_key="python")
    etag = created.headers["ETag"]
    task = success(created.parsed)
    assert success(create_task.sync(client=client, body=milk, idempotency_key="python")) == task

    tasks: TaskList = success(list_tasks.sync(client=client, limit=10, sort=ListTasksSort.TITLE))
    assert tasks.tasks == [task]
    assert tasks.next_cursor is None
    assert success(get_task.sync(task.id, client=client)) == task
    assert get_task.sync_detailed(task.id, client=client, if_none_match=etag).status_code == 304

    done = TaskChanges(is_completed=True)
    updated = success(update_task.sync(task.id, client=client, body=done, if_match=etag))
    assert (updated.title, updated.is_completed) == ("Buy milk", True)
    sent_back = TaskChanges.from_dict({**updated.to_dict(), "title": "Buy bread"})
    assert success(patch_task.sync(task.id, client=client, body=sent_back)).title == "Buy bread"
    assert error(delete_task.sync(task.id, client=client, if_match=etag)).code == "PRECONDITION_FAILED"

    assert success(delete_task.sync(task.id, client=client)).id == task.id
    details = error(create_task.sync(client=client, body=NewTask(title=""))).details
    assert details is not UNSET
    assert [(one.field, one.message) for one in details or []] == [("title", "Title cannot be empty")]
    return task


def optional_fields() -> None:
    call = NewTask(
        title="Call",
        due=NewTaskDate(date="2026-11-21", time="14:30", time_zone="Europe/Berlin"),
        priority=TaskPriority.HIGH,
        labels=["home", "phone"],
    )
    task = success(create_task.sync(client=client, body=call))
    assert (task.priority, task.labels, task.start) == (TaskPriority.HIGH, ["home", "phone"], UNSET)
    moved = TaskChanges(due=TaskDateChanges(date="2026-12-01"), add_labels=["work"])
    task = success(patch_task.sync(task.id, client=client, body=moved))
    assert task.due
    assert (task.due.date, task.due.time) == ("2026-12-01", "14:30")
    sent_back = TaskChanges.from_dict(task.to_dict())
    assert success(update_task.sync(task.id, client=client, body=sent_back)).due == task.due

    renaming = LabelRenaming(from_="work", to="office")
    assert success(rename_label.sync(client=client, body=renaming)).tasks == 1
    assert success(remove_label.sync(client=client, body=LabelRemoval(label="phone"))).tasks == 1
    listed = success(list_labels.sync(client=client, limit=10)).labels
    assert [(one.label, one.tasks) for one in listed] == [("home", 1), ("office", 1)]
    success(delete_task.sync(task.id, client=client))


def batch(gone: Task) -> None:
    first = Batch(
        operations=[
            CreateOperation(op="create", task=NewTask(title="One")),
            CreateOperation(op="create", task=NewTask(title="Two")),
            DeleteOperation(op="delete", id=gone.id),
        ]
    )
    one, two, failed = success(batch_tasks.sync(client=client, body=first)).results
    assert isinstance(one, CreatedResult)
    assert isinstance(two, CreatedResult)
    assert isinstance(failed, FailedResult)
    assert failed.code == "NOT_FOUND"

    second = Batch(
        operations=[
            UpdateOperation(op="update", id=one.task.id, if_match="*", task=TaskChanges(is_completed=True)),
            DeleteOperation(op="delete", id=two.task.id),
        ],
        atomic=True,
    )
    updated, deleted = success(batch_tasks.sync(client=client, body=second)).results
    assert isinstance(updated, UpdatedResult)
    assert updated.task.is_completed
    assert isinstance(deleted, DeletedResult)
    assert deleted.id == two.task.id


def changes() -> None:
    titles: dict[str, str] = {}
    page: ChangeList | None = None
    while page is None or page.has_more:
        page = success(list_changes.sync(client=client, limit=2, since=page.cursor if page else UNSET))
        for change in page.changes:
            if isinstance(change, Upsert):
                assert change.task
                titles[str(change.task.id)] = change.task.title
            else:
                titles.pop(str(change.id), None)
    assert list(titles.values()) == ["One"]


def my_data() -> None:
    me: User = success(get_me.sync(client=client))
    exported: Export = success(export_me.sync(client=client))
    assert exported.user == me
    document = Import.from_dict(exported.to_dict())
    again = success(import_me.sync(client=client, body=document))
    assert (again.imported, again.skipped) == (0, 1)
    assert success(erase_me.sync(client=client)).message == "All data deleted"
    assert success(import_me.sync(client=client, body=document)).imported == 1


anonymous = Client(base_url=os.environ["SERVICE_URL"])
assert success(get_health.sync(client=anonymous)).status == "healthy"
assert success(get_readiness.sync(client=anonymous)).status == "ready"
optional_fields()
batch(create_list_read_update_delete())
changes()
my_data()
print("done")  # noqa: T201 - what the test waits for
