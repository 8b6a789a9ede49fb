"""A verified token is cached, and is not accepted for longer than it is valid."""

from dataclasses import replace
from uuid import uuid4

import pytest
from auth.forge import NOW, SECRET, StoppedClock, claims, forge, guard, token
from support.people import caller_of

from taskward.auth.authenticator import MAX_TOKENS, Authenticator, TokenCache
from taskward.auth.claims import Claims, ClaimsValidator
from taskward.auth.jws import UnverifiedToken
from taskward.auth.shared_secret import SharedSecret
from taskward.http.errors import InvalidToken, TokenExpired

CLAIMS = Claims(caller_of(uuid4(), expires_at=NOW + 900), valid_from=NOW - 60)


class CountingSecret(SharedSecret):
    """A shared secret that counts the checks of signatures, and can be revoked."""

    generation = 0
    checked = 0

    async def verify(self, token: UnverifiedToken) -> None:
        self.checked += 1
        await super().verify(token)


@pytest.fixture
def keys() -> CountingSecret:
    return CountingSecret([SECRET])


@pytest.fixture
def guarded(keys: CountingSecret, clock: StoppedClock) -> Authenticator:
    return Authenticator(keys, ClaimsValidator(None, ()), clock)


async def test_a_token_is_verified_once(guarded: Authenticator, keys: CountingSecret) -> None:
    users = {(await guarded.identify([b"Bearer " + token()])) for _ in range(5)}
    assert len(users) == 1
    assert keys.checked == 1


async def test_each_token_is_verified_by_itself(guarded: Authenticator, keys: CountingSecret) -> None:
    for number in range(3):
        await guarded.identify([b"Bearer " + token(n=number)])
    assert keys.checked == 3


async def test_a_rejected_token_is_not_cached(guarded: Authenticator, keys: CountingSecret) -> None:
    for _ in range(3):
        with pytest.raises(TokenExpired):
            await guarded.identify([b"Bearer " + token(exp=NOW - 1)])
    assert keys.checked == 3


async def test_exp_is_checked_every_time(guarded: Authenticator, clock: StoppedClock) -> None:
    text = b"Bearer " + token(exp=NOW + 10)
    await guarded.identify([text])
    clock.advance(9.999)
    await guarded.identify([text])
    clock.advance(0.001)
    with pytest.raises(TokenExpired):
        await guarded.identify([text])


@pytest.mark.parametrize("name", ["nbf", "iat"])
async def test_nbf_and_iat_are_checked_every_time(
    name: str, guarded: Authenticator, clock: StoppedClock
) -> None:
    text = b"Bearer " + token(**{name: NOW})
    await guarded.identify([text])
    clock.advance(-60)
    await guarded.identify([text])
    clock.advance(-0.001)  # the clock has been corrected
    with pytest.raises(InvalidToken):
        await guarded.identify([text])


async def test_a_token_of_a_revoked_key_is_verified_again(
    guarded: Authenticator, keys: CountingSecret
) -> None:
    text = b"Bearer " + token()
    await guarded.identify([text])
    keys.generation += 1
    await guarded.identify([text])
    await guarded.identify([text])
    assert keys.checked == 2


async def test_a_similar_token_is_not_found_in_the_cache() -> None:
    one = guard()
    good = token()
    await one.identify([b"Bearer " + good])
    for text in (
        good[:-2] + b"AA",
        good + b".",
        good.swapcase(),
        forge({"alg": "none"}, claims(), lambda _: b""),
    ):
        with pytest.raises(InvalidToken):
            await one.identify([b"Bearer " + text])


def test_the_cache_is_bounded_and_the_oldest_entry_is_removed() -> None:
    cache = TokenCache()
    for number in range(MAX_TOKENS + 10):
        cache.put(b"%d" % number, 0, CLAIMS)
    assert len(cache._claims) == MAX_TOKENS
    assert cache.get(b"9", 0, NOW) is None
    assert cache.get(b"10", 0, NOW) == CLAIMS.caller


def test_the_cache_contains_no_token() -> None:
    cache = TokenCache()
    cache.put(b"a token", 0, CLAIMS)
    assert b"a token" not in repr(vars(cache)).encode()


def test_an_entry_of_a_new_generation_clears_the_cache() -> None:
    cache = TokenCache()
    cache.put(b"old", 0, CLAIMS)
    cache.put(b"new", 1, replace(CLAIMS, valid_from=NOW))
    assert cache.get(b"old", 1, NOW) is None
    assert cache.get(b"new", 1, NOW) == CLAIMS.caller
