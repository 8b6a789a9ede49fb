"""How the service is served: uvicorn, a way to end that loses nothing, and a parent for several workers."""

import asyncio
import contextlib
import errno
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.lifespan.on import LifespanOn, LifespanSendMessage
from uvicorn.supervisors import ChangeReload

from taskward import log
from taskward.database import DatabaseUnusable
from taskward.errors import ServiceError
from taskward.figures import Figures, together
from taskward.middleware import security_headers
from taskward.seeing import workers
from taskward.settings import Settings, SettingsError
from taskward.wire import Shared, StrictProtocol

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

BACKLOG: Final = 2048
RESTART_SECONDS: Final = 1.0
END_SECONDS: Final = 29.0
"""After a signal the process is gone by then, whatever happens."""
GARBAGE: Final = 20_000
"""Objects by which there may be more than at the last search for garbage. A request leaves none; Python's own
700 are there while ten are answered, and to search through those finds nothing."""
ECHO_SECONDS: Final = 0.1
"""A signal this soon after the first is the same one again: `make`, for one, passes on what all have had."""
_FAMILY_OFF: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""How a machine without IPv6 refuses the half of `localhost` that it does not have."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)
_spawn = multiprocessing.get_context("spawn")


class CannotListen(Exception):
    """The address cannot be had. The text names it, and says why."""


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
    server = _server(settings)
    server.on_started = started
    return _run(server, sockets, showing)


def listen_for_both(settings: Settings) -> tuple[list[socket.socket], list[socket.socket]]:
    """Take the address of the API, and the one of the metrics if there are to be any."""
    sockets = listen(settings.host, settings.port)
    if settings.metrics_port is None:
        return sockets, []
    try:
        return sockets, listen(settings.metrics_host, settings.metrics_port)
    except CannotListen:
        for taken in sockets:
            taken.close()
        raise


def listen(host: str, port: int) -> list[socket.socket]:
    """Take the address: one socket for each of this machine's addresses that the host's name stands for."""
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        refusal = OSError("it has no address")
        for family, address in dict.fromkeys((one[0], one[4]) for one in found):
            try:
                sockets.append(_bound(family, address))
            except OSError as error:
                if error.errno not in _FAMILY_OFF:
                    raise
                refusal = error
        if not sockets:
            raise refusal
    except OSError as error:
        for taken in sockets:
            taken.close()
        raise CannotListen(f"Cannot listen on {host}:{port}: {error.strerror or error}") from error
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # `::` stands for IPv4 too, and no other address does
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a peer that vanished is noticed by the kernel
            milliseconds = int(StrictProtocol.stall_seconds * 1000)
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        taken.bind(address)
        taken.listen(BACKLOG)  # now: to bind alone does not keep another process from binding too
    except OSError:
        taken.close()
        raise
    return taken


def url_of(listening: socket.socket) -> str:
    """Give the URL under which this machine reaches the socket."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - the way back from it
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """One process that serves.

    At SIGTERM or SIGINT it reports itself not ready, goes on accepting for `lame_seconds` so that whoever
    balances load can see that, answers what it has been asked, and ends with status 0. A second signal
    ends it at once.
    """

    server_state: Shared
    sweep_seconds = 1.0
    lame_seconds = 1.0
    drain_seconds = 25.0
    """From the signal."""

    def __init__(self, config: uvicorn.Config, settings: Settings, *, parent: int | None = None) -> None:
        super().__init__(config)
        self.server_state = Shared(security_headers(https_only=settings.production))
        self.parent = parent
        self._ending_since = 0.0
        self.on_started: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state["draining"] = self.server_state.draining
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what lives as long as the process is not searched for garbage again and again
        gc.set_threshold(GARBAGE, 10, 10)
        self._sweeper = self._loop.create_task(self._sweep())
        self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end = self._loop.time() + self.drain_seconds
        self.server_state.draining.set()  # if it was no signal that ended it
        # By a timer, however short: asyncio loses a connection that it has accepted and not yet handed on
        # when its listener closes (as of Python 3.11); a timer's turn comes after that.
        await asyncio.sleep(max(self.lame_seconds, 0.001))
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
            _log.warning("Ending with %d requests unanswered", len(state.tasks))
        for connection in list(state.connections):
            connection.give_up()
        await self.lifespan.shutdown()
        self._sweeper.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # for the loop closes with an error over a connection that is open

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let signals end the service; a signal that did is no failure, so it is not raised again."""
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signals call it
        if not self.should_exit:
            self.end()
        elif self.parent is None and time.monotonic() - self._ending_since > ECHO_SECONDS:
            # A worker leaves this to its parent: it gets Ctrl-C twice.
            os._exit(128 + sig)

    def figures(self) -> Figures:
        """Give what there is to count in this process, with METRICS_PORT; callable from any thread."""
        from taskward.seeing import page  # noqa: PLC0415 - see _shown_at

        if not self.config.loaded:
            return page.process_figures()
        state = self.config.loaded_app.state
        return together(
            [
                page.process_figures(),
                page.serving_figures(state.database.engine),
                state.figures(),
                self.server_state.figures(),
            ]
        )

    def end(self) -> None:
        """Begin to end; callable from a signal's handler."""
        self.should_exit = True
        self._ending_since = time.monotonic()
        self._loop.call_soon_threadsafe(self.server_state.draining.set)
        self._loop.call_soon_threadsafe(_exit_after, END_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.sweep_seconds)
            for connection in list(self.server_state.connections):
                connection.sweep(self.sweep_seconds)
            if self.parent not in {None, os.getppid()} and not self.should_exit:
                _log.error("The parent process is gone")
                self.end()


