"""The keys of a key set that are used, and those that are ignored: docs/contract.md#tokens."""

import json
from typing import Any

import pytest
from auth.forge import b64
from auth.identity_provider import ALGORITHMS, Signer, key_set, signer
from cryptography.hazmat.primitives.asymmetric import ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from taskward.auth.jwk import JWKEntry, JWKSUnusable, KeyRing, PublicKey, read_key_set
from taskward.auth.jws import parse_jwt
from taskward.http.errors import InvalidToken

GOOD = signer("EdDSA", "good")


def read(*keys: object) -> list[JWKEntry]:
    """Reads a set of these keys and one valid key; returns the result for the former."""
    *entries, good = read_key_set(key_set(*keys, GOOD))
    assert good.key
    assert good.key.kid == "good"
    return entries


def ring(*keys: object) -> KeyRing:
    return KeyRing([entry.key for entry in read_key_set(key_set(*keys)) if entry.key])


def refused(by: KeyRing, text: bytes, reason: str) -> None:
    with pytest.raises(InvalidToken) as refusal:
        by.check(parse_jwt(text))
    assert refusal.value.reason == reason


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_of_each_family_verifies_what_it_signed(alg: str) -> None:
    one = signer(alg)
    ring(one).check(parse_jwt(one.token()))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_is_used_for_its_own_algorithm_only(alg: str) -> None:
    one = signer(alg)
    for other in {*ALGORITHMS, "HS256", "none", "ES256K", "Ed25519", "Ed448"} - {alg}:
        text = signer(other).token() if other in ALGORITHMS else one.token()
        _, payload, signature = text.split(b".")
        forged = b".".join([b64(json.dumps(one.header(alg=other)).encode()), payload, signature])
        refused(ring(one), forged, "alg not allowed for the key")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_another_key_of_the_same_kind_is_no_substitute(alg: str) -> None:
    one, other = signer(alg), signer(alg, "other")
    text = Signer(alg, "one", other.private).token()
    refused(ring(one, other), text, "signature does not match")


def test_an_rsa_key_without_alg_is_for_rs256() -> None:
    keys = ring(signer("RS256").jwk(alg=...))
    keys.check(parse_jwt(signer("RS256").token()))
    for alg in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        refused(keys, signer(alg).token(), "alg not allowed for the key")


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "ES384", "ES512"])
def test_the_curve_of_ec_and_okp_keys_decides_the_algorithm(alg: str) -> None:
    ring(signer(alg).jwk(alg=...)).check(parse_jwt(signer(alg).token()))


@pytest.mark.parametrize(
    "alg", [*ALGORITHMS, "HS256", "none", "ECDH-ES", "RSA-OAEP", "RS1", "Ed25519", "", 5]
)
@pytest.mark.parametrize("kind", ["EdDSA", "ES256", "RS256"])
def test_a_key_whose_alg_is_not_for_its_type_is_ignored(kind: str, alg: object) -> None:
    fits = alg == kind or (kind == "RS256" and str(alg)[:2] in {"RS", "PS"} and alg in ALGORITHMS)
    problem = None if fits else "alg does not match the key type"
    assert [entry.problem for entry in read(signer(kind).jwk(alg=alg))] == [problem]


def test_a_member_that_is_null_counts_as_absent() -> None:
    nulls = dict.fromkeys(["use", "key_ops", "alg", "d", "x5c"])
    [entry] = read(signer("ES256").jwk() | nulls)
    assert entry.key


def test_a_token_without_kid_is_accepted_if_exactly_one_key_fits() -> None:
    one = signer("ES256", "a")
    text = Signer("ES256", None, one.private).token()
    ring(one, signer("EdDSA", "b"), signer("RS256", "c")).check(parse_jwt(text))
    ring(one.jwk(kid=...)).check(parse_jwt(text))
    refused(ring(one, signer("ES256", "b")), text, "no kid, and not exactly one key for that alg")
    refused(ring(signer("EdDSA", "b")), text, "no kid, and not exactly one key for that alg")


