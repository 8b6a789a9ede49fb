"""The query plans of compiled statements, on either engine."""

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import orjson

from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.compiled import CompiledSql
from taskward.database.statements import Read, Values

_EXPLAIN: Final = "EXPLAIN (FORMAT JSON) "
_SCANS: Final = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}
_OWNER_ALONE: Final = re.compile(r"\(?(\w+\.)?user_id = [^()]+\)?")


async def postgres_plans(database: PostgresDatabase, read: Read, values: Values) -> list[dict[str, Any]]:
    """Returns the plan for these values and the generic one, which is for any values.

    A server uses the generic plan after five executions, if it seems as cheap.
    """
    statement = database.compiled[read]
    async with database.pool.acquire() as connection:
        return [
            await plan_for(connection, statement.sql, statement.arguments(values)),
            await generic_plan(connection, statement),
        ]


async def plan_for(connection: Any, sql: str, arguments: Sequence[Any]) -> dict[str, Any]:
    """Returns the plan of PostgreSQL for these values."""
    return _top_node(await connection.fetchval(_EXPLAIN + sql, *arguments))


async def generic_plan(connection: Any, statement: CompiledStatement) -> dict[str, Any]:
    """Returns the plan of PostgreSQL for any values."""
    nulls = f"({', '.join(['NULL'] * len(statement.names))})" if statement.names else ""
    async with connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE explained AS {statement.sql}")
        explained = await connection.fetchval(f"{_EXPLAIN}EXECUTE explained{nulls}")
        await connection.execute("DEALLOCATE explained")
    return _top_node(explained)


def _top_node(explained: str) -> dict[str, Any]:
    plan: dict[str, Any] = orjson.loads(explained)[0]["Plan"]
    return plan


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields each node of a plan of PostgreSQL, at any depth."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from plan_nodes(inner)


async def postgres_rows_read(database: PostgresDatabase, read: Read, values: Values) -> int:
    """Returns how many rows the generic plan of a read visits, those that it filters out included."""
    statement = database.compiled[read]
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        explained = await connection.fetchval(
            "EXPLAIN (ANALYZE, FORMAT JSON) " + statement.sql, *statement.arguments(values)
        )
    return int(
        sum(
            node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
            for node in plan_nodes(_top_node(explained))
            if "Relation Name" in node
        )
    )


def sqlite_steps(connection: sqlite3.Connection, step: CompiledSql, values: Values) -> int:
    """Returns how many steps of its virtual machine a read takes, to the next hundred."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 100

    connection.set_progress_handler(count, 100)
    try:
        step.rows(connection, values)
    finally:
        connection.set_progress_handler(None, 0)
    return counted


def sqlite_plan(connection: sqlite3.Connection, step: CompiledSql, values: Values | None = None) -> list[str]:
    """Returns the lines of SQLite's plan of a step; without values, all of them are NULL."""
    arguments = {**step.defaults, **(values or {})}
    for name, bind in step.binds:
        arguments[name] = None if values is None else bind(arguments[name])
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {step.sql}", arguments)]


def owner_scans(plan: dict[str, Any], tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yields the tables that a plan of PostgreSQL reads whole, or by the owner alone, and how."""
    for node in plan_nodes(plan):
        for inner in node.get("Plans", ()):
            if inner["Node Type"].startswith("Bitmap"):  # one of an index has no table of its own
                inner.setdefault("Relation Name", node.get("Relation Name"))
        condition = node.get("Index Cond", "")
        is_scan = node["Node Type"] in _SCANS and node["Relation Name"] in tables
        if is_scan and (not condition or _OWNER_ALONE.fullmatch(condition)):
            yield node["Relation Name"], f"{node['Node Type']} {node.get('Index Name', '')} {condition}"


def owner_searches(sql: str, plan: Sequence[str], tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yields the tables of a statement that SQLite reads whole, or by the owner alone, and how.

    Tables that the statement does not name, or only with an alias, are those of its foreign keys.
    """
    names = {table: table for table in tables if re.search(rf"\b{table}\b(?! AS )", sql)}
    names |= {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)", sql) if table in tables}
    for line in plan:
        match = re.match(r"(SCAN|SEARCH) (\w+)", line)
        if match and match[2] in names and (match[1] == "SCAN" or line.endswith(" (user_id=?)")):
            yield names[match[2]], line
