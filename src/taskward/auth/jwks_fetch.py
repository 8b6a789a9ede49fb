"""Asking the identity provider for its public keys, and believing no more than has to be believed."""

import asyncio
import functools
import ssl

import httpx

from taskward.auth.jwk import JWKEntry, JWKSUnusable, read_key_set
from taskward.settings import SettingsError

FETCH_TIMEOUT = 3.0
"""Seconds for one fetch, from the name look-up to the last byte."""

CONNECT_TIMEOUT = 1.4
"""Seconds for TCP, and again for TLS: together less than the whole, whose end would leave the socket open."""

MAX_JWKS_BYTES = 64 * 1024
"""Bytes."""


async def fetch_key_set(url: str) -> list[JWKEntry]:
    """Fetch the key set and read it.

    Raises:
        JWKSUnusable: it cannot be had, or holds nothing of use.

    """
    return read_key_set(await _document(url))


async def describe_key_set(url: str) -> list[str]:
    """Fetch a key set and say what is in it, entry by entry.

    Raises:
        SettingsError: it cannot be had, or holds nothing of use.

    """
    try:
        entries = await fetch_key_set(url)
    except JWKSUnusable as why:
        raise SettingsError(f"JWT_JWKS_URL: {why}") from None
    return [f"{entry.label}: {entry.verdict}" for entry in entries]


async def _document(url: str) -> bytes:
    """Get it straight from the provider: no proxy, no redirect, not a byte too much.

    Raises:
        JWKSUnusable: it is not to be had that way, or not in time.

    """
    try:
        async with asyncio.timeout(FETCH_TIMEOUT), _client() as client, client.stream("GET", url) as response:
            return await _body(response)
    except JWKSUnusable:
        raise
    except (TimeoutError, httpx.TimeoutException):
        raise JWKSUnusable(f"the provider does not answer within {FETCH_TIMEOUT:.0f} s") from None
    except Exception as error:  # noqa: BLE001 - names, certificates, sockets: whatever fails, there are no keys
        raise JWKSUnusable(f"the provider cannot be reached ({type(error).__name__})") from None


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise JWKSUnusable(f"the provider answers with status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise JWKSUnusable("the provider answers compressed, though asked not to")
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_JWKS_BYTES:
            raise JWKSUnusable(f"the key set is larger than {MAX_JWKS_BYTES} bytes")
    return body


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "taskward"},
        follow_redirects=False,
        timeout=httpx.Timeout(FETCH_TIMEOUT, connect=CONNECT_TIMEOUT),
        trust_env=False,
        verify=_ssl_context(),
    )


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """The well-known certificate authorities, or those of SSL_CERT_FILE where a provider has its own."""
    return httpx.create_ssl_context()
