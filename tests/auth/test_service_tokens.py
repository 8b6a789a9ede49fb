"""docs/contract.md#service-tokens: what the app's back end signs, to act for a user."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from auth.forge import NOW, SECRET, Sign, StoppedClock, b64, forge, guard, hs256, token
from auth.identity_provider import IdentityProvider, Signer, guarding, key_set, signer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from taskward.auth.authenticator import Authenticator
from taskward.auth.service import MAX_LIFETIME, TYPE
from taskward.http.caller import Caller, Need
from taskward.http.errors import InvalidToken, TokenExpired
from taskward.settings import SettingsError

USER = UUID("0b5c7a54-3d1e-4d6f-9a40-2f7b6a0f3c11")
RIGHTS = {Need.PRIVATE, Need.SPACE, Need.SHARING, Need.ACCOUNT, Need.CONTROL}
MISMATCH = "signature does not match"
ACT = "act.sub is not 1 to 255 visible characters"
SCOPE = "scope is not of read, write, erase"
LIFETIME = f"exp is not within {MAX_LIFETIME} s after iat"


def key(alg: str) -> Signer:
    return signer(alg, f"the {alg} service key")


def keys(*signers: Signer) -> str:
    return key_set(*signers).decode()


def service_claims(**changes: object) -> dict[str, Any]:
    good = {"sub": str(USER), "iat": NOW, "exp": NOW + 300, "act": {"sub": "nightly"}}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def service_token(one: Signer, sign: Sign | None = None, /, typ: object = TYPE, **changes: object) -> bytes:
    return forge(one.header(typ=typ), service_claims(**changes), sign or one.sign)


def guarded(clock: StoppedClock | None = None, /, **overrides: Any) -> Authenticator:
    return guard(clock, **{"service_public_keys": keys(key("EdDSA"), key("ES256"))} | overrides)


async def identify(one: Authenticator, text: bytes) -> Caller:
    return await one.identify([b"Bearer " + text])


async def refused(one: Authenticator, text: bytes, reason: str) -> None:
    with pytest.raises(InvalidToken) as refusal:
        await identify(one, text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256"])
async def test_a_signed_token_is_the_user(alg: str) -> None:
    one = guarded(service_public_keys=keys(key(alg)))

    caller = await identify(one, service_token(key(alg)))

    assert (caller.id, caller.own.id, caller.own.email, caller.expires_at) == (USER, USER, None, NOW + 300)
    assert caller.reach is not None
    assert (set(caller.reach.has), caller.reach.is_read_only) == (RIGHTS, False)
    assert (caller.reach.actor, caller.reach.token_id, caller.reach.spaces) == ("nightly", None, None)


@pytest.mark.parametrize(
    ("scope", "rights", "is_read_only"),
    [
        ("read", RIGHTS, True),
        ("write", RIGHTS, False),
        ("read write", RIGHTS, False),
        ("erase", RIGHTS | {Need.ERASURE}, False),
        ("write erase", RIGHTS | {Need.ERASURE}, False),
        ("read erase", RIGHTS | {Need.ERASURE}, True),
    ],
)
async def test_the_scope_decides_its_rights(scope: str, rights: set[Need], *, is_read_only: bool) -> None:
    caller = await identify(guarded(), service_token(key("ES256"), scope=scope))

    assert caller.reach is not None
    assert (set(caller.reach.has), caller.reach.is_read_only) == (rights, is_read_only)


async def test_both_keys_of_a_rotation_are_accepted() -> None:
    old, new = signer("EdDSA", "old"), signer("EdDSA", "new")
    one = guarded(service_public_keys=keys(old, new))

    for each in (old, new):
        assert (await identify(one, service_token(each))).id == USER


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sub": ...}, "sub is not a user id"),
        ({"sub": "user-1"}, "sub is not a user id"),
        ({"sub": str(USER).upper()}, "sub is not a user id"),
        ({"sub": USER.hex}, "sub is not a user id"),
        ({"sub": f"{USER}\n"}, "sub is not a user id"),
        ({"sub": None}, "sub is not a user id"),
        ({"sub": [str(USER)]}, "sub is not a user id"),
        ({"iat": ...}, "no iat claim"),
        ({"exp": ...}, "no exp claim"),
        ({"iat": "1"}, "iat is not a finite number"),
        ({"exp": True}, "exp is not a finite number"),
        ({"exp": NOW + 301}, LIFETIME),
        ({"iat": NOW - 1}, LIFETIME),
        ({"exp": NOW + 5, "iat": NOW + 6}, LIFETIME),
        ({"exp": NOW, "iat": NOW}, LIFETIME),
        ({"iat": NOW + 61}, "nbf or iat is in the future"),
        ({"nbf": NOW + 61}, "nbf or iat is in the future"),
        ({"act": ...}, ACT),
        ({"act": "nightly"}, ACT),
        ({"act": {}}, ACT),
        ({"act": {"sub": ""}}, ACT),
        ({"act": {"sub": "a b"}}, ACT),
        ({"act": {"sub": "x" * 256}}, ACT),
        ({"act": {"sub": 1}}, ACT),
        ({"scope": "admin"}, SCOPE),
        ({"scope": ""}, SCOPE),
        ({"scope": "read  write"}, SCOPE),
        ({"scope": "read,write"}, SCOPE),
        ({"scope": "READ"}, SCOPE),
        ({"scope": ["read"]}, SCOPE),
        ({"scope": None}, SCOPE),
        ({"aud": "tasks"}, "aud given but JWT_AUDIENCE is not set"),
    ],
)
async def test_an_invalid_claim_is_refused(changes: dict[str, object], reason: str) -> None:
    if changes.get("iat") == NOW + 61:
        changes = {**changes, "exp": NOW + 100}
    await refused(guarded(), service_token(key("EdDSA"), **changes), reason)


async def test_the_audience_is_that_of_other_tokens_and_the_issuer_is_not_checked() -> None:
    one = guarded(jwt_audience="tasks,agents", jwt_issuer="https://id.example.com")

    assert (await identify(one, service_token(key("EdDSA"), aud=["agents"]))).id == USER
    await refused(one, service_token(key("EdDSA")), "no aud claim")
    await refused(one, service_token(key("EdDSA"), aud="other"), "aud is not one of JWT_AUDIENCE")


async def test_it_expires_without_leeway_also_in_the_cache() -> None:
    clock = StoppedClock()
    one, text = guarded(clock), service_token(key("EdDSA"), exp=NOW + 10)
    await identify(one, text)
    clock.advance(9.999)
    await identify(one, text)
    clock.advance(0.001)

    with pytest.raises(TokenExpired):
        await identify(one, text)
    forged = service_token(key("EdDSA"), lambda _: bytes(64), exp=NOW + 10)
    await refused(one, forged, MISMATCH)


@pytest.mark.parametrize(
    "typ", ["JWT", None, ..., "taskward-service", "TASKWARD-SERVICE+JWT", f"application/{TYPE}", [TYPE]]
)
async def test_another_type_is_never_verified_by_the_service_keys(typ: object) -> None:
    text = forge(
        {**key("EdDSA").header(), **({} if typ is ... else {"typ": typ})}, service_claims(), key("EdDSA").sign
    )

    await refused(guarded(), text, "alg not allowed for the key")


async def test_the_shared_secret_does_not_verify_a_service_token() -> None:
    one = guarded()

    text = forge({"alg": "HS256", "typ": TYPE}, service_claims(), hs256(SECRET))
    await refused(one, text, "no kid, and not exactly one key for that alg")
    caller = await identify(one, token())
    assert caller.reach is None


@pytest.fixture
async def provided(provider: IdentityProvider) -> AsyncIterator[Authenticator]:
    provider.has(signer("EdDSA", "of the provider"))
    async with guarding(provider, StoppedClock(), service_public_keys=keys(key("EdDSA"))) as one:
        yield one


async def test_keys_of_a_provider_and_of_the_back_end_are_not_mixed_up(provided: Authenticator) -> None:
    of_provider = signer("EdDSA", "of the provider")

    assert (await identify(provided, service_token(key("EdDSA")))).id == USER
    assert (await identify(provided, of_provider.token())).reach is None
    await refused(provided, service_token(of_provider), "no key with that kid")
    renamed = Signer("EdDSA", key("EdDSA").kid, of_provider.private)
    await refused(provided, service_token(renamed), MISMATCH)
    await refused(provided, key("EdDSA").token(), "no key with that kid")


async def test_without_the_setting_the_type_has_no_meaning() -> None:
    text = forge({"alg": "HS256", "typ": TYPE}, {"sub": "user-1", "exp": NOW + 900}, hs256(SECRET))

    caller = await identify(guard(), text)

    assert caller.reach is None
    await refused(guard(), service_token(key("EdDSA")), "alg not allowed for the key")


@pytest.mark.parametrize("alg", ["none", "HS256", "HS512", "EdDSA", "RS256", "PS256", "ES384", "", "es256"])
async def test_an_algorithm_is_not_chosen_by_the_token(alg: str) -> None:
    one = guarded(service_public_keys=keys(key("ES256")))
    public = key("ES256").private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (public, public.strip(), SECRET, b""):

        def sign(signing_input: bytes, secret: bytes = secret) -> bytes:
            return hmac.digest(secret, signing_input, hashlib.sha256) if secret else b""

        text = forge(key("ES256").header(typ=TYPE, alg=alg), service_claims(), sign)
        await refused(one, text, "alg not allowed for the key")


async def test_keys_in_the_token_are_ignored() -> None:
    other = signer("ES256", "of an attacker")
    header = other.header(
        typ=TYPE, kid=key("ES256").kid, jwk=other.jwk(), jku="https://example.com/k", x5c=["x"]
    )

    await refused(guarded(), forge(header, service_claims(), other.sign), MISMATCH)


@pytest.mark.parametrize("kid", [1, ["a"], {}, True])
async def test_an_id_that_is_no_text_is_refused(kid: object) -> None:
    text = forge(key("EdDSA").header(typ=TYPE, kid=kid), service_claims(), key("EdDSA").sign)

    await refused(guarded(), text, "kid is not a string")


async def test_an_oversized_or_altered_token_is_refused() -> None:
    one, text = guarded(), service_token(key("ES256"))
    await refused(one, service_token(key("ES256"), padding="x" * 8192), "longer than 8 KiB")
    header, payload, signature = text.split(b".")
    other = b64(json.dumps(service_claims(scope="write erase")).encode())
    await refused(one, b".".join((header, other, signature)), MISMATCH)
    for zeros in (bytes(64), bytes(63), bytes(65), b""):
        await refused(one, b".".join((header, payload, b64(zeros))), MISMATCH)


@given(place=st.integers(min_value=0, max_value=10_000), bit=st.integers(min_value=0, max_value=7))
async def test_a_flipped_bit_is_refused(place: int, bit: int) -> None:
    text = bytearray(service_token(key("EdDSA")))
    text[place % len(text)] ^= 1 << bit

    with pytest.raises(InvalidToken):
        await identify(guarded(), bytes(text))


@pytest.mark.parametrize(
    ("given_keys", "reason"),
    [
        ("{", "not JSON"),
        ("{}", "not an object"),
        ('{"keys": []}', "no usable key"),
        (keys(signer("ES384", "p384")), "alg is not one of ES256, EdDSA, RS256"),
        (json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}]}), "no usable key"),
        (json.dumps({"keys": [{**signer("EdDSA", "one").jwk(), "d": "AAAA"}]}), "no usable key"),
        ("/nowhere/keys.json", "cannot be read"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_at_the_start(given_keys: str, reason: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_PUBLIC_KEYS") as refusal:
        guarded(service_public_keys=given_keys)
    assert reason in str(refusal.value)
    assert "AAAA" not in str(refusal.value)


async def test_the_keys_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(keys(key("EdDSA")))

    caller = await identify(
        guarded(service_public_keys=str(file)), service_token(key("EdDSA"), sub=str(uuid4()))
    )

    assert caller.id != USER
