"""When a failed webhook is sent again."""

from typing import Final

FIRST_RETRY_DELAY: Final = 5.0
"""Seconds from the first attempt at a delivery to the second."""

RETRY_DELAYS: Final = (5 * 60.0, 30 * 60.0, 2 * 3600.0, 5 * 3600.0, 10 * 3600.0)
"""Seconds from the second attempt to the third, and so on: the table of Standard Webhooks."""

FINAL_RETRY_INTERVAL: Final = 3600.0
"""Seconds between all further attempts, without end."""

PROBE_INTERVAL: Final = 60.0
"""Seconds between two attempts of the whole deployment, while the receiver is failing."""


def retry_delay(failed: int, *, is_failing: bool, retry_after: float) -> float:
    """Returns the seconds until the next attempt at a delivery, after that many that have failed.

    While the receiver is failing, a probe comes earlier.
    """
    if is_failing:
        usual = 1.5 * PROBE_INTERVAL  # so that the next probe is for another owner, if there is one
    elif failed == 1:
        usual = FIRST_RETRY_DELAY
    else:
        usual = RETRY_DELAYS[failed - 2] if failed - 2 < len(RETRY_DELAYS) else FINAL_RETRY_INTERVAL
    return max(usual, retry_after)
