"""What the tests of this room share."""

import logging
from collections.abc import Iterator

import pytest
from observability.metrics_page import Lines


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Hear everything that is logged, down to DEBUG."""
    root, heard = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    yield heard
    root.setLevel(level)
    root.removeHandler(heard)