def test_a_token_with_a_kid_needs_the_key_of_that_kid() -> None:
    one = signer("ES256", "a")
    for kid in (
        "",
        "A",
        "a ",
        "b",
        "../a",
        "a\x00",
        "' OR '1'='1",
        "/dev/null",
        "http://127.0.0.1/a",
        "\ud800",
    ):
        refused(ring(one), Signer("ES256", kid, one.private).token(), "no key with that kid")
    refused(ring(one.jwk(kid=...)), one.token(), "no key with that kid")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"use": "enc"}, "use is not sig"),
        ({"use": ""}, "use is not sig"),
        ({"use": ["sig"]}, "use is not sig"),
        ({"key_ops": []}, "key_ops does not contain verify"),
        ({"key_ops": ["sign"]}, "key_ops does not contain verify"),
        ({"key_ops": ["encrypt", "wrapKey"]}, "key_ops does not contain verify"),
        ({"key_ops": "verify"}, "key_ops does not contain verify"),
        ({"key_ops": {"verify": 1}}, "key_ops does not contain verify"),
        ({"key_ops": [["verify"]]}, "key_ops does not contain verify"),
        ({"kid": 5}, "kid is not text"),
        ({"kid": ["a"]}, "kid is not text"),
        ({"d": "AA"}, "contains a private key, which must not be published"),
        ({"p": "AA"}, "contains a private key, which must not be published"),
        ({"k": "AA"}, "contains a private key, which must not be published"),
        ({"kty": ...}, "is of a type that is not supported"),
        ({"kty": "oct"}, "is a shared secret, which must not be published"),
        ({"kty": "AKP"}, "is of a type that is not supported"),
        ({"kty": "okp"}, "is of a type that is not supported"),
        ({"kty": ["OKP"]}, "is of a type that is not supported"),
        ({"kty": "EC"}, "is of a type that is not supported"),
        ({"kty": "EC", "crv": "P-256", "alg": "ES256"}, "cannot be read"),
        ({"kty": "RSA", "alg": "RS256"}, "cannot be read"),
        ({"crv": ...}, "is of a type that is not supported"),
        ({"crv": "Ed448"}, "is of a type that is not supported"),
        ({"crv": "X25519"}, "is of a type that is not supported"),
        ({"crv": {"Ed25519": 1}}, "is of a type that is not supported"),
        ({"x": ...}, "cannot be read"),
        ({"x": ""}, "cannot be read"),
        ({"x": "AA"}, "cannot be read"),
        ({"x": 5}, "cannot be read"),
        ({"x": "é"}, "cannot be read"),
        ({"x": "A" * 10_000}, "cannot be read"),
    ],
)
def test_an_entry_that_is_no_public_signing_key_is_ignored(changes: dict[str, Any], problem: str) -> None:
    assert [entry.problem for entry in read(signer("EdDSA").jwk(**changes))] == [problem]


@pytest.mark.parametrize("entry", [None, 5, "key", [], [["kty", "OKP"]], True])
def test_an_entry_that_is_no_object_is_ignored(entry: object) -> None:
    assert [one.problem for one in read(entry)] == ["is not a JSON object"]


def test_a_shared_secret_in_a_key_set_is_ignored() -> None:
    secret = {"kty": "oct", "k": b64(b"x" * 32).decode(), "alg": "HS256", "kid": "one", "use": "sig"}
    assert [entry.problem for entry in read(secret)] == ["is a shared secret, which must not be published"]


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256"])
def test_a_private_key_in_a_key_set_is_ignored(alg: str) -> None:
    private = Signer(alg, "one", Publishing(signer(alg).private)).jwk()
    assert "d" in private
    assert [entry.problem for entry in read(private)] == [
        "contains a private key, which must not be published"
    ]


class Publishing:
    """A private key that is published as a public one."""

    def __init__(self, private: object) -> None:
        self._private = private

    def public_key(self) -> object:
        return self._private


def test_rsa_keys_under_2048_bits_are_ignored() -> None:
    for bits, problem in (
        (1024, "is an RSA key of under 2048 bits"),
        (2047, "is an RSA key of under 2048 bits"),
        (2048, None),
    ):
        jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, bits).public_key(), as_dict=True)
        assert [entry.problem for entry in read(jwk | {"key_ops": ["verify"]})] == [problem]


