"""docs/scaling.md: its tables follow from the measured costs and the stated assumptions."""

import json
from typing import Any

import pytest
from scaling import COSTS, MIX, Machine, bytes_per_task, limits, mean, need, requests_at_peak, sqlite_limits
from scaling_tables import PAGE, amount, page_with, users_text


@pytest.fixture
def costs() -> dict[str, Any]:
    """Returns costs that can be added up in the head."""
    kinds = {kind: {"service_us": 100.0, "postgres_us": 200.0, "wal_bytes": 1000.0} for kind in MIX}
    tables = {
        name: {"table": 2_000_000, f"ix_{name}": 1_000_000} for name in ("tasks", "task_labels", "users")
    }
    return {
        "tasks": 10_000,
        "users": 10_000,
        "relations": tables,
        "sqlite_bytes_per_task": 500.0,
        "sqlite": {"kinds": kinds},
        "requests": {"kinds": kinds, "counter_updates_in_place": 1.0},
        "streams": {
            "kilobytes": 10.0,
            "idle_us_per_second": 0.0,
            "postgres_idle_us_per_second": 0.0,
            "event_us": 0.0,
        },
        "connection_bytes": 1e6,
    }


def test_the_page_has_the_tables_that_follow_from_the_measured_costs() -> None:
    page = PAGE.read_text("utf-8")

    assert page == page_with(page, json.loads(COSTS.read_text("utf-8")))


def test_the_mix_is_of_all_requests() -> None:
    assert sum(MIX.values()) == pytest.approx(1)


def test_the_needs_of_a_million_users(costs: dict[str, Any]) -> None:
    one = need(1_000_000, costs)

    assert requests_at_peak(1_000_000) == pytest.approx(625)  # a million * 0.3 * 60 / 86,400 * 3
    assert bytes_per_task(costs, indexes=True) == 200
    assert mean(costs, "postgres_us") == pytest.approx(200)
    assert one.index_gb == pytest.approx(200 * 200 / 1000 + 0.1)
    assert one.database_gb == pytest.approx(600 * 200 / 1000 + 0.3)
    assert one.database_cores == pytest.approx(625 * 200e-6 / 0.6)
    assert one.service_cores == pytest.approx(625 * 100e-6 / 0.6)
    assert one.wal_mb == pytest.approx(0.625)
    assert (one.streams, one.processes, one.connections) == (50_000, 50, 500)
    assert one.stream_gb == pytest.approx(0.512)


def test_the_limits_of_a_server(costs: dict[str, Any]) -> None:
    found = limits(Machine(cores=1, memory_gb=24.06, connections=500, wal_mb=0.625), costs)

    assert found["processors"] == pytest.approx(4_800_000)  # 208 ms of 600 for a million
    for name in ("memory for indexes", "connections", "WAL"):
        assert found[name] == pytest.approx(1_000_000)


def test_the_limits_of_one_process(costs: dict[str, Any]) -> None:
    found = sqlite_limits(costs)

    assert found["streams"] == 20_000  # 1000 of 5 %
    assert found["file"] == pytest.approx(1_000_000)  # 100 GB of 200 * 500 bytes
    assert found["processor"] == pytest.approx(9_600_000)  # 6000 requests a second


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0099, "under 0.01"),
        (0.0123, "0.012"),
        (4.56, "4.6"),
        (45.6, "46"),
        (456.0, "460"),
        (45_678.0, "46,000"),
    ],
)
def test_amounts_have_two_digits(value: float, text: str) -> None:
    assert amount(value) == text


def test_users_are_counted_in_millions() -> None:
    assert (users_text(123_456), users_text(12_345_678)) == ("120,000", "12 million")
