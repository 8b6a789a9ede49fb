"""OpenTelemetry: the spans that a collector receives from the real exporter over a real socket."""

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from observability.collector import Collector, Span, collecting
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from support import (
    SECRET,
    MakeDatabase,
    Person,
    client_of,
    components_of,
    database_of,
    exchange,
    running,
    settings_for,
)
from support.captured_log import CapturedLog
from support.command import command
from support.processes import bare_environment
from support.waiting import wait_for

from taskward import __version__
from taskward.app import create_app
from taskward.check import findings
from taskward.database.observers import observed
from taskward.database.statements import Read, TransactionSteps, Values
from taskward.http.application import RequestMiddleware
from taskward.http.errors import DatabaseError
from taskward.me.import_statements import STAGE
from taskward.observability import tracing
from taskward.observability.tracing import Tracing, tracing_from_env
from taskward.settings import Settings, SettingsError
from taskward.tasks.statements import COUNTER

SERVER, CLIENT = 2, 3
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary4711"
EMAIL = f"{CANARY}@example.com"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one


@asynccontextmanager
async def tracing_to(collector: Collector, settings: Settings, **variables: str) -> AsyncIterator[FastAPI]:
    """Runs an app whose environment turns traces on."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} | variables).items():
            environment.setenv(name, value)
        app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture(scope="module")
async def traced(engine: str, new_database: MakeDatabase, collector: Collector) -> AsyncIterator[FastAPI]:
    """Yields a running app with traces, on each engine."""
    async with tracing_to(collector, settings_for(await new_database(engine))) as app:
        yield app


def tracing_of(app: FastAPI) -> Tracing:
    (found,) = components_of(app, Tracing)
    return found


async def spans_of(app: FastAPI, collector: Collector, trace_id: str) -> list[Span]:
    """Exports all spans, and returns those of a trace."""
    await asyncio.to_thread(tracing_of(app)._provider.force_flush)
    return collector.of_trace(trace_id)


def in_trace(trace_id: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-{PARENT}-01"}


async def test_a_request_is_a_span_in_the_callers_trace_with_its_statement_inside(
    traced: FastAPI, collector: Collector, engine: str
) -> None:
    ann = Person(traced)
    task = await ann.create()
    trace_id = uuid4().hex
    await ann.http.get(f"/api/tasks/{task['id']}?", headers=in_trace(trace_id))

    statement, request = await spans_of(traced, collector, trace_id)
    assert (request.name, request.kind, request.parent) == ("GET /api/tasks/{task_id}", SERVER, PARENT)
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/tasks/{task_id}",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "url.path": f"/api/tasks/{task['id']}",
        "url.scheme": "http",
    }
    assert not request.failed
    assert request.resource["service.name"] == "taskward"
    assert request.resource["service.version"] == __version__
    assert (statement.name, statement.kind, statement.parent) == ("get task", CLIENT, request.span_id)
    system = "postgresql" if engine == "postgres" else "sqlite"
    assert statement.attributes == {"db.system.name": system, "db.query.summary": "get task"}


async def test_writes_are_spans_and_so_is_each_statement_of_a_transaction(
    traced: FastAPI, collector: Collector
) -> None:
    ann = Person(traced)
    trace_id = uuid4().hex
    await ann.http.post("/api/tasks", json={"title": "x"}, headers=in_trace(trace_id))
    write, request = await spans_of(traced, collector, trace_id)
    assert (write.name, request.name) == ("create task", "POST /api/tasks")

    trace_id = uuid4().hex
    operations = [{"op": "create", "task": {"title": "x"}}, {"op": "delete", "id": str(uuid4())}]
    await ann.http.post("/api/tasks/batch", json={"operations": operations}, headers=in_trace(trace_id))
    *statements, transaction, request = await spans_of(traced, collector, trace_id)
    names = ["create task", "delete task", "lock an owner", "get task"]
    assert [one.name for one in (*statements, transaction)] == [*names, "transaction"]
    assert {one.parent for one in statements} == {transaction.span_id}
    assert transaction.parent == request.span_id


@pytest.mark.parametrize(
    ("method", "path", "name", "status", "code"),
    [
        ("GET", "/api/tasks", "GET /api/tasks", 401, "UNAUTHORIZED"),
        ("GET", f"/nowhere/{EMAIL}?{CANARY}=1", "GET", 404, "NOT_FOUND"),
        (CANARY, "/health", "HTTP /health", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_a_rejection_has_its_code_and_is_no_error(
    traced: FastAPI, collector: Collector, method: str, path: str, name: str, status: int, code: str
) -> None:
    trace_id = uuid4().hex
    await exchange(traced, method, path, headers=list(in_trace(trace_id).items()))

    (span,) = await spans_of(traced, collector, trace_id)
    assert (span.name, span.failed) == (name, False)
    assert span.attributes["http.response.status_code"] == status
    assert span.attributes["error.type"] == code
    assert span.attributes["http.request.method"] == ("GET" if method == "GET" else "_OTHER")


async def test_an_error_is_marked_and_has_no_message(
    traced: FastAPI, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = DatabaseError(reason="UniqueViolationError 23505")
    error.__cause__ = asyncpg.UniqueViolationError(f"Key (email)=({EMAIL}) already exists.")
    break_reads(traced, monkeypatch, error)
    trace_id = uuid4().hex
    await Person(traced).http.get("/api/tasks", headers=in_trace(trace_id))

    statement, request = await spans_of(traced, collector, trace_id)
    assert statement.failed
    assert request.failed
    assert statement.attributes["error.type"] == request.attributes["error.type"] == "DATABASE_ERROR"
    assert statement.told == "UniqueViolationError 23505"

    break_reads(traced, monkeypatch, ValueError(EMAIL))
    trace_id = uuid4().hex
    await Person(traced).http.get("/api/tasks", headers=in_trace(trace_id))
    statement, request = await spans_of(traced, collector, trace_id)
    assert statement.attributes["error.type"] == "ValueError"
    assert request.attributes["error.type"] == "INTERNAL_ERROR"
    assert not any(CANARY.encode() in body for body in collector.bodies)


def break_reads(app: FastAPI, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Makes each read of the app's database fail, below its observer."""

    async def rows(_database: Any, _read: Read, _values: Values) -> NoReturn:
        raise error

    monkeypatch.setattr(type(database_of(app)), "rows", observed(rows))


