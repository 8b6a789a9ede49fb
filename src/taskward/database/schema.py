"""The schema, and its migration.

Alembic renders the SQL of the migrations. The engine's own driver runs it in one transaction under a lock, so
that it works with replicas that start together and behind a pooler.
"""

import io
import sqlite3
from functools import cache
from pathlib import Path
from typing import Final

from taskward.database import DatabaseUnusable

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
LOCK: Final = 0x7461736B_77617264
"""The key of PostgreSQL's advisory lock: "taskward" in ASCII."""

UNFINISHED_COPY: Final = "0000 copy of "
"""The beginning of the revision in the target of `taskward copy` until it is complete; the revision follows.

It is older than every revision and not known, so no version of the service uses that database.
"""

CONCURRENTLY: Final = "CREATE INDEX CONCURRENTLY "
"""The beginning of a statement that PostgreSQL runs outside of a transaction, while the service runs."""


@cache
def revisions() -> frozenset[str]:
    """Returns the revisions of this version: the number at the start of each migration's file name."""
    return frozenset(name[:4] for name in _names())


def newest_revision() -> str:
    """Returns the newest revision of this version."""
    return max(revisions())


@cache
def needed_revision() -> str:
    """Returns the revision that this version needs: a migration named `…_indexes` only makes it faster."""
    return max(name[:4] for name in _names() if not name.endswith("_indexes.py"))


def _names() -> list[str]:
    return [path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")]


def is_known(revision: str) -> bool:
    """Returns whether a schema of that revision can be used or migrated.

    The revisions of development snapshots, below 0100, cannot.
    """
    return revision in revisions() or is_current(revision)


def is_usable(revision: str | None) -> bool:
    """Returns whether this version can use that revision; a newer replica may have migrated already."""
    return revision is not None and revision >= needed_revision()


def is_current(revision: str | None) -> bool:
    """Returns whether nothing is missing at that revision."""
    return revision is not None and revision >= newest_revision()


@cache
def statements_since(revision: str | None, dialect: str) -> tuple[str, ...]:
    """Returns the SQL statements from that revision, or from an empty database, to the newest one.

    Raises:
        DatabaseUnusable: that revision cannot be migrated.

    """
    if revision is not None and revision.startswith(UNFINISHED_COPY):
        raise DatabaseUnusable(
            "DATABASE_URL: the database is an unfinished copy; the same `taskward copy` completes it"
        )
    if revision is not None and not is_known(revision):
        raise DatabaseUnusable(
            f"DATABASE_URL: the schema is at revision {revision} of a development snapshot, which cannot be "
            "brought up to date; export its users with that version and import them into a new database"
        )
    from alembic import command  # noqa: PLC0415 - slow to import, and rarely needed
    from alembic.config import Config  # noqa: PLC0415 - slow to import, and rarely needed

    script = _Script()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes.update(dialect=dialect, script=script)
    command.upgrade(config, f"{revision or 'base'}:{newest_revision()}", sql=True)
    return tuple(script.statements)


def upgrade_sqlite(connection: sqlite3.Connection) -> str:
    """Migrates an SQLite database and returns its revision."""
    if is_current(revision := sqlite_revision(connection)):
        return str(revision)
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("BEGIN IMMEDIATE")
    try:
        revision = sqlite_revision(connection)  # another process may have migrated it
        if not is_current(revision):
            for statement in statements_since(revision, "sqlite"):
                connection.execute(statement)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    connection.execute("PRAGMA busy_timeout = 0")
    return max(revision or "", newest_revision())


def sqlite_revision(connection: sqlite3.Connection) -> str | None:
    """Returns the revision of an SQLite database; None for an empty one."""
    table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = table and connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


class _Script(io.StringIO):
    """The output of Alembic: each `write` is a statement or a comment."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []

    def write(self, text: str, /) -> int:
        statement = text.strip()
        if statement and not statement.startswith("--"):
            self.statements.append(statement)
        return len(text)
