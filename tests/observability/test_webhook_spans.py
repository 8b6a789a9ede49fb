"""docs/operations.md: each attempt to deliver a webhook is a span, and the receiver gets its trace."""

import asyncio
from collections.abc import Iterator

import pytest
from observability.collector import Collector, Span, collecting
from observability.test_tracing import CLIENT, tracing_of, tracing_to
from support import MakeDatabase, Person, settings_for
from support.captured_log import CapturedLog
from support.waiting import until
from webhooks.receiver import FAIL, OK, SECRET, receiving

from taskward.webhooks import attempts, retries

NAME = "deliver webhook"
CANARY = "canary2281"
SAMPLED = 1


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one


@pytest.mark.engines("disk")
async def test_each_attempt_is_a_span_that_the_receiver_may_continue(
    engine: str,
    new_database: MakeDatabase,
    collector: Collector,
    lines: CapturedLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "FIRST_RETRY_DELAY", 0.2)
    with receiving() as receiver:
        receiver.answer_with(FAIL, OK)
        given = {"webhook_url": f"{receiver.url}&key={CANARY}", "webhook_secret": SECRET}
        settings = settings_for(await new_database(engine), **given)
        async with tracing_to(collector, settings) as app:
            ann = Person(app)
            await ann.create(CANARY)
            await until(lambda: receiver.titles(ann.sub))
            await asyncio.to_thread(tracing_of(app)._provider.force_flush)
        failed, delivered = [one for one in collector.spans if one.name == NAME]
        first, second = receiver.attempts

    for span, attempt, status, count in ((failed, first, 500, 0), (delivered, second, 200, 1)):
        assert (span.kind, span.parent) == (CLIENT, "")
        version, trace_id, span_id, flags = attempt.headers["traceparent"].split("-")
        assert (version, trace_id, span_id) == ("00", span.trace_id, span.span_id)
        assert int(flags, 16) & SAMPLED
        assert span.attributes == {
            "http.request.method": "POST",
            "server.address": "127.0.0.1",
            "server.port": receiver.port,
            "http.request.resend_count": count,
            "webhook.id": attempt.id,
            "http.response.status_code": status,
        } | ({"error.type": "500"} if status == 500 else {})
    assert (failed.failed, delivered.failed) == (True, False)
    assert CANARY not in str(collector.spans)
    line, _ = lines.of("taskward.webhooks.attempts")
    assert (line["trace_id"], line["span_id"]) == (failed.trace_id, failed.span_id)
    assert (line["webhook_id"], line["user_id"], line["reason"]) == (first.id, ann.sub, "status 500")
    assert statements_of(collector.spans, failed)


@pytest.mark.engines("disk")
async def test_a_receiver_that_is_not_there_is_a_failed_span(
    engine: str, new_database: MakeDatabase, collector: Collector
) -> None:
    given = {"webhook_url": "http://127.0.0.1:9/", "webhook_secret": SECRET}
    async with tracing_to(collector, settings_for(await new_database(engine), **given)) as app:
        await Person(app).create()

        async def exported() -> list[Span]:
            await asyncio.to_thread(tracing_of(app)._provider.force_flush)
            return [one for one in collector.spans if one.name == NAME]

        await until(exported)
        (span,) = await exported()

    assert span.failed
    assert span.attributes["error.type"] == "ConnectionRefusedError"
    assert "http.response.status_code" not in span.attributes


def statements_of(spans: list[Span], parent: Span) -> list[str]:
    return [one.name for one in spans if one.parent == parent.span_id]
