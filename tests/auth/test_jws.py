"""The format of a token: docs/contract.md#errors (UNAUTHORIZED) and #tokens."""

import json

import jwt
import pytest
from auth.forge import NOW, SECRET, accepted, b64, claims, forge, guard, hs256, identify, refused, token

from taskward.auth.jws import MAX_TOKEN_BYTES
from taskward.http.errors import InvalidToken, Unauthorized

HEADER = {"alg": "HS256", "typ": "JWT"}


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
async def test_the_scheme_is_case_insensitive(scheme: bytes) -> None:
    await guard().identify([scheme + b" " + token()])


@pytest.mark.parametrize("header", [b"Bearer   %s", b"  Bearer %s", b"Bearer %s \t"])
async def test_spaces_around_the_token_are_no_part_of_it(header: bytes) -> None:
    await guard().identify([header % token()])


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([], "no Authorization header"),
        ([b""], "not the Bearer scheme"),
        ([b" "], "not the Bearer scheme"),
        ([b"Basic dXNlcjpwYXNz"], "not the Bearer scheme"),
        ([b"Bearertoken"], "not the Bearer scheme"),
        ([b"Bearer\ttoken"], "not the Bearer scheme"),
        ([b"Token abc"], "not the Bearer scheme"),
        ([b"\xff\xfe"], "not the Bearer scheme"),
        ([b"Bearer"], "empty token"),
        ([b"Bearer "], "empty token"),
        ([b"bearer    "], "empty token"),
    ],
)
async def test_without_a_bearer_token_a_request_is_unauthorized(headers: list[bytes], reason: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        await guard().identify(headers)
    assert (type(refusal.value), refusal.value.reason) == (Unauthorized, reason)


async def test_a_token_without_its_scheme_is_unauthorized() -> None:
    with pytest.raises(Unauthorized) as refusal:
        await guard().identify([token()])
    assert type(refusal.value) is Unauthorized


@pytest.mark.parametrize("second", [b"", b"Basic x", b"Bearer", None])
async def test_more_than_one_authorization_header_is_an_invalid_token(second: bytes | None) -> None:
    good = b"Bearer " + token()
    for headers in ([good, good if second is None else second], [second or good, good]):
        with pytest.raises(InvalidToken) as refusal:
            await guard().identify(headers)
        assert refusal.value.reason == "more than one Authorization header"


async def test_a_token_is_at_most_8_kib_long() -> None:
    longest = sized(MAX_TOKEN_BYTES)
    await accepted(longest)
    await refused(longest + b"A", "longer than 8 KiB")
    await refused(b"." * 100_000, "longer than 8 KiB")


def sized(size: int) -> bytes:
    """Returns a valid token of exactly this many bytes."""
    spaces = (size - len(token())) * 3 // 4
    for header in (b'{"alg":"HS256"}', b'{"alg":"HS256" }', b'{"alg":"HS256"  }'):
        for more in range(-24, 24):
            made = forge(header, json.dumps(claims()).encode() + b" " * (spaces + more))
            if len(made) == size:
                return made
    raise AssertionError("no such length")


@pytest.mark.parametrize(
    "stray", [b"=", b"+", b"/", b" ", b"\t", b",", b"\x00", b"\xc3\xa9", b"%", b"\n", b"~"]
)
async def test_a_token_consists_of_letters_digits_hyphen_underscore_and_dot(stray: bytes) -> None:
    good = token()
    for text in (good + stray + b"x", good[:20] + stray + good[20:], b"x" + stray + b"." + good):
        await refused(text, "a character that is not allowed in a token")


async def test_padding_is_rejected_even_if_it_is_correct() -> None:
    header, payload, signature = token().split(b".")
    await refused(
        b".".join([header, payload, signature + b"="]), "a character that is not allowed in a token"
    )


@pytest.mark.parametrize(
    "text", [b"opaque", b"a.b", b"a.b.c.d", b"a.b.c.d.e", b".", b"...", b"7f3Qx9LmN2pR8sT"]
)
async def test_a_token_has_three_segments(text: bytes) -> None:
    await refused(text, "not three segments")


async def test_each_value_has_one_spelling_in_base64url() -> None:
    header, payload, signature = token().split(b".")
    assert len(signature) % 4 == 3
    spelling = signature[:-1] + bytes([signature[-1] + 1])  # another last character, the same 32 bytes
    await refused(b".".join([header, payload, spelling]), "not canonical base64url")
    await refused(b".".join([header, payload, signature + b"AA"]), "not canonical base64url")
    await refused(b".".join([b"A", payload, signature]), "not canonical base64url")
    await refused(b".".join([header, b"AAAAA", signature]), "not canonical base64url")


async def test_the_limit_of_nesting_is_the_same_on_every_python() -> None:
    deepest = json.dumps(claims())[:-1] + ', "x": ' + "[" * 499 + "]" * 499 + "}"
    await accepted(forge(json.dumps(HEADER).encode(), deepest.encode()))


@pytest.mark.parametrize("part", ["header", "payload"])
@pytest.mark.parametrize(
    ("written", "what"),
    [
        (b"", "strict JSON"),
        (b"{", "strict JSON"),
        (b"\xef\xbb\xbf%s", "strict JSON"),
        (b"%s\x00", "strict JSON"),
        (b"%s{}", "strict JSON"),
        (b'{"sub":"a","sub":"a","exp":9999999999,"alg":"HS256"}', "strict JSON"),
        (b'{"alg":"HS256","al\\u0067":"HS256","sub":"a","exp":9999999999}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":[{"y":{"z":1,"z":1}}]}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":NaN}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":-Infinity}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":"\xff"}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":"\xed\xa0\x80"}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":"\n"}', "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":' + b"9" * 5000 + b"}", "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":' + b"[" * 2500 + b"]" * 2500 + b"}", "strict JSON"),
        (b'{"sub":"a","exp":9999999999,"alg":"HS256","x":' + b"[" * 500 + b"]" * 500 + b"}", "strict JSON"),
        (b"[" * 5000, "strict JSON"),
        (b'["HS256"]', "a JSON object"),
        (b'"HS256"', "a JSON object"),
        (b"null", "a JSON object"),
        (b"1", "a JSON object"),
    ],
)
async def test_header_and_payload_are_strict_json_objects(part: str, written: bytes, what: str) -> None:
    parts: dict[str, bytes] = {
        "header": json.dumps(HEADER).encode(),
        "payload": json.dumps(claims()).encode(),
    }
    parts[part] = written.replace(b"%s", parts[part])
    await refused(forge(parts["header"], parts["payload"]), f"{part} is not {what}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1"])
