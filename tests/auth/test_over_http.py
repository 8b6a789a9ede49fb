"""The responses to clients, byte by byte: docs/contract.md#errors and #tokens."""

import logging
import time
from typing import Any

import httpx
import pytest
from auth.identity_provider import IdentityProvider, Signer, signer
from fastapi import FastAPI
from support import SECRET, client_of, running, settings_for, token_for

from taskward.app import create_app

ONE = signer("EdDSA")
UNAUTHORIZED = b'{"error":"Invalid or missing authentication token","code":"UNAUTHORIZED"}'
INVALID = b'{"error":"Authentication token is invalid","code":"INVALID_TOKEN"}'
EXPIRED = b'{"error":"Authentication token has expired","code":"TOKEN_EXPIRED"}'
UNAVAILABLE = b'{"error":"The service is temporarily unavailable","code":"SERVICE_UNAVAILABLE"}'


async def asked(app: FastAPI, *authorization: str, path: str = "/api/tasks") -> httpx.Response:
    headers = [("Authorization", value) for value in authorization]
    async with client_of(app) as client:
        return await client.get(path, headers=headers)


def keys_of(provider: IdentityProvider, **others: Any) -> Any:
    return settings_for("sqlite://", jwt_secret=None, jwt_jwks_url=provider.url, **others)


def lasting(one: Signer, **changes: object) -> str:
    return one.token(**{"exp": time.time() + 900, "iat": time.time()} | changes).decode()


@pytest.mark.parametrize("authorization", [(), ("Basic YTpi",), ("Bearer",), ("Bearer ",), ("bearer   ",)])
async def test_without_a_token_the_response_is_unauthorized(authorization: tuple[str, ...]) -> None:
    async with running(settings_for("sqlite://")) as app:
        answer = await asked(app, *authorization)
    assert (answer.status_code, answer.content) == (401, UNAUTHORIZED)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/json"


async def test_a_token_with_invalid_claims_is_an_invalid_token() -> None:
    good = f"Bearer {token_for('ann')}"
    async with running(settings_for("sqlite://")) as app:
        answers = [
            await asked(app, "Bearer opaque"),
            await asked(app, good + "x"),
            await asked(app, good + ", " + good),
            await asked(app, good, good),
            await asked(app, good, "Basic YTpi"),
            await asked(app, f"Bearer {token_for('')}"),
            await asked(app, f"Bearer {token_for('ann', aud='tasks')}"),
            await asked(app, f"Bearer {'x' * 9000}"),
        ]
        assert (await asked(app, good)).status_code == 200
    for answer in answers:
        assert (answer.status_code, answer.content) == (401, INVALID)
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_an_expired_token_is_token_expired() -> None:
    async with running(settings_for("sqlite://")) as app:
        answer = await asked(app, f"Bearer {token_for('ann', exp=int(time.time()))}")
    assert (answer.status_code, answer.content) == (401, EXPIRED)
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("path", ["/api/tasks?token={}", "/api/tasks?access_token={}", "/api/tasks/{}"])
async def test_a_token_outside_the_header_is_ignored(path: str) -> None:
    good = token_for("ann")
    async with running(settings_for("sqlite://")) as app:
        answer = await asked(app, path=path.format(good))
        async with client_of(app, Cookie=f"token={good}", X_Authorization=f"Bearer {good}") as client:
            also = await client.get("/api/tasks")
    assert answer.content == also.content == UNAUTHORIZED


async def test_tokens_of_a_provider_are_accepted_and_identify_their_owner(provider: IdentityProvider) -> None:
    provider.has(ONE)
    async with running(keys_of(provider)) as app:
        assert (await asked(app, f"Bearer {lasting(ONE)}")).json()["tasks"] == []
        assert (await asked(app, f"Bearer {token_for('ann')}")).content == INVALID
        assert (await asked(app, path="/health/ready")).status_code == 200


async def test_without_keys_the_response_is_503_and_the_service_is_not_ready(
    provider: IdentityProvider,
) -> None:
    provider.answers(b"HTTP/1.1 500 Oops\r\nContent-Length: 0")
    async with running(keys_of(provider)) as app:
        answer = await asked(app, f"Bearer {lasting(ONE)}")
        ready = await asked(app, path="/health/ready")
        assert (await asked(app)).content == UNAUTHORIZED
        assert (await asked(app, "Bearer opaque")).content == INVALID
        assert (await asked(app, path="/health")).status_code == 200
    assert (answer.status_code, answer.content) == (503, UNAVAILABLE)
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers
    assert ready.status_code == 503


async def test_the_log_has_the_reason_of_a_rejection_and_never_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "taskward")
    refused = token_for("a-private-subject", aud="a-private-audience", email="ann@example.com")
    app = create_app(settings_for("sqlite://"))
    await asked(app, f"Bearer {refused}")
    [record] = [record for record in caplog.records if record.name == "taskward.access"]
    assert vars(record)["reason"] == "aud given but JWT_AUDIENCE is not set"
    assert vars(record)["code"] == "INVALID_TOKEN"
    written = repr([vars(one) for one in caplog.records])
    for private in (
        *refused.split("."),
        "a-private-subject",
        "a-private-audience",
        "ann@example.com",
        SECRET,
    ):
        assert private not in written
