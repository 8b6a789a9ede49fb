"""The choice of the engine: of the two drivers, a process imports only the one that it uses."""

from taskward.database import Database
from taskward.settings import Settings


def open_database(settings: Settings) -> Database:
    """Returns the database of `DATABASE_URL`, not started."""
    marking = settings.webhooks is not None and settings.webhooks.changes
    if settings.engine == "sqlite":
        from taskward.database.sqlite.database import SqliteDatabase  # noqa: PLC0415 - imports one driver only

        return SqliteDatabase(settings.sqlite_path, marking=marking)
    from taskward.database.postgres.database import PostgresDatabase  # noqa: PLC0415 - imports one driver only

    return PostgresDatabase(
        settings.database_url.get_secret_value(),
        settings.database_pool_size,
        rls=settings.database_rls,
        marking=marking,
    )
