"""Random input as a token: it is accepted or rejected as a token, and causes no other error."""

import json
from contextlib import suppress
from typing import Any

from auth.forge import b64, claims, forge, guard, hs256
from hypothesis import given
from hypothesis import strategies as st

from taskward.http.errors import InvalidToken, TokenExpired, Unauthorized

HEADER = {"alg": "HS256", "typ": "JWT"}
NAMES = ["alg", "crit", "b64", "kid", "jwk", "jku", "typ", "sub", "exp", "nbf", "iat", "iss", "aud", "email"]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["HS256", "none", 10**400]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(NAMES) | st.text(), json_values)
segments = st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode())
GUARD = guard()


async def refuse(*authorization: bytes) -> None:
    """Suppresses the rejection of a token and no other error; a random token may be valid."""
    with suppress(InvalidToken, TokenExpired, Unauthorized):
        await GUARD.identify(authorization)


@given(st.lists(st.binary(max_size=200), max_size=3))
async def test_random_authorization_headers_are_accepted_or_rejected(headers: list[bytes]) -> None:
    await refuse(*headers)


@given(st.binary(max_size=200) | st.text(alphabet="eyJhbGciOi.-_=", max_size=200).map(str.encode))
async def test_random_tokens_are_accepted_or_rejected(text: bytes) -> None:
    await refuse(b"Bearer " + text)


@given(st.lists(segments.map(b64), min_size=1, max_size=5))
async def test_random_segments_are_accepted_or_rejected(parts: list[bytes]) -> None:
    await refuse(b"Bearer " + b".".join(parts))


@given(header=segments | objects, payload=segments | objects)
async def test_random_signed_parts_are_accepted_or_rejected(header: Any, payload: Any) -> None:
    await refuse(b"Bearer " + forge(header, payload))


@given(objects)
async def test_random_claims_are_accepted_or_rejected(changes: dict[str, Any]) -> None:
    await refuse(b"Bearer " + forge(HEADER, claims() | changes))


@given(objects)
async def test_random_headers_with_valid_claims_are_accepted_or_rejected(changes: dict[str, Any]) -> None:
    await refuse(b"Bearer " + forge(HEADER | changes, claims()))


@given(st.binary(max_size=80))
async def test_random_signatures_are_rejected(signature: bytes) -> None:
    text = forge(HEADER, claims(), lambda _: signature)
    genuine = forge(HEADER, claims(), hs256(b"x"))
    assert text.rpartition(b".")[0] == genuine.rpartition(b".")[0]
    try:
        await GUARD.identify([b"Bearer " + text])
    except InvalidToken:
        return
    raise AssertionError("a made-up signature was taken for genuine")
