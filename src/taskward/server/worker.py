"""The main function of a worker process."""

import gc
import socket
import sys
from functools import partial
from multiprocessing.connection import Connection

from taskward import log
from taskward.observability import worker_metrics
from taskward.server.server import new_server, run
from taskward.settings import Settings


def work(
    settings: Settings,
    sockets: list[socket.socket],
    parent: int,
    asking: Connection,
    started: Connection | None,
) -> None:
    """Serves until a signal, or the end of the parent, ends it."""
    gc.disable()  # until the server listens; what is imported meanwhile leaves no garbage
    log.configure(settings)
    server = new_server(settings, parent=parent)
    if started is not None:
        server.on_started = partial(started.send, "started")
    if settings.metrics_port is not None:
        worker_metrics.answer_requests(asking, server.collect)
    sys.exit(run(server, sockets))
