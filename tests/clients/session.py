"""Every operation of the API, with the client that openapi-python-client has generated.

test_generated.py has mypy check it and runs it; a step that does not come out as expected ends it.
"""

import os
from typing import TypeVar

from generated import AuthenticatedClient, Client
from generated.api.batch import batch as run_batch
from generated.api.changes import list_changes
from generated.api.health import get_health, get_readiness
from generated.api.labels import list_labels, remove_label, rename_label
from generated.api.lists import create_list, delete_list, update_list
from generated.api.my_data import erase_me, export_calendar, export_me, get_me, import_me, patch_me
from generated.api.tasks import (
    batch_tasks,
    create_task,
    delete_task,
    get_task,
    list_tasks,
    patch_task,
    update_task,
)
from generated.api.trash import empty_trash, list_trash, purge_task, restore_task
from generated.models import (
    Batch,
    ChangeList,
    CommentUpsert,
    CreatedListResult,
    CreatedResult,
    CreateList,
    CreateOperation,
    DeletedListResult,
    DeletedResult,
    DeleteList,
    DeleteOperation,
    Error,
    Export,
    FailedResult,
    Import,
    LabelRemoval,
    LabelRenaming,
    ListChanges,
    ListDeletion,
    ListExists,
    ListTasksSort,
    ListUpsert,
    MembershipUpsert,
    MismatchedListResult,
    MismatchedResult,
    MixedBatch,
    NewList,
    NewTask,
    NewTaskDate,
    Restoration,
    Task,
    TaskChanges,
    TaskDateChanges,
    TaskDeletion,
    TaskExists,
    TaskList,
    TaskPriority,
    TaskUpsert,
    UpdatedListResult,
    UpdatedResult,
    UpdateList,
    UpdateOperation,
    User,
    UserChanges,
)
from generated.types import UNSET

T = TypeVar("T")

client = AuthenticatedClient(base_url=os.environ["SERVICE_URL"], token=os.environ["TOKEN"])


def success(response: T | Error | TaskExists | ListExists | None) -> T:
    """Returns the data of a success; fails with the code of an error."""
    assert response is not None
    assert not isinstance(response, Error | TaskExists | ListExists), response.code
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


def creation_at_an_id_that_exists() -> None:
    there = success(create_task.sync(client=client, body=NewTask(title="There")))
    again = update_task.sync(there.id, client=client, body=NewTask(title="x"), if_none_match="*")
    assert isinstance(again, TaskExists)
    assert again.task == there
    outdated = update_task.sync(there.id, client=client, body=TaskChanges(title="x"), if_match='"1"')
    assert error(outdated).code == "PRECONDITION_FAILED"
    success(delete_task.sync(there.id, client=client))

    listed = success(create_list.sync(client=client, body=NewList(title="There")))
    once_more = update_list.sync(listed.id, client=client, body=NewList(title="x"), if_none_match="*")
    assert isinstance(once_more, ListExists)
    assert once_more.list_ == listed
    success(delete_list.sync(listed.id, client=client))


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


def trash() -> None:
    task = success(create_task.sync(client=client, body=NewTask(title="Kept for a while")))
    success(delete_task.sync(task.id, client=client, to="trash"))
    [trashed] = success(list_trash.sync(client=client, limit=10)).tasks
    assert (trashed.task, trashed.deleted_with) == (task, UNSET)
    restored = success(restore_task.sync(task.id, client=client, body=Restoration()))
    assert (restored.id, restored.created_at) == (task.id, task.created_at)
    again = restore_task.sync(task.id, client=client, body=Restoration())
    assert error(again).code == "NOT_FOUND"
    success(delete_task.sync(task.id, client=client, to="trash"))
    assert success(purge_task.sync(task.id, client=client)).id == task.id
    assert success(empty_trash.sync(client=client)).deleted == 0


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

    outdated = Batch(operations=[DeleteOperation(op="delete", id=one.task.id, if_match='"1"')])
    [mismatched] = success(batch_tasks.sync(client=client, body=outdated)).results
    assert isinstance(mismatched, MismatchedResult)
    assert (mismatched.task, mismatched.etag) == (updated.task, updated.etag)


def batch_of_lists() -> None:
    home = success(create_list.sync(client=client, body=NewList(title="Home")))
    operations: list[CreateList | UpdateList | DeleteList] = [
        CreateList(op="create", kind="list", list_=NewList(title="Work")),
        UpdateList(op="update", kind="list", id=home.id, list_=ListChanges(title="House")),
        DeleteList(op="delete", kind="list", id=home.id, if_match='"1"'),
        DeleteList(op="delete", kind="list", id=home.id),
    ]
    created, updated, mismatched, deleted = success(
        run_batch.sync(client=client, body=MixedBatch(operations=[*operations]))
    ).results
    assert isinstance(created, CreatedListResult)
    assert isinstance(updated, UpdatedListResult)
    assert isinstance(mismatched, MismatchedListResult)
    assert mismatched.list_ == updated.list_
    assert isinstance(deleted, DeletedListResult)
    success(delete_list.sync(created.list_.id, client=client))
    success(create_list.sync(client=client, body=NewList(title="Kept")))


def changes() -> None:
    tasks: dict[str, str] = {}
    lists: dict[str, str] = {}
    kinds = set()
    page: ChangeList | None = None
    while page is None or page.has_more:
        cursor = page.cursor if page else UNSET
        page = success(list_changes.sync(client=client, limit=2, since=cursor, kinds="tasks,lists"))
        for change in page.changes:
            kinds.add(type(change))
            if isinstance(change, TaskUpsert):
                tasks[str(change.task.id)] = change.task.title
            elif isinstance(change, ListUpsert):
                lists[str(change.list_.id)] = change.list_.title
            elif not isinstance(change, CommentUpsert | MembershipUpsert):
                (lists if isinstance(change, ListDeletion) else tasks).pop(str(change.id), None)
    assert kinds == {TaskUpsert, ListUpsert, TaskDeletion, ListDeletion}
    assert (list(tasks.values()), list(lists.values())) == (["One"], ["Kept"])


def my_data() -> None:
    me: User = success(get_me.sync(client=client))
    assert success(patch_me.sync(client=client, body=UserChanges(time_zone=None))).id == me.id
    exported: Export = success(export_me.sync(client=client))
    assert exported.user
    assert exported.user.id == me.id
    assert success(export_calendar.sync(client=client)).count("BEGIN:VTODO") == 1
    document = Import.from_dict(exported.to_dict())
    again = success(import_me.sync(client=client, body=document))
    assert (again.imported, again.skipped) == (0, 1)
    assert success(erase_me.sync(client=client)).message == "All data deleted"
    assert success(import_me.sync(client=client, body=document)).imported == 1


anonymous = Client(base_url=os.environ["SERVICE_URL"])
assert success(get_health.sync(client=anonymous)).status == "healthy"
assert success(get_readiness.sync(client=anonymous)).status == "ready"
creation_at_an_id_that_exists()
optional_fields()
trash()
batch(create_list_read_update_delete())
batch_of_lists()
changes()
my_data()
print("done")  # noqa: T201 - what the test waits for
