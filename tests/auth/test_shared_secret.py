"""Tokens signed with JWT_SECRET: docs/contract.md#tokens."""

import hashlib
import hmac

import pytest
from auth.forge import (
    OTHER_SECRET,
    SECRET,
    Sign,
    accepted,
    claims,
    forge,
    guard,
    hs256,
    refused,
    settings,
    token,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from taskward.settings import SettingsError

BOTH = f"{OTHER_SECRET.decode()}, {SECRET.decode()}"


async def test_a_token_signed_with_the_secret_is_accepted() -> None:
    await accepted(token())


async def test_a_token_signed_with_another_secret_is_rejected() -> None:
    await refused(token(OTHER_SECRET), "signature does not match")


async def test_each_of_several_secrets_is_accepted_so_that_they_can_be_rotated() -> None:
    await accepted(token(SECRET), jwt_secret=BOTH)
    await accepted(token(OTHER_SECRET), jwt_secret=BOTH)
    await refused(token(BOTH.encode()), "signature does not match", jwt_secret=BOTH)
    await refused(token(b" " + SECRET), "signature does not match", jwt_secret=BOTH)


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS384",
        "HS512",
        "hs256",
        "HS256 ",
        "RS256",
        "ES256",
        "EdDSA",
        "dir",
        None,
        5,
        True,
        ["HS256"],
        {"alg": "HS256"},
        ...,
    ],
)
async def test_only_hs256_is_accepted(alg: object) -> None:
    header = {} if alg is ... else {"alg": alg}
    for sign in (hs256(SECRET), lambda _: b""):
        await refused(forge(header, claims(), sign), "alg not allowed for the key")


@pytest.mark.parametrize("hashed", [hashlib.sha384, hashlib.sha512, hashlib.sha1])
async def test_the_hash_is_that_of_hs256_although_the_secret_could_be_used_with_others(hashed: str) -> None:
    await refused(
        forge({"alg": "HS256"}, claims(), lambda m: hmac.digest(SECRET, m, hashed)),
        "signature does not match",
    )


def cut_off(size: int) -> Sign:
    return lambda signing_input: hs256(SECRET)(signing_input)[:size]


async def test_the_whole_signature_is_compared() -> None:
    for cut in (0, 1, 16, 31):
        await refused(
            forge({"alg": "HS256"}, claims(), cut_off(cut)),
            "signature does not match",
        )
    await refused(
        forge({"alg": "HS256"}, claims(), lambda m: hs256(SECRET)(m) + b"\0"), "signature does not match"
    )


async def test_every_change_of_a_signed_token_is_detected() -> None:
    header, payload, signature = token().split(b".")
    other = token(sub="another").split(b".")
    await refused(b".".join([header, other[1], signature]), "signature does not match")
    await refused(
        b".".join([forge({"alg": "HS256", "kid": "x"}, {}).split(b".")[0], payload, signature]),
        "signature does not match",
    )
    await refused(b".".join([header, payload, other[2]]), "signature does not match")


@pytest.mark.parametrize("kid", ["", "../../dev/null", "' OR 1=1 --", "x" * 1000, 5, None, ["a"], "\x00"])
async def test_kid_is_ignored_with_a_shared_secret(kid: object) -> None:
    await accepted(forge({"alg": "HS256", "kid": kid}, claims()))
    await refused(forge({"alg": "HS256", "kid": kid}, claims(), hs256(b"")), "signature does not match")


async def test_with_a_secret_the_service_is_ready_at_once() -> None:
    one = guard()
    assert one.ready
    await one.start()
    assert one.ready
    await one.stop()


@pytest.mark.parametrize("short", ["x" * 31, f"{'x' * 32},{'y' * 31}", "x" * 32 + ",", " ," * 20, "é" * 15])
def test_a_secret_of_less_than_32_bytes_is_rejected_at_the_start(short: str) -> None:
    with pytest.raises(SettingsError, match=r"^JWT_SECRET: each secret must be at least 32 bytes long$"):
        settings(jwt_secret=short)


def test_a_published_value_is_no_secret() -> None:
    public = Ed25519PrivateKey.generate().public_key()
    armoured = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    bare = "".join(armoured.splitlines()[1:-1])
    ssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    jwk = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
    for known in (armoured, bare, ssh, jwk, f"{SECRET.decode()},{armoured}"):
        with pytest.raises(SettingsError, match="JWT_SECRET: is a public key"):
            settings(jwt_secret=known)


def test_no_error_message_of_a_setting_contains_its_value() -> None:
    with pytest.raises(SettingsError) as refusal:
        settings(jwt_secret="hunter2")
    assert "hunter2" not in str(refusal.value)