async def test_a_statement_that_fails_within_a_transaction_fails_its_span_too(
    traced: FastAPI, collector: Collector
) -> None:
    def steps() -> TransactionSteps[None]:
        yield STAGE, {"owner": uuid4(), "tasks": CANARY}  # which is no JSON

    trace_id = uuid4().hex
    inside = TraceContextTextMapPropagator().extract(in_trace(trace_id))
    with tracing_of(traced)._tracer.start_as_current_span("outside", inside, record_exception=False):
        with pytest.raises(DatabaseError):
            await database_of(traced).transact(steps)
        gc.collect()  # closes the generators that were abandoned

    spans = await spans_of(traced, collector, trace_id)
    failed = {span.name: span.failed for span in spans}
    assert failed == {STAGE.name: True, "transaction": True, "outside": False}


async def test_no_span_contains_content_of_users(traced: FastAPI, collector: Collector) -> None:
    ann = Person(traced, sub=EMAIL, email=EMAIL, name=CANARY)
    task = await ann.create(CANARY, description=EMAIL)
    path = f"/api/tasks/{task['id']}"
    for method, target, body in [
        ("PUT", path, {"title": CANARY}),
        ("GET", f"/api/tasks?q={CANARY}&{CANARY}=1", None),
        ("GET", f"/api/tasks?q={CANARY}", None),
        ("GET", f"/api/tasks/{ann.token}", None),
        ("POST", "/api/tasks/batch", {"operations": [{"op": "create", "task": {"title": CANARY}}]}),
        ("GET", "/api/me/export", None),
        ("DELETE", "/api/me", None),
    ]:
        headers = {"Idempotency-Key": f"{CANARY}{uuid4()}", "X-Request-ID": CANARY, "User-Agent": EMAIL}
        await ann.http.request(method, target, json=body, headers=headers)
    await asyncio.to_thread(tracing_of(traced)._provider.force_flush)

    everything = b"".join(collector.bodies)
    for word in (CANARY, task["user_id"], SECRET, *ann.token.split(".")):
        assert word.encode() not in everything


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "parents",
    [
        [],
        [""],
        ["garbage"],
        [f"00-{TRACE}-{PARENT}-01"] * 2,
        [f"00-{'0' * 32}-{PARENT}-01"],
        [f"ff-{TRACE}-{PARENT}-01"],
        ["0" * 60_000],
        ["\xff\xfe"],
    ],
)
async def test_an_invalid_parent_begins_a_new_trace(
    traced: FastAPI, collector: Collector, parents: list[str], lines: CapturedLog
) -> None:
    known = {span.span_id for span in collector.spans}
    headers = [("traceparent", parent) for parent in parents]
    answer = await exchange(traced, "GET", "/health", headers=headers)
    assert answer.status == 200
    await asyncio.to_thread(tracing_of(traced)._provider.force_flush)

    (span,) = (span for span in collector.spans if span.span_id not in known)
    assert span.parent == ""
    assert span.trace_id not in {TRACE, "0" * 32}
    assert [line["logger"] for line in map(dict, lines.of("taskward.access"))] == ["taskward.access"]
    assert len(lines.texts) == 1


