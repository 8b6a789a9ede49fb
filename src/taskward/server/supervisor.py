"""The parent process of several workers.

On Linux the workers are forks of the parent, which has imported the service: they share its memory, and
nothing is imported twice. See docs/decisions/0061-forked-workers.md.
"""

import gc
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import TYPE_CHECKING, Final

from taskward.database.engines import open_database
from taskward.metrics import Samples, merge
from taskward.observability import worker_metrics
from taskward.server.server import SHUTDOWN_TIMEOUT, SIGNAL_DEBOUNCE, SIGNALS, new_config, serve_metrics
from taskward.server.worker import work
from taskward.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

RESTART_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Supervisor:
    """The parent of several workers: replaces those that died, forwards signals, and exits after the last."""

    def __init__(
        self,
        settings: Settings,
        sockets: list[socket.socket],
        on_started: Callable[[], None],
        metrics_sockets: Sequence[socket.socket] = (),
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._on_started = on_started
        self._metrics_sockets = metrics_sockets
        self._figures = worker_metrics.WorkerMetrics()
        self._lines: dict[BaseProcess, Connection] = {}
        self._workers: list[BaseProcess] = []
        self._told: set[BaseProcess] = set()
        self._process_id = os.getpid()
        self._ending = False
        self._ending_since = 0.0

    def run(self) -> int:
        for number in SIGNALS:
            signal.signal(number, self._end)
        if _can_fork():
            _import_service(self._settings)
        if self._ending:
            return 0
        if not self._first_starts():
            return 1  # the worker has logged the reason, and the others would repeat it
        self._fill_up()
        gc.enable()
        with serve_metrics(self._metrics_sockets, self._collect_all):  # in a thread, so after the forks
            return self._run()

    def _collect_all(self) -> Samples:
        from taskward.observability import prometheus  # noqa: PLC0415 - it imports a library that nothing else needs

        return merge([prometheus.process_samples(), self._figures.collect()])

    def _run(self) -> int:
        if not self._ending:
            self._on_started()
        while not self._ending:
            wait([worker.sentinel for worker in self._workers], timeout=0.2)
            self._fill_up()
        return self._wait_for_workers()

    def _first_starts(self) -> bool:
        here, there = multiprocessing.Pipe(duplex=False)
        self._start(there)
        there.close()
        try:
            return bool(here.recv())
        except EOFError:
            return self._ending

    def _start(self, started: Connection | None = None) -> None:
        here, there = multiprocessing.Pipe()
        arguments = (self._settings, self._sockets, self._process_id, there, started)
        worker = _process_class()(target=work, args=arguments)
        worker.start()
        there.close()
        self._workers.append(worker)
        self._lines[worker] = here
        self._figures.add(here)

    def _fill_up(self) -> None:
        dead = [worker for worker in self._workers if worker.exitcode is not None]
        for worker in dead:
            _log.error("A worker died; starting another", extra={"exit_status": worker.exitcode})
            self._workers.remove(worker)
            self._figures.remove(self._lines.pop(worker))
        if dead:
            time.sleep(RESTART_SECONDS)  # once, and not for each of them
        while len(self._workers) < self._settings.workers and not self._ending:
            self._start()

    def _end(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signals call it
        if os.getpid() != self._process_id:
            os._exit(128 + sig)  # a fork that has not set handlers of its own yet
        if not self._ending:
            self._ending = True
            self._ending_since = time.monotonic()
            self._send_sigterm()
        elif time.monotonic() - self._ending_since > SIGNAL_DEBOUNCE:
            for worker in self._workers:
                worker.kill()
            os._exit(128 + sig)

    def _send_sigterm(self) -> None:
        for worker in self._workers:
            if worker not in self._told:
                self._told.add(worker)
                worker.terminate()

    def _wait_for_workers(self) -> int:
        self._send_sigterm()  # the workers started while the signal arrived
        for taken in self._sockets:
            taken.close()
        end = time.monotonic() + SHUTDOWN_TIMEOUT
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
            worker.kill()
        return 0


def _can_fork() -> bool:
    """Returns whether a worker can be a fork: not beside threads, whose locks would stay locked in it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _process_class() -> "type[BaseProcess]":
    context = multiprocessing.get_context("fork") if _can_fork() else multiprocessing.get_context("spawn")
    return context.Process


def _import_service(settings: Settings) -> None:
    """Imports what each worker would."""
    importlib.import_module("taskward.app")
    open_database(settings)  # imports its driver
    new_config(settings).get_loop_factory()  # imports the event loop
    gc.freeze()  # a collection in a worker would copy each page that it marks
