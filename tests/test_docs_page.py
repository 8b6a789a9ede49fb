"""docs/contract.md#operation: interactive documentation that reaches no other site."""

import re
from html.parser import HTMLParser

import httpx
import pytest
from support import NO_SUCH_PATH, client_of, refusal, running, settings_for

pytestmark = pytest.mark.engines("memory")

ASSETS = {
    "/docs/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/docs/init.js": "text/javascript; charset=utf-8",
}


class Page(HTMLParser):
    """The resources that a page loads, and its inline scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: set[str] = set()
        self.inline: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        self.loads |= {value or "" for name, value in attrs if name in {"src", "href", "action", "data"}}
        self.inline += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data)


async def test_the_page_loads_its_own_files_and_no_others(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/docs")
    page = Page(answer.text)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.loads == {*ASSETS, "data:,"}
    assert page.inline == []


@pytest.mark.parametrize(("path", "kind"), ASSETS.items())
async def test_every_file_of_the_page_is_served(stranger: httpx.AsyncClient, path: str, kind: str) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.content


async def test_the_browser_may_reach_no_other_site(stranger: httpx.AsyncClient) -> None:
    policy = (await stranger.get("/docs")).headers["content-security-policy"]

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    allowed = {source for sources in rules.values() for source in sources.split()}
    assert allowed <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "'unsafe-inline'" not in rules["script-src"]


async def test_the_style_reaches_no_other_site(stranger: httpx.AsyncClient) -> None:
    style = (await stranger.get("/docs/swagger-ui.css")).text

    assert "@import" not in style
    assert all(url.startswith("data:") for url in re.findall(r"url\([\"']?([^)\"']*)", style))


async def test_the_page_shows_this_service_s_own_document(stranger: httpx.AsyncClient) -> None:
    script = (await stranger.get("/docs/init.js")).text

    assert 'url: "/openapi.json"' in script
    assert 'validatorUrl: "none"' in script
    assert "http" not in script
    assert (await stranger.get("/openapi.json")).status_code == 200


async def test_the_page_does_not_store_a_pasted_token(stranger: httpx.AsyncClient) -> None:
    assert "persistAuthorization" not in (await stranger.get("/docs/init.js")).text


@pytest.mark.parametrize(
    "path",
    [
        "/docs/", "/docs/NOTICE", "/docs/LICENSE", "/docs/x.js", "/docs/..%2Fpages.py",
        "/docs/%2e%2e/pages.py",
        "/docs/..%5Cpages.py", "/docs/static/init.js", "/docs/init.js%00", "/docs/INIT.JS", "/redoc",
        "/openapi.yaml",
        "/docs/oauth2-redirect",
    ],
)  # fmt: skip
async def test_nothing_else_is_served_beside_the_page(stranger: httpx.AsyncClient, path: str) -> None:
    assert refusal(await stranger.get(path)) == NO_SUCH_PATH


async def test_the_page_is_there_in_production_too() -> None:
    async with running(settings_for("sqlite://", environment="production")) as app:
        assert (await client_of(app).get("/docs")).status_code == 200
