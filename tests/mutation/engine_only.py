"""A plugin of pytest for a mutation run: of the tests that run on each engine, run those on one."""

import os

import pytest

ENGINES = frozenset({"memory", "disk", "postgres", "postgres-rls", "postgres-rls-alone"})


def pytest_configure(config: pytest.Config) -> None:
    config.option.in_memory = os.environ["MUTATION_ENGINE"] == "memory"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    engine = os.environ["MUTATION_ENGINE"]
    others = [item for item in items if not _runs_on(engine, item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def _runs_on(engine: str, item: pytest.Item) -> bool:
    """Returns whether a test runs on that engine, or on none."""
    parameters = (
        item.callspec.params.values()
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ()
    )
    engines = {one for one in parameters if isinstance(one, str) and one in ENGINES}
    return not engines or any(one.startswith(engine) for one in engines)
