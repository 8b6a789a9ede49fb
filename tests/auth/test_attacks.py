"""The attacks of RFC 8725 and other known ones on tokens of a provider, each with its error."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from auth.forge import Sign, StoppedClock, b64, claims, forge, hs256
from auth.identity_provider import ALGORITHMS, IdentityProvider, Signer, guarding, key_set, signer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from taskward.auth.authenticator import Authenticator
from taskward.http.errors import InvalidToken, TokenExpired

ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    "ES512": int("1" + "F" * 65 + "A51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}
"""Of the curves: SEC 2, 2.4.2, 2.5.1 and 2.6.1."""
COORDINATE = {"ES256": 32, "ES384": 48, "ES512": 66}
"""Bytes of each half of a signature: RFC 7518, 3.4."""
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
MISMATCH = "signature does not match"
NOT_ALLOWED = "alg not allowed for the key"


def key(alg: str) -> Signer:
    """Returns the key of that algorithm that the provider publishes."""
    return signer(alg, f"the {alg} key")


@pytest.fixture
def one(request: pytest.FixtureRequest) -> Signer:
    """Returns a key that is made when a test first needs it, for RSA keys take long to generate."""
    return key(request.param)


@pytest_asyncio.fixture(scope="module")
async def guard() -> AsyncIterator[Authenticator]:
    """Yields an authenticator whose provider has a key of every algorithm."""
    provider = IdentityProvider()
    await provider.open()
    provider.has(*map(key, ALGORITHMS))
    async with guarding(provider, StoppedClock()) as one:
        yield one
    await provider.close()


async def refused(guard: Authenticator, text: bytes, reason: str) -> None:
    with pytest.raises(InvalidToken) as refusal:
        await guard.identify([b"Bearer " + text])
    assert refusal.value.reason == reason


def signed(one: Signer, sign: Sign, **header: object) -> bytes:
    """Returns a token that claims to be of this signer, signed in another way."""
    return forge(one.header(**header), claims(), sign)


def always(signature: bytes) -> Sign:
    return lambda _: signature


def mac(secret: bytes, hashed: str) -> Sign:
    return lambda message: hmac.digest(secret, message, hashed)


def changed(one: Signer, change: Callable[[bytes], bytes]) -> Sign:
    return lambda message: change(one.sign(message))


def each_key(*algorithms: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", algorithms or ALGORITHMS, indirect=True)


@each_key()
async def test_the_attacked_keys_verify_valid_tokens(one: Signer, guard: Authenticator) -> None:
    await guard.identify([b"Bearer " + one.token()])


# No signature


@each_key()
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, ...])
async def test_a_token_with_the_algorithm_none_is_rejected(
    alg: object, one: Signer, guard: Authenticator
) -> None:
    header = {"kid": one.kid} | ({} if alg is ... else {"alg": alg})
    for sign in (always(b""), one.sign):
        await refused(guard, forge(header, claims(), sign), NOT_ALLOWED)


@each_key()
async def test_a_removed_signature_is_rejected(one: Signer, guard: Authenticator) -> None:
    await refused(guard, signed(one, always(b"")), MISMATCH)
    await refused(guard, one.token().rpartition(b".")[0], "not three segments")


@each_key()
async def test_a_signature_of_another_token_is_rejected(one: Signer, guard: Authenticator) -> None:
    genuine = one.token().rpartition(b".")[2]
    changed = one.token(sub="somebody-else").rpartition(b".")[0]
    await refused(guard, changed + b"." + genuine, MISMATCH)


# Confusion of public keys with shared secrets


def clothes(one: Signer) -> dict[str, bytes]:
    """Yields a public key in every usual encoding."""
    public = one.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = one.jwk()
    written = {
        "pem": pem,
        "pem, no line at the end": pem.strip(),
        "pem, crlf": pem.replace(b"\n", b"\r\n"),
        "pem, one line": pem.replace(b"\n", b""),
        "pem, escaped": pem.replace(b"\n", b"\\n"),
        "no armour": b"".join(pem.splitlines()[1:-1]),
        "no armour, lines": b"\n".join(pem.splitlines()[1:-1]) + b"\n",
        "der": der,
        "der, hex": der.hex().encode(),
        "der, base64url": b64(der),
        "jwk": json.dumps(jwk).encode(),
        "jwk, compact": json.dumps(jwk, separators=(",", ":")).encode(),
        "jwk, sorted": json.dumps(jwk, sort_keys=True).encode(),
        "key set": key_set(*map(key, ALGORITHMS)),
        "x or n": (jwk.get("x") or jwk["n"]).encode(),
        "x or n, raw": base64.urlsafe_b64decode((jwk.get("x") or jwk["n"]) + "=="),
        "kid": (one.kid or "").encode(),
        "nothing": b"",
        "zeros": bytes(32),
    }
    if one.alg[:2] in {"RS", "PS"}:
        written["pkcs1 pem"] = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        written["pkcs1 der"] = public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if one.alg != "ES512":
        written["ssh"] = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return written


@each_key()
@pytest.mark.parametrize(("alg", "hashed"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
async def test_a_public_key_in_any_encoding_is_no_shared_secret(
    alg: str, hashed: str, one: Signer, guard: Authenticator
) -> None:
    for secret in clothes(one).values():
        text = signed(one, mac(secret, hashed), alg=alg)
        await refused(guard, text, NOT_ALLOWED)


@each_key()
async def test_a_mac_under_an_asymmetric_algorithm_is_rejected(one: Signer, guard: Authenticator) -> None:
    for secret in clothes(one).values():
        await refused(guard, signed(one, hs256(secret)), MISMATCH)


# One algorithm for each key


@each_key()
async def test_an_algorithm_that_the_key_is_not_for_is_rejected(one: Signer, guard: Authenticator) -> None:
    for other in ALGORITHMS:
        if other != one.alg:
            await refused(guard, signed(key(other), key(other).sign, kid=one.kid), NOT_ALLOWED)
            await refused(guard, signed(one, key(other).sign), MISMATCH)


@pytest.mark.parametrize(
    "alg",
    ["ES256K", "Ed25519", "Ed448", "EdDSA ", "eddsa", "es256", "RS1", "RSA-OAEP", "ECDH-ES", "dir", "ES521"],
)
async def test_an_unsupported_algorithm_is_rejected(alg: str, guard: Authenticator) -> None:
    for one in map(key, ALGORITHMS):
        await refused(guard, signed(one, one.sign, alg=alg), NOT_ALLOWED)


@pytest.mark.parametrize("alg", [5, True, ["ES256"], {"ES256": 1}, None])
async def test_an_algorithm_that_is_no_string_is_rejected(alg: object, guard: Authenticator) -> None:
    one = key("ES256")
    text = forge({"alg": alg, "kid": one.kid}, claims(), one.sign)
    await refused(guard, text, NOT_ALLOWED)


# Keys in the token


@each_key("EdDSA", "ES256", "RS256")
async def test_a_key_in_the_header_is_not_used(one: Signer, guard: Authenticator) -> None:
    own = signer(one.alg, "the attacker's")
    for brought in (own.jwk(), own.jwk(kid=one.kid), one.jwk()):
        await refused(guard, signed(one, own.sign, jwk=brought), MISMATCH)
        await refused(guard, signed(own, own.sign, jwk=brought), "no key with that kid")
    certificate = base64.b64encode(
        own.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    await refused(guard, signed(one, own.sign, x5c=[certificate], **{"x5t#S256": "AA"}), MISMATCH)


@pytest.mark.parametrize("member", ["jku", "x5u"])
async def test_a_url_in_the_header_is_never_fetched(
    member: str, guard: Authenticator, provider: IdentityProvider
) -> None:
    own = signer("EdDSA", "the attacker's")
    provider.has(own)
    for kid in (own.kid, key("EdDSA").kid, provider.url):
        text = signed(own, own.sign, kid=kid, **{member: provider.url})
        with pytest.raises(InvalidToken):
            await guard.identify([b"Bearer " + text])
    assert provider.requests == []
    assert not provider._connections


@pytest.mark.parametrize(
    "kid",
    [
        "/dev/null",
        "../../../../dev/null",
        "file:///etc/passwd",
        "http://127.0.0.1/jwks",
        "' UNION SELECT 'secret' --",
        "the EdDSA key\x00",
        "the eddsa key",
        "0",
        "",
        "|id",
        "${jndi:ldap://127.0.0.1/a}",
        "x" * 4000,
    ],
)
async def test_a_kid_is_only_compared(kid: str, guard: Authenticator) -> None:
    for sign in (key("EdDSA").sign, hs256(b""), always(b"")):
        await refused(guard, forge({"alg": "EdDSA", "kid": kid}, claims(), sign), "no key with that kid")


async def test_without_a_kid_several_keys_are_not_tried(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    one, two = signer("ES256", "a"), signer("ES256", "b")
    provider.has(one, two)
    async with guarding(provider, clock) as many:
        for each in (one, two):
            text = signed(each, each.sign, kid=...)
            await refused(many, text, "no kid, and not exactly one key for that alg")


# Signatures that satisfy the equations


@each_key("ES256", "ES384", "ES512")
async def test_a_signature_of_zeros_is_rejected(one: Signer, guard: Authenticator) -> None:
    order = ORDERS[one.alg]
    for r, s in [
        (0, 0),
        (0, 1),
        (1, 0),
        (order, order),
        (0, order),
        (order, 0),
        (order, 1),
        (1, order),
        (1, 1),
    ]:
        await refused(guard, signed(one, pair(one, r, s)), MISMATCH)


def pair(one: Signer, r: int, s: int) -> Sign:
    size = COORDINATE[one.alg]
    return always(r.to_bytes(size, "big") + s.to_bytes(size, "big"))


@each_key("ES256", "ES384", "ES512")
async def test_a_number_beyond_the_order_of_the_curve_is_rejected(one: Signer, guard: Authenticator) -> None:
    size, order = COORDINATE[one.alg], ORDERS[one.alg]
    highest = 2 ** (8 * size) - 1

    def lifted(message: bytes) -> bytes:
        r, s = halves(one, message)
        return int.to_bytes(min(r + order, highest), size, "big") + int.to_bytes(s, size, "big")

    await refused(guard, signed(one, lifted), MISMATCH)
    await refused(guard, signed(one, pair(one, highest, highest)), MISMATCH)


def halves(one: Signer, message: bytes) -> tuple[int, int]:
    signature = one.sign(message)
    size = COORDINATE[one.alg]
    assert len(signature) == 2 * size
    return int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")


@each_key("ES256", "ES384", "ES512")
async def test_a_signature_in_der_is_rejected(one: Signer, guard: Authenticator) -> None:
    hashed = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}[one.alg]

    def in_der(message: bytes) -> bytes:
        signature: bytes = one.private.sign(message, ec.ECDSA(hashed))
        return signature

    await refused(guard, signed(one, in_der), MISMATCH)


@each_key("ES256", "ES384", "ES512")
async def test_a_signature_of_another_length_is_rejected(one: Signer, guard: Authenticator) -> None:
    size = COORDINATE[one.alg]
    changes: list[Callable[[bytes], bytes]] = [
        lambda raw: raw + b"\0",
        lambda raw: b"\0" + raw,
        lambda raw: raw[:-1],
        lambda raw: b"\0" + raw[:size] + b"\0" + raw[size:],
        lambda raw: raw[:size],
        lambda raw: raw + raw,
    ]
    for change in changes:
        await refused(guard, signed(one, changed(one, change)), MISMATCH)


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP256R1(), ec.SECP384R1()])
async def test_a_signature_of_another_curve_is_rejected(
    curve: ec.EllipticCurve, guard: Authenticator
) -> None:
    own = Signer("ES256K", None, ec.generate_private_key(curve))
    for alg in ("ES256", "ES384", "ES512"):
        await refused(guard, signed(key(alg), own.sign), MISMATCH)


async def test_an_eddsa_signature_has_one_form(guard: Authenticator) -> None:
    one = key("EdDSA")

    def lifted(message: bytes) -> bytes:
        signature = one.sign(message)
        s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
        return signature[:32] + s.to_bytes(32, "little")

    await refused(guard, signed(one, lifted), MISMATCH)
    for made_up in (bytes(64), b"\1" + bytes(63), b"\xff" * 64, bytes(63), bytes(65), bytes(114)):
        await refused(guard, signed(one, always(made_up)), MISMATCH)


@each_key("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
async def test_an_rsa_signature_has_one_form(one: Signer, guard: Authenticator) -> None:
    modulus = one.private.public_key().public_numbers().n

    def lifted(signature: bytes) -> bytes:
        return int.to_bytes(int.from_bytes(signature, "big") + modulus, 257, "big")

    await refused(guard, signed(one, changed(one, lifted)), MISMATCH)
    await refused(guard, signed(one, changed(one, lambda signature: b"\0" + signature)), MISMATCH)
    for number in (0, 1, modulus - 1, modulus, modulus + 1):
        await refused(guard, signed(one, always(number.to_bytes(257, "big")[1:])), MISMATCH)


@each_key("RS256", "ES256", "EdDSA")
async def test_a_hash_or_an_encoded_message_is_no_signature(one: Signer, guard: Authenticator) -> None:
    def padded(message: bytes) -> bytes:
        """Returns EMSA-PKCS1-v1_5 (RFC 8017, 9.2), not raised to a power: valid if e were 1."""
        prefix = bytes.fromhex("3031300d060960864801650304020105000420")
        digest = prefix + hashlib.sha256(message).digest()
        return b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest

    await refused(guard, signed(one, padded), MISMATCH)
    await refused(guard, signed(one, lambda message: hashlib.sha256(message).digest() * 2), MISMATCH)


# Other formats


async def test_an_encrypted_token_is_rejected(guard: Authenticator) -> None:
    header = b64(json.dumps({"alg": "RSA-OAEP", "enc": "A256GCM"}).encode())
    await refused(
        guard, b".".join([header, b64(b"key"), b64(b"iv"), b64(b"text"), b64(b"tag")]), "not three segments"
    )


async def test_a_nested_token_is_rejected(guard: Authenticator) -> None:
    one = key("EdDSA")
    await refused(guard, forge(one.header(cty="JWT"), one.token(), one.sign), "payload is not strict JSON")


async def test_a_token_in_the_json_serialization_is_rejected(guard: Authenticator) -> None:
    header, payload, signature = key("EdDSA").token().decode().split(".")
    text = json.dumps({"protected": header, "payload": payload, "signature": signature}).encode()
    await refused(guard, text, "a character that is not allowed in a token")


async def test_an_opaque_session_token_is_rejected(guard: Authenticator) -> None:
    await refused(guard, b"q2Z8mVw0yT5kR7uN1xC4bH6jL9pS3dFg", "not three segments")


# Random input

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(ALGORITHMS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
headers = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "jwk", "jku", "x5c", "crit"]), values, max_size=4
)
alg_and_kid = st.fixed_dictionaries(
    {"alg": st.sampled_from(ALGORITHMS), "kid": st.sampled_from([f"the {alg} key" for alg in ALGORITHMS])}
)


@given(header=st.one_of(headers, alg_and_kid), payload=values, signature=st.binary(max_size=300))
async def test_random_headers_payloads_and_signatures_are_rejected(
    header: dict[str, Any], payload: object, signature: bytes, guard: Authenticator
) -> None:
    text = forge(header, json.dumps(payload).encode(), always(signature))
    with pytest.raises(InvalidToken):
        await guard.identify([b"Bearer " + text])


@given(alg=st.sampled_from(ALGORITHMS), size=st.sampled_from([0, 32, 64, 96, 132, 256]), data=st.data())
async def test_random_signatures_of_the_right_length_are_rejected(
    alg: str, size: int, data: st.DataObject, guard: Authenticator
) -> None:
    signature = data.draw(st.binary(min_size=size, max_size=size))
    await refused(guard, signed(key(alg), always(signature)), MISMATCH)


@given(changes=st.dictionaries(st.sampled_from(["sub", "exp", "nbf", "iat", "iss", "aud", "email"]), values))
async def test_random_claims_are_accepted_or_rejected(changes: dict[str, Any], guard: Authenticator) -> None:
    with suppress(InvalidToken, TokenExpired):
        await guard.identify([b"Bearer " + key("EdDSA").token(**changes)])
