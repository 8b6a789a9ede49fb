"""docs/dashboard.json and docs/alerts.yml: each query parses, and asks for what a live service exposes."""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from auth.identity_provider import key_set, signer
from prometheus_client.parser import text_string_to_metric_families
from support import SECRET, MakeDatabase, token_for
from support.command import command
from support.waiting import wait_for

from taskward.app import ROUTERS
from taskward.http.routing import StrictRoute

DOCS = Path(__file__).parent.parent.parent / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]
} | {one["name"]: one["expr"] for one in DASHBOARD["annotations"]["list"]}
ALERTS = {
    rule["alert"]: rule["expr"]
    for rule in yaml.safe_load((DOCS / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
}
UNITS = {"reqps", "ops", "percentunit", "s", "short", "bytes"}
OF_THE_SCRAPER = {"job", "instance"}
CLOSED = "http://127.0.0.1:1"
PATHS = {route.path for router in ROUTERS for route in router.routes if isinstance(route, StrictRoute)}

Exposed = dict[str, dict[str, set[str]]]
"""Names of samples, their labels, and the values of these."""


@pytest.fixture(scope="module")
async def exposed(new_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """Returns what services on both engines expose, with webhooks, and with an identity provider."""
    sqlite = {
        "JWT_SECRET": SECRET,
        "WEBHOOK_URL": f"{CLOSED}/hook",
        "WEBHOOK_SECRET": "whsec_" + 32 * "M",
    }
    found: Exposed = {}
    with ExitStack() as running:
        keys = running.enter_context(published(key_set(signer("ES256").jwk())))
        postgres = {"JWT_JWKS_URL": keys, "DATABASE_URL": await new_database("postgres")}
        for settings in (sqlite, postgres):
            folder = tmp_path_factory.mktemp("service")
            service = running.enter_context(command(folder, "serve", PORT="0", METRICS_PORT="0", **settings))
            api, metrics = f"http://127.0.0.1:{service.port()}", service.metrics_url()
            authorization = {"Authorization": f"Bearer {token_for('ann')}"}
            for path, body in (("/api/tasks", b'{"title": "x"}'), ("/api/changes", None), ("/nowhere", None)):
                send(api + path, body, **authorization)
            stream = urllib.request.Request(f"{api}/api/events", headers=authorization)  # noqa: S310 - our own
            if "JWT_SECRET" in settings:
                opened(stream).close()
                wait_for(partial(shows, metrics, '"/api/events"', 'outcome="failed"'))
            add(page(metrics), found)
    return found


def send(url: str, body: bytes | None, **headers: str) -> None:
    """Sends a request whose response may be an error."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})  # noqa: S310 - ours
    opener = urllib.request.build_opener(_NoErrors)
    opener.open(request).read()


@contextmanager
def published(keys: bytes) -> Iterator[str]:
    """Serves the keys of an identity provider while the block runs, and yields their URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        thread.join()


def opened(request: urllib.request.Request) -> Any:
    return urllib.request.urlopen(request)  # noqa: S310 - our own service


class _NoErrors(urllib.request.HTTPErrorProcessor):
    def http_response(self, _: Any, response: Any) -> Any:
        return response


def page(url: str) -> str:
    text: str = urllib.request.urlopen(url).read().decode()  # noqa: S310 - our own
    return text


def shows(url: str, *texts: str) -> bool:
    text = page(url)
    return all(one in text for one in texts)


def add(text: str, found: Exposed) -> None:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)


def parsed(query: str) -> Any:
    """Returns the syntax tree of a query, as Grafana sends it to Prometheus."""
    return promql_parser.parse(query.replace("$__rate_interval", "5m").replace("$job", "taskward"))


def nodes(tree: Any) -> Iterator[Any]:
    """Yields all expressions of a syntax tree."""
    yield tree
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        if (inner := getattr(tree, name, None)) is not None and not isinstance(inner, str | float):
            yield from nodes(inner)
    for argument in getattr(tree, "args", None) or ():
        yield from nodes(argument)


def selectors(tree: Any) -> list[Any]:
    return [node for node in nodes(tree) if isinstance(node, promql_parser.VectorSelector)]


@pytest.mark.processes
@pytest.mark.parametrize("query", [*QUERIES.values(), *ALERTS.values()], ids=[*QUERIES, *ALERTS])
def test_a_query_asks_for_metrics_labels_and_values_that_are_exposed(query: str, exposed: Exposed) -> None:
    tree = parsed(query)
    found = [one for one in selectors(tree) if one.name != "up"]
    assert found or query.startswith("up{")
    labels: set[str] = set(OF_THE_SCRAPER)
    for selector in found:
        assert selector.name in exposed
        labels |= exposed[selector.name].keys()
        for matcher in selector.matchers.matchers:
            if matcher.name in OF_THE_SCRAPER:
                continue
            values = exposed[selector.name][matcher.name]
            if matcher.op == promql_parser.MatchOp.Equal and matcher.name != "code":
                assert matcher.value in values
    for node in nodes(tree):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            assert set(node.modifier.labels) <= labels


@pytest.mark.processes
def test_the_dashboard_shows_every_metric_of_the_service(exposed: Exposed) -> None:
    used = {selector.name for query in QUERIES.values() for selector in selectors(parsed(query))}
    used |= {"taskward_build_info"}  # the variable `job`
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in used}
    own = {name for name in exposed if name.startswith("taskward_")}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in own} - families == {
        "taskward_http_requests_in_progress"
    }


def test_every_query_is_for_the_chosen_job_and_rates_are_of_counters() -> None:
    for query in QUERIES.values():
        tree = parsed(query)
        for selector in selectors(tree):
            assert ("job", "taskward") in {(one.name, one.value) for one in selector.matchers.matchers}
        for node in nodes(tree):
            if isinstance(node, promql_parser.Call) and node.func.name == "rate":
                (selector,) = selectors(node)
                assert re.search("_(total|bucket|sum|count)$", selector.name)
                assert "[$__rate_interval]" in query


def test_durations_are_of_requests_and_not_of_event_streams() -> None:
    streams = {path for path in PATHS if path.endswith("/events")}
    assert streams >= {"/api/events", "/api/spaces/events"}
    for query in (*QUERIES.values(), *ALERTS.values()):
        for selector in selectors(parsed(query)):
            if selector.name == "taskward_http_request_duration_seconds_bucket":
                (excluded,) = [one.value for one in selector.matchers.matchers if one.name == "route"]
                assert all(re.fullmatch(excluded, path) for path in streams), query


def test_legends_use_labels_that_the_query_keeps() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            tree = parsed(target["expr"])
            kept = set(OF_THE_SCRAPER)
            for node in nodes(tree):
                if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
                    kept |= set(node.modifier.labels)
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept


def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    for one, other in combinations(places, 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), (one, other)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for panel in PANELS:
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["type"] in {"stat", "timeseries"}
        sources = [panel["datasource"], *[target["datasource"] for target in panel["targets"]]]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert {"Traffic", "Errors", "Latency", "Saturation", "Database", "Webhooks"} <= set(rows)
