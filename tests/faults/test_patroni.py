"""A cluster under Patroni loses its leader, whole; the service has all three hosts in its URL."""

from pathlib import Path

import pytest
from faults.fault_report import ObserveLoad
from faults.load import DATABASE_ERROR, UNAVAILABLE, in_words, only, under_load
from faults.own_postgres import free_port
from faults.patroni_cluster import TTL, needs_patroni, patroni_cluster
from faults.services import people_at, serving

DEADLINE = 10.0
SLACK = 3.0
"""Seconds by which a busy machine may be late."""

LONGEST = 2.0 * TTL
"""Seconds from the end of the leader to the first success: Patroni waits for `ttl`, then elects."""


@needs_patroni
@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.fault("Patroni, three nodes, synchronous: the whole leader killed (SIGKILL) under load")
async def test_the_leader_is_killed_and_nothing_acknowledged_is_lost(
    tmp_path: Path, observe_load: ObserveLoad
) -> None:
    port = free_port()
    async with (
        patroni_cluster() as cluster,
        serving(tmp_path, cluster.url, port) as taskward,
        under_load(people_at(port)) as load,
    ):
        leader = await cluster.leader()
        load.fault_begins()
        leader.kill()
        await load.until_answered(6, DATABASE_ERROR)
        load.fault_ends()  # nothing more is done to it: from here on Patroni and the service are on their own
        await load.until_recovered()
        audit = await load.audit()
        successor = await cluster.leader()
        assert taskward.process.poll() is None
    observe_load(load, audit)
    assert successor.name != leader.name
    assert only(load.seen(), DATABASE_ERROR, UNAVAILABLE), in_words(load.seen())
    assert load.back_after < LONGEST
    assert load.longest() < DEADLINE + SLACK
    assert audit.acknowledged > 0
    assert audit.lost == []
