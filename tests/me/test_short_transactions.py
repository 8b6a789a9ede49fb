"""On SQLite, which has one writer: the rows that one transaction of a large change writes are bounded.

The labels and the reminders of tasks are rows too, and text is written as well: others' writes wait for both.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from support import MakeDatabase, Person, database_of, running, settings_for
from support.import_documents import a_task, import_tasks
from support.rows import stored

from taskward.database.sqlite.database import SqliteDatabase
from taskward.me import staging
from taskward.users import erasure

TASKS: Final = 60
LABELS: Final = [f"label {n}" for n in range(20)]
REMINDERS: Final = [{"offset_minutes": -n} for n in range(10)]
DUE: Final = {"date": "2999-01-01", "time": "09:00", "time_zone": "Europe/Berlin"}
ROWS: Final = TASKS * (1 + len(LABELS) + len(REMINDERS))
"""Of all tasks, in the tables of tasks, of labels and of reminders."""

OTHERS: Final = 40
"""Rows beside those that are bounded: locks, leases, and what one task more than the bound may have."""


@contextmanager
def rows_written(connection: sqlite3.Connection) -> Iterator[list[int]]:
    """Notes how many rows each transaction writes, those included that follow others by a foreign key."""
    found: list[int] = []
    before = connection.total_changes

    def note(statement: str) -> None:
        nonlocal before
        if statement == "COMMIT":
            found.append(connection.total_changes - before)
            before = connection.total_changes

    connection.set_trace_callback(note)
    try:
        yield found
    finally:
        connection.set_trace_callback(None)


async def test_labels_and_reminders_count_as_rows(new_database: MakeDatabase) -> None:
    fields: dict[str, Any] = {"is_completed": False, "due": DUE, "labels": LABELS, "reminders": REMINDERS}
    async with running(settings_for(await new_database("disk"))) as app:
        ann, database = Person(app), database_of(app)
        assert isinstance(database, SqliteDatabase)

        with rows_written(database.writer) as imported:
            await import_tasks(ann, *(a_task(**fields) for _ in range(TASKS)))
        kept = [len(await stored(app, table, user_id=ann.sub)) for table in ("task_labels", "reminders")]
        with rows_written(database.writer) as erased:
            await ann.http.delete("/api/me")

    assert kept == [TASKS * len(LABELS), TASKS * len(REMINDERS)]
    assert sum(imported) > ROWS
    assert sum(erased) > ROWS
    assert max(imported) < staging.MAX_ROWS + OTHERS
    assert max(erased) < erasure.MAX_ROWS + OTHERS
