"""The reminders that are due: each is taken from its table in the transaction that stores its delivery."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from taskward.database.statements import TransactionSteps
from taskward.http.responses import rfc3339
from taskward.tasks.fields.reminders import MAX_REMINDERS
from taskward.tasks.records import task_json, task_record
from taskward.tasks.tables import TaskRecord, columns_after_task
from taskward.webhooks.deliveries import Composed, Source, compose
from taskward.webhooks.reminder_statements import DUE_REMINDER, REMINDED_MEMBER, REMINDER, TAKE_REMINDER


class _Reminded(NamedTuple):
    """The keys of a delivery that name the member, if it is of one, and the reminders among which it is."""

    ids: dict[str, str]
    reminders: Sequence[Any]


def next_reminder_steps(source: Source, acknowledged: str | None) -> TransactionSteps[Composed | None]:
    """Takes the first due reminder of an owner and composes its delivery; returns None without any."""
    owner = source.owner
    while rows := (yield DUE_REMINDER, {"owner": owner}):
        task = task_record(rows[0])
        n, fire_at = columns_after_task(rows[0])
        yield TAKE_REMINDER, {"owner": owner, "task_id": UUID(str(task.id)), "n": n}
        if not task.is_completed:
            slot, index = divmod(n, MAX_REMINDERS)
            reminded = yield from _reminded_steps(owner, task, slot)
            shown = reminded.reminders
            data = {
                **source.ids,
                **reminded.ids,
                "task": task_json(task),
                "reminder": shown[index] if index < len(shown) else {"at": rfc3339(fire_at)},
                "due_at": rfc3339(fire_at),
            }
            delivery_id = _reminder_id(owner, task, n, fire_at)
            return compose("task.reminder_due", data, upto=acknowledged, delivery_id=delivery_id)
    return None


def _reminded_steps(owner: UUID, task: TaskRecord, slot: int) -> TransactionSteps[_Reminded]:
    """Returns the member of that slot, or the owner of a private task."""
    if not slot:
        return _Reminded({}, orjson.loads(task.extra or "{}").get("reminders", []))
    rows = yield REMINDED_MEMBER, {"owner": owner, "task_id": UUID(str(task.id)), "slot": slot}
    member_id, person_id, reminders = rows[0]
    return _Reminded({"member_id": str(member_id), "person_id": str(person_id)}, orjson.loads(reminders))


def _reminder_id(owner: UUID, task: TaskRecord, n: int, fire_at: datetime) -> str:
    """Returns the id of its delivery, the same in every process and at any time."""
    identity = f"{owner} {task.id} {n} {rfc3339(fire_at)}"
    return f"{REMINDER}{blake2b(identity.encode(), digest_size=16).hexdigest()}"
