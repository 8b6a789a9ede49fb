"""The files of the web app: where they are, and what a browser may do with them."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from support import NO_SUCH_PATH, client_of, refusal, running, settings_for

pytestmark = pytest.mark.engines("memory")

FILES = {
    "/": "text/html; charset=utf-8",
    "/app/app.js": "text/javascript; charset=utf-8",
    "/app/app.css": "text/css; charset=utf-8",
    "/app/service-worker.js": "text/javascript; charset=utf-8",
    "/app/icon.svg": "image/svg+xml",
    "/app/manifest.webmanifest": "application/manifest+json",
}


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client of a service in production that has the web app on."""
    async with running(settings_for("sqlite://", environment="production", web_app=True)) as app:
        yield client_of(app)


@pytest.mark.parametrize(("path", "kind"), FILES.items())
async def test_every_file_is_served_with_its_type_and_the_same_policy(
    browser: httpx.AsyncClient, path: str, kind: str
) -> None:
    answer = await browser.get(path)
    head = await browser.head(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    rules = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}
    assert {"script-src", "style-src", "connect-src", "worker-src"} <= rules.keys()


@pytest.mark.parametrize("path", FILES)
async def test_a_file_that_the_browser_has_is_not_sent_again(browser: httpx.AsyncClient, path: str) -> None:
    tag = (await browser.get(path)).headers["etag"]
    known = await browser.get(path, headers={"If-None-Match": f'"other", {tag}'})
    other = await browser.get(path, headers={"If-None-Match": '"other"'})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert known.headers["content-security-policy"]
    assert other.status_code == 200


async def test_the_files_reach_no_other_site_and_need_no_inline_code(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/")).text
    style = (await browser.get("/app/app.css")).text

    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) < FILES.keys()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", page)
    assert "url(" not in style
    assert "@import" not in style


async def test_the_worker_may_control_the_page(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/app/service-worker.js")).headers["service-worker-allowed"] == "/"
    assert "service-worker-allowed" not in (await browser.get("/app/app.js")).headers


@pytest.mark.parametrize(
    "path",
    [
        "/app", "/app/", "/app/index.html/", "/app/x.js", "/app/..%2Ffiles.py", "/app/%2e%2e/files.py",
        "/app/static/app.js", "/app/app.js%00", "/app/APP.JS", "/index.html", "/app.js", "/service-worker.js",
    ],
)  # fmt: skip
async def test_nothing_else_is_served_beside_them(browser: httpx.AsyncClient, path: str) -> None:
    assert refusal(await browser.get(path)) == NO_SUCH_PATH


@pytest.mark.parametrize(
    "others",
    [{"environment": "production"}, {"web_app": False}, {"environment": "production", "web_app": False}],
)
async def test_where_it_is_off_nothing_of_it_is_there(others: dict[str, object]) -> None:
    async with running(settings_for("sqlite://", **others)) as app:
        for path in FILES:
            assert refusal(await client_of(app).get(path)) == NO_SUCH_PATH
        assert refusal(await client_of(app).post("/app/session")) == NO_SUCH_PATH
        assert (await client_of(app).get("/docs")).status_code == 200


async def test_the_page_reaches_the_provider_and_no_other_site() -> None:
    ids = {"web_app_issuer": "https://id.example.com/tenant", "web_app_client_id": "web-app"}
    settings = settings_for("sqlite://", environment="production", web_app=True, **ids)
    async with running(settings) as app:
        for path in FILES:
            policy = (await client_of(app).get(path)).headers["content-security-policy"]
            assert "; connect-src 'self' https://id.example.com; " in policy
            assert policy.count("https:") == 1
        told = await client_of(app).get("/app/sign-in")
        assert told.headers["cache-control"] == "no-store"
        assert told.json() == {
            "issuer": "https://id.example.com/tenant",
            "client_id": "web-app",
            "scope": "openid",
            "resource": None,
        }


async def test_without_a_provider_there_is_no_sign_in(browser: httpx.AsyncClient) -> None:
    told = (await browser.get("/app/sign-in")).json()
    assert told == dict.fromkeys(["issuer", "client_id", "scope", "resource"])


async def test_the_document_of_the_api_does_not_mention_it(browser: httpx.AsyncClient) -> None:
    paths = (await browser.get("/openapi.json")).json()["paths"]
    assert [path for path in paths if not path.startswith(("/api/", "/health"))] == []