async def test_a_trace_that_the_caller_does_not_sample_is_not_exported(
    traced: FastAPI, collector: Collector
) -> None:
    trace_id = uuid4().hex
    await Person(traced).http.get(
        "/api/tasks", headers={"traceparent": f"00-{trace_id}-{PARENT}-00", "tracestate": "a=b"}
    )

    assert await spans_of(traced, collector, trace_id) == []


async def test_each_log_line_of_a_request_names_its_span(
    traced: FastAPI, collector: Collector, lines: CapturedLog
) -> None:
    trace_id = uuid4().hex
    await Person(traced).http.get("/api/tasks", headers=in_trace(trace_id))
    (line,) = lines.of("taskward.access")
    (request,) = (span for span in await spans_of(traced, collector, trace_id) if span.kind == SERVER)
    logging.getLogger("anybody").info("outside")

    assert (line["trace_id"], line["span_id"]) == (trace_id, request.span_id)
    assert "trace_id" not in lines.of("anybody")[0]


async def test_background_work_for_an_open_stream_is_not_traced(
    traced: FastAPI, collector: Collector
) -> None:
    ann = Person(traced)
    await ann.create()
    trace_id = uuid4().hex
    headers = [("Authorization", f"Bearer {ann.token}"), *in_trace(trace_id).items()]
    await exchange(traced, "GET", "/api/events", headers=headers)
    before = await spans_of(traced, collector, trace_id)
    assert {span.kind for span in before} == {SERVER, CLIENT}

    count = len(collector.spans)
    await database_of(traced).rows(COUNTER, {"owner": uuid4()})
    assert await spans_of(traced, collector, trace_id) == before
    assert len(collector.spans) == count


