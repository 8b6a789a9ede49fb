"""The log and the metrics page, as tests read them."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from support import as_taskward

from taskward.log import JsonFormatter
from taskward.metrics import Samples
from taskward.observability import prometheus
from taskward.server.sockets import listen

SamplesByLabels = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Lines(logging.Handler):
    """The lines of the log, as the service would write them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "httpx":  # the client of the tests logs each request
            self.texts.append(self.format(record))

    def of(self, logger: str) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = [json.loads(text) for text in self.texts]
        return [line for line in lines if line["logger"] == logger]


@contextmanager
def page_of(figures: Callable[[], Samples]) -> Iterator[str]:
    """Serves samples on a port of their own while the block runs, and yields the URL."""
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    with prometheus.serve_metrics(sockets, figures):
        yield f"http://127.0.0.1:{port}/metrics"


async def text_of(url: str, **headers: str) -> str:
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.text


def scraped(app: FastAPI) -> SamplesByLabels:
    """Returns an app's metrics as Prometheus reads them."""
    return samples_in(prometheus.exposition(as_taskward(app).collect_metrics())[1].decode())


def samples_in(text: str) -> SamplesByLabels:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: SamplesByLabels, name: str, **labels: str) -> float:
    """Returns one sample; 0 if there is none."""
    return samples.get((name, frozenset(labels.items())), 0.0)
