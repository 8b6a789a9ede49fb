"""Apps of tests: their settings, their services, and faults of their database."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

import pytest
from fastapi import FastAPI
from starlette.types import Scope

from support.waiting import until
from taskward.app import create_app
from taskward.database import DATABASE, OWNED_ROWS
from taskward.database.background import BackgroundWork
from taskward.http.application import Taskward
from taskward.http.context import RequestContext
from taskward.http.parts import Key, Parts
from taskward.settings import Settings, load_settings

T = TypeVar("T")

MakeDatabase = Callable[[str], Awaitable[str]]
"""Creates a database of the engine named, and returns its URL."""

SECRET = "a secret that only the tests know about"


VARIABLES: Final = tuple(name.upper() for name in Settings.model_fields)


def settings_for(url: str, **others: Any) -> Settings:
    """Returns settings for a test: nothing from the environment or `.env` but what is said here."""
    return new_settings(**{"database_url": url, "jwt_secret": SECRET} | others)


def new_settings(**values: Any) -> Settings:
    """Returns settings with these values; equal ones are made once, for it takes long and they are frozen."""
    given = tuple((name, type(value), value) for name, value in sorted(values.items()))
    return _settings(given, tuple(map(os.environ.get, VARIABLES)))


@cache
def _settings(given: tuple[tuple[str, type, Any], ...], _environment: tuple[str | None, ...]) -> Settings:
    return load_settings(**{"_env_file": None} | {name: value for name, _, value in given})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """Starts an app with these settings and stops it afterwards."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


def context_for(scope: Scope, parts: Parts | None = None) -> RequestContext:
    """Returns the context of a request; its scope need not have all that a server gives it."""
    whole = {"method": "GET", "path": "/", "query_string": b"", "http_version": "1.1", "headers": [], **scope}
    return RequestContext(whole, parts or Parts())


def as_taskward(app: FastAPI) -> Taskward:
    assert isinstance(app, Taskward)
    return app


def parts_of(app: FastAPI) -> Parts:
    """Returns what an app shares with its requests: its database, its caches and so on."""
    return as_taskward(app).parts


def components_of(app: FastAPI, kind: type[T]) -> list[T]:
    """Returns those of a type among what is started and stopped with an app."""
    return [one for one in as_taskward(app).components if isinstance(one, kind)]


def database_of(app: FastAPI) -> Any:
    """Returns the database of an app; untyped, because tests inspect that of either engine."""
    return parts_of(app)[DATABASE]


async def until_jobs_have_run(app: FastAPI) -> None:
    """Waits until no background job that a start began still uses the database."""
    for job in (one for one in as_taskward(app).components if isinstance(one, BackgroundWork)):
        await until(job.has_run.is_set)


def replace_part(monkeypatch: pytest.MonkeyPatch, app: FastAPI, key: Key[Any], part: object) -> None:
    """Replaces a part of an app until the test is over; the database also as stores have it."""
    for one in (key, OWNED_ROWS) if key is DATABASE else (key,):
        monkeypatch.setitem(parts_of(app), one, part)


BreakDatabase = Callable[[BaseException], None]
"""After a call of it, the app's database answers everything with that error, until the test is over."""


class Broken:
    """A database that answers everything with an error; the rest of the app cannot tell why."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def rows(self, *_: object) -> NoReturn:
        raise self._error

    async def write(self, *_: object) -> NoReturn:
        raise self._error

    async def ping(self) -> NoReturn:
        raise self._error
