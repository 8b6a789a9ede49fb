"""The statements of a move between owners; each of them names one owner.

The rows are read among those of the source and inserted among those of the target, whole: what a table gets
later is moved, too, and so is what goes with tasks by the declaration of its entity.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, Table, Text, bindparam, delete, insert, literal_column, select

from taskward.database.functions import any_of, few
from taskward.database.json_values import values_of_json
from taskward.database.statements import Command, Read
from taskward.database.tables import trashed_tables
from taskward.database.types import Id, Ids
from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.spaces.tables import MEMBERS
from taskward.tasks.entity import TASK
from taskward.tasks.tables import COLUMNS, LIST_TOMBSTONES, LISTS, TASK_LABELS, TASKS
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import OWNER

_IDS: Final = bindparam("ids", type_=Ids())
_LIMIT: Final = bindparam("limit", type_=Integer())
_ONE: Final = literal_column("1", Integer())


class MovedRows(NamedTuple):
    """The statements for the rows of one table: `names` are its columns without the owner."""

    names: tuple[str, ...]
    read: Read
    """Takes `ids`, those of the rows or of their tasks."""
    add: Command
    """Takes `rows`, a JSON array of arrays; times are in microseconds since 1970."""


def _moved(table: Table, key: str) -> MovedRows:
    names = tuple(one.name for one in table.c if one.name != "user_id")
    mine = (table.c.user_id == OWNER, any_of(table.c[key], few(_IDS)))
    values = values_of_json(table, names, bindparam("rows", type_=Text()))
    added = insert(table).from_select(["user_id", *names], select(OWNER, *values.values()))
    return MovedRows(
        names,
        Read(f"rows of {table.name} to move", select(*(table.c[name] for name in names)).where(*mine)),
        Command(f"add moved rows of {table.name}", added),
    )


MOVED_TASKS: Final = _moved(TASKS, "id")
MOVED_LABELS: Final = _moved(TASK_LABELS, "task_id")
MOVED_LISTS: Final = _moved(LISTS, "id")


class DependentKind(NamedTuple):
    """The statements for the objects of one kind that belong to tasks, such as comments."""

    entity: Entity
    rows: MovedRows
    of_tasks: Read
    """The id and the task of each that is with one of the tasks `ids`, at most `limit`."""
    existing: tuple[Read, ...]
    """Each returns an object among `ids`, if there is one: in use, or in the trash."""
    drop_tombstones: Command


def _dependent_kind(entity: Entity) -> DependentKind:
    table, tombstones = entity.table, entity.tombstones
    tables = (table, dict(trashed_tables())[table])
    of_tasks = select(table.c.id, table.c.task_id).where(
        table.c.user_id == OWNER, any_of(table.c.task_id, few(_IDS))
    )
    deleted = any_of(tombstones.c[f"{entity.kind}_id"], few(_IDS))
    return DependentKind(
        entity,
        _moved(table, "id"),
        Read(
            f"ids of {table.name} of several tasks",
            of_tasks.limit(_LIMIT).with_hint(table, f"INDEXED BY ix_{table.name}_user_id_task_id", "sqlite"),
        ),
        tuple(_existing(entity, one) for one in tables),
        Command(
            f"drop the tombstones of moved {table.name}",
            delete(tombstones).where(tombstones.c.user_id == OWNER, deleted),
            quiet=True,
        ),
    )


def _existing(entity: Entity, table: Table) -> Read:
    return Read(
        f"one of several {entity.plural} in {table.name}",
        select(*(table.c[name] for name in entity.record._fields))
        .where(table.c.user_id == OWNER, any_of(table.c.id, few(_IDS)))
        .limit(_ONE),
    )


DEPENDENT_KINDS: Final = tuple(
    _dependent_kind(entity) for entity in ENTITIES if entity.goes_with == TASK.plural
)

ALL_BELOW: Final = Read(
    "tasks below several",
    select(TASKS.c.id, TASKS.c.parent_id)
    .where(TASKS.c.user_id == OWNER, TASKS.c.parent_id.is_not(None), any_of(TASKS.c.parent_id, few(_IDS)))
    .limit(_LIMIT)
    .with_hint(TASKS, "INDEXED BY ix_tasks_user_id_parent_id_position", "sqlite"),
)
"""The id and the parent of each task directly below one of the tasks `ids`. A recursive statement for several
tasks would look through all subtasks of the owner on PostgreSQL."""

ALL_IN_LIST: Final = Read(
    "tasks in a list with their parents",
    select(TASKS.c.id, TASKS.c.parent_id)
    .where(TASKS.c.user_id == OWNER, TASKS.c.list_id == bindparam("list_id", type_=Id()))
    .limit(_LIMIT)
    .with_hint(TASKS, "INDEXED BY ix_tasks_user_id_list_id_position", "sqlite"),
)
"""The id and the parent of each."""

TASKS_AMONG: Final = Read(
    "tasks among several", select(*COLUMNS).where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS)))
)
EXISTING: Final = tuple(_existing(TASK, table) for table in (TASKS, TRASH))
"""Each returns a task among `ids`, if there is one."""

PERSONS_OF_MEMBERS: Final = Read(
    "persons of members",
    select(MEMBERS.c.id, MEMBERS.c.person_id).where(
        MEMBERS.c.user_id == OWNER, any_of(MEMBERS.c.id, few(_IDS)), MEMBERS.c.person_id.is_not(None)
    ),
)
MEMBERS_OF_PERSONS: Final = Read(
    "members that are persons",
    select(MEMBERS.c.person_id, MEMBERS.c.id, MEMBERS.c.role).where(
        MEMBERS.c.user_id == OWNER, any_of(MEMBERS.c.person_id, few(_IDS))
    ),
)

_TASK_ROWS: Final[Any] = (TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS)))
DELETE_MOVED_TASKS: Final = Command("delete moved tasks", delete(TASKS).where(*_TASK_ROWS), "task.move")
DELETE_MOVED_LIST: Final = Command(
    "delete a moved list",
    delete(LISTS).where(LISTS.c.user_id == OWNER, LISTS.c.id == bindparam("list_id", type_=Id())),
    "list.move",
)
DROP_LIST_TOMBSTONE: Final = Command(
    "drop the tombstone of a moved list",
    delete(LIST_TOMBSTONES).where(
        LIST_TOMBSTONES.c.user_id == OWNER, LIST_TOMBSTONES.c.list_id == bindparam("list_id", type_=Id())
    ),
    quiet=True,
)
