"""One server process: uvicorn's server, with a shutdown that loses no request."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import uvicorn

from taskward.database import DATABASE
from taskward.http.cors import CrossOrigin
from taskward.http.responses import CommonHeaders
from taskward.metrics import Samples, merge
from taskward.server.lifespan import Lifespan
from taskward.server.protocol import StrictProtocol
from taskward.server.sockets import BACKLOG
from taskward.server.state import ConnectionState
from taskward.settings import Settings, SettingsError

if TYPE_CHECKING:
    from taskward.http.application import Taskward

SHUTDOWN_TIMEOUT: Final = 29.0
"""Seconds after a signal by which the process has ended in any case."""
GC_THRESHOLD: Final = 20_000
"""Threshold of the garbage collector's first generation. Requests create no reference cycles, so that with
Python's default of 700 a useless collection would run every ten requests."""
SWITCH_INTERVAL: Final = 0.001
"""Seconds after which a thread that computes lets the event loop run."""
SIGNAL_DEBOUNCE: Final = 0.1
"""Seconds in which a repeated signal is ignored: `make` forwards a Ctrl-C that all processes have had."""
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """One server process.

    At SIGTERM or SIGINT it reports itself not ready, accepts connections for `lame_duck_seconds` more, so
    that a load balancer notices, responds to what it has received, and exits with status 0. A second
    signal ends it at once.
    """

    server_state: ConnectionState
    sweep_seconds = 1.0
    lame_duck_seconds = 1.0
    drain_seconds = 25.0
    """From the signal."""

    def __init__(self, config: uvicorn.Config, settings: Settings, *, parent: int | None = None) -> None:
        super().__init__(config)
        self.server_state = ConnectionState(
            CommonHeaders(CrossOrigin(settings.allowed_origins), https_only=settings.production)
        )
        self.parent = parent
        self._ending_since = 0.0
        self.on_started: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state["draining"] = self.server_state.draining
        self.lifespan.state["send_budget"] = self.server_state.send_budget
        gc.freeze()  # imports leave hardly any garbage, and a collection would scan all that they have made
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # objects that live as long as the process are not collected again and again
        gc.set_threshold(GC_THRESHOLD, 10, 10)
        gc.enable()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._sweeper = self._loop.create_task(self._sweep())
        self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end = self._loop.time() + self.drain_seconds
        self.server_state.draining.set()  # if it was not a signal that ended it
        # By a timer, however short: when a listener closes, asyncio (as of Python 3.11) loses a connection
        # that it has accepted and not yet handed on; the timer runs after that.
        await asyncio.sleep(max(self.lame_duck_seconds, 0.001))
        for listener in self.servers:
            listener.close()
        for taken in sockets or []:
            taken.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        while (state.connections or state.tasks) and self._loop.time() < end:  # noqa: ASYNC110 - as uvicorn
            await asyncio.sleep(0.05)
        if state.connections or state.tasks:
            _log.warning("Shutdown timed out; %d requests are unanswered", len(state.tasks))
        for connection in list(state.connections):
            connection.abort()
        await self.lifespan.shutdown()
        self._sweeper.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the loop reports an error for a connection that is still open

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles signals; one that ended the service is not raised again, so that the exit status is 0."""
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signals call it
        if not self.should_exit:
            self.end()
        elif self.parent is None and time.monotonic() - self._ending_since > SIGNAL_DEBOUNCE:
            # A worker leaves this to its parent: it gets Ctrl-C twice.
            os._exit(128 + sig)

    def collect(self) -> Samples:
        """Returns the metrics of this process; callable from any thread."""
        from taskward.observability import prometheus  # noqa: PLC0415 - it imports a library that nothing else needs

        if not self.config.loaded:
            return prometheus.process_samples()
        app: Taskward = self.config.loaded_app
        return merge(
            [
                prometheus.process_samples(),
                prometheus.serving_samples(app.parts[DATABASE].engine),
                app.collect_metrics(),
                self.server_state.collect(),
            ]
        )

    def end(self) -> None:
        """Begins to shut down; callable from a signal handler."""
        self.should_exit = True
        self._ending_since = time.monotonic()
        self._loop.call_soon_threadsafe(self.server_state.draining.set)
        self._loop.call_soon_threadsafe(_exit_after, SHUTDOWN_TIMEOUT)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.sweep_seconds)
            self._sweep_connections()
            if self.parent not in {None, os.getppid()} and not self.should_exit:
                _log.error("The parent process is gone; shutting down")
                self.end()

    def _sweep_connections(self) -> None:
        # In a function of its own, whose variables do not keep the last connection until the next sweep.
        for connection in list(self.server_state.connections):
            connection.sweep(self.sweep_seconds)


def new_server(settings: Settings, *, parent: int | None = None) -> Server:
    """Returns the server of a process, which ends if its `parent` of that process id does."""
    return Server(new_config(settings), settings, parent=parent)


def new_config(settings: Settings, *, reload: bool = False) -> uvicorn.Config:
    """Returns uvicorn's configuration."""
    return uvicorn.Config(
        "taskward.app:create_app",
        factory=True,
        interface="asgi3",
        host=settings.host,
        port=settings.port,
        http=StrictProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        workers=1,  # or uvicorn would read WEB_CONCURRENCY
        reload=reload,
        reload_dirs=[str(Path(__file__).parents[1])] if reload else None,
    )


def run(server: Server, sockets: list[socket.socket], metrics_sockets: Sequence[socket.socket] = ()) -> int:
    """Serves in this process, with its metrics on `metrics_sockets`, and returns the exit status."""
    try:
        server.config.load()
        server.config.lifespan_class = Lifespan
        with serve_metrics(metrics_sockets, server.collect):
            server.run(sockets)
    except SettingsError as error:
        _log.critical("Taskward cannot start: %s", "; ".join(str(error).splitlines()))
    except SystemExit:
        pass  # the reason has been logged
    return 0 if server.started else 1


def serve_metrics(
    metrics_sockets: Sequence[socket.socket], samples: Callable[[], Samples]
) -> contextlib.AbstractContextManager[None]:
    """Serves the metrics on those sockets, if there are any, while the context lasts."""
    if not metrics_sockets:
        return contextlib.nullcontext()
    from taskward.observability import prometheus  # noqa: PLC0415 - it imports a library that nothing else needs

    return prometheus.serve_metrics(metrics_sockets, samples)


def _exit_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, [0])
    timer.daemon = True
    timer.start()
