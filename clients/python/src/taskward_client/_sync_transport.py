# `make clients` writes this file from _async_transport.py; do not edit it.
"""Sends calls with httpx: with a token, again where that is safe."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from taskward_client._attempts import Attempts, RenewToken, Retries, Wait
from taskward_client._calls import API, Call, authorization, path_of
from taskward_client._etags import ResponseCache
from taskward_client._replies import Reply, error_of, other_service, too_long
from taskward_client._sync_io import Lock, TokenProvider, sleep, token_of
from taskward_client.errors import NoResponse

T = TypeVar("T")

_FIRST_ERROR = 400


class Tokens:
    """The token of a client: a fixed one, or the latest one of a provider."""

    def __init__(self, token: str | TokenProvider) -> None:
        self._current = token if isinstance(token, str) else None
        self._provider = None if isinstance(token, str) else token
        self._lock = Lock()

    @property
    def renewable(self) -> bool:
        return self._provider is not None

    def current(self) -> str:
        return self._current if self._current is not None else self.renewed(None)

    def renewed(self, rejected: str | None) -> str:
        """Returns a token in place of a rejected one; of several calls at once, the first one fetches it."""
        with self._lock:
            if self._provider is not None and self._current == rejected:
                token = token_of(self._provider)
                authorization(token)  # another text is not kept, so that the next call asks again
                self._current = token
            return self._current or ""


class Transport:
    """Sends the calls of one client; `prefix` is what their paths have in place of `/api`."""

    def __init__(
        self,
        http: httpx.Client,
        tokens: Tokens,
        retries: Retries,
        *,
        prefix: str = API,
        cache: ResponseCache | None = None,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._retries = retries
        self._prefix = prefix
        self._cache = cache or ResponseCache()

    def in_space(self, space_id: str) -> "Transport":
        """Returns a transport that sends the same calls for what belongs to a space."""
        prefix = path_of(f"{API}/spaces", space_id=space_id)
        return Transport(self._http, self._tokens, self._retries, prefix=prefix, cache=self._cache)

    def send(self, call: Call[T]) -> T:
        """Returns what the service has answered.

        Raises:
            APIError: the service has answered with an error.
            NoResponse: there is no answer.

        """
        call = self._placed(call)
        attempts = Attempts(call, self._retries, renewable=self._tokens.renewable)
        token = self._tokens.current()
        while True:
            try:
                reply = self._exchange(call, token)
            except httpx.TransportError as failure:
                sleep(attempts.after_failure(failure).seconds)
                continue
            match attempts.after_reply(reply):
                case Wait(seconds):
                    sleep(seconds)
                case RenewToken():
                    token = self._tokens.renewed(token)
                case None if reply.status < _FIRST_ERROR:
                    return call.parse(reply)
                case None if call.parse_existing and attempts.finds_own_creation(reply):
                    return call.parse_existing(reply)
                case None:
                    raise error_of(reply)

    def stream(self, call: Call[Any], silence: float | None = None) -> Generator[bytes, None, None]:
        """Opens a response of any size, once, and yields its parts; raises as `send` does.

        `silence` is the number of seconds without a part after which the connection counts as broken. Close
        the generator, which closes the response.
        """
        call = self._placed(call)
        token = self._tokens.current()
        try:
            for last in (not self._tokens.renewable, True):
                with self._response(self._request(call, token, silence)) as response:
                    if response.status_code < _FIRST_ERROR:
                        yield from response.iter_bytes()
                        return
                    reply = Reply(response.status_code, response.headers, response.read())
                if last or reply.status != httpx.codes.UNAUTHORIZED:
                    raise error_of(reply)
                token = self._tokens.renewed(token)
        except httpx.TransportError as failure:
            raise NoResponse(f"{call.method} {call.path}: {failure!r}", sent=True) from failure

    def _placed(self, call: Call[T]) -> Call[T]:
        return replace(call, path=self._prefix + call.path[len(API) :]) if self._prefix != API else call

    def _exchange(self, call: Call[Any], token: str) -> Reply:
        request = self._request(call, token)
        key = (token, f"{call.path}?{request['params']}")
        if kept := self._cache.kept(call, key):
            request["headers"]["If-None-Match"] = kept.headers["etag"]
        with self._response(request) as response:
            reply = Reply(response.status_code, response.headers, response.read())
        return self._cache.update(call, key, reply, kept)

    @contextmanager
    def _response(self, request: dict[str, Any]) -> Iterator[httpx.Response]:
        """Sends a request and yields its response, which is closed after the block."""
        try:
            built = self._http.build_request(**request)
        except httpx.InvalidURL:
            raise too_long() from None
        response = self._http.send(built, stream=True)
        try:
            yield response
        except httpx.DecodingError:
            raise other_service() from None
        finally:
            response.close()
            # httpx's stream refers to its response: the cycle would keep the body until a garbage collection.
            response.stream = httpx.ByteStream(b"")

    def _request(self, call: Call[Any], token: str, silence: float | None = None) -> dict[str, Any]:
        request: dict[str, Any] = {
            "method": call.method,
            "url": call.path,
            "params": call.parameters(),
            "content": call.body,
            "headers": {**call.headers, **authorization(token)},
        }
        return request if silence is None else request | {"timeout": httpx.Timeout(silence)}