async def test_the_names_of_the_environment_are_used(collector: Collector) -> None:
    for variables, name in [
        ({"OTEL_SERVICE_NAME": "todo"}, "todo"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=todos,team=a"}, "todos"),
    ]:
        trace_id = uuid4().hex
        async with tracing_to(collector, settings_for("sqlite://"), **variables) as app:
            await client_of(app).get("/health", headers=in_trace(trace_id))
        (span,) = collector.of_trace(trace_id)  # the rest is exported at the end
        assert span.resource["service.name"] == name


async def test_a_failing_collector_fails_no_request(lines: CapturedLog) -> None:
    with collecting() as broken:
        broken.status = 400
        async with tracing_to(broken, settings_for("sqlite://")) as app:
            for _ in range(3):
                assert (await client_of(app).get("/health")).status_code == 200
                await asyncio.to_thread(tracing_of(app)._provider.force_flush)
            broken.status = 200
            await client_of(app).get("/health")
            await asyncio.to_thread(tracing_of(app)._provider.force_flush)
        assert len(broken.spans) == 1

    told = [line["message"] for line in lines.of("taskward.observability.tracing")]
    assert told == [
        "Trace export failed; dropping spans until it recovers",
        "Trace export recovered",
    ]
    assert not [text for text in lines.texts if '"opentelemetry' in text]


async def test_a_hanging_collector_does_not_delay_the_end_of_the_service(
    lines: CapturedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "FLUSH_TIMEOUT", 0.1)
    with collecting() as hanging:
        hanging.hanging = threading.Event()
        async with tracing_to(hanging, settings_for("sqlite://")) as app:
            await client_of(app).get("/health")

    assert [line["message"] for line in lines.of("taskward.observability.tracing")] == [
        "Shutdown before all traces were exported"
    ]


@pytest.mark.processes
def test_workers_trace_and_export_the_rest_when_they_end(tmp_path: Path) -> None:
    with collecting() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        with command(tmp_path, "serve", WORKERS="2", PORT="0", **variables) as service:
            port = service.port()
            wait_for(lambda: len(service.workers()) == 2, seconds=60)
            for _ in range(10):
                httpx.get(f"http://127.0.0.1:{port}/health", headers=in_trace(TRACE), timeout=30)
            assert collector.spans == []
            service.process.terminate()
            assert service.wait(60) == 0
        assert [span.name for span in collector.spans] == ["GET /health"] * 10
        logged = [line for line in service.lines if line["logger"] == "taskward.access"]
        assert {line["trace_id"] for line in logged} == {TRACE}
        assert {line["span_id"] for line in logged} == {span.span_id for span in collector.spans}


# When it is on


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_SERVICE_NAME": "todo"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "TRUE"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_by_default_no_middleware_is_added(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    app = create_app(settings_for("sqlite://"))

    assert isinstance(vars(app)["pipeline"], RequestMiddleware)
    assert type(database_of(app)).__name__ == "SqliteDatabase"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: must be otlp, console or none"),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf",
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_BSP_MAX_QUEUE_SIZE": "1"},
            "OTEL_…: one of these variables has a value that the SDK rejects",
        ),
    ],
)
def test_an_unsupported_setting_is_reported_at_the_start(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said):
        tracing_from_env()


@pytest.mark.parametrize(
    ("exporter", "finding"),
    [
        ("otlp", ("ok", "traces", "exported: otlp")),
        ("jaeger", ("FAIL", "traces", "OTEL_TRACES_EXPORTER: must be otlp, console or none")),
    ],
)
async def test_check_reports_whether_traces_can_be_exported(
    exporter: str, finding: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "traces" not in [found.subject for found in await findings()]
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporter)

    assert [found for found in await findings() if found.subject == "traces"] == [finding]


@pytest.mark.processes
def test_a_missing_package_is_reported_with_the_variable_and_the_extra(tmp_path: Path) -> None:
    """An interpreter that does not find the SDK, as after an installation without the extra."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Without())\n"
    )
    environment = bare_environment() | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "PORT": "0"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    ended = subprocess.run(
        [sys.executable, "-m", "taskward", "serve"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    said = "OTEL_EXPORTER_OTLP_ENDPOINT: traces need more packages; install taskward[otel]"
    assert said in ended.stdout


def test_the_console_is_an_exporter_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")

    async def ask() -> None:
        async with running(settings_for("sqlite://")) as app:
            await client_of(app).get("/health")

    asyncio.run(ask())
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["name"] == "GET /health"
