"""Fixtures of the tests of observability."""

from collections.abc import Iterator

import pytest
from support.captured_log import CapturedLog, captured_log


@pytest.fixture
def lines() -> Iterator[CapturedLog]:
    """Yields all lines that are logged, down to DEBUG."""
    with captured_log() as captured:
        yield captured
