"""Shared by all tests: apps, their users and their databases.

The names that most tests use are exported here; the other modules are imported by their names.
"""

from support.apps import (
    SECRET,
    BreakDatabase,
    Broken,
    MakeDatabase,
    as_taskward,
    components_of,
    context_for,
    database_of,
    parts_of,
    replace_part,
    running,
    settings_for,
)
from support.client import client_of
from support.errors import (
    DATABASE_ERROR,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    INVALID_TOKEN,
    METHOD_NOT_ALLOWED,
    NO_SUCH_PATH,
    NO_SUCH_TASK,
    PAYLOAD_TOO_LARGE,
    SERVICE_UNAVAILABLE,
    UNAUTHORIZED,
    problems,
    refusal,
)
from support.exchange import Exchange, an_empty_body, exchange, upsert
from support.people import Person, token_for
from support.rows import execute, microseconds, stored

__all__ = [
    "DATABASE_ERROR",
    "INTERNAL_ERROR",
    "INVALID_REQUEST",
    "INVALID_TOKEN",
    "METHOD_NOT_ALLOWED",
    "NO_SUCH_PATH",
    "NO_SUCH_TASK",
    "PAYLOAD_TOO_LARGE",
    "SECRET",
    "SERVICE_UNAVAILABLE",
    "UNAUTHORIZED",
    "BreakDatabase",
    "Broken",
    "Exchange",
    "MakeDatabase",
    "Person",
    "an_empty_body",
    "as_taskward",
    "client_of",
    "components_of",
    "context_for",
    "database_of",
    "exchange",
    "execute",
    "microseconds",
    "parts_of",
    "problems",
    "refusal",
    "replace_part",
    "running",
    "settings_for",
    "stored",
    "token_for",
    "upsert",
]
