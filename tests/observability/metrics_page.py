"""The metrics page, as tests read it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from support import as_taskward

from taskward.metrics import Samples
from taskward.observability import prometheus
from taskward.server.sockets import listen

SamplesByLabels = dict[tuple[str, frozenset[tuple[str, str]]], float]


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
