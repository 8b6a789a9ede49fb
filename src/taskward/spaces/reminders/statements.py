"""The reads of a member's own reminders; a space adds the caller to them."""

from typing import Final

from sqlalchemy import Integer, bindparam, literal_column, select

from taskward.database.statements import Read
from taskward.database.types import Id
from taskward.spaces.tables import MEMBERS
from taskward.tasks.member_tables import MEMBER_REMINDERS
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER

_TASK_ID: Final = bindparam("task_id", type_=Id())
_ME: Final = (
    select(MEMBERS.c.id)
    .where(MEMBERS.c.user_id == OWNER, MEMBERS.c.person_id == bindparam("caller", type_=Id()))
    .scalar_subquery()
)
_MINE: Final = (MEMBER_REMINDERS.c.user_id == OWNER) & (MEMBER_REMINDERS.c.member_id == _ME)

MY_REMINDERS: Final = Read(
    "reminders of the caller for a task",
    select(
        *(
            select(column).where(_MINE, MEMBER_REMINDERS.c.task_id == _TASK_ID).scalar_subquery().label(name)
            for name, column in (
                ("reminders", MEMBER_REMINDERS.c.reminders),
                ("version", MEMBER_REMINDERS.c.version),
            )
        )
    ).where(TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID),
)
"""Nulls without any, and no row without the task."""

ALL_MY_REMINDERS: Final = Read(
    "reminders of the caller after a task",
    select(MEMBER_REMINDERS.c.task_id, MEMBER_REMINDERS.c.reminders)
    .where(
        _MINE,
        MEMBER_REMINDERS.c.task_id > bindparam("after_id", type_=Id()),
        MEMBER_REMINDERS.c.reminders != literal_column("'[]'"),
    )
    .order_by(MEMBER_REMINDERS.c.task_id)
    .limit(bindparam("limit", type_=Integer())),
)
