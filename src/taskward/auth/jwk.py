"""Parser for a provider's public keys (RFC 7517). Each is for one algorithm; unusable ones are ignored."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import (
    Algorithm,
    ECAlgorithm,
    OKPAlgorithm,
    RSAAlgorithm,
    get_default_algorithms,
)

from taskward.auth.jws import UnverifiedToken
from taskward.http.errors import InvalidToken

MIN_RSA_BITS = 2048
"""Bits; RFC 7518, 3.3."""


class JWKSUnusable(Exception):
    """The provider's key set cannot be fetched or has no usable key. The text is safe to log."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key and the one algorithm that it is for."""

    kid: str | None
    alg: str
    material: bytes
    """DER, SubjectPublicKeyInfo; equal for equal keys."""
    key: Any = field(compare=False, repr=False)

    def verifies(self, token: UnverifiedToken) -> bool:
        try:
            return ALGORITHMS[self.alg].verify(token.signing_input, self.key, token.signature)
        except Exception:  # noqa: BLE001 - any error of the crypto library on untrusted bytes means no match
            return False


@dataclass(frozen=True, slots=True)
class JWKEntry:
    """One entry of a key set: its label, and either a key or the reason for ignoring it."""

    label: str
    key: PublicKey | None = None
    problem: str | None = None

    @property
    def verdict(self) -> str:
        return f"used for {self.key.alg}" if self.key else f"ignored: {self.problem}"


class KeyRing:
    """The usable keys of a set."""

    def __init__(self, keys: list[PublicKey]) -> None:
        self.keys: Final = frozenset(keys)
        self._by_kid = {key.kid: key for key in keys if key.kid is not None}

    def check(self, token: UnverifiedToken) -> None:
        """Checks the signature with the only key that can have made it.

        Raises:
            InvalidToken: no such key exists, it is for another algorithm, or the signature does not match.

        """
        if not self._key_of(token).verifies(token):
            raise InvalidToken(reason="signature does not match")

    def _key_of(self, token: UnverifiedToken) -> PublicKey:
        kid = token.header.get("kid")
        if kid is None:
            return self._only_key_for(token.alg)
        key = self._by_kid.get(kid)
        if key is None:
            raise InvalidToken(reason="no key with that kid")
        if key.alg != token.alg:
            raise InvalidToken(reason="alg not allowed for the key")
        return key

    def _only_key_for(self, alg: str) -> PublicKey:
        fitting = [key for key in self.keys if key.alg == alg]
        if len(fitting) != 1:
            raise InvalidToken(reason="no kid, and not exactly one key for that alg")
        return fitting[0]


def read_key_set(document: bytes) -> list[JWKEntry]:
    """Parses a key set, entry by entry.

    Raises:
        JWKSUnusable: it is not a key set, or none of its entries can be used.

    """
    entries = _without_shared_kids(
        [_entry(number, jwk) for number, jwk in enumerate(_jwks(document), start=1)]
    )
    if not any(entry.key for entry in entries):
        raise JWKSUnusable("the key set holds no usable key")
    return entries


def _jwks(document: bytes) -> list[Any]:
    try:
        read = json.loads(document)
    except (ValueError, RecursionError):
        raise JWKSUnusable("the key set is not JSON") from None
    if not isinstance(read, dict) or not isinstance(read.get("keys"), list):
        raise JWKSUnusable('the key set is not an object with an array of "keys"')
    return list(read["keys"])


def _entry(number: int, jwk: object) -> JWKEntry:
    if not isinstance(jwk, dict):
        return JWKEntry(f"key {number}", problem="is not a JSON object")
    given = {name: value for name, value in jwk.items() if value is not None}
    shown = [f"{name} {given[name]!r:.80}" for name in _SHOWN if isinstance(given.get(name), str)]
    label = f"key {number} ({', '.join(shown)})"
    try:
        return JWKEntry(label, key=_public_key(given))
    except _Unusable as why:
        return JWKEntry(label, problem=str(why))


def _public_key(jwk: Mapping[str, Any]) -> PublicKey:
    _check_purpose(jwk)
    alg = _algorithm(jwk)
    try:
        key = _READERS[jwk["kty"]](dict(jwk))
        material = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # noqa: BLE001 - the library raises various errors on malformed input
        raise _Unusable("cannot be read") from None
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise _Unusable(f"is an RSA key of under {MIN_RSA_BITS} bits")
    return PublicKey(jwk.get("kid"), alg, material, key)


def _check_purpose(jwk: Mapping[str, Any]) -> None:
    if jwk.get("kty") == "oct":
        raise _Unusable("is a shared secret, which must not be published")
    if not _PRIVATE.isdisjoint(jwk):
        raise _Unusable("contains a private key, which must not be published")
    if not isinstance(jwk.get("kid", ""), str):
        raise _Unusable("kid is not text")
    if jwk.get("use", "sig") != "sig":
        raise _Unusable("use is not sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise _Unusable("key_ops does not contain verify")


def _algorithm(jwk: Mapping[str, Any]) -> str:
    """Returns the algorithm of a key: its `alg`, or the default of its type."""
    kind = (jwk.get("kty"), jwk.get("crv") if jwk.get("kty") != "RSA" else None)
    fitting = next((algs for known, algs in _KINDS.items() if known == kind), None)
    if fitting is None:
        raise _Unusable("is of a type that is not supported")
    alg = jwk.get("alg", fitting[0])
    if alg not in fitting:
        raise _Unusable("alg does not match the key type")
    return str(alg)


def _without_shared_kids(entries: list[JWKEntry]) -> list[JWKEntry]:
    uses = Counter(entry.key.kid for entry in entries if entry.key)
    shared = {kid for kid, count in uses.items() if kid is not None and count > 1}
    return [
        replace(entry, key=None, problem="has the same kid as another key")
        if entry.key and entry.key.kid in shared
        else entry
        for entry in entries
    ]


class _Unusable(Exception):
    """The reason for ignoring an entry, logged after its label."""


_SHOWN = ("kid", "kty", "crv", "alg", "use")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_READERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_KINDS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    name: algorithm
    for name, algorithm in get_default_algorithms().items()
    if name in {alg for algs in _KINDS.values() for alg in algs}
}
"""The supported algorithms, by their names in a token."""