def test_ed448_keys_are_ignored() -> None:
    raw = ed448.Ed448PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed448", "x": b64(raw).decode(), "kid": "one"}
    assert [entry.problem for entry in read(jwk)] == ["is of a type that is not supported"]


def test_a_point_that_is_not_on_the_curve_is_ignored() -> None:
    jwk = signer("ES256").jwk()
    assert [entry.problem for entry in read(jwk | {"x": jwk["y"], "y": jwk["x"]})] == ["cannot be read"]
    assert [entry.problem for entry in read(jwk | {"crv": "P-384", "alg": "ES384"})] == ["cannot be read"]


def test_keys_that_share_an_id_are_ignored() -> None:
    shared = "has the same kid as another key"
    two = read(signer("ES256", "same"), signer("EdDSA", "same"), signer("RS256", "own"))
    assert [entry.problem for entry in two] == [shared, shared, None]
    assert [entry.problem for entry in read(signer("ES256"), signer("ES256"))] == [shared, shared]


def test_an_ignored_key_may_have_the_id_of_a_valid_one() -> None:
    assert [entry.problem for entry in read(signer("ES256"), signer("RS256").jwk(use="enc"))] == [
        None,
        "use is not sig",
    ]


def test_keys_without_an_id_do_not_share_one() -> None:
    keys = read(signer("ES256").jwk(kid=...), signer("EdDSA").jwk(kid=...), signer("RS256").jwk(kid=""))
    assert [entry.problem for entry in keys] == [None, None, None]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b"\xff\xfe\xfd", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b"9" * 60_000, "is not JSON"),
        (b"null", "is not an object"),
        (b"[]", "is not an object"),
        (b"{}", "is not an object"),
        (b'{"keys": null}', "is not an object"),
        (b'{"keys": {}}', "is not an object"),
        (b'{"keys": []}', "holds no usable key"),
        (b'{"keys": [{}, 5, null]}', "holds no usable key"),
        (key_set(signer("ES256").jwk(use="enc")), "holds no usable key"),
        (key_set(signer("ES256"), signer("EdDSA")), "holds no usable key"),
    ],
)
def test_a_set_without_a_usable_key_is_an_error(document: bytes, why: str) -> None:
    with pytest.raises(JWKSUnusable, match=f"^the key set {why}"):
        read_key_set(document)


def test_each_entry_is_described_without_its_key() -> None:
    entries = read(signer("ES256", "a\nb"), signer("RS256", "c").jwk(use="enc"), 5)
    assert [f"{entry.label}: {entry.verdict}" for entry in entries] == [
        r"key 1 (kid 'a\nb', kty 'EC', crv 'P-256', alg 'ES256', use 'sig'): used for ES256",
        "key 2 (kid 'c', kty 'RSA', alg 'RS256', use 'enc'): ignored: use is not sig",
        "key 3: ignored: is not a JSON object",
    ]


members = st.sampled_from(["kty", "crv", "alg", "use", "key_ops", "kid", "x", "y", "n", "e", "d", "k"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=60)
    | st.sampled_from(ALGORITHMS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
changed = st.builds(
    lambda alg, changes: signer(alg).jwk() | changes,
    st.sampled_from(["EdDSA", "ES256", "ES384", "ES512", "RS256"]),
    st.dictionaries(members, values, max_size=3),
)


@given(st.lists(changed | values, max_size=4))
def test_a_valid_key_works_beside_random_other_entries(others: list[object]) -> None:
    entries = read_key_set(key_set(*[other for other in others if not is_named_good(other)], GOOD))
    KeyRing([entry.key for entry in entries if entry.key]).check(parse_jwt(GOOD.token()))


def is_named_good(other: object) -> bool:
    return isinstance(other, dict) and other.get("kid") == "good"


@given(st.binary(max_size=100) | values.map(lambda value: json.dumps({"keys": value}).encode()))
def test_random_documents_are_unusable_key_sets_and_cause_no_other_error(document: bytes) -> None:
    with pytest.raises(JWKSUnusable):
        read_key_set(document)


def test_every_error_of_the_crypto_library_is_a_rejection() -> None:
    nothing_of_the_kind = PublicKey("one", "ES256", b"", key=object())
    refused(KeyRing([nothing_of_the_kind]), signer("ES256").token(), "signature does not match")
