"""Work beside the requests starts in turn, and ends when it is stopped."""

import asyncio

import pytest

from taskward.database import background
from taskward.database.background import BackgroundWork


class Job(BackgroundWork):
    failed = "The job failed"
    crashed = "The job crashed"

    def __init__(self, after: BackgroundWork | None = None) -> None:
        super().__init__(3600, after)
        self.may_run = asyncio.Event()
        self.runs = 0

    async def run(self) -> bool:
        await self.may_run.wait()
        self.runs += 1
        return False


async def test_a_job_runs_once_the_one_before_it_has() -> None:
    one = Job()
    other = Job(after=one)
    other.may_run.set()
    await one.start()
    await other.start()
    await asyncio.sleep(0.01)
    assert other.runs == 0

    one.may_run.set()
    await asyncio.wait_for(other.has_run.wait(), 0.5)
    await one.stop()
    await other.stop()


async def test_a_job_does_not_wait_long_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_RUN", 0.01)
    stuck = Job()
    other = Job(after=stuck)
    other.may_run.set()
    await stuck.start()
    await other.start()
    await asyncio.wait_for(other.has_run.wait(), 0.5)
    await stuck.stop()
    await other.stop()


@pytest.mark.parametrize("turns", range(6))
async def test_a_stop_at_the_moment_of_the_other_jobs_run_is_not_lost(turns: int) -> None:
    one = Job()
    other = Job(after=one)
    one.may_run.set()
    await other.start()
    await asyncio.sleep(0)
    await one.start()
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.wait_for(other.stop(), 1)
    await one.stop()
