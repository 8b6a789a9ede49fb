"""An owner with very many rows in every table, put straight into the tables."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI

from support.paging import NOON, insert_rows

FIRST_VERSION: Final = 1_000_000
RARE_LABEL: Final = "rare"

_IN_THE_FUTURE: Final = timedelta(days=20_000)
_REMINDERS: Final = '{"reminders":[{"before_minutes":10}]}'


def task_id(n: int) -> UUID:
    return _id(1, n)


def list_id(n: int) -> UUID:
    return _id(2, n)


def series_id(n: int) -> UUID:
    return _id(3, n)


def deleted_id(n: int) -> UUID:
    return _id(4, n)


async def insert_many_rows(app: FastAPI, owner: UUID, tasks: int) -> None:
    """Inserts an owner with that many tasks, and as many rows of other tables as such an owner can have.

    Tasks are in lists, have subtasks, labels, reminders, dates and series, and are staged once more. Half as
    many are in the trash. Each task has two comments and reminders of two members, of fifty, and two
    entries in the activity.
    """
    rows: dict[str, Any] = {
        "users": [_of(id=owner, seq=10 * FIRST_VERSION, horizon=1)],
        "lists": (_list(n) for n in range(max(tasks // 50, 1))),
        "tasks": (_task(n, tasks) for n in range(tasks)),
        "task_labels": (_label(n) for n in range(0, tasks, 2)),
        "reminders": (
            {"task_id": task_id(n), "n": 0, "fire_at": NOON + _IN_THE_FUTURE + timedelta(hours=n)}
            for n in range(0, tasks, 5)
        ),
        "tombstones": (
            {"task_id": deleted_id(n), "version": 2 * FIRST_VERSION + n, "deleted_at": NOON}
            for n in range(tasks // 10)
        ),
        "trash": (_trashed(n) for n in range(tasks // 2)),
        "list_tombstones": (
            {"list_id": deleted_id(n), "version": 3 * FIRST_VERSION + n, "deleted_at": NOON}
            for n in range(tasks // 10)
        ),
        "comments": (_comment(n, _id(8, n), task_id(n // 2)) for n in range(tasks)),
        "trash_comments": (_comment(n, _id(9, n), _id(7, n // 2)) for n in range(tasks)),
        "comment_tombstones": (
            {"comment_id": deleted_id(n), "version": 6 * FIRST_VERSION + n, "deleted_at": NOON}
            for n in range(tasks // 10)
        ),
        "member_reminders": (_reminders(n, task_id(n // 2)) for n in range(tasks)),
        "trash_member_reminders": (_reminders(n, _id(7, n // 2)) for n in range(tasks)),
        "activity": (_entry(n, task_id(n // 2)) for n in range(tasks)),
        "import_comments": (_staged_comment(n) for n in range(tasks)),
        "idempotency_keys": (_response(n) for n in range(tasks // 20)),
        "import_tasks": (_staged(n) for n in range(tasks)),
    }
    for table, of_table in rows.items():
        owned = {} if table == "users" else {"user_id": owner}
        await insert_rows(app, table, [owned | row for row in of_table])


def _entry(n: int, task: UUID) -> dict[str, Any]:
    return {"id": _id(10, n), "at": NOON + timedelta(seconds=n), "action": "updated", "task_id": task}


def _id(kind: int, n: int) -> UUID:
    return UUID(int=0x0190B0A0 << 96 | 0x7 << 76 | 0x8 << 60 | kind << 40 | n)


def _of(**values: Any) -> dict[str, Any]:
    return values | {"created_at": NOON, "updated_at": NOON}


def _list(n: int) -> dict[str, Any]:
    return _of(
        id=list_id(n),
        title="List",
        is_archived=n % 10 == 0,
        position=f"a{n:05}",
        version=4 * FIRST_VERSION + n,
    )


def _task(n: int, tasks: int) -> dict[str, Any]:
    is_completed = n % 3 == 0
    return _of(
        id=task_id(n),
        title=f"Task {n}",
        title_folded=f"task {n}",
        is_completed=is_completed,
        completed_at=NOON + timedelta(seconds=n) if is_completed else None,
        version=FIRST_VERSION + n,
        list_id=list_id(n % (tasks // 50)) if n % 4 else None,
        parent_id=task_id(n - n % 20) if n % 20 in {1, 2, 3} else None,
        extra=_REMINDERS if n % 5 == 0 else None,
        due_key=f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T24:00" if n % 4 == 0 else None,
        due_utc=NOON if n % 8 == 0 else None,
        priority=n % 4 + 1 if n % 6 == 0 else None,
        series_id=series_id(n % (tasks // 70)) if n % 7 == 0 else None,
    )


def _trashed(n: int) -> dict[str, Any]:
    return _of(
        id=_id(7, n),
        title=f"Task {n}",
        title_folded=f"task {n}",
        is_completed=False,
        version=FIRST_VERSION + n,
        deleted_at=NOON
        + _IN_THE_FUTURE
        + timedelta(seconds=n - n % 5),  # else a run of the service deletes it
        deleted_with=_id(7, n - n % 5) if n % 5 else None,
    )


def _staged_comment(n: int) -> dict[str, Any]:
    return _of(id=_id(10, n), task_id=task_id(n // 2), text=f"Comment {n}")


def _comment(n: int, comment_id: UUID, of_task: UUID) -> dict[str, Any]:
    author = member_id(n % 50) if n % 5 else None
    values = {"author_id": author, "version": 5 * FIRST_VERSION + n}
    return _of(id=comment_id, task_id=of_task, text=f"Comment {n}", **values)


def _reminders(n: int, of_task: UUID) -> dict[str, Any]:
    values = {"slot": n % 2 + 1, "reminders": '[{"offset_minutes": -30}]', "version": n + 1}
    return {"member_id": member_id(n % 50), "task_id": of_task, **values}


def member_id(n: int) -> UUID:
    return _id(11, n)


def _label(n: int) -> dict[str, Any]:
    label = RARE_LABEL if n % 40 == 0 else f"label {n % 100}"
    return {"task_id": task_id(n), "label_folded": label, "label": label}


def _response(n: int) -> dict[str, Any]:
    return {
        "key": f"key {n}",
        "digest": "digest",
        "status": 201,
        "body": "{}",
        "created_at": NOON + timedelta(seconds=n),
    }


def _staged(n: int) -> dict[str, Any]:
    return _of(
        id=_id(5, n),
        given_id=_id(6, n) if n % 10 == 0 else None,
        title="Task",
        title_folded="task",
        is_completed=False,
        parent_id=_id(5, n - n % 9) if n % 9 else None,
        series_id=series_id(n) if n % 9 == 1 else None,
        labels='[["label", "label"]]',
    )
