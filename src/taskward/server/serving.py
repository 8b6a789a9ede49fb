"""`serve`: one process, several workers under a parent, or one that reloads with its source."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from functools import partial

from taskward import log
from taskward.server.server import new_config, new_server, run
from taskward.server.sockets import CannotListen, bind_sockets, url_of
from taskward.server.supervisor import Supervisor
from taskward.settings import Settings

__all__ = ["CannotListen", "serve"]

_log = logging.getLogger(__package__)


def serve(settings: Settings, *, reload: bool = False, announce: Callable[[str], None] | None = None) -> int:
    """Serves until a signal ends it, and returns the exit status.

    `announce` is called with the URL once the service listens there.

    Raises:
        CannotListen: the port is in use, or the address does not belong to this machine.

    """
    log.configure(settings)
    _allow_many_connections()
    sockets, metrics_sockets = bind_sockets(settings)

    def started() -> None:
        _log.info("Listening on %s:%d", *sockets[0].getsockname()[:2])
        if settings.serves_web_app:
            _log.info("The web app is at %s/", url_of(sockets[0]))
        if announce is not None:
            announce(url_of(sockets[0]))

    if reload:
        started()
        return _serve_reloading(settings, sockets, metrics_sockets)
    if settings.workers > 1:
        return Supervisor(settings, sockets, started, metrics_sockets).run()
    server = new_server(settings)
    server.on_started = started
    return run(server, sockets, metrics_sockets)


def _work_reloading(
    settings: Settings, parent: int, metrics_sockets: list[socket.socket], sockets: list[socket.socket]
) -> None:
    log.configure(settings)
    server = new_server(settings, parent=parent)
    server.lame_duck_seconds = 0.0
    server.drain_seconds = 1.0
    sys.exit(run(server, sockets, metrics_sockets))


def _serve_reloading(
    settings: Settings, sockets: list[socket.socket], metrics_sockets: list[socket.socket]
) -> int:
    from uvicorn.supervisors import ChangeReload  # noqa: PLC0415 - only development needs it

    target = partial(_work_reloading, settings, os.getpid(), metrics_sockets)
    ChangeReload(new_config(settings, reload=True), target=target, sockets=sockets).run()
    return 0


def _allow_many_connections() -> None:
    """Raises the soft limit of open files to the hard limit; each connection needs one."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
