"""The checks of `taskward check`: whether the service could run as configured."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from taskward.auth.keys import describe_keys
from taskward.auth.service import service_keys
from taskward.database import DatabaseUnusable, schema
from taskward.database.engines import open_database
from taskward.database.postgres.host_report import HostStatus, report_hosts
from taskward.database.sqlite.connection import file_problem
from taskward.http.errors import ServiceError
from taskward.mcp.settings_check import mcp_state, mcp_warnings
from taskward.observability.tracing import configured_exporter
from taskward.settings import LOCAL_FRONT_END, Settings, SettingsError, load_settings
from taskward.settings.database_url import PostgresUrl


class Finding(NamedTuple):
    """One line of the report. It contains no secret, and of a URL neither user nor password."""

    verdict: Literal["ok", "warn", "FAIL"]
    subject: str
    text: str


async def findings() -> list[Finding]:
    """Checks everything that the service needs, without changing anything."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Finding("FAIL", "settings", line) for line in str(error).splitlines()]
    return [
        _settings(settings),
        *[finding async for finding in _keys(settings)],
        *_service_keys(settings),
        *_access_tokens(settings),
        *await _hosts(settings),
        *[finding async for finding in _database(settings)],
        *_cors(settings),
        Finding("ok", "mcp", mcp_state(settings)),
        *[Finding("warn", "mcp", text) for text in mcp_warnings(settings)],
        *_webhooks(settings),
        *_traces(),
    ]


def _webhooks(settings: Settings) -> list[Finding]:
    webhooks = settings.webhooks
    if webhooks is None:
        return []
    names = [name for name in ("changes", "reminders") if getattr(webhooks, name)]
    signed = "1 secret" if len(webhooks.secrets) == 1 else f"{len(webhooks.secrets)} secrets"
    host = urlsplit(webhooks.url).netloc
    return [Finding("ok", "webhooks", f"{' and '.join(names)} to {host}, signed with {signed}")]


def _traces() -> list[Finding]:
    try:
        exporter = configured_exporter()
    except SettingsError as error:
        return [Finding("FAIL", "traces", str(error))]
    return [] if exporter is None else [Finding("ok", "traces", f"exported: {exporter}")]


def _settings(settings: Settings) -> Finding:
    processes = "1 process" if settings.workers == 1 else f"{settings.workers} processes"
    return Finding("ok", "settings", f"{settings.environment}, {settings.host}:{settings.port}, {processes}")


async def _keys(settings: Settings) -> AsyncIterator[Finding]:
    try:
        for text in await describe_keys(settings):
            yield Finding("ok", "keys", text)
    except (SettingsError, ServiceError) as error:
        yield Finding("FAIL", "keys", _plain(error))
    if settings.jwt_secret is None and settings.jwt_jwks_url is None:
        yield Finding(
            "warn", "keys", "a secret for development only; production needs JWT_SECRET or JWT_JWKS_URL"
        )
    if settings.jwt_jwks_url is not None and settings.jwt_issuer is None:
        yield Finding(
            "warn",
            "keys",
            "JWT_ISSUER is not set: a token of any issuer that these keys have signed is accepted",
        )
    if settings.jwt_audiences:
        yield Finding(
            "ok", "keys", f"JWT_AUDIENCE: a token must be for {' or '.join(settings.jwt_audiences)}"
        )


def _access_tokens(settings: Settings) -> list[Finding]:
    if not settings.serves_tokens:
        return []
    return [Finding("ok", "tokens", f"users make access tokens, for at most {settings.token_days:g} days")]


def _service_keys(settings: Settings) -> list[Finding]:
    if settings.service_public_keys is None:
        return []
    try:
        entries = service_keys(settings.service_public_keys)
    except SettingsError as error:
        return [Finding("FAIL", "service keys", str(error))]
    return [
        Finding("ok" if entry.key else "warn", "service keys", f"{entry.label}: {entry.verdict}")
        for entry in entries
    ]


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    place, path = _place(settings), settings.sqlite_path
    if path is not None and (problem := file_problem(path)):
        yield Finding("FAIL", "database", f"{place}: {problem}")
        return
    try:
        current = await _revision(settings)
    except (DatabaseUnusable, ServiceError) as error:
        yield Finding("FAIL", "database", f"{place}: {_plain(error)}")
        return
    yield Finding("ok", "database", place)
    if path is not None and os.name == "posix":
        for finding in _permissions(path):
            yield finding
    yield _schema(current)
    if schema.is_usable(current):
        async for finding in _rls(settings):
            yield finding


