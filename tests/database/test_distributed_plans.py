"""Every statement is executed as it is sent to Citus, and asks no shards but those of one owner.

Only a cluster tells which shards it has asked (TEST_CITUS_URL). A plain server checks the SQL and its types.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from database.test_distributed_statements import MULTI_SHARD, ON_EVERY_SERVER
from support import citus
from support.postgres_server import PostgresServer

from taskward.database.postgres.batched_sql import BatchedRead
from taskward.database.postgres.compiled import DIALECT, CompiledStatement
from taskward.database.postgres.connector import Connector
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.postgres.distributed import email_directory
from taskward.database.postgres.distributed.routed_sql import RoutedStatement, route
from taskward.database.statements import STATEMENTS, Read, Statement
from taskward.tasks.filters import CONDITIONS
from taskward.tasks.list_statements import ListShape, filtered_list

pytestmark = pytest.mark.processes

OWNERS, TASK, STAGED, NOW = [uuid4() for _ in range(80)], uuid4(), uuid4(), datetime.now(UTC)
EXECUTIONS: Final = 7 if citus.CLUSTER_URL else 1
"""From the sixth on, a prepared statement may have a generic plan."""

VALUES: Final[dict[str, Any]] = {
    "owner": OWNERS[0],
    "owners": OWNERS,
    "ids": [TASK],
    "after_id": UUID(int=0),
    "up_to_id": UUID(int=2**128 - 1),
    "first_number": 5,
    "count": 10,
}
OF_TYPE: Final[dict[str, Any]] = {
    **dict.fromkeys(("varchar", "text", "bpchar"), "x"),
    **dict.fromkeys(("int8", "int4", "int2"), 5),
    "bool": False,
    "timestamptz": NOW,
}
JSON: Final = frozenset(
    {"tasks", "lists", "comments", "reminders", "labels", "rows", "dropped_labels", "dropped_reminders"}
)
VALUES_OF: Final[dict[str, dict[str, Any]]] = {
    "create the owner of a space": {"owner": uuid4()},
    "create task": {"task_id": TASK, "labels": '[["y", "y"]]'},
    "create comment": {"task_id": TASK},
    "stage comments": {"comments": f'[["{uuid4()}", "{TASK}", "x", null, 1, 1, "{uuid4()}"]]'},
    "add pending reminders": {"reminders": f'[["{TASK}", 1, 1000]]'},
    "add a label to tasks": {"tasks": f'[["{TASK}", "", 5]]'},
    "publish lists": {"lists": f'[["{uuid4()}", "List", false, "m", null, 1, 1]]'},
    "those spaces that exist": {"spaces": OWNERS},
    "stage tasks": {"tasks": f'[["{uuid4()}", null, "x", "x", null, null, false, 1, 1]]'},
}
OWNER_ROWS: Final = (
    "INSERT INTO users (id, seq, horizon, created_at, updated_at) "
    "SELECT one, 1, 1, now(), now() FROM unnest($1::uuid[]) AS one"
)
TASK_ROW: Final = (
    "INSERT INTO tasks (user_id, id, title, title_folded, is_completed, created_at, updated_at, version) "
    "VALUES ($1, $2, 'x', 'x', false, $3, $3, 7)"
)
STAGED_ROW: Final = (
    "INSERT INTO import_tasks "
    "(user_id, id, title, title_folded, is_completed, created_at, updated_at, labels) "
    """VALUES ($1, $2, 'x', 'x', false, $3, $3, '[["x", "x"]]')"""
)


class Sent(NamedTuple):
    """One statement as it is sent, with its parameters; a write is several."""

    sql: str
    parameters: tuple[str, ...]


class Asked:
    """What a connection to a coordinator has asked its workers, as the log of its commands tells."""

    def __init__(self, groups: dict[str, str | None]) -> None:
        self._groups = groups
        self.groups: set[str] = set()
        self.servers_with_a_copy: set[str] = set()

    def note(self, _: object, message: Any) -> None:
        for shard in re.findall(r"_(\d+)\b", message.message):
            if shard not in self._groups:
                continue
            if (group := self._groups[shard]) is not None:
                self.groups.add(group)
            else:
                self.servers_with_a_copy.add(message.detail)


@pytest_asyncio.fixture(scope="module")
async def connection(postgres_server: PostgresServer) -> AsyncIterator[Any]:
    """Yields a connection to a database with the extension, in which an owner has a row to change."""
    url = await postgres_server.new_citus_database()
    database = PostgresDatabase(url, 1)
    await database.migrate()
    await database.stop()
    connection = await Connector(url, 10.0).connect()
    await connection.execute(OWNER_ROWS, OWNERS)
    for task in (TASK, STAGED):
        await connection.execute(STAGED_ROW, OWNERS[0], task, NOW)
    await connection.execute(TASK_ROW, OWNERS[0], TASK, NOW)
    yield connection
    await connection.close()


async def test_no_statement_asks_for_more_than_it_has_to(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", never)
    groups = await shard_groups(connection)
    several, on_every_server = set(), set()
    for name, statements in all_statements().items():
        asked = Asked(groups)
        connection.add_log_listener(asked.note)
        await execute(connection, name, statements)
        connection.remove_log_listener(asked.note)
        if len(asked.groups) > 1:
            several.add(name)
        if len(asked.servers_with_a_copy) > 1:
            on_every_server.add(name)

    if citus.CLUSTER_URL:
        assert several == {*MULTI_SHARD}
        assert on_every_server == {*ON_EVERY_SERVER}


async def never(_: object, types: Any, timeout: object) -> None:  # noqa: ARG001, ASYNC109 - as the driver calls it
    """Fails if the driver looks up types in the catalogue, which takes half a second on Citus."""
    pytest.fail(f"connector.py prepares no arrays of {types}")


async def execute(connection: Any, name: str, statements: list[Sent]) -> None:
    """Executes statements, each in a transaction that is rolled back."""
    for sql, parameters in statements:
        prepared = await connection.prepare(sql)
        types = [one.name for one in prepared.get_parameters()]
        values = [value_of(*one, name) for one in zip(parameters, types, strict=True)]
        for _ in range(EXECUTIONS):
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SET LOCAL citus.log_remote_commands = on")
            await prepared.fetch(*values)
            await transaction.rollback()


async def shard_groups(connection: Any) -> dict[str, str | None]:
    """Returns the shards of a cluster, each with the lowest hash of its owners; a copy has none."""
    if not citus.CLUSTER_URL:
        return {}
    return {
        str(shard): lowest
        for shard, lowest in await connection.fetch("SELECT shardid, shardminvalue FROM pg_dist_shard")
    }


def value_of(parameter: str, type_name: str, statement: str) -> Any:
    given = VALUES | VALUES_OF.get(statement, {})
    if parameter in given:
        return given[parameter]
    if parameter in JSON:
        return "[]"
    if type_name.endswith("[]"):
        return [value_of("", type_name.removesuffix("[]"), statement)]
    return uuid4() if type_name == "uuid" else OF_TYPE[type_name]


def all_statements() -> dict[str, list[Sent]]:
    """Returns all statements as they are sent, by the name of the declared one."""
    found = defaultdict[str, list[Sent]](list)
    for declared in STATEMENTS:
        found[declared.name] += forms_of(declared)
    for condition in CONDITIONS:
        for more in (False, True):
            read = filtered_list(ListShape("due", more, more, frozenset({condition})))
            found[read.name].append(sent(route(read)))
    for number, sql in enumerate((email_directory.CLAIM, email_directory.STORE, email_directory.RELEASE)):
        found[f"directory {number}"].append(Sent(sql, ("email", "owner")))
    return found


def forms_of(declared: Statement) -> Iterator[Sent]:
    statement = route(declared)
    yield sent(statement)
    if isinstance(statement, RoutedStatement):
        yield from map(sent, statement.following)
        if statement.condition is not None:
            yield sent(statement.condition)
    if isinstance(declared, Read):
        keys = tuple(key for key in declared.batch_keys if key != "owner")
        if keys:
            batched = BatchedRead.compile(declared, DIALECT, keys)
            yield Sent(batched.sql, (*batched.common, *batched.batch_keys))


def sent(statement: CompiledStatement) -> Sent:
    return Sent(statement.sql, tuple(name for name, _ in statement.names))
