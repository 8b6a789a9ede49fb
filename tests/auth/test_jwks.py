"""The provider's keys over time: rotation, revocation, outage. docs/contract.md#tokens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
import pytest_asyncio
from auth.forge import NOW, StoppedClock, claims, forge, settings
from auth.identity_provider import IdentityProvider, Signer, guarding, signer
from support.waiting import until

from taskward.auth.authenticator import Authenticator, authenticator
from taskward.auth.jwks_fetch import FETCH_TIMEOUT
from taskward.http.caller import Caller
from taskward.http.errors import InvalidToken, ServiceError, ServiceUnavailable, TokenExpired

DAY = 24 * 3600
OLD, NEW = signer("EdDSA", "old"), signer("ES256", "new")
NEW_AS_SHOWN = "kid 'new', kty 'EC', crv 'P-256', alg 'ES256'"
STRANGER = Signer("EdDSA", "never published", signer("EdDSA", "stranger").private)


def ask(guard: Authenticator, text: bytes) -> Awaitable[Caller]:
    return guard.identify([b"Bearer " + text])


async def verdict(guard: Authenticator, one: Signer, **changes: object) -> str:
    """Returns "accepted" for a token of this signer, or the reason of its rejection."""
    changes = {"exp": NOW + 30 * DAY} | changes
    try:
        await ask(guard, one.token(**changes))
    except ServiceError as refusal:
        return str(refusal.reason)
    return "accepted"


def fetches(provider: IdentityProvider) -> int:
    return len(provider.requests)


async def loaded(guard: Authenticator) -> None:
    await until(lambda: guard.ready)


async def fetched(provider: IdentityProvider, guard: Any, count: int) -> None:
    """Waits for that number of fetches, and until the last one has been processed."""
    await until(lambda: fetches(provider) == count and guard._keys._fetching is None)


@pytest_asyncio.fixture
async def guard(provider: IdentityProvider, clock: StoppedClock) -> AsyncIterator[Authenticator]:
    """Yields an authenticator that has loaded the one key of the provider."""
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        yield guard


async def test_the_keys_are_loaded_at_the_start_without_a_request(
    guard: Authenticator, provider: IdentityProvider
) -> None:
    assert fetches(provider) == 1
    assert await verdict(guard, OLD) == "accepted"
    assert fetches(provider) == 1


async def test_a_hundred_requests_at_once_after_a_start_cost_one_fetch(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        asked = [verdict(guard, OLD, n=number) for number in range(100)]
        assert set(await asyncio.gather(*asked)) == {"accepted"}
        assert fetches(provider) == 1


async def test_an_authenticator_that_was_not_started_loads_the_keys(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    guard = authenticator(settings(jwt_secret=None, jwt_jwks_url=provider.url), clock)
    assert await verdict(guard, OLD) == "accepted"


async def test_a_new_key_is_accepted_at_once(guard: Authenticator, provider: IdentityProvider) -> None:
    provider.has(OLD, NEW)
    assert await verdict(guard, NEW) == "accepted"
    assert await verdict(guard, OLD) == "accepted"
    assert fetches(provider) == 2


async def test_a_new_key_is_accepted_within_30_seconds_of_other_unknown_keys(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    assert await verdict(guard, STRANGER) == "no key with that kid"
    provider.has(OLD, NEW)
    clock.advance(24.9)
    assert await verdict(guard, NEW) == "no key with that kid"
    clock.advance(30 - FETCH_TIMEOUT - 24.9)
    assert await verdict(guard, NEW) == "accepted"


async def test_a_new_key_with_an_old_id_or_none_is_accepted_at_once_too(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    successor = Signer("EdDSA", "old", signer("EdDSA", "successor").private)
    provider.has(successor)
    assert await verdict(guard, successor) == "accepted"
    assert await verdict(guard, OLD) == "signature does not match"
    clock.advance(30)
    nameless = Signer("EdDSA", None, signer("EdDSA", "third").private)
    provider.has(nameless)
    assert await verdict(guard, nameless) == "accepted"


async def test_a_revoked_key_is_rejected_as_soon_as_the_new_set_is_in_use(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD, NEW)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        seen = OLD.token()
        await ask(guard, seen)
        provider.has(NEW)
        await ask(guard, seen)
        clock.advance(60)
        await fetched(provider, guard, 2)
        with pytest.raises(InvalidToken):
            await ask(guard, seen)
        assert await verdict(guard, OLD) == "no key with that kid"
        assert await verdict(guard, NEW) == "accepted"


async def test_the_keys_are_refreshed_in_the_background_before_a_request_waits(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    for count in range(2, 6):
        clock.advance(59)
        await asyncio.sleep(0.02)
        assert fetches(provider) == count - 1
        clock.advance(1)
        await fetched(provider, guard, count)
    assert await verdict(guard, OLD) == "accepted"


async def test_a_thousand_invalid_tokens_cost_one_fetch_in_25_seconds(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    forger = Signer("EdDSA", "old", STRANGER.private)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        for count in (2, 3):
            for _ in range(10):
                bad = [verdict(guard, (STRANGER, forger)[number % 2], n=number) for number in range(100)]
                assert set(await asyncio.gather(*bad)) == {"no key with that kid", "signature does not match"}
                clock.advance(2.4)
            assert fetches(provider) == count
            clock.advance(1)


async def test_a_token_that_no_key_could_have_signed_costs_no_fetch(
    guard: Authenticator, provider: IdentityProvider
) -> None:
    for alg in ("HS256", "none", "ES256K", "Ed448", ""):
        with pytest.raises(InvalidToken):
            await ask(guard, forged(alg=alg))
    assert fetches(provider) == 1


def forged(**header: object) -> bytes:
    """Returns a token whose header does not name the key that signed it."""
    return forge({"alg": "EdDSA", "kid": "old"} | header, claims(), OLD.sign)


async def test_valid_tokens_do_not_wait_for_a_fetch_that_an_invalid_one_caused(
    guard: Authenticator, provider: IdentityProvider
) -> None:
    provider.behaviour = provider.hang
    waiting = asyncio.create_task(verdict(guard, STRANGER))
    await until(lambda: fetches(provider) == 2)
    async with asyncio.timeout(1):
        assert [await verdict(guard, OLD, n=number) for number in range(50)] == ["accepted"] * 50
    assert not waiting.done()
    provider.has(OLD)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_cancelled_request_does_not_cancel_the_fetch_of_others(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    release = asyncio.Event()

    async def later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        await provider.publish(reader, writer)

    provider.has(OLD)
    provider.behaviour = later
    async with guarding(provider, clock) as guard:
        impatient = asyncio.create_task(verdict(guard, OLD))
        patient = asyncio.create_task(verdict(guard, OLD))
        await until(lambda: fetches(provider) == 1)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        release.set()
        assert await patient == "accepted"
        assert fetches(provider) == 1


async def test_without_keys_the_response_is_503_and_never_401(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    await provider.close()
    async with guarding(provider, clock) as guard:
        assert not guard.ready
        for one in (OLD, STRANGER):
            with pytest.raises(ServiceUnavailable) as refusal:
                await ask(guard, one.token())
            assert refusal.value.reason == "no key set is cached"
            assert refusal.value.retry_after >= 1
        assert not guard.ready


async def test_without_keys_a_malformed_token_is_rejected(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    await provider.close()
    async with guarding(provider, clock) as guard:
        for text in (b"opaque", b"a.b.c", forged(alg="HS256"), forged(alg="none")):
            with pytest.raises(InvalidToken):
                await ask(guard, text)


async def test_a_response_without_keys_comes_within_10_seconds_if_the_provider_hangs(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.behaviour = provider.hang
    async with guarding(provider, clock) as guard, asyncio.timeout(10):
        assert await verdict(guard, OLD) == "no key set is cached"


async def test_without_keys_the_provider_is_asked_with_backoff_and_not_for_every_request(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.answers(b"HTTP/1.1 500 Oops\r\nContent-Length: 0")
    async with guarding(provider, clock) as guard:
        for count, pause in enumerate((1, 2, 4, 8, 8, 8), start=1):
            await fetched(provider, guard, count)
            asked = [verdict(guard, OLD, n=number) for number in range(20)]
            assert set(await asyncio.gather(*asked)) == {"no key set is cached"}
            with pytest.raises(ServiceUnavailable) as refusal:
                await ask(guard, OLD.token())
            assert refusal.value.retry_after == pause
            assert fetches(provider) == count
            clock.advance(pause)
        provider.has(OLD)
        clock.advance(8)
        await loaded(guard)
        assert await verdict(guard, OLD) == "accepted"


async def test_the_last_keys_are_used_for_24_hours_of_an_outage(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    await provider.close()
    clock.advance(DAY - 1)
    assert await verdict(guard, OLD) == "accepted"
    assert await verdict(guard, STRANGER) == "no key with that kid"
    clock.advance(1)
    assert await verdict(guard, OLD) == "no key set is cached"
    assert guard.ready


async def test_a_cached_token_is_not_accepted_longer_than_the_last_keys(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        text = OLD.token(exp=NOW + 30 * DAY)
        await ask(guard, text)
        await provider.close()
        clock.advance(DAY)
        with pytest.raises(ServiceUnavailable):
            await ask(guard, text)


async def test_during_an_outage_the_provider_is_asked_with_backoff(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.answers(b"HTTP/1.1 503 Down\r\nContent-Length: 0")
    clock.advance(60)
    count = 1
    for pause in (1, 2, 4, 8, 16, 30, 30, 30):
        count += 1
        await fetched(provider, guard, count)
        clock.advance(pause - 0.1)
        await asyncio.sleep(0.02)
        assert fetches(provider) == count
        clock.advance(0.1)


async def test_the_backoff_starts_anew_with_each_outage(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    down = b"HTTP/1.1 503 Down\r\nContent-Length: 0"
    provider.answers(down)
    async with guarding(provider, clock) as guard:
        for count, pause in ((1, 1), (2, 2)):
            await fetched(provider, guard, count)
            clock.advance(pause)
        await fetched(provider, guard, 3)
        provider.has(OLD)
        clock.advance(4)
        await fetched(provider, guard, 4)
        provider.answers(down)
        clock.advance(60)
        await fetched(provider, guard, 5)
        clock.advance(1)
        await fetched(provider, guard, 6)


async def test_after_an_outage_the_new_keys_are_in_use_without_a_restart(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    await provider.close()
    clock.advance(2 * DAY)
    assert await verdict(guard, OLD) == "no key set is cached"
    await provider.open()
    provider.has(NEW)
    clock.advance(30)
    await until(lambda: fetches(provider) == 2)
    assert await verdict(guard, NEW) == "accepted"
    assert await verdict(guard, OLD) == "no key with that kid"


async def test_a_set_without_a_usable_key_counts_as_an_outage(
    guard: Authenticator, provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(NEW.jwk(use="enc"))
    clock.advance(60)
    await fetched(provider, guard, 2)
    assert await verdict(guard, OLD) == "accepted"


async def test_stop_cancels_the_fetch_in_progress(provider: IdentityProvider, clock: StoppedClock) -> None:
    provider.behaviour = provider.hang
    async with guarding(provider, clock):
        await until(lambda: fetches(provider) == 1)
    await until(lambda: not provider._connections)


async def test_the_log_names_each_ignored_entry_once_per_change(
    provider: IdentityProvider, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "taskward")
    provider.has(OLD, NEW.jwk(use="enc"))
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        clock.advance(60)
        await fetched(provider, guard, 2)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("taskward")] == [
        f"JWT_JWKS_URL: key 2 ({NEW_AS_SHOWN}, use 'enc'): ignored: use is not sig",
        "JWT_JWKS_URL: 1 keys in use",
    ]


async def test_the_log_has_the_reason_why_the_keys_cannot_be_fetched(
    provider: IdentityProvider, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0")
    async with guarding(provider, clock) as guard:
        await verdict(guard, OLD)
    assert "JWT_JWKS_URL: the provider responds with status 404; next attempt in 1 s" in caplog.messages


async def test_the_claims_of_a_providers_tokens_are_checked_too(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock, jwt_issuer="https://id.example", jwt_audience="tasks") as guard:
        good: dict[str, object] = {"iss": "https://id.example", "aud": ["tasks", "account"]}
        assert await verdict(guard, OLD, **good) == "accepted"
        assert await verdict(guard, OLD, **good | {"aud": "account"}) == "aud is not JWT_AUDIENCE"
        assert await verdict(guard, OLD, **good | {"iss": "https://id.example/"}) == "iss is not JWT_ISSUER"
        assert await verdict(guard, OLD, **good | {"exp": NOW}) == "exp is past"


@pytest.mark.parametrize("kid", [None, 5, True, ["old"], {"kid": "old"}])
async def test_kid_must_be_a_string(kid: object, provider: IdentityProvider, clock: StoppedClock) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        with pytest.raises(InvalidToken) as refusal:
            await ask(guard, forged(kid=kid))
        assert refusal.value.reason == "kid is not a string"


async def test_an_expired_token_of_a_revoked_key_is_invalid(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        with pytest.raises(TokenExpired):
            await ask(guard, OLD.token(exp=NOW - 1))
        provider.has(NEW)
        with pytest.raises(InvalidToken):
            await ask(guard, STRANGER.token())
        with pytest.raises(InvalidToken):
            await ask(guard, OLD.token(exp=NOW - 1))
