"""The forms of statements for a space, whose members ask for its rows.

A read of a space also has the condition that the caller is a member with the needed role. The condition and
the rows are of one snapshot, so what is written after a removal is never shown to the removed member.

A write of one task has that condition, too. It changes nothing if others have written in the space since the
statement began, as every change of the members does. Other writes need no condition: they run under the lock
of the space's row, once the caller is authorized. No write may create a person in place of a space that was
deleted.
"""

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final, cast

from sqlalchemy import (
    BooleanClauseList,
    Insert,
    Integer,
    Select,
    SelectBase,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import replacement_traverse

from taskward.activity.statements import OF_WRITE
from taskward.database.functions import CONDITIONAL, once, unless_locked
from taskward.database.statements import (
    MAX_COMPILED,
    STATEMENTS,
    AuthorizedWrite,
    Command,
    Read,
    Statement,
    Write,
)
from taskward.database.types import Id
from taskward.spaces.statements import IS_IN_SPACE
from taskward.spaces.tables import MEMBERS
from taskward.tasks.statements import CREATE_TASK, READ_TO_CHANGE, can_be_new, insert_tasks
from taskward.users.statements import COUNT_MANY, COUNT_MANY_OF_PERSON, OWNER, bump_owner, is_as_read
from taskward.users.tables import USERS

CALLER: Final = bindparam("caller", type_=Id())
LEAST_ROLE: Final = bindparam("least_role", type_=Integer())

_ME: Final = (MEMBERS.c.user_id == OWNER, MEMBERS.c.person_id == CALLER)
IS_MEMBER: Final = select(MEMBERS.c.role).where(*_ME).scalar_subquery() >= LEAST_ROLE
"""Whether the caller is a member of the owner, a space, with that role or a higher one.

Of an EXISTS in a batched read PostgreSQL may make a search through all members of that role.
"""

_MY_ROLE: Final = (MEMBERS.c.id, MEMBERS.c.role)
MY_ROLE: Final = Read(
    "role of the caller",
    select(*_MY_ROLE).where(*_ME, MEMBERS.c.role.is_not(None)),
    batch_keys=("owner", "caller"),
    if_visible=IS_IN_SPACE,
)
"""The id and the role of the caller as a member."""

MY_ROLE_WIDTH: Final = len(_MY_ROLE)

AUTHORS: Final = frozenset({"created_by", "updated_by", "activity_actor_id"})
"""The values of a write that are the id of the caller as a member."""

_AGGREGATES: Final = frozenset({"count", "min", "max", "sum"})


@lru_cache(MAX_COMPILED)
def read_in_space(read: Read) -> Read:
    """Returns the form of a read that returns no row unless the caller is a member.

    That of `READ_TO_CHANGE` also returns the columns of `MY_ROLE`, last, for the write that follows it.
    """
    statement = _for_members(read.statement)
    if read is READ_TO_CHANGE:
        statement = statement.add_columns(*_MY_ROLE).where(*_ME)
    return replace(
        read,
        name=f"{read.name}, in a space",
        statement=statement,
        batch_keys=(*read.batch_keys, CALLER.key) if read.batch_keys else (),
        if_visible=IS_MEMBER,
        only_if=IS_MEMBER,
    )


@lru_cache(MAX_COMPILED)
def presence_in_space(read: Read) -> Read:
    """Returns the form of a read that returns the columns of `MY_ROLE`, and the number of its rows.

    For an EXISTS, PostgreSQL would not keep to the order of the read, and so not to its index.
    """
    rows = read.statement.correlate(None).subquery()
    return replace(
        MY_ROLE,
        name=f"{read.name}, whether there is any",
        statement=MY_ROLE.statement.add_columns(select(func.count()).select_from(rows).scalar_subquery()),
        long=read.long,
        batch_keys=(*read.batch_keys, CALLER.key) if read.batch_keys else (),
        declared=read.declared,
    )


def _for_members(statement: Select[Any]) -> Select[Any]:
    if any(map(_has_aggregate, statement.selected_columns)):
        return statement.having(IS_MEMBER)  # without groups, it returns a row also if WHERE is false
    return statement.where(IS_MEMBER)


def _has_aggregate(part: Any) -> bool:
    if isinstance(part, FunctionElement) and part.name in _AGGREGATES:
        return True
    return not isinstance(part, SelectBase) and any(map(_has_aggregate, part.get_children()))


_CREATE_TASK: Final = replace(
    CREATE_TASK,
    name="create task, in a space",
    bump=bump_owner(or_(~once(CONDITIONAL), can_be_new() & unless_locked(is_as_read(OWNER)))),
    batched=None,
)

READS: Final[dict[Read, Read]] = {}
"""The forms of the declared reads, except those that check the role themselves."""

PRESENCES: Final[dict[Read, Read]] = {}
"""The forms of the same reads that return how many rows there are."""


def declare_forms() -> None:
    """Declares the forms of all reads, once every feature is imported and before a database is opened."""
    for read in [one for one in STATEMENTS if isinstance(one, Read) and not one.cross_owner]:
        if CALLER.key not in read.batch_keys and read.if_visible is not IS_MEMBER:
            READS[read], PRESENCES[read] = read_in_space(read), presence_in_space(read)


_OF_PERSONS: Final[dict[Statement, Statement]] = {
    CREATE_TASK: _CREATE_TASK,
    COUNT_MANY_OF_PERSON: COUNT_MANY,
}
"""The writes that would create the row of a person, and what runs in a space instead."""


RECORDED: Final = {
    write: replace(write, name=f"{write.name}, with activity", parts=(*write.parts, *OF_WRITE))
    for write in [one for one in STATEMENTS if isinstance(one, Write) and one is not CREATE_TASK]
    if write.action in {"task.create", "task.update", "task.delete", "task.trash"}
}
"""The forms of writes of one task that leave an entry in the activity of the space."""


def write_in_space(statement: Statement) -> Statement:
    """Returns what runs in a space in place of a statement.

    Raises:
        TypeError: it creates the row of a person, so that it can have no place in a space.

    """
    instead = _OF_PERSONS.get(statement, statement)
    change = instead.bump if isinstance(instead, Write) else instead.statement
    if isinstance(instead, Write | Command) and isinstance(change, Insert) and change.table is USERS:
        raise TypeError(f"{statement.name} creates a person")
    return instead


def _authorized(write: Write, form: Write) -> AuthorizedWrite:
    if isinstance(form.bump, Insert):
        raise TypeError(f"{form.name} creates a person")
    bump = _members_first(form.bump.where(is_as_read(OWNER)))
    batched = None if write.batched is None else partial(insert_tasks, only_if=IS_MEMBER)
    by_member = replace(form, name=f"{write.name}, by a member", bump=bump, batched=batched)
    return AuthorizedWrite(MY_ROLE, by_member, AUTHORS)


def _members_first(bump: ReturningUpdate[Any]) -> ReturningUpdate[Any]:
    """Adds the condition that the caller is a member, before the others.

    PostgreSQL evaluates them in order, and so looks for no task if the caller is refused.
    """
    first, *_ = cast("BooleanClauseList", bump.whereclause).clauses

    def with_membership(element: Any, **_: Any) -> Any:
        return and_(IS_MEMBER, element) if element is first else None

    return cast("ReturningUpdate[Any]", replacement_traverse(bump, {}, with_membership))


AUTHORIZED_WRITES: Final = {
    write: _authorized(write, RECORDED[_CREATE_TASK if write is CREATE_TASK else write])
    for write in (CREATE_TASK, *RECORDED)
    if write is not _CREATE_TASK
}
"""The forms of writes of one task that run by themselves: for a caller who is a member."""
