"""The state of each host of a PostgreSQL URL, for `taskward check`."""

import asyncio
from dataclasses import dataclass
from typing import Final

from taskward.database.postgres.errors import DRIVER_ERRORS
from taskward.database.postgres.hosts import HostConnector
from taskward.settings.database_url import Host

TIMEOUT: Final = 3.0
"""Seconds for each host; all are queried at once."""

_STATUS: Final = (
    "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off', "
    "current_setting('synchronous_standby_names')"
)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """The state that a host reports; `problem` is the reason if it does not."""

    host: Host
    problem: str | None = None
    is_writable: bool = False
    synchronous_standby_names: str = ""


async def report_hosts(url: str) -> list[HostStatus]:
    """Returns the state of each host, in the order of the URL."""
    connector = HostConnector(url)
    return await asyncio.gather(*(_status(connector, host) for host in connector.hosts))


async def _status(connector: HostConnector, host: Host) -> HostStatus:
    try:
        async with asyncio.timeout(TIMEOUT):
            connection = await connector.connect_to(host, TIMEOUT, target_session_attrs="any")
            try:
                writable, names = await connection.fetchrow(_STATUS)
            finally:
                connection.terminate()
    except TimeoutError:
        return HostStatus(host, "no response in time")
    except DRIVER_ERRORS as error:
        return HostStatus(
            host, " ".join([type(error).__name__, getattr(error, "sqlstate", None) or ""]).strip()
        )
    return HostStatus(host, None, writable, names)