def _permissions(path: Path) -> Iterator[Finding]:
    """Reports the files of an SQLite database that other users of the machine could change or replace."""
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        mode = _mode(file)
        if mode & stat.S_IWOTH:
            yield Finding("FAIL", "database", f"every user can write {file}; run: chmod 600 {file}")
        elif mode & stat.S_IWGRP:
            yield Finding("warn", "database", f"its group can write {file}; run: chmod 600 {file}")
    folder = path.resolve().parent
    mode = _mode(folder)
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        yield Finding(
            "FAIL",
            "database",
            f"every user can replace the files in {folder}; run: chmod o-w {folder}",
        )


def _mode(path: Path) -> int:
    """Returns the mode of a file; 0 if there is none, like a journal that was removed meanwhile."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0


async def _revision(settings: Settings) -> str | None:
    database = open_database(settings)
    try:
        return await database.revision()
    finally:
        await database.stop()


def _schema(current: str | None) -> Finding:
    """Returns the finding for a schema at that revision; None for an empty database."""
    newest = schema.newest_revision()
    if current is None:
        return Finding("warn", "schema", f"none yet; `taskward migrate` or the first start creates {newest}")
    if current.startswith(schema.UNFINISHED_COPY):
        return Finding(
            "FAIL", "schema", "an unfinished copy; run the same `taskward copy` again to complete it"
        )
    if not schema.is_known(current):
        return Finding(
            "FAIL", "schema", f"at {current}, of a development snapshot; this one begins at {newest}"
        )
    if current < newest:
        return Finding(
            "warn", "schema", f"at {current}; `taskward migrate` or the next start upgrades it to {newest}"
        )
    if current > newest:
        return Finding("warn", "schema", f"at {current}, created by a newer version; this one needs {newest}")
    return Finding("ok", "schema", f"at {current}, up to date")


async def _rls(settings: Settings) -> AsyncIterator[Finding]:
    if settings.engine == "sqlite":
        return
    database = open_database(settings)
    try:
        missing = await database.missing_for_rls()
    except ServiceError as error:
        missing = _plain(error)
    finally:
        await database.stop()
    if settings.database_rls:
        yield Finding("FAIL", "rls", missing) if missing else Finding("ok", "rls", "on")
    else:
        yield Finding(
            "ok", "rls", f"off; to turn it on: {missing}" if missing else "off; ready to be turned on"
        )


async def _hosts(settings: Settings) -> list[Finding]:
    """Returns, for each of several hosts, whether it is writable."""
    url = settings.database_url.get_secret_value()
    if settings.engine == "sqlite" or len(PostgresUrl.parse(url).hosts) == 1:
        return []
    hosts = await report_hosts(url)
    found = [_host(host) for host in hosts]
    writable = [host for host in hosts if host.is_writable]
    if len(writable) > 1:
        names = " and ".join(str(host.host) for host in writable)
        found.append(Finding("FAIL", "hosts", f"{names} are writable; only one of them can be the primary"))
    found += [
        Finding(
            "warn",
            "hosts",
            f"{host.host}: synchronous_standby_names is empty, so acknowledged writes can be lost with it",
        )
        for host in writable
        if not host.synchronous_standby_names
    ]
    return found


def _host(status: HostStatus) -> Finding:
    if status.problem:
        return Finding("warn", "hosts", f"{status.host}: {status.problem}")
    return Finding("ok", "hosts", f"{status.host}: {'writable' if status.is_writable else 'read-only'}")


def _place(settings: Settings) -> str:
    if settings.engine == "sqlite":
        return f"SQLite, {settings.sqlite_path or 'in memory: lost at exit'}"
    url = PostgresUrl.parse(settings.database_url.get_secret_value())
    database = f"/{url.database}" if url.database else ""
    return f"PostgreSQL, {', '.join(map(str, url.hosts))}{database}"


def _cors(settings: Settings) -> list[Finding]:
    if not settings.allowed_origins:
        return [Finding("warn", "cors", "FRONTEND_URL is not set, so no browser page can call the service")]
    insecure = settings.production and [
        origin
        for origin in settings.allowed_origins
        if origin.startswith("http://") and origin != LOCAL_FRONT_END
    ]
    found = [Finding("ok", "cors", ", ".join(sorted(settings.allowed_origins)))]
    if insecure:
        found.append(Finding("warn", "cors", f"not https: {', '.join(sorted(insecure))}"))
    return found


def _plain(error: Exception) -> str:
    return "; ".join(str(error).splitlines())
