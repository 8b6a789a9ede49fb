"""docs/contract.md#access-tokens: making, listing and revoking tokens."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from support import MakeDatabase, Person, client_of, execute, problems, refusal, running, settings_for, stored
from support.rows import earlier_by
from tokens.token_support import BEYOND, INVALID, NOT_FOUND, bearer, make_token, store_token

from taskward.settings import SettingsError

NAME = {"name": "script", "access": "read"}
DAY = 24 * 3600


async def listed(person: Person) -> list[dict[str, Any]]:
    answer = await person.http.get("/api/tokens")
    assert answer.status_code == 200, answer.text
    tokens: list[dict[str, Any]] = answer.json()["tokens"]
    return tokens


async def test_a_token_works_until_it_is_revoked(app: FastAPI, ann: Person, bob: Person) -> None:
    task = await ann.create()
    token = await make_token(ann, name="  Backup  ", access="write", expires_in=3600)
    http = bearer(app, token["token"])

    assert [one["id"] for one in (await http.get("/api/tasks")).json()["tasks"]] == [task["id"]]
    assert (await http.patch(f"/api/tasks/{task['id']}", json={"title": "New"})).status_code == 200
    assert await bob.tasks() == []
    (shown,) = await listed(ann)
    assert list(token) == ["id", "name", "access", "created_at", "expires_at", "token"]
    assert shown.pop("last_used_at", None) in {None, hour_of_now()}
    assert shown == {key: value for key, value in token.items() if key != "token"}
    assert shown["name"] == "Backup"
    lifetime = datetime.fromisoformat(shown["expires_at"]) - datetime.fromisoformat(shown["created_at"])
    assert lifetime == timedelta(hours=1)

    answer = await ann.http.delete(f"/api/tokens/{token['id'].upper()}")
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Token revoked successfully", "id": token["id"]},
    )
    assert await listed(ann) == []
    assert refusal(await ann.http.delete(f"/api/tokens/{token['id']}")) == NOT_FOUND


async def test_tokens_are_listed_newest_first_and_revoked_together(ann: Person, bob: Person) -> None:
    names = ["one", "two", "three"]
    for name in names:
        await make_token(ann, name=name)
    await make_token(bob)

    assert [one["name"] for one in await listed(ann)] == names[::-1]
    assert (await ann.http.delete("/api/tokens")).json() == {"revoked": 3}
    assert (await ann.http.delete("/api/tokens")).json() == {"revoked": 0}
    assert await listed(ann) == []
    assert len(await listed(bob)) == 1


async def test_a_token_of_another_user_does_not_exist(ann: Person, bob: Person) -> None:
    token = await make_token(bob)

    of_bob = await ann.http.delete(f"/api/tokens/{token['id']}")
    of_none = await ann.http.delete(f"/api/tokens/{uuid4()}")

    assert refusal(of_bob) == refusal(of_none) == NOT_FOUND
    assert len(await listed(bob)) == 1


async def test_a_first_token_makes_the_row_of_a_user(app: FastAPI) -> None:
    ann = Person(app, email="first-token@example.com")
    await make_token(ann)

    assert (await ann.http.get("/api/me")).json()["email"] == "first-token@example.com"


async def test_expired_tokens_are_listed_for_thirty_days(app: FastAPI, ann: Person) -> None:
    token = await make_token(ann, expires_in=3600)
    for seconds, count in ((DAY, 1), (28 * DAY, 1), (2 * DAY, 0)):
        column = earlier_by(app, "expires_at", seconds)
        where = f"WHERE id = '{token['id']}'"
        await execute(app, f"UPDATE access_tokens SET expires_at = {column} {where}")  # noqa: S608 - a test's own words
        assert len(await listed(ann)) == count

    assert (await ann.http.delete("/api/tokens")).json() == {"revoked": 0}
    assert refusal(await ann.http.delete(f"/api/tokens/{token['id']}")) == NOT_FOUND
    await make_token(ann)
    assert len(await stored(app, "access_tokens", user_id=ann.sub)) == 1


async def test_a_user_has_at_most_fifty_tokens(ann: Person) -> None:
    for _ in range(49):
        await make_token(ann)

    answers = await asyncio.gather(*(ann.http.post("/api/tokens", json=NAME) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert problems(refused) == {"body": "A person has at most 50 tokens"}
    await ann.http.delete(f"/api/tokens/{(await listed(ann))[0]['id']}")
    await make_token(ann)


LONG = "Expires in must be a whole number of seconds from 3600 to 7776000"


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": None}, "name", "Name is required and cannot be empty"),
        ({"name": " \t"}, "name", "Name is required and cannot be empty"),
        ({"name": "x" * 101}, "name", "Name cannot exceed 100 characters"),
        ({"name": 1}, "name", "Name must be text"),
        ({"name": "a\0b"}, "name", "The character U+0000 is not allowed"),
        ({"access": "admin"}, "access", "Access must be read or write"),
        ({"access": None}, "access", "Access must be read or write"),
        ({"access": ["read"]}, "access", "Access must be read or write"),
        ({"private": None}, "private", "Private must be true or false"),
        ({"private": 1}, "private", "Private must be true or false"),
        ({"spaces": []}, "spaces", "Spaces must be a list of 1 to 20 ids"),
        ({"spaces": None}, "spaces", "Spaces must be a list of 1 to 20 ids"),
        ({"spaces": ["x"]}, "spaces", "Spaces must be a list of 1 to 20 ids"),
        ({"spaces": [str(uuid4())] * 21}, "spaces", "Spaces must be a list of 1 to 20 ids"),
        ({"expires_in": 3599}, "expires_in", LONG),
        ({"expires_in": 7776001}, "expires_in", LONG),
        ({"expires_in": 3600.0}, "expires_in", LONG),
        ({"expires_in": "3600"}, "expires_in", LONG),
        ({"expires_in": True}, "expires_in", LONG),
        ({"expires_in": None}, "expires_in", LONG),
        ({"expires_in": 10**30}, "expires_in", LONG),
        ({"token": "twp_x"}, "token", "Unknown field"),
        ({"colour": "red"}, "colour", "Unknown field"),
    ],
)
async def test_an_invalid_field_is_named(
    ann: Person, fields: dict[str, Any], field: str, message: str
) -> None:
    assert problems(await ann.http.post("/api/tokens", json=NAME | fields)) == {field: message}


@pytest.mark.engines("memory")
async def test_all_invalid_fields_are_named_at_once(ann: Person) -> None:
    answer = await ann.http.post("/api/tokens", json={"expires_in": 1, "spaces": {}})

    assert problems(answer) == {
        "name": "Name is required and cannot be empty",
        "access": "Access is required and cannot be empty",
        "spaces": "Spaces must be a list of 1 to 20 ids",
        "expires_in": LONG,
    }


@pytest.mark.engines("memory")
async def test_there_is_no_space_yet(ann: Person) -> None:
    answer = await ann.http.post("/api/tokens", json=NAME | {"spaces": [str(uuid4()).upper(), ann.sub]})

    assert problems(answer) == {"spaces.0": "Space not found", "spaces.1": "Space not found"}
    assert await listed(ann) == []


@pytest.mark.engines("memory")
async def test_read_only_keys_are_ignored_and_the_limits_of_fields_are_inclusive(ann: Person) -> None:
    echo = {"id": "x", "created_at": 1, "expires_at": None, "last_used_at": []}

    token = await make_token(ann, name="n" * 100, private=True, expires_in=90 * DAY, **echo)

    assert (token["name"], token["private"]) == ("n" * 100, True)


@pytest.mark.engines("memory")
@pytest.mark.parametrize(("days", "default", "longest"), [(90, 30 * DAY, 90 * DAY), (1.5, 129600, 129600)])
async def test_the_validity_follows_the_setting(days: float, default: int, longest: int) -> None:
    async with running(settings_for("sqlite://", token_days=days)) as app:
        ann = Person(app)
        made, latest = await make_token(ann), await make_token(ann, expires_in=longest)
        too_long = await ann.http.post("/api/tokens", json=NAME | {"expires_in": longest + 1})

    for token, seconds in ((made, default), (latest, longest)):
        created, expires = (datetime.fromisoformat(token[key]) for key in ("created_at", "expires_at"))
        assert (expires - created).total_seconds() == seconds
    assert problems(too_long) == {
        "expires_in": f"Expires in must be a whole number of seconds from 3600 to {longest}"
    }


@pytest.mark.parametrize("days", [0, 0.0416, -1, 36501])
def test_a_shorter_validity_than_an_hour_is_refused_at_the_start(days: float) -> None:
    with pytest.raises(SettingsError, match="TOKEN_DAYS"):
        settings_for("sqlite://", token_days=days)


@pytest.mark.parametrize(
    ("environment", "given", "expected"),
    [("development", None, True), ("production", None, False), ("production", True, True)],
)
def test_tokens_are_off_in_production_unless_they_are_set(
    environment: str,
    given: bool | None,  # noqa: FBT001 - a test's parameter
    expected: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    settings = settings_for("sqlite://", environment=environment, tokens=given)

    assert settings.serves_tokens is expected


@pytest.mark.parametrize("engine", ["memory"])
async def test_without_them_all_is_as_if_there_were_none(engine: str, new_database: MakeDatabase) -> None:
    url = await new_database(engine)
    async with running(settings_for(url, tokens=False)) as app:
        ann = Person(app)
        text = await store_token(app, ann.sub)
        paths = [await ann.http.request(verb, "/api/tokens") for verb in ("GET", "POST", "DELETE")]
        paths.append(await ann.http.delete(f"/api/tokens/{uuid4()}"))
        known = await bearer(app, text).get("/api/tasks", headers={"X-Request-ID": "1"})
        nonsense = await bearer(app, "nonsense").get("/api/tasks", headers={"X-Request-ID": "1"})

    assert {refusal(answer) for answer in paths} == {(404, "NOT_FOUND", "Not found")}
    assert refusal(known) == INVALID
    assert (known.content, known.headers) == (nonsense.content, nonsense.headers)


async def test_the_secret_is_shown_once_and_stored_nowhere(app: FastAPI, ann: Person) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await ann.http.post("/api/tokens", json=NAME, headers=headers)
    again = await ann.http.post("/api/tokens", json=NAME, headers=headers)

    text = first.json()["token"]
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == {key: value for key, value in first.json().items() if key != "token"}
    assert "location" not in first.headers
    assert "location" not in again.headers
    assert len(await listed(ann)) == 1
    rows = [await stored(app, "access_tokens"), await stored(app, "idempotency_keys")]
    shown = [(await ann.http.get(path)).text for path in ("/api/me/export", "/api/tokens")]
    for secret in (text, text[4:], text[47:90]):
        assert secret not in repr(rows) + repr(shown)
    assert (await ann.http.get("/api/me/export")).json()["tokens"] == await listed(ann)


async def test_an_export_without_tokens_names_none_and_an_import_ignores_them(
    ann: Person, bob: Person
) -> None:
    await ann.create()
    assert "tokens" not in (await ann.http.get("/api/me/export")).json()
    await make_token(ann)

    document = (await ann.http.get("/api/me/export")).json()
    answer = await bob.http.post("/api/me/import", json=document)

    assert (answer.status_code, answer.json()["imported"]) == (200, 1)
    assert await listed(bob) == []


async def test_an_erasure_deletes_the_tokens(app: FastAPI, ann: Person) -> None:
    token = await make_token(ann)
    assert (await ann.http.delete("/api/me")).status_code == 200

    assert await stored(app, "access_tokens", user_id=ann.sub) == []
    assert refusal(await bearer(app, token["token"]).get("/api/tasks")) == INVALID


async def test_a_token_is_documented_where_it_is_needed(app: FastAPI, ann: Person) -> None:
    token = bearer(app, (await make_token(ann))["token"])

    assert refusal(await token.post("/api/tokens", json=NAME)) == BEYOND
    paths = (await client_of(app).get("/openapi.json")).json()["paths"]
    operations = {one["operationId"] for path in paths.values() for one in path.values()}
    assert {"listTokens", "createToken", "revokeToken", "revokeAllTokens"} <= operations
    assert re.fullmatch(r"twp_[\w-]{86}[0-9A-Za-z]{6}", (await make_token(ann))["token"])


def hour_of_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:00:00.000000Z")
