"""Opens the two databases of a copy, and checks that one can become a copy of the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from taskward.copy.copied import COPIED, EXCLUDED, SEEDED
from taskward.copy.databases import CopyDatabase
from taskward.copy.errors import CopyFailed
from taskward.copy.postgres import PostgresCopyDatabase
from taskward.copy.sqlite import SqliteCopyDatabase
from taskward.database import DatabaseUnusable, schema
from taskward.database.engines import open_database
from taskward.http.errors import ServiceError
from taskward.settings import Settings, SettingsError, load_settings

FROM = "--from"
TO = "--to"


def settings_of(option: str, url: str) -> Settings:
    """Returns the settings with the database of an option; DATABASE_URL is not used.

    Raises:
        CopyFailed: the URL is not valid, or is of a database in memory.
        SettingsError: another setting is not valid.

    """
    try:
        settings = load_settings(database_url=url, database_rls=False)
    except SettingsError as error:
        lines = str(error).splitlines()
        if own := [line for line in lines if line.startswith("DATABASE_URL")]:
            raise CopyFailed(_named(own[0], option)) from None
        raise
    if settings.engine == "sqlite" and settings.sqlite_path is None:
        raise CopyFailed(f"{option}: a database in memory cannot be copied")
    return settings


@asynccontextmanager
async def opened(source: Settings, target: Settings) -> AsyncIterator[tuple[CopyDatabase, CopyDatabase]]:
    """Opens source and target. An empty target is migrated, and marked as unfinished.

    Raises:
        CopyFailed: one of them cannot be used; nothing is changed.

    """
    if _is_same_file(source.sqlite_path, target.sqlite_path):
        raise CopyFailed(f"{TO}: is the same file as {FROM}")
    source_database = await _open(FROM, source, is_target=False)
    try:
        check_revision(source_database, await source_database.revision())
        target_database = await _open_target(target)
        try:
            await _mark_unfinished(target_database)
            yield source_database, target_database
        finally:
            await target_database.close()
    finally:
        await source_database.close()


async def _open(option: str, settings: Settings, *, is_target: bool) -> CopyDatabase:
    if settings.sqlite_path is not None:
        return await SqliteCopyDatabase.open(option, settings.sqlite_path, is_target=is_target)
    return await PostgresCopyDatabase.open(
        option, settings.database_url.get_secret_value(), is_target=is_target
    )


async def _open_target(settings: Settings) -> CopyDatabase:
    """Opens the target, whose schema is created if it has none."""
    if settings.sqlite_path is not None and not settings.sqlite_path.exists():
        await _migrate(settings)
    database = await _open(TO, settings, is_target=True)
    try:
        if settings.engine == "postgresql" and await database.revision() is None:
            await _migrate(settings)
    except BaseException:
        await database.close()
        raise
    return database


async def _migrate(settings: Settings) -> None:
    database = open_database(settings)
    try:
        await database.migrate()
    except (DatabaseUnusable, ServiceError) as error:
        raise CopyFailed(f"{TO}: cannot be migrated: {_named(str(error), TO)}") from error
    finally:
        await database.stop()


async def _mark_unfinished(target: CopyDatabase) -> None:
    """Marks an empty target, so that no service starts on it; one that is marked is continued."""
    revision = await target.revision()
    unfinished = schema.UNFINISHED_COPY + schema.newest_revision()
    if revision == unfinished:
        return
    if revision is not None and revision.startswith(schema.UNFINISHED_COPY):
        raise CopyFailed(
            f"{TO}: the unfinished copy was begun by another version; continue with that one, or begin again "
            "with an empty database"
        )
    check_revision(target, revision)
    for name in (*(table.name for table in COPIED if table.name not in SEEDED), *EXCLUDED):
        if await target.count(name):
            raise CopyFailed(f"{TO}: is not empty: there are rows in {name}; name an empty database")
    await target.set_revision(unfinished)


def check_revision(database: CopyDatabase, revision: str | None) -> None:
    """Raises CopyFailed unless a database has the revision of this version."""
    option, newest = database.option, schema.newest_revision()
    if revision == newest:
        return
    if revision is None:
        raise CopyFailed(f"{option}: the database has no schema of Taskward")
    if revision.startswith(schema.UNFINISHED_COPY):
        raise CopyFailed(f"{option}: is itself an unfinished copy")
    remedy = (
        "use that version of taskward"
        if revision > newest
        else "run `taskward migrate` with DATABASE_URL set to it"
    )
    raise CopyFailed(f"{option}: the schema is at revision {revision}, and not at {newest}; {remedy}")


def _is_same_file(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and one.exists() and other.exists() and one.samefile(other)


def _named(text: str, option: str) -> str:
    """Returns a text about DATABASE_URL as one about an option."""
    return text.replace("DATABASE_URL", option)
