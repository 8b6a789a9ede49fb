"""The metrics of `taskward serve`: of its one process, or of all of its workers."""

import multiprocessing
from pathlib import Path
from typing import Any

import httpx
import pytest
from observability.metrics_page import SamplesByLabels, samples_in, value
from support.command import Command, command

from taskward.metrics import Samples
from taskward.observability import worker_metrics
from taskward.observability.worker_metrics import WorkerMetrics
from taskward.server.sockets import CannotListen, bind_sockets, listen
from taskward.settings import SettingsError, load_settings

HEALTH = {"method": "GET", "route": "/health", "status": "200"}
REQUESTS = "taskward_http_requests_total"


def scraped(url: str) -> SamplesByLabels:
    return samples_in(httpx.get(url, timeout=30).text)


def ask_each_on_its_own(service: Command, times: int) -> None:
    """Sends requests on new connections, so that no worker gets all of them."""
    for _ in range(times):
        assert httpx.get(f"http://127.0.0.1:{service.port()}/health", timeout=30).status_code == 200


@pytest.mark.processes
def test_one_process_shows_its_rejections_and_itself(tmp_path: Path) -> None:
    with command(tmp_path, "serve", PORT="0", METRICS_PORT="0") as service:
        url = service.metrics_url()
        ask_each_on_its_own(service, 1)
        for method in ("BREW", "CANARY"):
            httpx.request(method, f"http://127.0.0.1:{service.port()}/health", timeout=30)
        samples = scraped(url)
        service.process.terminate()
        assert service.wait() == 0

    assert value(samples, REQUESTS, **HEALTH) == 1
    assert value(samples, REQUESTS, method="_OTHER", route="unmatched", status="501") == 2
    assert value(samples, "taskward_http_errors_total", code="INVALID_REQUEST") == 2
    assert value(samples, "taskward_processes") == 1
    builds = [dict(labels) for name, labels in samples if name == "taskward_build_info"]
    assert [build["database"] for build in builds] == ["sqlite"]


def test_a_port_in_use_is_reported_before_the_start() -> None:
    taken = listen("127.0.0.1", 0)
    port = taken[0].getsockname()[1]
    settings = load_settings(_env_file=None, port=0, metrics_port=port)
    with pytest.raises(CannotListen, match=rf"Cannot listen on 127\.0\.0\.1:{port}"):
        bind_sockets(settings)
    for one in taken:
        one.close()


def test_the_port_of_the_api_cannot_be_that_of_the_metrics() -> None:
    with pytest.raises(SettingsError, match="METRICS_PORT must be another port than PORT"):
        load_settings(_env_file=None, port=8000, metrics_port=8000)


# Metrics in the parent process


def figures(requests: int) -> Samples:
    return {REQUESTS: {("GET", "/health", "200"): requests}, "taskward_processes": {(): 1}}


@pytest.fixture
def line() -> Any:
    here, there = multiprocessing.Pipe()
    yield here, there
    here.close()
    there.close()


def test_the_counters_of_a_worker_that_does_not_respond_stay(
    line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_metrics, "WORKER_TIMEOUT", 0.05)
    here, there = line
    several = WorkerMetrics()
    several.add(here)
    there.send(figures(3))  # before it is asked, so that the parent need not wait
    assert several.collect() == figures(3)
    there.recv()

    for _ in range(3):
        assert several.collect() == {REQUESTS: {("GET", "/health", "200"): 3}}
    there.recv()
    assert not there.poll(), "it was asked again, although it had not responded"

    there.send(figures(4))  # too late
    there.send(figures(5))
    assert several.collect() == figures(5)


def test_the_counters_of_a_worker_are_kept_after_its_end(line: Any) -> None:
    here, there = line
    several = WorkerMetrics()
    several.add(here)
    there.send(figures(3))
    several.collect()
    there.close()

    assert several.collect() == {REQUESTS: {("GET", "/health", "200"): 3}}
    several.remove(here)
    assert several.collect() == {REQUESTS: {("GET", "/health", "200"): 3}}


def test_a_worker_answers_until_its_parent_is_gone(line: Any) -> None:
    here, there = line
    worker_metrics.answer_requests(there, lambda: figures(7))
    for _ in range(2):
        here.send(None)
        assert here.recv() == figures(7)
    here.close()
