"""An identity provider for tests: keys of every family, and a real HTTP server that publishes them."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from auth.forge import claims, forge, settings
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from taskward.auth.authenticator import Authenticator, authenticator
from taskward.auth.clock import Clock

ALGORITHMS = ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
"""The algorithms that a key set may have keys for: docs/contract.md#tokens."""

_ALGORITHMS = get_default_algorithms()
_CURVES: dict[str, ec.EllipticCurve] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}

Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Signer:
    """A private key, which signs, and its public half."""

    alg: str
    kid: str | None
    private: Any = field(repr=False)

    def sign(self, signing_input: bytes) -> bytes:
        signature: bytes = _ALGORITHMS[self.alg].sign(signing_input, self.private)
        return signature

    def header(self, **changes: object) -> dict[str, object]:
        header: dict[str, object] = {"alg": self.alg, "kid": self.kid} | changes
        return {name: value for name, value in header.items() if value is not ... and value is not None}

    def token(self, **changes: object) -> bytes:
        return forge(self.header(), claims(**changes), self.sign)

    def jwk(self, **changes: object) -> dict[str, Any]:
        """Returns the public half as an entry of a key set; a change of ... leaves that member out."""
        public = _ALGORITHMS[self.alg].to_jwk(self.private.public_key(), as_dict=True)
        public |= {"alg": self.alg, "use": "sig", "kid": self.kid, "key_ops": ...} | changes
        return {name: value for name, value in public.items() if value is not ... and value is not None}


@functools.cache
def signer(alg: str, kid: str | None = "one") -> Signer:
    """Returns the signer of that algorithm and id; cached, because keys take long to generate."""
    if alg in _CURVES:
        return Signer(alg, kid, ec.generate_private_key(_CURVES[alg]))
    if alg == "EdDSA":
        return Signer(alg, kid, ed25519.Ed25519PrivateKey.generate())
    return Signer(alg, kid, _rsa(kid))


@functools.cache
def _rsa(kid: str | None) -> rsa.RSAPrivateKey:
    del kid  # each id has a key of its own, for every algorithm
    return rsa.generate_private_key(65537, 2048)


def key_set(*keys: object) -> bytes:
    return json.dumps({"keys": [key.jwk() if isinstance(key, Signer) else key for key in keys]}).encode()


class IdentityProvider:
    """Publishes its keys on a port of this machine, or misbehaves as a test asks it to."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.behaviour: Connection = self.publish
        self.document = b""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    def has(self, *keys: object) -> None:
        """Publishes these keys and no others."""
        self.document = key_set(*keys)
        self.behaviour = self.publish

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server:
            self._server.close()
            for connection in self._connections:
                connection.cancel()
            await self._server.wait_closed()

    async def publish(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await respond(writer, self.document)

    async def hang(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side gives up

    def answers(self, head: bytes, body: bytes = b"") -> None:
        """Responds with this head and body from now on."""

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head + b"\r\n\r\n" + body)
            await writer.drain()

        self.behaviour = answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self.behaviour(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def respond(writer: asyncio.StreamWriter, body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(head.encode() + b"\r\n\r\n" + body)
    await writer.drain()


@asynccontextmanager
async def guarding(
    provider: IdentityProvider, clock: Clock, **overrides: Any
) -> AsyncIterator[Authenticator]:
    """Yields a started authenticator that fetches its keys there."""
    chosen = settings(jwt_secret=None, jwt_jwks_url=provider.url, **overrides)
    guard = authenticator(chosen, clock)
    await guard.start()
    try:
        yield guard
    finally:
        await guard.stop()
