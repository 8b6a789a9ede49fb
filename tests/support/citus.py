"""PostgreSQL in the form for Citus: on a cluster, or on the plain server with a stand-in for the extension.

The stand-in has the functions that `taskward migrate` calls and the catalogue that it reads, so that the
whole service runs its statements step by step. What Citus itself accepts, only a cluster shows
(docs/distributed.md).
"""

import os
from typing import Any, Final
from urllib.parse import urlsplit

from support.postgres_connection import connected

CLUSTER_URL: Final = os.environ.get("TEST_CITUS_URL")
"""The URL of the coordinator of a cluster."""

IS_STEPWISE: Final = CLUSTER_URL is not None or os.environ.get("TEST_POSTGRES_FORM") == "stepwise"

_JOIN_LOCK: Final = 8_147_203

STAND_IN: Final = """
CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, distributed_by text);
CREATE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION create_distributed_table(relation regclass, by text, colocate_with text) RETURNS void
    LANGUAGE sql AS 'INSERT INTO pg_dist_partition VALUES (relation, by)';
CREATE FUNCTION create_reference_table(relation regclass) RETURNS void
    LANGUAGE sql AS 'INSERT INTO pg_dist_partition VALUES (relation)';
CREATE FUNCTION truncate_local_data_after_distributing_table(relation regclass) RETURNS void
    LANGUAGE sql AS 'SELECT';
"""


async def create_database(name: str) -> str:
    """Creates an empty database on every server of the cluster, joined as one. Returns its URL."""
    assert CLUSTER_URL is not None
    async with connected(CLUSTER_URL) as coordinator:
        nodes = await coordinator.fetch(
            "SELECT groupid, nodename, nodeport FROM pg_dist_node ORDER BY groupid"
        )
        for _, host, port in nodes:
            await _create_on(name, host, port)
        # It copies the roles of the servers, which two databases at once cannot.
        await coordinator.execute(f"SELECT pg_advisory_lock({_JOIN_LOCK})")
        await _join(url_of(name), nodes)
    return url_of(name)


def url_of(name: str, host: str | None = None, port: int | None = None) -> str:
    """Returns the URL of a database on the coordinator, or on another server of the cluster."""
    assert CLUSTER_URL is not None
    parts = urlsplit(CLUSTER_URL)
    user = parts.netloc.rpartition("@")[0]
    netloc = parts.netloc if host is None else f"{user}@{host}:{port}" if user else f"{host}:{port}"
    return parts._replace(netloc=netloc, path=f"/{name}").geturl()


async def _create_on(name: str, host: str, port: int) -> None:
    async with connected(url_of("postgres", host, port)) as server:
        await server.execute("SET citus.enable_create_database_propagation = off")
        await server.execute(f'CREATE DATABASE "{name}"')
        await server.execute(f'ALTER DATABASE "{name}" SET citus.shard_count = 4')
    async with connected(url_of(name, host, port)) as created:
        await created.execute("CREATE EXTENSION citus")


async def _join(url: str, nodes: Any) -> None:
    async with connected(url) as connection:
        for group, host, port in nodes:
            join = "citus_set_coordinator_host" if group == 0 else "citus_add_node"
            await connection.execute(f"SELECT {join}('{host}', {port})")
