"""An HTTP client of an app, without a network in between."""

import asyncio
from functools import lru_cache
from typing import Any, Final

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.openapi_check import documented

BASE_URL: Final = "http://taskward.test"


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """Returns a client of the app without a network in between.

    Each response is checked against the OpenAPI document, in all tests.
    """
    return AppClient(app, headers)


class AppClient(httpx.AsyncClient):
    """Calls the app with each request as it is built.

    `httpx.AsyncClient.send` takes five times as long as the app: for timeouts, redirects, cookies and
    authentication. It sends only the requests whose body or response is a stream.
    """

    def __init__(self, app: FastAPI, headers: dict[str, str]) -> None:
        self._call = leaving_streams(app)
        super().__init__(
            transport=httpx.ASGITransport(self._call, raise_app_exceptions=False),
            base_url=BASE_URL,
            headers=headers,
            event_hooks={"response": [_check]},
        )

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        if isinstance(url, str) and url.startswith("/"):
            url = _absolute(url)
        return super().build_request(method, url, **options)

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        if stream or not isinstance(request.stream, httpx.ByteStream):
            return await super().send(request, stream=stream, **options)
        received = _Received()
        await received.from_app(self._call, request)
        body = b"" if request.method == "HEAD" else b"".join(received.body)
        answer = _BufferedResponse(received, body, request)
        documented().check(answer)
        return answer


@lru_cache
def _absolute(path: str) -> httpx.URL:
    return httpx.URL(BASE_URL + path)


class _BufferedResponse(httpx.Response):
    """A response whose body is there already: the service compresses nothing."""

    def __init__(self, received: "_Received", body: bytes, request: httpx.Request) -> None:
        super().__init__(
            received.status, headers=received.headers, stream=httpx.ByteStream(body), request=request
        )
        assert "content-encoding" not in self.headers
        self._content = body


class _Received:
    """What an app sends for one request, which it gets in one piece from a client that stays."""

    def __init__(self) -> None:
        self.status = 500  # what the server answers for an app that fails before it answers
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self._is_read = False
        self._is_complete = asyncio.Event()

    async def from_app(self, app: ASGIApp, request: httpx.Request) -> None:
        async def receive() -> Message:
            if self._is_read:
                await self._is_complete.wait()
                return {"type": "http.disconnect"}
            self._is_read = True
            return {"type": "http.request", "body": request.content, "more_body": False}

        try:
            await app(_scope(request), receive, self._send)
        except Exception:  # noqa: BLE001 - the server logs it, and answers if the app has not
            return
        assert self._is_complete.is_set()

    async def _send(self, message: Message) -> None:
        assert not self._is_complete.is_set()
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], [*message["headers"]]
            return
        self.body.append(message.get("body", b""))
        if not message.get("more_body", False):
            self._is_complete.set()


def _scope(request: httpx.Request) -> Scope:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }


async def _check(answer: httpx.Response) -> None:
    await answer.aread()
    documented().check(answer)


def leaving_streams(app: FastAPI) -> ASGIApp:
    """Leaves a stream when its first part has arrived, for it would never end by itself."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].endswith("/events"):
            await app(scope, receive, send)
            return
        whole, arrived = False, asyncio.Event()

        async def receive_and_leave() -> Message:
            nonlocal whole
            if whole:
                await arrived.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            whole = not message.get("more_body", False)
            return message

        async def send_and_note(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                arrived.set()

        await app(scope, receive_and_leave, send_and_note)

    return wrapped
