"""The claims of a token, and the user that they identify: docs/contract.md#tokens and #users."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from auth.forge import (
    NOW,
    OTHER_SECRET,
    StoppedClock,
    accepted,
    claims,
    forge,
    hs256,
    identify,
    refused,
    token,
)

from taskward.http.errors import InvalidToken, TokenExpired

HEADER = {"alg": "HS256"}
NO_NUMBERS: list[object] = [
    None,
    True,
    False,
    "",
    "1900000000",
    "1_900_000_000",
    "١٩٠٠٠٠٠٠٠٠",
    [1900000000],
    {},
    10**400,
]


async def expired(text: bytes, clock: StoppedClock | None = None, /, **overrides: Any) -> None:
    with pytest.raises(TokenExpired) as refusal:
        await identify(text, clock, **overrides)
    assert refusal.value.reason == "exp is past"


# sub


async def test_sub_is_required() -> None:
    await refused(token(sub=...), "no sub claim")


@pytest.mark.parametrize(
    "sub",
    [
        "",
        " ",
        "a b",
        " a",
        "a\n",
        "a\tb",
        "a\x00",
        "\x7f",
        "a\u00a0b",
        "a\u2028",
        "a\u200b",
        "a\u202eb",
        "\ufeffa",
        "\ud800",
        "a\udfff",
        "x" * 256,
        None,
        5,
        True,
        ["a"],
        {"a": 1},
    ],
)
async def test_sub_is_1_to_255_visible_characters(sub: object) -> None:
    await refused(token(sub=sub), "sub is not 1 to 255 visible characters")


@pytest.mark.parametrize(
    "sub", ["a", "0", "x" * 255, "🎉" * 255, "auth0|5f7c8ec7c33c6c004bbafe82", "é中", "~!/:@"]
)
async def test_sub_may_be_any_visible_text(sub: str) -> None:
    await accepted(token(sub=sub))


# exp


async def test_exp_is_required() -> None:
    await refused(token(exp=...), "no exp claim")


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", NO_NUMBERS)
async def test_dates_are_finite_json_numbers(name: str, value: object) -> None:
    await refused(token(**{name: value}), f"{name} is not a finite number")


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("written", [b"1e400", b"-1e400", b"-" + b"9" * 400])
async def test_a_date_beyond_every_double_is_not_finite(name: str, written: bytes) -> None:
    payload = b'{"sub":"a","%s":%s%s}' % (
        name.encode(),
        written,
        b"" if name == "exp" else b',"exp":1900000000',
    )
    await refused(forge(HEADER, payload), f"{name} is not a finite number")


@pytest.mark.parametrize("written", [b"1900000000", b"1900000000.5", b"1.9e9", b"19E8"])
async def test_a_date_may_be_written_as_any_json_number(written: bytes) -> None:
    user = await identify(forge(HEADER, b'{"sub":"a","exp":%s}' % written))
    assert user.expires_at == float(written)


async def test_exp_has_no_leeway() -> None:
    await accepted(token(exp=NOW + 0.001))
    await expired(token(exp=NOW))
    await expired(token(exp=NOW - 0.001))


@pytest.mark.parametrize("exp", [0, -1, 1, NOW - 900, -(10**300)])
async def test_a_token_with_exp_in_the_past_has_expired(exp: float) -> None:
    await expired(token(exp=exp))


async def test_an_accepted_token_expires_while_it_is_in_use() -> None:
    clock = StoppedClock()
    text = token(exp=NOW + 10)
    await accepted(text, clock)
    clock.advance(10)
    await expired(text, clock)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": ...},
        {"sub": ""},
        {"nbf": NOW + 100},
        {"iat": NOW + 100},
        {"nbf": "0"},
        {"iss": "https://evil.example"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ...},
        {"iss": 5},
    ],
)
async def test_only_a_token_that_is_valid_otherwise_has_expired(wrong: dict[str, Any]) -> None:
    required = {"jwt_issuer": "https://id.example", "jwt_audience": "tasks"}
    late = claims(exp=NOW - 1, iss="https://id.example", aud="tasks")
    await expired(forge(HEADER, late), **required)
    text = forge(HEADER, {name: value for name, value in (late | wrong).items() if value is not ...})
    with pytest.raises(InvalidToken):
        await identify(text, **required)


async def test_an_expired_token_with_a_wrong_signature_or_form_is_invalid() -> None:
    late = claims(exp=NOW - 1)
    await refused(forge(HEADER, late, hs256(OTHER_SECRET)), "signature does not match")
    await refused(forge({"alg": "none"}, late, lambda _: b""), "alg not allowed for the key")
    await refused(forge(HEADER | {"crit": ["x"]}, late), "crit or b64 in the header")


# nbf, iat


@pytest.mark.parametrize("name", ["nbf", "iat"])
async def test_nbf_and_iat_have_60_seconds_of_leeway(name: str) -> None:
    await accepted(token(**{name: NOW + 60}))
    await refused(token(**{name: NOW + 60.001}), "nbf or iat is in the future")
    await refused(token(**{name: 10**300}), "nbf or iat is in the future")
    await accepted(token(**{name: -(10**300)}))


async def test_nbf_and_iat_must_both_be_valid() -> None:
    await refused(token(nbf=NOW - 900, iat=NOW + 100), "nbf or iat is in the future")
    await refused(token(nbf=NOW + 100, iat=NOW - 900), "nbf or iat is in the future")


async def test_nbf_and_iat_may_be_absent() -> None:
    await accepted(token(nbf=..., iat=...))


# iss


async def test_iss_must_be_jwt_issuer_if_that_is_set() -> None:
    issuer = "https://tenant.auth0.example/"
    await accepted(token(iss=issuer), jwt_issuer=issuer)
    for other in (issuer[:-1], issuer.upper(), issuer + " ", ""):
        await refused(token(iss=other), "iss is not JWT_ISSUER", jwt_issuer=issuer)
    await refused(token(), "no iss claim", jwt_issuer=issuer)


@pytest.mark.parametrize("issuer", [None, "https://id.example"])
@pytest.mark.parametrize("iss", [None, 5, True, ["https://id.example"], {}, "\ud800"])
async def test_iss_must_be_a_string(iss: object, issuer: str | None) -> None:
    await refused(token(iss=iss), "iss is not a string", jwt_issuer=issuer)


@pytest.mark.parametrize("iss", ["", "https://id.example", "anything at all", "é"])
async def test_any_iss_is_accepted_if_jwt_issuer_is_not_set(iss: str) -> None:
    await accepted(token(iss=iss))


# aud


@pytest.mark.parametrize("aud", ["tasks", ["tasks"], ["other", "tasks"], ["tasks", "tasks", ""]])
async def test_aud_must_be_or_contain_jwt_audience_if_that_is_set(aud: object) -> None:
    await accepted(token(aud=aud), jwt_audience="tasks")


@pytest.mark.parametrize("aud", ["", "Tasks", "tasks ", "task", "tasks2", [], ["other"], [""]])
async def test_a_token_for_another_audience_is_rejected(aud: object) -> None:
    await refused(token(aud=aud), "aud is not JWT_AUDIENCE", jwt_audience="tasks")


@pytest.mark.parametrize("aud", [None, 5, True, {"tasks": 1}, ["tasks", 5], ["tasks", None], [["tasks"]]])
async def test_aud_is_a_string_or_an_array_of_strings(aud: object) -> None:
    await refused(token(aud=aud), "aud is not a string or an array of strings", jwt_audience="tasks")


@pytest.mark.parametrize("aud", ["tasks", "app:web", ["app:web"], ["other", "app:web"], ["tasks", "app:web"]])
@pytest.mark.parametrize("audiences", ["tasks,app:web", " app:web , tasks "])
async def test_aud_must_be_or_contain_one_of_several_audiences(aud: object, audiences: str) -> None:
    await accepted(token(aud=aud), jwt_audience=audiences)


@pytest.mark.parametrize("aud", ["other", "tasks,app:web", "", [], ["tasks,app:web"], ["other", ""]])
async def test_a_token_for_none_of_several_audiences_is_rejected(aud: object) -> None:
    await refused(token(aud=aud), "aud is not one of JWT_AUDIENCE", jwt_audience="tasks,app:web")


async def test_a_token_without_aud_is_rejected_if_there_are_several_audiences() -> None:
    await refused(token(), "no aud claim", jwt_audience="tasks,app:web")


async def test_a_token_without_aud_is_rejected_if_jwt_audience_is_set() -> None:
    await refused(token(), "no aud claim", jwt_audience="tasks")


@pytest.mark.parametrize("aud", ["tasks", "", [], ["tasks"], None, 5])
async def test_any_aud_is_rejected_if_jwt_audience_is_not_set_and_the_reason_names_the_setting(
    aud: object,
) -> None:
    await refused(token(aud=aud), "aud given but JWT_AUDIENCE is not set")


# The user


@pytest.mark.parametrize(
    "sub",
    [
        "0192f0c1-2345-7abc-8def-0123456789ab",
        "00000000-0000-0000-0000-000000000000",
        "f" * 8 + "-ffff" * 3 + "-" + "f" * 12,
    ],
)
@pytest.mark.parametrize("iss", [..., "https://id.example"])
async def test_a_sub_that_is_a_canonical_lower_case_uuid_is_the_users_id(sub: str, iss: object) -> None:
    assert (await identify(token(sub=sub, iss=iss))).id == UUID(sub)


@pytest.mark.parametrize(
    "sub",
    [
        "0192F0C1-2345-7ABC-8DEF-0123456789AB",
        "0192f0c1-2345-7abc-8def-0123456789aB",
        "0192f0c123457abc8def0123456789ab",
        "{0192f0c1-2345-7abc-8def-0123456789ab}",
        "urn:uuid:0192f0c1-2345-7abc-8def-0123456789ab",
        "0192f0c1-2345-7abc-8def-0123456789a١",  # noqa: RUF001 - an Arabic digit
        "user_2NNEqL2nrIRdJ194ndJqAHwEfxC",
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "0192f0c1-2345-7abc-8def-0123456789ab-",
        "-0192f0c1-2345-7abc-8def-0123456789ab",
        "🎉",
    ],
)
async def test_any_other_sub_becomes_a_uuid5_of_issuer_and_sub(sub: str) -> None:
    assert (await identify(token(sub=sub))).id == uuid5(uuid5(NAMESPACE_URL, ""), sub)
    issuer = "https://id.example/é"
    assert (await identify(token(sub=sub, iss=issuer))).id == uuid5(uuid5(NAMESPACE_URL, issuer), sub)


async def test_the_id_of_a_sub_never_changes() -> None:
    known = await identify(token(sub="user-1", iss="https://id.example"))
    assert str(known.id) == "d6a06be8-809c-58e8-806a-e1acefce17f7"
    assert str((await identify(token(sub="user-1"))).id) == "680987e0-4c22-57c4-8d71-9d471f5dc339"


async def test_one_sub_of_two_issuers_is_two_users() -> None:
    ids = {
        (await identify(token(sub="1", iss=iss))).id
        for iss in (..., "https://a.example", "https://b.example")
    }
    assert len(ids) == 3


async def test_iss_absent_and_iss_empty_are_one_issuer() -> None:
    assert (await identify(token(iss=...))).id == (await identify(token(iss=""))).id


@pytest.mark.parametrize(
    "email", ["ann@example.com", "a@b", "é+tag@bücher.example", "x" * 242 + "@example.com"]
)
async def test_a_plausible_email_is_read_from_the_claim(email: str) -> None:
    assert (await identify(token(email=email))).own.email == email


@pytest.mark.parametrize(
    "email",
    [
        ...,
        None,
        "",
        "ann",
        "@",
        "ann@",
        "@example.com",
        "x" * 243 + "@example.com",
        "a\x00@example.com",
        "a b@example.com",
        "a@example.com\n",
        "\ud800@example.com",
        5,
        True,
        ["a@b"],
        {"email": "a@b"},
    ],
)
async def test_an_email_that_is_not_plausible_is_ignored(email: object) -> None:
    assert (await identify(token(email=email))).own.email is None


async def test_unknown_claims_are_ignored() -> None:
    extra = {"user_id": "someone-else", "id": 5, "role": "admin", "jti": None, "azp": [], "name": "\ud800"}
    assert await identify(token(**extra)) == await identify(token())
