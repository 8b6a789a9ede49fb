"""The tables of what each member of a space has for a task, which no other member sees."""

from typing import Any, Final

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, Table, Text, text
from sqlmodel import SQLModel

from taskward.database.types import STRICT, Counter, Id


def _of_tasks(name: str, tasks: str) -> tuple[Any, ...]:
    """Returns the columns of what is deleted with a task of that table."""
    return (
        Column("user_id", Id, primary_key=True),
        Column("member_id", Id, primary_key=True),
        Column("task_id", Id, primary_key=True),
        Column("slot", Integer, nullable=False),
        Column("reminders", Text, nullable=False),
        Column("version", Counter, nullable=False),
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            [f"{tasks}.user_id", f"{tasks}.id"],
            name=f"fk_{name}_task",
            ondelete="CASCADE",
        ),
        # Its condition, which every row meets, is implied by a comparison of task ids only: see `TaskRow`.
        Index(
            f"ix_{name}_user_id_task_id",
            "user_id",
            "task_id",
            "slot",
            postgresql_where=text("task_id IS NOT NULL"),
        ),
    )


MEMBER_REMINDERS: Final = Table(
    "member_reminders", SQLModel.metadata, *_of_tasks("member_reminders", "tasks"), **STRICT
)
"""The reminders that a member has for a task, a JSON array, which is empty once the member has removed them.

No two members have the same `slot` for a task, and none has 0: see `ReminderRow`. `version` is for entity
tags only: the owner's counter is not moved.
"""

TRASH_MEMBER_REMINDERS: Final = Table(
    "trash_member_reminders", SQLModel.metadata, *_of_tasks("trash_member_reminders", "trash"), **STRICT
)
"""Those for tasks in the trash."""
