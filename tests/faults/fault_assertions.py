"""Assertions for every fault of the database under load."""

from faults.fault_report import ObserveLoad
from faults.load import Load, in_words, only
from faults.services import PROMISED

SLACK = 3.0
"""Seconds by which a busy machine may be late."""


async def judge(load: Load, observe_load: ObserveLoad, *allowed: str, within: float = SLACK) -> None:
    """Waits until the service is usable again, and checks all results."""
    load.fault_ends()
    await load.until_recovered()
    audit = await load.audit()
    observe_load(load, audit)
    assert only(load.seen(), *allowed), in_words(load.seen())
    assert load.longest() < within
    assert load.back_after < PROMISED
    assert audit.lost == []
    assert audit.acknowledged > 0
