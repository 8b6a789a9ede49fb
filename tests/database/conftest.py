"""Fixtures of the modules that run an app on a database of their own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import MakeDatabase, client_of, running, settings_for
from support.postgres_connection import connected
from support.waiting import until


@pytest_asyncio.fixture(scope="module")
async def url(new_database: MakeDatabase) -> str:
    """Returns the URL of a PostgreSQL database; a module may create another one."""
    return await new_database("postgres")


@pytest_asyncio.fixture(scope="module")
async def own_app(url: str) -> AsyncIterator[FastAPI]:
    """Yields an app on that database, which no other module uses."""
    async with running(settings_for(url)) as app:
        await until(lambda: is_ready(app))  # on a busy machine the database is prepared after the start
        yield app


async def is_ready(app: FastAPI) -> bool:
    async with client_of(app) as client:
        return (await client.get("/health/ready")).is_success


@pytest_asyncio.fixture
async def connection(url: str, own_app: FastAPI) -> AsyncIterator[Any]:  # noqa: ARG001 - its start creates the tables
    """Yields a connection to that database, past the app."""
    async with connected(url) as connection:
        yield connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Returns the path of an SQLite database that does not exist yet."""
    return tmp_path / "taskward.db"


@pytest_asyncio.fixture
async def file_app(path: Path) -> AsyncIterator[FastAPI]:
    """Yields an app on that file."""
    async with running(settings_for(f"sqlite:///{path}")) as app:
        yield app
