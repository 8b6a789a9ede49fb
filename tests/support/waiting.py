"""Waiting for something that happens in another thread or process."""

import time
from collections.abc import Callable

PATIENCE = 10.0
"""Seconds after which a test gives up waiting; nothing that works takes as long."""


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE, pause: float = 0.01) -> None:
    """Waits until the condition holds, with a pause after each time that it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(pause)
