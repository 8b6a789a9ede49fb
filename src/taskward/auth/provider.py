"""Asking the identity provider for its public keys, and believing no more than has to be believed."""

import asyncio
import functools
import ssl

import httpx

from taskward.auth.public_keys import Entry, KeySetUnusable, read_key_set
from taskward.settings import SettingsError

PATIENCE = 3.0
"""Seconds for one fetch, from the name look-up to the last byte."""

PATIENCE_TO_CONNECT = 1.4
"""Seconds for TCP, and again for TLS: together less than the whole, whose end would leave the socket open."""

LARGEST_SET = 64 * 1024
"""Bytes."""


async def fetch_key_set(url: str) -> list[Entry]:
    """Fetch the key set and read it.

    Raises:
        KeySetUnusable: it cannot be had, or holds nothing of use.

    """
    return read_key_set(await _document(url))


async def describe_key_set(url: str) -> list[str]:
    """Fetch a key set and say what is in it, entry by entry.

    Raises:
        SettingsError: it cannot be had, or holds nothing of use.

    """
    try:
        entries = await fetch_key_set(url)
    except KeySetUnusable as why:
        raise SettingsError(f"JWT_JWKS_URL: {why}") from None
    return [f"{entry.label}: {entry.verdict}" for entry in entries]


async def _document(url: str) -> bytes:
    """Get it straight from the provider: no proxy, no redirect, not a byte too much.

    Raises:
        KeySetUnusable: it is not to be had that way, or not in time.

    """
    try:
        async with asyncio.timeout(PATIENCE), _client() as client, client.stream("GET", url) as response:
            return await _body(response)
    except KeySetUnusable:
        raise
    except (TimeoutError, httpx.TimeoutException):
        raise KeySetUnusable(f"the provider does not answer within {PATIENCE:.0f} s") from None
    except Exception as error:  # noqa: BLE001 - names, certificates, sockets: whatever fails, there are no keys
        raise KeySetUnusable(f"the provider cannot be reached ({type(error).__name__})") from None


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise KeySetUnusable(f"the provider answers with status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise KeySetUnusable("the provider answers compressed, though asked not to")
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST_SET:
            raise KeySetUnusable(f"the key set is larger than {LARGEST_SET} bytes")
    return body


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "taskward"},
        follow_redirects=False,
        timeout=httpx.Timeout(PATIENCE, connect=PATIENCE_TO_CONNECT),
        trust_env=False,
        verify=_trusted(),
    )


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The well-known certificate authorities, or those of SSL_CERT_FILE where a provider has its own."""
    return httpx.create_ssl_context()
