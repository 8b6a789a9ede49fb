"""`pytest --workers=6`: collects once, forks, and runs the tests of each file in one of the workers.

pytest-xdist starts an interpreter for each worker, which imports and collects every test again.
"""

import atexit
import os
import random
import selectors
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, NoReturn

import pytest

NUMBER: Final = 4
"""Bytes of the number of a file in the queue of the workers; a pipe holds 16,000 of them."""

PATIENCE: Final = 10.0
"""Seconds that an interrupted worker has to end."""


class Workers:
    """Runs the tests in workers, which take the files one after the other, and reports what they send.

    Files with many tests come first, so that no long one is left alone at the end.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly:
            return None  # what pytest does then is right
        by_path: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            by_path.setdefault(str(item.path), []).append(item)
        files = sorted(by_path.values(), key=len, reverse=True)
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.showfspath = False  # tests of several files are reported in turn
        workers = _start(session, files, min(self._count, len(files)))
        try:
            _report(session, workers)
        finally:
            for worker in workers.values():
                worker.end()
        return True


@dataclass
class Worker:
    """A forked process, and what it last reported."""

    pid: int
    last: str = "any test"
    status: int | None = None

    def wait(self) -> int:
        """Returns its exit status."""
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def end(self) -> None:
        """Interrupts it, so that it ends what its tests have started, or kills it."""
        if self.status is not None:
            return
        os.kill(self.pid, signal.SIGINT)
        end = time.monotonic() + PATIENCE
        while not os.waitpid(self.pid, os.WNOHANG)[0]:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.05)


def _start(
    session: pytest.Session, files: Sequence[Sequence[pytest.Item]], count: int
) -> "dict[Connection[Any, Any], Worker]":
    """Starts the workers; each takes the number of its next file from the pipe that they share."""
    assert threading.active_count() == 1, "a fork has no other threads"
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # the workers make theirs in it
    queue, end = os.pipe()
    os.write(end, b"".join(n.to_bytes(NUMBER) for n in range(len(files))))
    os.close(end)
    workers: dict[Connection[Any, Any], Worker] = {}
    for n in range(count):
        receiver, sender = Pipe(duplex=False)
        sys.stdout.flush()
        if pid := os.fork():
            sender.close()
            workers[receiver] = Worker(pid)
        else:
            _work(session, _in_turn(files, queue), sender, f"worker{n}")
    os.close(queue)
    return workers


def _in_turn(files: Sequence[Sequence[pytest.Item]], queue: int) -> Iterator[pytest.Item]:
    while number := os.read(queue, NUMBER):
        yield from files[int.from_bytes(number)]


def _work(
    session: pytest.Session, items: Iterator[pytest.Item], reports: "Connection[Any, Any]", name: str
) -> NoReturn:
    """Runs tests and sends their reports, in a process that ends with it."""
    status = 1
    try:
        _separate(session.config, name)
        session.config.pluginmanager.register(_Sender(session.config, reports))
        item = next(items, None)
        while item is not None and not session.shouldstop:
            following = next(items, None)
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following
        status = 0
    except KeyboardInterrupt:
        _end_fixtures(session)
    except BaseException:  # noqa: BLE001 - it must not reach the loop of the process it was forked from
        _capture(session.config).stop_global_capturing()
        traceback.print_exc()
    finally:
        reports.close()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(status)


def _end_fixtures(session: pytest.Session) -> None:
    """Ends what an interrupted test leaves, such as a PostgreSQL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    session._setupstate.teardown_exact(None)


def _separate(config: pytest.Config, name: str) -> None:
    """Gives a worker what it must not share: output, a folder for temporary files, random numbers."""
    config.pluginmanager.unregister(name="terminalreporter")
    capture = _capture(config)
    capture.stop_global_capturing()
    capture.start_global_capturing()
    factory = config._tmp_path_factory  # type: ignore[attr-defined] # it offers nothing public
    factory._basetemp = factory.getbasetemp() / name
    factory._basetemp.mkdir(mode=0o700)
    random.seed()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process ignores it


def _capture(config: pytest.Config) -> Any:
    return config.pluginmanager.get_plugin("capturemanager")


class _Sender:
    """Sends the reports of a worker.

    Of a test that has passed, it sends only what is counted, unless an option asks for more: a whole report
    takes pytest long to serialise, and again to read.
    """

    def __init__(self, config: pytest.Config, reports: "Connection[Any, Any]") -> None:
        self._config = config
        self._reports = reports
        option = config.option
        self._sends_all = bool(option.durations or option.xmlpath or {"A", "P"} & {*option.reportchars})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._sends_all or not report.passed or hasattr(report, "wasxfail"):
            hook = self._config.hook
            self._reports.send(hook.pytest_report_to_serializable(config=self._config, report=report))
        elif report.when == "call":
            self._reports.send((report.nodeid, report.location))


def _report(session: pytest.Session, workers: "dict[Connection[Any, Any], Worker]") -> None:
    """Reports what the workers send, until each has ended."""
    hook = session.config.hook
    with selectors.DefaultSelector() as selector:
        for connection, worker in workers.items():
            selector.register(connection, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                if report := _next_report(session.config, selector, key.fileobj, key.data):
                    hook.pytest_runtest_logreport(report=report)
                    hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)


def _next_report(
    config: pytest.Config, selector: selectors.BaseSelector, connection: Any, worker: Worker
) -> pytest.TestReport | None:
    """Returns the next report of a worker, or that it died, or nothing if it has ended as it should."""
    try:
        data = connection.recv()
    except EOFError:
        selector.unregister(connection)
        return _death(worker) if worker.wait() else None
    if isinstance(data, tuple):
        nodeid, location = data
        report = pytest.TestReport(nodeid, location, {}, "passed", None, "call")
    else:
        report = config.hook.pytest_report_from_serializable(config=config, data=data)
    worker.last = report.nodeid
    return report


def _death(worker: Worker) -> pytest.TestReport:
    """Returns the failure of a worker that did not run its tests to their end."""
    text = f"A worker ended with status {worker.status}. The last test that it reported is {worker.last}."
    return pytest.TestReport(worker.last, ("", None, "worker"), {}, "failed", text, "call")