class Lifespan(LifespanOn):
    """Says once, and in one line, why the application did not start or stop."""

    async def main(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self.config.loaded_app(scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and ends the process
            self.error_occurred = True
            known = isinstance(error, ServiceError | SettingsError | DatabaseUnusable)
            reason = "; ".join(str(error).splitlines()) if known else type(error).__name__
            _log.critical("Taskward cannot go on: %s", reason, exc_info=None if known else error)
        finally:
            self.startup_event.set()
            self.shutdown_event.set()

    async def send(self, message: LifespanSendMessage) -> None:
        if message["type"] == "lifespan.startup.failed":
            self.startup_failed = True
        elif message["type"] == "lifespan.shutdown.failed":
            self.shutdown_failed = True
        else:
            await super().send(message)


class Supervisor:
    """The parent of several workers: replaces one that died, passes signals on, and ends after the last."""

    def __init__(
        self,
        settings: Settings,
        sockets: list[socket.socket],
        on_started: Callable[[], None],
        showing: Sequence[socket.socket] = (),
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._on_started = on_started
        self._showing = showing
        self._figures = workers.Workers()
        self._lines: dict[SpawnProcess, Connection] = {}
        self._workers: list[SpawnProcess] = []
        self._told: set[SpawnProcess] = set()
        self._ending = False
        self._ending_since = 0.0

    def run(self) -> int:
        for number in _SIGNALS:
            signal.signal(number, self._end)
        with _shown_at(self._showing, self._all_figures):
            return self._run()

    def _all_figures(self) -> Figures:
        from taskward.seeing import page  # noqa: PLC0415 - see _shown_at

        return together([page.process_figures(), self._figures.figures()])

    def _run(self) -> int:
        if not self._first_starts():
            return 1  # it has said why, and the others would say it again
        if not self._ending:
            self._on_started()
        while not self._ending:
            self._fill_up()
            wait([worker.sentinel for worker in self._workers], timeout=0.2)
        return self._see_them_end()

    def _first_starts(self) -> bool:
        here, there = _spawn.Pipe(duplex=False)
        self._start(there)
        there.close()
        try:
            return bool(here.recv())
        except EOFError:
            return self._ending

    def _start(self, started: Connection | None = None) -> None:
        here, there = _spawn.Pipe()
        arguments = (self._settings, self._sockets, os.getpid(), there, started)
        worker = _spawn.Process(target=_work, args=arguments)
        worker.start()
        there.close()
        self._workers.append(worker)
        self._lines[worker] = here
        self._figures.join(here)

    def _fill_up(self) -> None:
        for worker in [worker for worker in self._workers if worker.exitcode is not None]:
            _log.error("A worker died and is replaced", extra={"exit_status": worker.exitcode})
            self._workers.remove(worker)
            self._figures.leave(self._lines.pop(worker))
            time.sleep(RESTART_SECONDS)
        while len(self._workers) < self._settings.workers and not self._ending:
            self._start()

    def _end(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signals call it
        if not self._ending:
            self._ending = True
            self._ending_since = time.monotonic()
            self._tell()
        elif time.monotonic() - self._ending_since > ECHO_SECONDS:
            for worker in self._workers:
                worker.kill()
            os._exit(128 + sig)

    def _tell(self) -> None:
        for worker in self._workers:
            if worker not in self._told:
                self._told.add(worker)
                worker.terminate()

    def _see_them_end(self) -> int:
        self._tell()  # those started while the signal came
        for taken in self._sockets:
            taken.close()
        end = time.monotonic() + END_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
            worker.kill()
        return 0


def _work(
    settings: Settings,
    sockets: list[socket.socket],
    parent: int,
    asking: Connection,
    started: Connection | None,
) -> None:
    log.configure(settings)
    server = _server(settings, parent=parent)
    if started is not None:
        server.on_started = partial(started.send, "started")
    if settings.metrics_port is not None:
        workers.answer(asking, server.figures)
    sys.exit(_run(server, sockets))


def _work_reloading(
    settings: Settings, parent: int, showing: list[socket.socket], sockets: list[socket.socket]
) -> None:
    log.configure(settings)
    server = _server(settings, parent=parent)
    server.lame_seconds = 0.0
    server.drain_seconds = 1.0
    sys.exit(_run(server, sockets, showing))


def _serve_reloading(settings: Settings, sockets: list[socket.socket], showing: list[socket.socket]) -> int:
    target = partial(_work_reloading, settings, os.getpid(), showing)
    ChangeReload(_config(settings, reload=True), target=target, sockets=sockets).run()
    return 0


def _server(settings: Settings, *, parent: int | None = None) -> Server:
    return Server(_config(settings), settings, parent=parent)


def _config(settings: Settings, *, reload: bool = False) -> uvicorn.Config:
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
        reload_dirs=[str(Path(__file__).parent)] if reload else None,
    )


def _run(server: Server, sockets: list[socket.socket], showing: Sequence[socket.socket] = ()) -> int:
    """Serve in this process, with its metrics at the sockets `showing`, and give the exit status."""
    try:
        server.config.load()
        server.config.lifespan_class = Lifespan
        with _shown_at(showing, server.figures):
            server.run(sockets)
    except SettingsError as error:
        _log.critical("Taskward cannot start: %s", "; ".join(str(error).splitlines()))
    except SystemExit:
        pass  # the reason has been told
    return 0 if server.started else 1


def _shown_at(
    showing: Sequence[socket.socket], figures: Callable[[], Figures]
) -> contextlib.AbstractContextManager[None]:
    if not showing:
        return contextlib.nullcontext()
    from taskward.seeing import page  # noqa: PLC0415 - it imports a library that nothing else needs

    return page.showing(showing, figures)


def _allow_many_connections() -> None:
    """Raise the limit of open files to what this process may have; the usual 1024 are soon used up."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _exit_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, [0])
    timer.daemon = True
    timer.start()
