"""How the service is served: in one process, in several under a parent, or in one that follows its source."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from functools import partial

from uvicorn.supervisors import ChangeReload

from taskward import log
from taskward.serving.listening import CannotListen, listen_for_both, url_of
from taskward.serving.server import new_config, new_server, run
from taskward.serving.supervisor import Supervisor
from taskward.settings import Settings

__all__ = ["CannotListen", "serve"]

_log = logging.getLogger(__name__)


def serve(settings: Settings, *, reload: bool = False, announce: Callable[[str], None] | None = None) -> int:
    """Serve until a signal ends it, and give the exit status.

    `announce` is called with the URL once somebody answers there.

    Raises:
        CannotListen: the port is in use, or the address is not one of this machine.

    """
    log.configure(settings)
    _allow_many_connections()
    sockets, showing = listen_for_both(settings)

    def started() -> None:
        _log.info("Listening on %s:%d", *sockets[0].getsockname()[:2])
        if announce is not None:
            announce(url_of(sockets[0]))

    if reload:
        started()
        return _serve_reloading(settings, sockets, showing)
    if settings.workers > 1:
        return Supervisor(settings, sockets, started, showing).run()
    server = new_server(settings)
    server.on_started = started
    return run(server, sockets, showing)


def _work_reloading(
    settings: Settings, parent: int, showing: list[socket.socket], sockets: list[socket.socket]
) -> None:
    log.configure(settings)
    server = new_server(settings, parent=parent)
    server.lame_seconds = 0.0
    server.drain_seconds = 1.0
    sys.exit(run(server, sockets, showing))


def _serve_reloading(settings: Settings, sockets: list[socket.socket], showing: list[socket.socket]) -> int:
    target = partial(_work_reloading, settings, os.getpid(), showing)
    ChangeReload(new_config(settings, reload=True), target=target, sockets=sockets).run()
    return 0


def _allow_many_connections() -> None:
    """Raise the limit of open files to what this process may have; the usual 1024 are soon used up."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
