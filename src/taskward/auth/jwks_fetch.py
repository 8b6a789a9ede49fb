"""Fetches the provider's JWKS with strict limits: 3 s, 64 KiB, no redirect, no proxy."""

import asyncio
import functools
import ssl

import httpx

from taskward.auth.jwk import JWKEntry, JWKSUnusable, read_key_set
from taskward.settings import SettingsError

FETCH_TIMEOUT = 3.0
"""Seconds for one fetch, from the name look-up to the last byte."""

CONNECT_TIMEOUT = 1.4
"""Seconds for TCP, and again for TLS: together less than the whole, because its timeout would leave the
socket open."""

MAX_JWKS_BYTES = 64 * 1024
"""Bytes."""


async def fetch_key_set(url: str) -> list[JWKEntry]:
    """Fetches and parses the key set.

    Raises:
        JWKSUnusable: it cannot be fetched, or has no usable key.

    """
    return read_key_set(await _document(url))


async def describe_key_set(url: str) -> list[str]:
    """Fetches a key set and returns a line for each entry.

    Raises:
        SettingsError: it cannot be fetched, or has no usable key.

    """
    try:
        entries = await fetch_key_set(url)
    except JWKSUnusable as why:
        raise SettingsError(f"JWT_JWKS_URL: {why}") from None
    return [f"{entry.label}: {entry.verdict}" for entry in entries]


async def _document(url: str) -> bytes:
    """Fetches the document from the provider itself: no proxy, no redirect, within the size limit.

    Raises:
        JWKSUnusable: the request fails or times out.

    """
    try:
        async with asyncio.timeout(FETCH_TIMEOUT), _client() as client, client.stream("GET", url) as response:
            return await _body(response)
    except JWKSUnusable:
        raise
    except (TimeoutError, httpx.TimeoutException):
        raise JWKSUnusable(f"the provider does not respond within {FETCH_TIMEOUT:.0f} s") from None
    except Exception as error:  # noqa: BLE001 - DNS, certificates, sockets: any failure means no keys
        raise JWKSUnusable(f"the provider cannot be reached ({type(error).__name__})") from None


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise JWKSUnusable(f"the provider responds with status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise JWKSUnusable("the provider compresses the response despite Accept-Encoding: identity")
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
    """Returns the well-known certificate authorities, or those of SSL_CERT_FILE."""
    return httpx.create_ssl_context()
