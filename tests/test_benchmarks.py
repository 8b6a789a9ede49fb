"""The limits of the benchmarks: that they fail when they should."""

import json
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import pgbench
import pytest
import smoke
import tables
from bounds import COST_CONNECTIONS, READS, Bound, bounds_of, cost_bounds
from comparison import CONNECTIONS, OURS, SCENARIOS, SERVERS, Results, Sample, Series
from dataset import (
    CREATES,
    DOMAIN_COLUMNS,
    LIST_COLUMNS,
    OWNER_SQL,
    TASK_SQL,
    TITLE,
    UPDATES,
    domain_records,
    list_records,
    owner_id,
    task_id,
    write_targets,
)
from support import MakeDatabase
from support.postgres_connection import connected

from taskward.tasks.list_statements import ListShape
from taskward.tasks.statements import CREATE_TASK, GET_TASK, LISTS

RECORDED: smoke.Recorded = {
    "3.9": {"one": {"calls": 100, "cost": 0.5}, "create": {"calls": 200, "cost": 1.0}},
    "3.11": {"one": {"calls": 200, "cost": 1.0}, "create": {"calls": 400, "cost": 2.0}},
}


def figures(**one: float) -> smoke.Figures:
    return {"one": {"calls": 200, "cost": 1.0} | one, "create": {"calls": 400, "cost": 2.0}}


@pytest.mark.parametrize("one", [{}, {"cost": 1.24}, {"calls": 219}, {"calls": 100, "cost": 0.5}])
def test_a_request_that_costs_about_as_much_passes(one: dict[str, float]) -> None:
    assert smoke.report(figures(**one), RECORDED, "3.11") == 0


