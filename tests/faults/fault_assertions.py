"""Assertions for every fault of the database under load."""

import math

from faults.fault_report import ObserveLoad
from faults.load import Audit, Load, describe_results, has_only
from faults.services import PROMISED

SLACK = 3.0
"""Seconds by which a busy machine may be late."""


async def assert_recovered(
    load: Load, observe_load: ObserveLoad, *allowed: str, longest: float = math.inf
) -> Audit:
    """Ends the fault, waits until the service is usable again, and asserts what clients may see of it."""
    load.fault_ends()
    await load.until_recovered()
    audit = await load.audit()
    observe_load(load, audit)
    assert has_only(load.seen(), *allowed), describe_results(load.seen())
    assert load.longest() < longest
    assert load.back_after < PROMISED
    assert audit.lost == []
    assert audit.acknowledged > 0
    return audit
