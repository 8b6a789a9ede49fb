"""The limits of the benchmarks: that they fail when they should."""

import json
from pathlib import Path
from uuid import UUID

import pgbench
import pytest
import smoke
from dataset import OWNER_SQL, TASK_SQL, owner_id, task_id
from support.postgres_connection import connected

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


def test_pgbench_sends_whole_statements() -> None:
    for statement in (LISTS["-created_at", False, False], GET_TASK, CREATE_TASK):
        owner, task, sql = pgbench.script(statement).strip().splitlines()
        assert owner.startswith("\\set owner random(0, ")
        assert task.startswith("\\set task random(0, ")
        assert OWNER_SQL in sql
        assert "$" not in sql
        assert "None" not in sql


@pytest.mark.processes
async def test_pgbench_means_the_rows_that_are_there(postgres_url: str) -> None:
    sql = f"SELECT {OWNER_SQL}, {TASK_SQL}".replace(":owner", "8999").replace(":task", "24")
    async with connected(postgres_url) as connection:
        owner, task = await connection.fetchrow(sql)
    assert (UUID(str(owner)), UUID(str(task))) == (owner_id(8999), task_id(8999, 24))
