"""Three nodes under Patroni, all in the URL of the service: a node fails, is replaced, or is updated."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from faults.fault_report import ObserveLoad
from faults.load import DATABASE_ERROR, UNAVAILABLE, KeyedLedger, Load, describe_results, has_only, under_load
from faults.own_postgres import free_port
from faults.patroni_cluster import TTL, Cluster, needs_patroni, patroni_cluster
from faults.services import people_at, serving
from faults.tcp_balancer import tcp_balancer
from faults.test_rolling_restart import NETWORK, processes

from taskward.database import schema

pytestmark = [needs_patroni, pytest.mark.soak, pytest.mark.timeout(300)]

DEADLINE = 10.0
SLACK = 3.0
"""Seconds by which a busy machine may be late."""

LONGEST = 2.0 * TTL
"""Seconds from the end of the leader to the first success: Patroni waits for `ttl`, then elects."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_cluster() -> AsyncIterator[Cluster]:
    async with patroni_cluster() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(shared_cluster: Cluster) -> Cluster:
    """Returns a whole cluster with an empty database."""
    for node in shared_cluster.nodes:
        node.start_again()
    leader = await shared_cluster.until_whole()
    await leader.server.empty()
    return shared_cluster


async def assert_short_outage(load: Load, observe_load: ObserveLoad) -> None:
    """Waits for the next success, and checks what an outage may cost."""
    await load.until_recovered()
    audit = await load.audit()
    observe_load(load, audit)
    assert has_only(load.seen(), DATABASE_ERROR, UNAVAILABLE), describe_results(load.seen())
    assert load.back_after < LONGEST
    assert load.longest() < DEADLINE + SLACK
    assert audit.acknowledged > 0
    assert audit.lost == []


async def assert_unnoticed(load: Load, observe_load: ObserveLoad) -> None:
    """Checks that a client with keys that repeats a 503 has seen no error."""
    load.fault_ends()
    await load.until_recovered()
    audit = await load.audit()
    observe_load(load, audit)
    assert has_only(load.seen(), UNAVAILABLE), describe_results(load.seen())
    assert audit.acknowledged > 0
    assert audit.lost == []


@pytest.mark.fault("Patroni, three nodes, synchronous: switchover")
async def test_a_switchover_is_not_noticed(
    cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    port = free_port()
    async with (
        serving(tmp_path, cluster.url, port),
        under_load(people_at(port), ledger=KeyedLedger) as load,
    ):
        load.fault_begins()
        before = await cluster.switch_over()
        after = await cluster.until_whole()
        await assert_unnoticed(load, observe_load)
    assert after.name != before.name


@pytest.mark.fault("Patroni, three nodes, synchronous: each server restarted, the primary after a switchover")
async def test_an_update_of_the_servers_is_not_noticed(
    cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    port = free_port()
    async with (
        serving(tmp_path, cluster.url, port),
        under_load(people_at(port), ledger=KeyedLedger) as load,
    ):
        load.fault_begins()
        leader = await cluster.until_whole()
        for node in cluster.nodes:
            if node is not leader:
                await node.command("restart")
                await cluster.until_whole()
        await cluster.switch_over()
        await cluster.until_whole()
        await leader.command("restart")
        await cluster.until_whole()
        await assert_unnoticed(load, observe_load)


@pytest.mark.fault("Patroni, three nodes, synchronous: Taskward updated, with a migration, and a switchover")
async def test_an_update_of_taskward_is_not_noticed(
    cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    async with (
        processes(tmp_path, cluster.url) as two,
        tcp_balancer(two.ports, delay=NETWORK) as balancer,
        under_load(people_at(balancer.port), ledger=KeyedLedger) as load,
    ):
        load.fault_begins()
        leader = await cluster.until_whole()
        await leader.server.execute(
            "DROP INDEX ix_tasks_user_id_due_key",
            f"UPDATE alembic_version SET version_num = '{schema.needed_revision()}'",  # noqa: S608 - our own revision
        )
        await two.restart_each(balancer)
        await cluster.switch_over()
        leader = await cluster.until_whole()
        await two.restart_each(balancer)
        await assert_unnoticed(load, observe_load)
    built = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_tasks_user_id_due_key'::regclass"
    assert await leader.server.value(built) is True


@pytest.mark.fault("Patroni, three nodes, synchronous: the synchronous standby killed (SIGKILL)")
async def test_the_standby_is_killed(cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad) -> None:
    port = free_port()
    async with serving(tmp_path, cluster.url, port), under_load(people_at(port)) as load:
        roles = {await node.role(): node for node in cluster.nodes}
        load.fault_begins()
        roles["sync_standby"].kill()
        load.fault_ends()
        await asyncio.sleep(1)
        await assert_short_outage(load, observe_load)


@pytest.mark.fault("Patroni, three nodes, synchronous: etcd killed (SIGSTOP) for longer than `ttl`")
async def test_etcd_is_gone(cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad) -> None:
    port = free_port()
    async with serving(tmp_path, cluster.url, port), under_load(people_at(port), ledger=KeyedLedger) as load:
        load.fault_begins()
        cluster.etcd.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.5 * TTL)
        cluster.etcd.send_signal(signal.SIGCONT)
        await assert_unnoticed(load, observe_load)


@pytest.mark.fault("Patroni, three nodes, synchronous: the leader silent (SIGSTOP), and back later")
async def test_the_leader_is_silent_and_comes_back(
    cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    port = free_port()
    async with serving(tmp_path, cluster.url, port), under_load(people_at(port)) as load:
        leader = await cluster.until_whole()
        load.fault_begins()
        leader.pause()
        load.fault_ends()  # from here on Patroni and the service are on their own
        await load.until_answered(6, DATABASE_ERROR)
        await load.until_recovered()
        leader.resume()
        successor = await cluster.until_whole()
        await assert_short_outage(load, observe_load)
    assert successor.name != leader.name


@pytest.mark.fault("Patroni, three nodes, synchronous: the whole leader killed (SIGKILL) under load")
async def test_the_leader_is_killed_and_nothing_acknowledged_is_lost(
    cluster: Cluster, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    port = free_port()
    async with (
        serving(tmp_path, cluster.url, port) as taskward,
        under_load(people_at(port)) as load,
    ):
        leader = await cluster.leader()
        load.fault_begins()
        leader.kill()
        load.fault_ends()  # from here on Patroni and the service are on their own
        await load.until_answered(6, DATABASE_ERROR)
        await assert_short_outage(load, observe_load)
        successor = await cluster.leader()
        assert taskward.process.poll() is None
    assert successor.name != leader.name