@pytest.mark.parametrize("one", [{"cost": 1.26}, {"calls": 221}])
def test_a_request_that_costs_more_fails_and_is_named(
    one: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke.report(figures(**one), RECORDED, "3.11") == 1
    assert "DEARER  one: " in capsys.readouterr().out


def test_calls_of_another_python_are_not_compared() -> None:
    assert smoke.report(figures(calls=300), RECORDED, "3.14") == 0
    assert smoke.report(figures(cost=1.3), RECORDED, "3.14") == 1


def test_the_figures_of_other_pythons_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = tmp_path / "smoke.json"
    recorded.write_text(json.dumps(RECORDED))
    monkeypatch.setattr(smoke, "RECORDED", recorded)
    monkeypatch.setattr(smoke, "python_version", lambda: "3.10")
    smoke.record(figures(calls=150))

    assert [*json.loads(recorded.read_text())] == ["3.9", "3.10", "3.11"]
    assert json.loads(recorded.read_text()) == RECORDED | {"3.10": figures(calls=150)}


def test_each_python_has_a_record_of_the_same_requests() -> None:
    recorded: smoke.Recorded = json.loads(smoke.RECORDED.read_text())
    names = [{(name, *figures) for name, figures in requests.items()} for requests in recorded.values()]
    assert all(one == names[0] for one in names)
    writes = {*CREATES, *UPDATES}
    assert {(f"PostgreSQL, {name}", "calls") for name in writes} <= names[0]
    assert {(f"SQLite, {name}", "calls", "cost") for name in writes} <= names[0]


@pytest.mark.parametrize(("costs", "status"), [([2.0, 1.1], 0), ([2.0, 2.0, 2.0], 1), ([1.0], 0)])
def test_a_cost_that_has_risen_is_measured_again(
    costs: list[float], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded, left = tmp_path / "smoke.json", iter(costs)
    recorded.write_text(json.dumps(RECORDED))

    async def measure() -> smoke.Figures:
        return figures(cost=next(left))

    monkeypatch.setattr(smoke, "RECORDED", recorded)
    monkeypatch.setattr(smoke, "measure", measure)
    monkeypatch.setattr(smoke, "python_version", lambda: "3.11")
    assert smoke.main() == status
    assert not list(left)


def results(*cpu: tuple[float, float]) -> Results:
    """The results of a scenario whose rounds took that much CPU time of the service and of the database."""
    samples = [Sample(1000, service, database) for service, database in cpu]
    return {n: {program: Series(samples) for program in OURS} for n in COST_CONNECTIONS}


def costs(scenario: str, *cpu: tuple[float, float]) -> list[Bound]:
    bare = str(SCENARIOS[scenario].base)
    return [*cost_bounds({bare: results((100, 100), (200, 200), (300, 300)), scenario: results(*cpu)})]


@pytest.mark.parametrize(
    ("scenario", "bound"),
    [
        *(("create-real", 1.35), ("create-full", 1.35), ("update-labels", 1.6)),
        *(("one-space", 1.15), ("update-due-space", 1.3)),
    ],
)
def test_a_request_that_may_cost_more_has_a_bound_on_each_engine(scenario: str, bound: float) -> None:
    below, above = 400 * bound - 101, 400 * bound - 99  # of the service, beside 100 of the database
    for service, kept in ((below, True), (above, False)):
        found = costs(scenario, (100, 100), (service, 100), (900, 900))
        assert [one.kept for one in found] == [kept] * 4


def test_a_write_of_optional_fields_is_compared_within_a_round() -> None:
    found = costs("update-due", (150, 150), (300, 300), (450, 450))
    assert {(one.measured, one.spread) for one in found} == {(1.5, (1.5, 1.5))}


def test_no_cost_is_computed_without_the_bare_request() -> None:
    assert not [*cost_bounds({"update-due": results((1, 1))})]


def a_complete_run(*scenarios: str) -> dict[str, Any]:
    """The figures of `make bench`, each program of the scenarios as fast as any other."""
    found: dict[str, Results] = {
        name: {n: {program: Series([Sample(1000, 100, 50)]) for program in SERVERS} for n in CONNECTIONS}
        for name in scenarios
    }
    bounds = [*chain.from_iterable(bounds_of(name, one) for name, one in found.items()), *cost_bounds(found)]
    return {
        "bounds": [asdict(bound) | {"kept": bound.kept} for bound in bounds],
        "scenarios": {
            name: {
                str(n): {program: [asdict(sample) for sample in one.samples] for program, one in of_n.items()}
                for n, of_n in one_found.items()
            }
            for name, one_found in found.items()
        },
    }


def test_the_tables_have_creates_with_optional_fields() -> None:
    now, before = a_complete_run(*tables.TITLES), a_complete_run("create", "one", *READS)

    lines = [*tables.cpu_table(now, before)]
    assert "| **create**: PostgreSQL, before → now |" + " 100 → 100 |" * 4 in lines
    assert "| **create with optional fields**: PostgreSQL |" + " 100 |" * 4 in lines
    assert "| create with optional fields, Fastify with pino |" + " 1.00 / 1.00 |" * 4 in tables.ratio_table(
        now
    )
    cost = "create-real, SQLite, 16 at a time: CPU of service and database"
    assert f"| {cost} | 1.00x |" in tables.other_figures(now)


def test_the_page_begins_with_what_an_operator_asks() -> None:
    now = a_complete_run(*tables.TITLES)
    now["others"] = {"one, Taskward at half of capacity": {"p50": 500, "p99": 2000}}
    now["bounds"] += [
        {"name": f"{title}, {engine}", "measured": 1.234, "unit": ""}
        for title in ("memory, 1000 connections", "start to first response")
        for engine in ("PostgreSQL", "SQLite")
    ]

    rows = [*tables.summary_table(now)]
    assert "| one task | 10,000 | 10,000 | 2.0 ms, 4.0 x p50 |" in rows
    assert "| create | 10,000 | 10,000 |  |" in rows
    assert "| start to first response | 1.23 s | 1.23 s |" in tables.footprint_table(now)
    assert not [row for row in tables.other_figures(now) if "1000 connections" in row or "start" in row]


def test_each_scenario_has_requests_and_each_write_its_own(tmp_path: Path) -> None:
    targets = {name: file.read_text().splitlines() for name, file in write_targets(tmp_path).items()}

    assert {*targets} == {*SCENARIOS}
    assert all(lines for lines in targets.values())
    for scenario in (*CREATES, *UPDATES):
        assert len(set(targets[scenario])) == len(targets[scenario])


def test_the_tasks_of_the_writers_are_in_their_list() -> None:
    (stored,) = list_records(7, 3)
    tasks = [dict(zip(DOMAIN_COLUMNS, record, strict=True)) for record in domain_records(7, 3)]
    stored_list = dict(zip(LIST_COLUMNS, stored, strict=True))
    assert {task["list_id"] for task in tasks} == {stored_list["id"]}
    assert min(task["version"] for task in tasks) > stored_list["version"]


def test_pgbench_sends_whole_statements() -> None:
    for statement in (LISTS[ListShape("-created_at")], GET_TASK, CREATE_TASK):
        owner, task, sql = pgbench.script(statement).strip().splitlines()
        assert owner.startswith("\\set owner random(0, ")
        assert task.startswith("\\set task random(0, ")
        assert OWNER_SQL in sql
        assert "$" not in sql
        assert "None" not in sql


@pytest.mark.processes
async def test_what_pgbench_sends_runs(new_database: MakeDatabase, tmp_path: Path) -> None:
    scripts = {name: file.read_text() for name, file in pgbench.write_scripts(tmp_path).items()}
    async with connected(await new_database("postgres")) as connection:
        for script in (scripts["create"], *scripts.values()):
            *_, sql = script.strip().splitlines()
            await connection.execute(sql.replace(":owner", "8999").replace(":task", "24"))
        created = await connection.fetch("SELECT user_id, title FROM tasks")
    assert {(str(row["user_id"]), row["title"]) for row in created} == {(str(owner_id(8999)), TITLE)}
    assert len(created) == 2


@pytest.mark.processes
async def test_pgbench_means_the_rows_that_are_there(postgres_url: str) -> None:
    sql = f"SELECT {OWNER_SQL}, {TASK_SQL}".replace(":owner", "8999").replace(":task", "24")
    async with connected(postgres_url) as connection:
        owner, task = await connection.fetchrow(sql)
    assert (UUID(str(owner)), UUID(str(task))) == (owner_id(8999), task_id(8999, 24))
