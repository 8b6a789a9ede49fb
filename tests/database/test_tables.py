"""The tables of all features are found by their names, in a process that has imported few modules too."""

import subprocess
import sys

from sqlmodel import SQLModel

from taskward.app import ROUTERS
from taskward.database.tables import all_tables, owned_tables
from taskward.users.erasure import ERASE_PART

assert ROUTERS  # the module imports every feature


def test_no_table_is_declared_elsewhere() -> None:
    assert {table.name for table in all_tables()} == set(SQLModel.metadata.tables)


def test_the_tables_are_found_in_a_process_that_has_imported_no_feature() -> None:
    program = "from taskward.database.tables import all_tables; print(*all_tables())"
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)  # noqa: S603 - our own program

    assert printed.split() == [table.name for table in all_tables()]


def test_a_table_comes_after_those_that_it_references() -> None:
    names = [table.name for table in all_tables()]

    assert names[0] == "users"
    for table in all_tables():
        for key in table.foreign_keys:
            assert names.index(key.column.table.name) < names.index(table.name)


def test_an_erasure_deletes_the_rows_of_each_large_table_in_parts() -> None:
    large = {table.name for table, column in owned_tables() if len(table.primary_key.columns) > 1}

    assert set(ERASE_PART) == large
    assert large > {"tasks", "tombstones", "lists", "list_tombstones", "idempotency_keys", "import_tasks"}
