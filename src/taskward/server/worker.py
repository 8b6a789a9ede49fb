"""The main function of a worker process."""

import gc
import socket
import sys
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskward.settings import Settings


def work(
    settings: "Settings",
    sockets: list[socket.socket],
    parent: int,
    asking: Connection,
    started: Connection | None,
) -> None:
    """Serves until a signal, or the end of the parent, ends it.

    The service is imported here, after `gc.disable`: a collection scans all that there is, and imports leave
    no garbage. Nothing can run in a new process before this function; so this module imports nothing slow.
    """
    gc.disable()  # until the server listens
    from taskward import log  # noqa: PLC0415 - after `gc.disable`
    from taskward.observability import worker_metrics  # noqa: PLC0415 - after `gc.disable`
    from taskward.server.server import new_server, run  # noqa: PLC0415 - after `gc.disable`

    log.configure(settings)
    server = new_server(settings, parent=parent)
    if started is not None:
        server.on_started = partial(started.send, "started")
    if settings.metrics_port is not None:
        worker_metrics.answer_requests(asking, server.collect)
    sys.exit(run(server, sockets))