async def test_header_and_payload_are_utf_8(encoding: str) -> None:
    payload = json.dumps(claims(name="é"), ensure_ascii=False).encode(encoding)
    await refused(forge(HEADER, payload), "payload is not strict JSON")
    if encoding != "latin-1":  # of which ASCII is a part
        await refused(forge(json.dumps(HEADER).encode(encoding), claims()), "header is not strict JSON")


async def test_any_strict_json_is_accepted() -> None:
    payload = json.dumps(claims(name="é 🎉", nested=[{"a": None}], big=10**30), ensure_ascii=False, indent=1)
    await accepted(forge(b' {"\\u0061lg" : "HS256"}\n', payload.encode()))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": ["exp"]},
        {"crit": None},
        {"b64": True},
        {"b64": None},
    ],
)
async def test_any_crit_or_b64_is_rejected(extra: dict[str, object]) -> None:
    await refused(forge(HEADER | extra, claims()), "crit or b64 in the header")


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dpop+jwt", "anything", "", 5, None, ...])
async def test_typ_is_ignored(typ: object) -> None:
    header = {"alg": "HS256"} | ({} if typ is ... else {"typ": typ})
    await accepted(forge(header, claims()))


async def test_keys_in_a_token_are_ignored() -> None:
    own = {"kty": "oct", "k": b64(b"x" * 32).decode()}
    brought = {"jwk": own, "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x", "x5c": ["AA=="]}
    await refused(forge(HEADER | brought, claims(), hs256(b"x" * 32)), "signature does not match")
    await accepted(forge(HEADER | brought, claims()))


async def test_a_token_of_a_common_library_is_accepted() -> None:
    made = jwt.encode({"sub": "a", "exp": NOW + 60}, SECRET, algorithm="HS256", headers={"kid": "one"})
    assert (await identify(made.encode())).expires_at == NOW + 60
