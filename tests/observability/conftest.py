"""Fixtures of the tests of observability."""

import logging
from collections.abc import Iterator

import pytest
from observability.metrics_page import Lines


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Yields all lines that are logged, down to DEBUG."""
    root, heard = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    yield heard
    root.setLevel(level)
    root.removeHandler(heard)
