"""Calls of tools in the log, the metrics, the audit log and the traces: as any other request."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from changes.streams import in_process_server
from mcp_endpoint.agents import tool_call
from observability.collector import Collector, collecting
from observability.metrics_page import scraped, value
from observability.test_tracing import PARENT, in_trace, spans_of
from support import settings_for, token_for
from support.captured_log import CapturedLog


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.url)
        yield one


async def test_a_call_of_a_tool_is_one_trace_one_request_id_and_two_requests(
    collector: Collector, lines: CapturedLog
) -> None:
    settings = settings_for("sqlite://", audit_log=True, metrics_port=0)
    sub, trace_id = str(uuid4()), uuid4().hex
    call = tool_call("add_tasks", {"tasks": [{"title": "Ann's secret"}], "idempotency_key": "1"})
    call["headers"] |= {"Authorization": f"Bearer {token_for(sub)}", "X-Request-ID": "mine"}
    async with in_process_server(settings) as service, httpx.AsyncClient(base_url=service.url) as http:
        answer = await http.post("/mcp", json=call["json"], headers=call["headers"] | in_trace(trace_id))
        refused = await http.post("/mcp", **tool_call("find_lists"))
        spans = await spans_of(service.app, collector, trace_id)
        metrics = scraped(service.app)
    assert answer.json()["result"]["isError"] is False
    assert refused.status_code == 401

    (outer,) = [span for span in spans if span.name == "POST /mcp"]
    (inner,) = [span for span in spans if span.name == "POST /api/batch"]
    assert (outer.parent, inner.parent) == (PARENT, outer.span_id)
    assert outer.attributes["http.response.status_code"] == 200
    assert {span.parent for span in spans if span.kind == 3} & {inner.span_id}

    access = lines.of("taskward.access")
    whole = [(line["path"], line["status"]) for line in access if line["request_id"] == "mine"]
    assert whole == [("/api/batch", 200), ("/mcp", 200)]
    assert len({line["user_id"] for line in access if line["request_id"] == "mine"}) == 1
    assert {line["trace_id"] for line in access if line["request_id"] == "mine"} == {trace_id}

    audit = {line["outcome"]: line for line in lines.of("taskward.audit")}
    assert (audit["done"]["action"], audit["done"]["request_id"]) == ("task.create", "mine")
    assert (audit["refused"]["route"], audit["refused"]["code"]) == ("/mcp", "UNAUTHORIZED")

    requests = "taskward_http_requests_total"
    assert value(metrics, requests, method="POST", route="/mcp", status="200") == 1
    assert value(metrics, requests, method="POST", route="/mcp", status="401") == 1
    assert value(metrics, requests, method="POST", route="/api/batch", status="200") == 1
    assert value(metrics, "taskward_http_errors_total", code="UNAUTHORIZED") == 1
    assert not [line for line in lines.texts if "secret" in line]
