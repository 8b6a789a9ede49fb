"""The statements on due reminders. The one of several owners reads ids and times only."""

from typing import Final

from sqlalchemy import Integer, bindparam, delete, exists, func, literal_column, select

from taskward.database.functions import clock_instant, once
from taskward.database.outbox import MARKS
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Id
from taskward.spaces.tables import MEMBERS
from taskward.tasks.instant_tables import REMINDERS
from taskward.tasks.member_tables import MEMBER_REMINDERS
from taskward.tasks.tables import COLUMNS, TASKS
from taskward.users.statements import OWNER

REMINDER: Final = "rem_"
"""The beginning of the id of each delivery of a reminder, and of no other."""

_LIMIT: Final = bindparam("limit", type_=Integer())

NEXT_REMINDERS: Final = Read(
    "owners with the next reminders",
    select(REMINDERS.c.user_id, REMINDERS.c.fire_at)
    .where(
        REMINDERS.c.fire_at.is_not(None),
        ~exists().where(MARKS.c.user_id == REMINDERS.c.user_id, MARKS.c.next_at.is_not(None)),
    )
    .order_by(REMINDERS.c.fire_at)
    .limit(_LIMIT),
    cross_owner=True,
)
"""Of those who are not marked: their next delivery sees their reminders anyway."""

_IS_DUE: Final = (
    REMINDERS.c.user_id == OWNER,
    REMINDERS.c.fire_at <= once(clock_instant(literal_column("0"))),
)
NO_REMINDER_IS_DUE: Final = select(func.min(REMINDERS.c.fire_at)).where(*_IS_DUE).scalar_subquery().is_(None)
"""The first one along the index: for an EXISTS, PostgreSQL expects one among any few rows."""

DUE_REMINDER: Final = Read(
    "first due reminder",
    select(*COLUMNS, REMINDERS.c.n, REMINDERS.c.fire_at)
    .join(TASKS, (TASKS.c.user_id == REMINDERS.c.user_id) & (TASKS.c.id == REMINDERS.c.task_id))
    .where(*_IS_DUE, TASKS.c.user_id == OWNER)
    .order_by(REMINDERS.c.fire_at, REMINDERS.c.task_id, REMINDERS.c.n)
    .limit(literal_column("1")),
)
"""With the task, then the number and the time of the reminder."""

REMINDED_MEMBER: Final = Read(
    "member whose reminder is due",
    select(MEMBER_REMINDERS.c.member_id, MEMBERS.c.person_id, MEMBER_REMINDERS.c.reminders)
    .join(
        MEMBERS,
        (MEMBERS.c.user_id == MEMBER_REMINDERS.c.user_id) & (MEMBERS.c.id == MEMBER_REMINDERS.c.member_id),
    )
    .where(
        MEMBER_REMINDERS.c.user_id == OWNER,
        MEMBERS.c.user_id == OWNER,
        MEMBER_REMINDERS.c.task_id == bindparam("task_id", type_=Id()),
        MEMBER_REMINDERS.c.slot == bindparam("slot", type_=Integer()),
    )
    .with_hint(MEMBER_REMINDERS, "INDEXED BY ix_member_reminders_user_id_task_id", "sqlite"),
)
"""The member, the person and the member's reminders for the task."""

TAKE_REMINDER: Final = Command(
    "take a reminder",
    delete(REMINDERS).where(
        REMINDERS.c.user_id == OWNER,
        REMINDERS.c.task_id == bindparam("task_id", type_=Id()),
        REMINDERS.c.n == bindparam("n", type_=Integer()),
    ),
    quiet=True,
)

_HAS_PASSED: Final = REMINDERS.c.fire_at <= once(clock_instant(bindparam("retention", type_=Counter)))

PASSED_REMINDERS: Final = Read(
    "owners with passed reminders",
    select(REMINDERS.c.user_id).where(_HAS_PASSED).order_by(REMINDERS.c.fire_at).limit(_LIMIT),
    cross_owner=True,
)
DROP_PASSED: Final = Command(
    "drop passed reminders", delete(REMINDERS).where(REMINDERS.c.user_id == OWNER, _HAS_PASSED), quiet=True
)
"""Those whose moment was more than `retention` microseconds ago."""
