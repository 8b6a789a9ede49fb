"""The reminders that are due: each is taken from its table in the transaction that stores its delivery."""

from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from taskward.database.statements import TransactionSteps
from taskward.http.responses import rfc3339
from taskward.tasks.records import task_json, task_record
from taskward.tasks.tables import TaskRecord, columns_after_task
from taskward.webhooks.deliveries import Composed, compose
from taskward.webhooks.reminder_statements import DUE_REMINDER, TAKE_REMINDER


def next_reminder_steps(owner: UUID, acknowledged: str | None) -> TransactionSteps[Composed | None]:
    """Takes the first due reminder of an owner and composes its delivery; returns None without any."""
    while rows := (yield DUE_REMINDER, {"owner": owner}):
        task = task_record(rows[0])
        n, fire_at = columns_after_task(rows[0])
        yield TAKE_REMINDER, {"owner": owner, "task_id": UUID(str(task.id)), "n": n}
        if not task.is_completed:
            data = {
                "user_id": owner,
                "task": task_json(task),
                "reminder": _reminder(task, n, fire_at),
                "due_at": rfc3339(fire_at),
            }
            delivery_id = _reminder_id(owner, task, n, fire_at)
            return compose("task.reminder_due", data, upto=acknowledged, delivery_id=delivery_id)
    return None


def _reminder(task: TaskRecord, n: int, fire_at: datetime) -> Any:
    """Returns a reminder as the task shows it."""
    shown = orjson.loads(task.extra or "{}").get("reminders", [])
    return shown[n] if n < len(shown) else {"at": rfc3339(fire_at)}


def _reminder_id(owner: UUID, task: TaskRecord, n: int, fire_at: datetime) -> str:
    """Returns the id of its delivery, the same in every process and at any time."""
    identity = f"{owner} {task.id} {n} {rfc3339(fire_at)}"
    return f"rem_{blake2b(identity.encode(), digest_size=16).hexdigest()}"
