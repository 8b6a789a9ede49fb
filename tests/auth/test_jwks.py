"""The provider's keys over time: rotation, withdrawal, outage. docs/contract.md, A4."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

import pytest
from auth.forge import NOW, StoppedClock, claims, forge, settings
from auth.identity_provider import IdentityProvider, Signer, guarding, signer, until

from taskward.auth.authenticator import Authenticator, authenticator
from taskward.auth.current_user import User
from taskward.http.errors import InvalidToken, ServiceError, ServiceUnavailable, TokenExpired

DAY = 24 * 3600
OLD, NEW = signer("EdDSA", "old"), signer("ES256", "new")
NEW_AS_SHOWN = "kid 'new', kty 'EC', crv 'P-256', alg 'ES256'"
STRANGER = Signer("EdDSA", "never published", signer("EdDSA", "stranger").private)


def ask(guard: Authenticator, text: bytes) -> Awaitable[User]:
    return guard.identify([b"Bearer " + text])


async def verdict(guard: Authenticator, one: Signer, **changes: object) -> str:
    """Say what becomes of a token of this signer: "accepted", or the reason why not."""
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
    """Wait until the provider has been asked so often, and what it said has been taken in."""
    await until(lambda: fetches(provider) == count and guard._keys._fetching is None)


async def test_the_keys_are_loaded_at_the_start_without_a_request(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        assert fetches(provider) == 1
        assert await verdict(guard, OLD) == "accepted"
        assert fetches(provider) == 1


async def test_a_hundred_requests_at_once_on_a_cold_start_cost_one_fetch(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        asked = [verdict(guard, OLD, n=number) for number in range(100)]
        assert set(await asyncio.gather(*asked)) == {"accepted"}
        assert fetches(provider) == 1


async def test_an_authenticator_that_was_never_started_still_loads_the_keys(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    guard = authenticator(settings(jwt_secret=None, jwt_jwks_url=provider.url), clock)
    assert await verdict(guard, OLD) == "accepted"


async def test_a_new_key_is_live_at_once(provider: IdentityProvider, clock: StoppedClock) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        provider.has(OLD, NEW)
        assert await verdict(guard, NEW) == "accepted"
        assert await verdict(guard, OLD) == "accepted"
        assert fetches(provider) == 2


async def test_a_new_key_is_live_within_30_seconds_whatever_arrived_before(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        assert await verdict(guard, STRANGER) == "no key with that kid"
        provider.has(OLD, NEW)
        clock.advance(29.9)
        assert await verdict(guard, NEW) == "no key with that kid"
        clock.advance(0.1)
        assert await verdict(guard, NEW) == "accepted"


async def test_a_new_key_under_an_old_id_or_none_is_live_at_once_too(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        successor = Signer("EdDSA", "old", signer("EdDSA", "successor").private)
        provider.has(successor)
        assert await verdict(guard, successor) == "accepted"
        assert await verdict(guard, OLD) == "signature does not match"
        clock.advance(30)
        nameless = Signer("EdDSA", None, signer("EdDSA", "third").private)
        provider.has(nameless)
        assert await verdict(guard, nameless) == "accepted"


async def test_a_withdrawn_key_is_refused_once_the_new_set_is_in_use(
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


async def test_the_keys_are_refreshed_in_the_background_before_anybody_waits(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        for count in range(2, 6):
            clock.advance(59)
            await asyncio.sleep(0.02)
            assert fetches(provider) == count - 1
            clock.advance(1)
            await fetched(provider, guard, count)
        assert await verdict(guard, OLD) == "accepted"


async def test_a_thousand_bad_tokens_cost_one_fetch_in_30_seconds(
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
                clock.advance(2.9)
            assert fetches(provider) == count
            clock.advance(1)


async def test_a_token_that_no_key_could_have_signed_costs_no_fetch(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        for alg in ("HS256", "none", "ES256K", "Ed448", ""):
            with pytest.raises(InvalidToken):
                await ask(guard, forged(alg=alg))
        assert fetches(provider) == 1


def forged(**header: object) -> bytes:
    """Make a token whose header says something else than what it is signed with."""
    return forge({"alg": "EdDSA", "kid": "old"} | header, claims(), OLD.sign)


async def test_good_tokens_do_not_wait_while_a_bad_one_makes_the_provider_hang(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        provider.behaviour = provider.hang
        waiting = asyncio.create_task(verdict(guard, STRANGER))
        await until(lambda: fetches(provider) == 2)
        async with asyncio.timeout(1):
            assert [await verdict(guard, OLD, n=number) for number in range(50)] == ["accepted"] * 50
        assert not waiting.done()
        provider.has(OLD)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_caller_who_gives_up_stops_the_fetch_for_nobody(
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


async def test_without_keys_the_answer_is_503_and_never_a_refusal(
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


async def test_without_keys_what_is_no_token_at_all_is_still_refused(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    await provider.close()
    async with guarding(provider, clock) as guard:
        for text in (b"opaque", b"a.b.c", forged(alg="HS256"), forged(alg="none")):
            with pytest.raises(InvalidToken):
                await ask(guard, text)


async def test_a_cold_answer_comes_within_10_seconds_though_the_provider_hangs(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.behaviour = provider.hang
    async with guarding(provider, clock) as guard, asyncio.timeout(10):
        assert await verdict(guard, OLD) == "no key set is cached"


async def test_while_cold_the_provider_is_asked_with_back_off_and_not_for_every_request(
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


async def test_an_outage_is_survived_for_24_hours_with_the_keys_at_hand(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        await provider.close()
        clock.advance(DAY - 1)
        assert await verdict(guard, OLD) == "accepted"
        assert await verdict(guard, STRANGER) == "no key with that kid"
        clock.advance(1)
        assert await verdict(guard, OLD) == "no key set is cached"
        assert guard.ready


async def test_a_verified_token_does_not_outlive_the_keys_at_hand(
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


async def test_during_an_outage_the_provider_is_asked_with_back_off(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
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


async def test_the_back_off_of_an_outage_that_is_over_is_forgotten(
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
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
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
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        await loaded(guard)
        provider.has(NEW.jwk(use="enc"))
        clock.advance(60)
        await fetched(provider, guard, 2)
        assert await verdict(guard, OLD) == "accepted"


async def test_stopping_stops_the_fetch_that_is_under_way(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.behaviour = provider.hang
    async with guarding(provider, clock):
        await until(lambda: fetches(provider) == 1)
    await until(lambda: not provider._connections)


async def test_the_log_names_each_entry_that_is_passed_over_once_for_each_change(
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


async def test_the_log_says_why_the_keys_cannot_be_had(
    provider: IdentityProvider, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0")
    async with guarding(provider, clock) as guard:
        await verdict(guard, OLD)
    assert "JWT_JWKS_URL: the provider responds with status 404; next attempt in 1 s" in caplog.messages


async def test_claims_are_judged_for_a_providers_tokens_as_for_any(
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
async def test_kid_is_text_where_it_is_given(
    kid: object, provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.has(OLD)
    async with guarding(provider, clock) as guard:
        with pytest.raises(InvalidToken) as refusal:
            await ask(guard, forged(kid=kid))
        assert refusal.value.reason == "kid is not a string"


async def test_a_token_of_a_withdrawn_key_has_not_expired_but_is_invalid(
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
