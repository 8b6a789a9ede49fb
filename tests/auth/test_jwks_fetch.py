"""Fetching the key set, and the permitted URLs: docs/contract.md#tokens."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from auth.forge import SECRET, settings
from auth.identity_provider import IdentityProvider, key_set, signer

from taskward.auth.development import development_secret
from taskward.auth.jwk import JWKSUnusable
from taskward.auth.jwks_fetch import fetch_key_set
from taskward.auth.keys import describe_keys
from taskward.settings import Settings, SettingsError

ONE = signer("EdDSA")
DOCUMENT = key_set(ONE)
LARGEST = 64 * 1024


async def unusable(provider: IdentityProvider) -> str:
    with pytest.raises(JWKSUnusable) as failure:
        await fetch_key_set(provider.url)
    return str(failure.value)


async def test_a_key_set_is_fetched_with_one_plain_request(provider: IdentityProvider) -> None:
    provider.has(ONE)
    [entry] = await fetch_key_set(provider.url)
    assert entry.key
    [request] = provider.requests
    lines = request.decode().lower().splitlines()
    assert lines[0] == "get /jwks http/1.1"
    assert "accept-encoding: identity" in lines
    assert not any(line.startswith(("authorization:", "cookie:")) for line in lines)


async def test_a_proxy_of_the_environment_is_not_used(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    provider.has(ONE)
    assert await fetch_key_set(provider.url)


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[IdentityProvider]:
    other = IdentityProvider()
    await other.open()
    other.has(ONE)
    yield other
    await other.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(
    status: int, provider: IdentityProvider, elsewhere: IdentityProvider
) -> None:
    provider.answers(f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}\r\nContent-Length: 0".encode())
    assert await unusable(provider) == f"the provider responds with status {status}"
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 404, 429, 500, 503])
async def test_only_200_is_success(status: int, provider: IdentityProvider) -> None:
    head = f"HTTP/1.1 {status} Status\r\nConnection: close"
    provider.answers(head.encode(), b"" if status in {204, 304} else DOCUMENT)
    assert await unusable(provider) == f"the provider responds with status {status}"


async def test_at_most_64_kb_are_read(provider: IdentityProvider) -> None:
    provider.document = DOCUMENT + b" " * (LARGEST - len(DOCUMENT))
    assert await fetch_key_set(provider.url)
    provider.document += b" "
    assert await unusable(provider) == "the key set is larger than 65536 bytes"


async def test_an_endless_response_is_aborted(provider: IdentityProvider) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
            await writer.drain()

    provider.behaviour = endless
    assert await unusable(provider) == "the key set is larger than 65536 bytes"


async def test_a_compressed_response_is_not_decompressed(provider: IdentityProvider) -> None:
    packed = gzip.compress(DOCUMENT + b" " * 10_000_000)
    provider.answers(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close", packed)
    assert (
        await unusable(provider) == "the provider compresses the response despite Accept-Encoding: identity"
    )


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _byte in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", ["silent", "drop by drop"])
async def test_a_fetch_takes_3_seconds_at_most(how: str, provider: IdentityProvider) -> None:
    provider.behaviour = provider.hang if how == "silent" else drip
    began = asyncio.get_running_loop().time()
    assert await unusable(provider) == "the provider does not respond within 3 s"
    assert 2.5 < asyncio.get_running_loop().time() - began < 6


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500",
        b"HTTP/1.1 200 OK\r\nContent-Length: x",
        b"\0" * 99,
    ],
)
async def test_a_response_that_is_no_http_is_a_failed_fetch(
    answer: bytes, provider: IdentityProvider
) -> None:
    provider.answers(answer)
    assert (await unusable(provider)).startswith("the provider cannot be reached (")


async def test_a_provider_that_is_down_is_a_failed_fetch(provider: IdentityProvider) -> None:
    await provider.close()
    assert await unusable(provider) == "the provider cannot be reached (ConnectError)"


async def test_a_provider_without_tls_is_a_failed_fetch(
    provider: IdentityProvider,
) -> None:
    with pytest.raises(JWKSUnusable, match=r"cannot be reached \(ConnectError\)|does not respond within 3 s"):
        await fetch_key_set(provider.url.replace("http:", "https:"))


def with_keys_from(url: str) -> Settings:
    return settings(jwt_secret=None, jwt_jwks_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://tenant.auth0.example/.well-known/jwks.json",
        "https://id.example:8443/realms/a/protocol/openid-connect/certs",
        "HTTPS://ID.EXAMPLE/jwks?tenant=1",
        "http://localhost:3000/api/auth/jwks",
        "http://LOCALHOST/jwks",
        "http://127.0.0.1:3000/jwks",
        "http://127.8.9.10/jwks",
        "http://[::1]:3000/jwks",
    ],
)
def test_the_url_is_https_or_http_for_a_loopback_host(url: str) -> None:
    assert with_keys_from(url).jwt_jwks_url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://id.example/jwks", "must begin with https://"),
        ("http://localhost.evil.example/jwks", "must begin with https://"),
        ("http://127.0.0.1.evil.example/jwks", "must begin with https://"),
        ("http://0.0.0.0/jwks", "must begin with https://"),
        ("http://10.0.0.1/jwks", "must begin with https://"),
        ("http://2130706433/jwks", "must begin with https://"),
        ("http://[::2]/jwks", "must begin with https://"),
        ("ftp://id.example/jwks", "must begin with https://"),
        ("ws://localhost/jwks", "must begin with https://"),
        ("//id.example/jwks", "must begin with https://"),
        ("https://user:password@id.example/jwks", "must name a host, and no user or password"),
        ("https://user@id.example/jwks", "must name a host, and no user or password"),
        ("http://localhost@evil.example/jwks", "must name a host, and no user or password"),
        ("https:///jwks", "must name a host"),
        ("file:///etc/passwd", "must name a host"),
        ("id.example/jwks", "must name a host"),
        ("jwks", "must name a host"),
        ("https://id.example:port/jwks", "is not a URL"),
        ("https://id.example:99999/jwks", "is not a URL"),
        ("https://id.ex ample/jwks", "is not a URL"),
        ("https://id.example/jw\nks", "is not a URL"),
        ("https://[::1/jwks", "is not a URL"),
        ("http://127.0.0.1\\@evil.example/jwks", "is not a URL"),
        (" https://id.example/jwks", "is not a URL"),
    ],
)
def test_a_url_that_does_not_protect_the_keys_is_rejected_at_the_start(url: str, why: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        with_keys_from(url)
    assert str(refusal.value).startswith(f"JWT_JWKS_URL: {why}")
    assert "evil" not in str(refusal.value)


def test_a_secret_with_a_key_set_is_rejected_at_the_start() -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET and JWT_JWKS_URL are both set"):
        settings(jwt_secret=SECRET.decode(), jwt_jwks_url="https://id.example/jwks")


def test_in_production_a_key_set_is_enough() -> None:
    assert settings(
        jwt_secret=None, jwt_jwks_url="https://id.example/jwks", environment="production"
    ).production


async def test_check_lists_the_keys_of_the_key_set(provider: IdentityProvider) -> None:
    provider.has(ONE, signer("RS256", "two").jwk(use="enc"))
    assert await describe_keys(with_keys_from(provider.url)) == [
        "key 1 (kid 'one', kty 'OKP', crv 'Ed25519', alg 'EdDSA', use 'sig'): used for EdDSA",
        "key 2 (kid 'two', kty 'RSA', alg 'RS256', use 'enc'): ignored: use is not sig",
    ]


async def test_check_has_the_reason_why_the_key_set_cannot_be_fetched(provider: IdentityProvider) -> None:
    provider.has(ONE.jwk(use="enc"))
    with pytest.raises(SettingsError, match=r"^JWT_JWKS_URL: the key set holds no usable key$"):
        await describe_keys(with_keys_from(provider.url))
    await provider.close()
    with pytest.raises(
        SettingsError, match=r"^JWT_JWKS_URL: the provider cannot be reached \(ConnectError\)$"
    ):
        await describe_keys(with_keys_from(provider.url))


async def test_check_names_the_secret_that_is_used(tmp_path: str) -> None:
    assert await describe_keys(settings(jwt_secret=f"{'a' * 32},{'b' * 32}")) == [
        "JWT_SECRET: secret 1 (HS256)",
        "JWT_SECRET: secret 2 (HS256)",
    ]
    development = settings(jwt_secret=None, database_url=f"sqlite:///{tmp_path}/tasks.db")
    file = f"{tmp_path}/tasks.db.secret"
    assert await describe_keys(development) == [
        f"a development secret, created in {file} at the first start (HS256)"
    ]
    development_secret(development)
    assert await describe_keys(development) == [f"the development secret in {file} (HS256)"]
