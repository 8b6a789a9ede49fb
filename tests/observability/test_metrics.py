"""/metrics: each sample has the value that docs/operations.md describes."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from auth.identity_provider import IdentityProvider, key_set, signer
from changes.streams import in_process_server
from fastapi import FastAPI
from observability.metrics_page import page_of, samples_in, scraped, text_of, value
from support import (
    MakeDatabase,
    Person,
    as_taskward,
    client_of,
    database_of,
    exchange,
    parts_of,
    running,
    settings_for,
)
from support.apps import until_jobs_have_run
from support.captured_log import CapturedLog
from support.waiting import until

from taskward.app import create_app
from taskward.auth.authenticator import AUTHENTICATOR
from taskward.database.postgres import pool
from taskward.database.postgres.database import PostgresDatabase
from taskward.http.application import RequestMiddleware
from taskward.metrics import DURATION_BUCKETS, DURATIONS, METRIC_FAMILIES, Histogram, Samples, merge
from taskward.observability import prometheus


@pytest_asyncio.fixture(scope="module")
async def seen(engine: str, new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    """Yields a running app with metrics, on each engine."""
    async with running(settings_for(await new_database(engine), metrics_port=0)) as app:
        yield app


REQUESTS = "taskward_http_requests_total"
ERRORS = "taskward_http_errors_total"
SPENT = "taskward_http_request_duration_seconds"


async def test_a_request_is_counted_by_the_template_of_its_route(seen: FastAPI) -> None:
    before = scraped(seen)
    ann = Person(seen)
    task = await ann.create()
    for _ in range(3):
        await ann.get(task["id"])
    await ann.http.head(f"/api/tasks/{task['id']}")
    after = scraped(seen)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown(REQUESTS, method="POST", route="/api/tasks", status="201") == 1
    assert grown(REQUESTS, method="GET", route="/api/tasks/{task_id}", status="200") == 3
    assert grown(REQUESTS, method="HEAD", route="/api/tasks/{task_id}", status="200") == 1
    one = {"method": "GET", "route": "/api/tasks/{task_id}"}
    assert grown(f"{SPENT}_count", **one) == 3
    assert 0 < grown(f"{SPENT}_sum", **one) < 60
    buckets = [grown(f"{SPENT}_bucket", **one, le=str(bound)) for bound in DURATION_BUCKETS]
    assert buckets == sorted(buckets)
    assert grown(f"{SPENT}_bucket", **one, le="+Inf") == 3
    assert value(after, "taskward_http_requests_in_progress") == 0
    assert value(after, "taskward_processes") == 0  # the server adds that


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "route"),
    [
        ("GET", "/api/tasks", 401, "UNAUTHORIZED", "/api/tasks"),
        (
            "GET",
            "/api/tasks/0190b0a0-0000-7000-8000-000000000000",
            401,
            "UNAUTHORIZED",
            "/api/tasks/{task_id}",
        ),
        ("GET", "/api/nowhere", 401, "UNAUTHORIZED", "unmatched"),
        ("GET", "/nowhere", 404, "NOT_FOUND", "unmatched"),
        ("POST", "/health", 405, "METHOD_NOT_ALLOWED", "/health"),
    ],
)
async def test_a_rejection_is_counted_by_its_code_and_its_route(
    seen: FastAPI, method: str, path: str, status: int, code: str, route: str
) -> None:
    before = scraped(seen)
    await client_of(seen).request(method, path)
    after = scraped(seen)

    labels = {"method": method, "route": route, "status": str(status)}
    assert value(after, REQUESTS, **labels) == value(before, REQUESTS, **labels) + 1
    assert value(after, ERRORS, code=code) == value(before, ERRORS, code=code) + 1


async def test_no_input_of_clients_becomes_a_label(engine: str, new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database(engine), metrics_port=0)) as app:
        ann = Person(app)
        await ann.create("canary4711")
        quiet = len(scraped(app))
        series = set()
        for round_ in range(30):
            await ann.http.get(f"/api/tasks/{uuid4()}")
            await client_of(app).get(f"/canary4711/{round_}")
            await exchange(app, f"CANARY{round_}", f"/canary4711{round_}")
            await exchange(app, f"CANARY{round_}", "/api/tasks")
            series.add(len(scraped(app)))
        text = prometheus.exposition(as_taskward(app).collect_metrics())[1].decode()

    assert len(series) == 1
    assert series.pop() < quiet + 200
    assert "canary4711" not in text.lower()
    assert "CANARY" not in text
    assert ann.sub not in text
    assert 'method="_OTHER",route="unmatched"' in text


async def test_requests_in_progress_are_counted_until_they_end(seen: FastAPI) -> None:
    ann = Person(seen)
    headers = [("Authorization", f"Bearer {ann.token}")]
    async with in_process_server(settings_for("sqlite://", metrics_port=0)) as service:
        client = httpx.AsyncClient(base_url=service.url, headers=headers)
        async with client, client.stream("GET", "/api/events") as stream:
            assert stream.status_code == 200
            samples = scraped(service.app)
            assert value(samples, "taskward_http_requests_in_progress") == 1
            assert value(samples, "taskward_event_streams_open") == 1
        figures = as_taskward(service.app).collect_metrics
        await until(lambda: figures()["taskward_http_requests_in_progress"][()] == 0)
        assert figures()["taskward_event_streams_open"][()] == 0


@pytest.mark.processes
async def test_the_connections_in_use_and_the_waiting_requests_are_shown(new_database: MakeDatabase) -> None:
    url = await new_database("postgres")
    settings = settings_for(url, metrics_port=0, database_pool_size=1)
    async with running(settings) as app:
        ann = Person(app)
        await ann.tasks()
        await until_jobs_have_run(app)
        idle = scraped(app)
        assert value(idle, "taskward_database_connections_max") == 1
        assert value(idle, "taskward_database_connections", state="idle") == 1
        assert value(idle, "taskward_database_connections", state="used") == 0
        database = database_of(app)
        assert isinstance(database, PostgresDatabase)
        async with database.pool.acquire():
            waiting = asyncio.create_task(ann.tasks())
            await until(lambda: database.collect()["taskward_database_requests_waiting"][()] == 1)
            used = scraped(app)
            assert value(used, "taskward_database_connections", state="used") == 1
            assert value(used, "taskward_database_connections", state="idle") == 0
        await waiting
        assert value(scraped(app), "taskward_database_requests_waiting") == 0


@pytest.mark.processes
async def test_a_request_that_timed_out_is_not_shown_as_waiting(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ACQUIRE_TIMEOUT", 0.2)
    url = await new_database("postgres")
    settings = settings_for(url, metrics_port=0, database_pool_size=1)
    async with running(settings) as app:
        ann = Person(app)
        await ann.tasks()
        async with database_of(app).pool.acquire():
            assert (await ann.http.get("/api/tasks")).status_code == 503
            # Until then the expiry of the trash and of the activity may wait, too.
            await until(
                lambda: as_taskward(app).collect_metrics()["taskward_database_requests_waiting"][()] == 0
            )


@pytest.mark.parametrize("engine_of_files", ["memory", "disk"])
async def test_group_commits_are_shown(engine_of_files: str, new_database: MakeDatabase) -> None:
    name = "taskward_sqlite_writes_per_commit"
    async with running(settings_for(await new_database(engine_of_files), metrics_port=0)) as app:
        ann = Person(app)
        await asyncio.gather(*(ann.create() for _ in range(20)))
        samples = scraped(app)

        assert value(samples, f"{name}_sum") == 20
        assert 1 <= value(samples, f"{name}_count") <= 20
        assert value(samples, f"{name}_bucket", le="+Inf") == value(samples, f"{name}_count")
        assert value(samples, "taskward_sqlite_writes_waiting") == 0


async def test_the_state_of_the_providers_keys_is_shown() -> None:
    provider = IdentityProvider()
    await provider.open()
    provider.document = key_set(signer("EdDSA"), signer("ES256", "two"))
    settings = settings_for("sqlite://", jwt_secret=None, jwt_jwks_url=provider.url, metrics_port=0)
    async with running(settings) as app:
        await until(lambda: parts_of(app)[AUTHENTICATOR].ready)
        good = scraped(app)
        provider.answers(b"HTTP/1.1 500 Broken\r\nContent-Length: 0")
        keys: Any = parts_of(app)[AUTHENTICATOR]._keys
        await keys._fetch_once()
        bad = scraped(app)
    await provider.close()

    assert value(good, "taskward_jwks_keys") == value(bad, "taskward_jwks_keys") == 2
    assert value(good, "taskward_jwks_last_fetch_ok") == 1
    assert value(bad, "taskward_jwks_last_fetch_ok") == 0
    assert 0 <= value(good, "taskward_jwks_age_seconds") <= value(bad, "taskward_jwks_age_seconds") < 60
    assert value(good, "taskward_jwks_fetches_total", result="ok") == 1
    assert value(good, "taskward_jwks_fetches_total", result="failed") == 0
    assert value(bad, "taskward_jwks_fetches_total", result="failed") == 1


async def test_keys_that_were_never_fetched_have_no_age() -> None:
    settings = settings_for("sqlite://", jwt_secret=None, jwt_jwks_url="http://127.0.0.1:1/", metrics_port=0)
    async with running(settings) as app:
        await until(lambda: as_taskward(app).collect_metrics()["taskward_jwks_fetches_total"]["failed",])
        figures = as_taskward(app).collect_metrics()

    assert "taskward_jwks_age_seconds" not in figures
    assert figures["taskward_jwks_keys"][()] == 0
    assert figures["taskward_jwks_last_fetch_ok"][()] == 0


def test_without_a_port_nothing_is_counted_and_no_middleware_is_added() -> None:
    app = create_app(settings_for("sqlite://"))

    assert isinstance(vars(app)["pipeline"], RequestMiddleware)
    assert not hasattr(app, "collect_metrics")


# The page


def figures_of_all_kinds() -> Samples:
    return {
        family.name: {family.labels: (*[1.0] * (len(family.buckets) + 1), 1.0) if family.buckets else 1.0}
        for family in METRIC_FAMILIES.values()
    }


async def test_the_port_serves_only_the_page() -> None:
    with page_of(figures_of_all_kinds) as url:
        async with httpx.AsyncClient() as client:
            answer = await client.get(url + "?x=1")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            assert "server" not in answer.headers
            assert (await client.get(url.removesuffix("/metrics"))).status_code == 404
            assert (await client.get(url + "/more")).status_code == 404
            assert (await client.post(url)).status_code == 501


async def test_it_uses_openmetrics_if_the_client_accepts_it() -> None:
    with page_of(figures_of_all_kinds) as url:
        async with httpx.AsyncClient() as client:
            accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
            answer = await client.get(url, headers=accept)

    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


async def test_it_is_not_on_the_port_of_the_api(seen: FastAPI) -> None:
    assert (await client_of(seen).get("/metrics")).status_code == 404


def test_it_responds_while_the_event_loop_is_blocked() -> None:
    async def hold_up_the_loop(url: str) -> str:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: ASYNC210, S310 - that is the point
            return bytes(answer.read()).decode()

    with page_of(figures_of_all_kinds) as url:
        assert "taskward_http_requests_in_progress" in asyncio.run(hold_up_the_loop(url))


async def test_if_collecting_fails_the_connection_is_closed_and_the_log_has_the_reason(
    lines: CapturedLog,
) -> None:
    def broken() -> Samples:
        raise LookupError("canary4711")

    with page_of(broken) as url:
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(url)
        await until(lambda: len(lines.of("taskward.observability.prometheus")) > 1)

    (line,) = (line for line in lines.of("taskward.observability.prometheus") if line["level"] == "warning")
    assert line["exception"][0]["type"] == "builtins.LookupError"
    assert "canary4711" not in "".join(lines.texts)


# Samples of several processes


def test_samples_of_several_processes_are_merged() -> None:
    one, other = Histogram(DURATIONS), Histogram(DURATIONS)
    one.observe(0.0004)
    other.observe(0.0005)  # a bound belongs to its bucket
    other.observe(99)
    key = ("GET", "/health")
    figures = merge(
        [
            {REQUESTS: {("GET", "/health", "200"): 2}, SPENT: {key: one.value()}},
            {REQUESTS: {("GET", "/health", "200"): 3, ("GET", "/x", "404"): 1}, SPENT: {key: other.value()}},
            {"taskward_jwks_age_seconds": {(): 5.0}, "taskward_jwks_last_fetch_ok": {(): 1}},
            {"taskward_jwks_age_seconds": {(): 9.0}, "taskward_jwks_last_fetch_ok": {(): 0}},
        ]
    )

    assert figures[REQUESTS] == {("GET", "/health", "200"): 5, ("GET", "/x", "404"): 1}
    spent = figures[SPENT][key]
    assert isinstance(spent, tuple)
    assert spent[0] == 2
    assert spent[len(DURATION_BUCKETS)] == 1
    assert spent[-1] == pytest.approx(99.0009)
    assert figures["taskward_jwks_age_seconds"][()] == 9
    assert figures["taskward_jwks_last_fetch_ok"][()] == 0


def test_every_name_is_valid_for_prometheus() -> None:
    for name, family in METRIC_FAMILIES.items():
        assert re.fullmatch(r"(taskward|process)(_[a-z]+)+", name)
        assert (family.kind == "counter") == name.endswith("_total")
        assert family.help.endswith(".")
        assert bool(family.buckets) == (family.kind == "histogram")


async def test_every_family_can_be_shown() -> None:
    with page_of(figures_of_all_kinds) as url:
        samples = samples_in(await text_of(url))

    names = {re.sub("_(bucket|sum|count)$", "", name) for name, _ in samples}
    assert names == METRIC_FAMILIES.keys()
