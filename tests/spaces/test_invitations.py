"""docs/contract.md#spaces: whom an invitation admits, and how many."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from spaces.space_support import (
    INVITATION_NOT_FOUND,
    SPACE_NOT_FOUND,
    invite,
    me,
    new_space,
    redeem,
    remove,
    secret_of,
    with_bytes,
)
from support import MakeDatabase, Person, execute, problems, refusal, running, settings_for, stored
from support.captured_log import captured_log
from support.rows import earlier_by

from taskward.spaces import steps

AT_ONCE = 40
USES = 7


async def open_invitations(owner: Person, space: str) -> list[dict[str, Any]]:
    answer = await owner.http.get(f"{space}/invitations")
    assert answer.status_code == 200, answer.text
    invitations: list[dict[str, Any]] = answer.json()["invitations"]
    return invitations


async def test_an_invitation_shows_its_secret_once(ann: Person) -> None:
    space = await new_space(ann)

    answer = await ann.http.post(
        f"{space}/invitations", json={"role": "viewer", "uses": 3, "expires_in": 300}
    )

    made = answer.json()
    text = made.pop("invitation")
    assert (answer.status_code, "location" in answer.headers) == (201, False)
    assert (text[:4], len(text)) == ("twi_", 90)
    assert list(made) == ["id", "role", "uses", "used", "expires_at", "created_by", "created_at"]
    assert (made["role"], made["uses"], made["used"]) == ("viewer", 3, 0)
    assert made["created_by"] == (await me(ann, space))["id"]
    assert await open_invitations(ann, space) == [made]
    second = (await ann.http.post(f"{space}/invitations", json={})).json()
    assert (second["role"], second["uses"]) == ("editor", 1)
    assert [one["id"] for one in await open_invitations(ann, space)] == [second["id"], made["id"]]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        *(
            ({"role": role}, "role", "Role must be editor or viewer")
            for role in ("owner", "Editor", "", None, 2, ["viewer"])
        ),
        *(
            ({"uses": uses}, "uses", "Uses must be a whole number from 1 to 100")
            for uses in (0, 101, -1, 1.0, "7", True, None)
        ),
        *(
            (
                {"expires_in": seconds},
                "expires_in",
                "Expires in must be a whole number of seconds from 300 to 2592000",
            )
            for seconds in (299, 2592001, 300.0, "300", True, None)
        ),
    ],
)
async def test_what_an_invitation_may_say(ann: Person, body: Any, field: str, message: str) -> None:
    space = await new_space(ann)

    assert problems(await ann.http.post(f"{space}/invitations", json=body)) == {field: message}
    assert await open_invitations(ann, space) == []


@pytest.mark.parametrize(
    "text", ["", "twi_", "twi_" + "A" * 85, "twi_" + "A" * 87, "A" * 90, "twp_" + "A" * 86]
)
async def test_what_is_no_invitation_is_a_400(ann: Person, text: str) -> None:
    message = "Invitation must be a text that begins with twi_"
    assert problems(await redeem(ann, text)) == {"invitation": message}


@pytest.mark.parametrize("value", [None, 7, [], {}, True])
async def test_an_invitation_is_text(ann: Person, value: Any) -> None:
    answer = await ann.http.post("/api/invitations/redeem", json={"invitation": value, "name": ""})
    assert problems(answer) == {
        "invitation": "Invitation must be a text that begins with twi_",
        "name": "Name cannot be empty",
    }
    assert [*problems(await ann.http.post("/api/invitations/redeem", json={}))] == ["invitation"]


async def test_a_text_of_other_bits_is_no_invitation(ann: Person) -> None:
    """The last character has bits to spare; each invitation has one text."""
    text = await invite(ann, await new_space(ann))
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[text[-1]]
    assert [*problems(await redeem(ann, text[:-1] + last))] == ["invitation"]


async def test_a_member_again_is_a_200_that_uses_nothing(ann: Person, bob: Person) -> None:
    space = await new_space(ann, name="Ann")
    text = await invite(ann, space, role="viewer", uses=2)

    first = await redeem(bob, text, name=" Bob ")
    again = await redeem(bob, text, name="Robert")
    own = await redeem(ann, text)

    assert first.status_code == again.status_code == own.status_code == 200
    assert (first.json()["member"]["name"], first.json()["member"]["role"]) == ("Bob", "viewer")
    assert again.json()["member"] == first.json()["member"]
    assert own.json()["member"] == await me(ann, space)
    assert (await open_invitations(ann, space))[0]["used"] == 1


async def test_used_up_or_revoked_it_still_answers_those_who_are_members(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    used, revoked = await invite(ann, space), await invite(ann, space, uses=2)
    assert (await redeem(bob, used)).status_code == 200
    (left,) = await open_invitations(ann, space)
    path = f"{space}/invitations/{left['id']}"
    answer = await ann.http.delete(path)
    assert answer.json() == {"message": "Invitation revoked successfully", "id": left["id"]}

    assert refusal(await ann.http.delete(path)) == INVITATION_NOT_FOUND
    assert await open_invitations(ann, space) == []
    for text in (used, revoked):
        assert (await redeem(bob, text)).status_code == 200
        assert refusal(await redeem(bob, with_bytes(text, 32, uuid4().bytes))) == INVITATION_NOT_FOUND
        assert refusal(await redeem(Person(app), text)) == INVITATION_NOT_FOUND


async def test_expired_it_admits_no_user_and_is_forgotten_after_a_day(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    text = await invite(ann, space, uses=9, expires_in=300)
    assert (await redeem(bob, text)).status_code == 200

    await expire(app, space, 300)

    assert refusal(await redeem(Person(app), text)) == INVITATION_NOT_FOUND
    assert (await redeem(bob, text)).status_code == 200
    assert await open_invitations(ann, space) == []
    await expire(app, space, 86400)
    await invite(ann, space)
    assert len(await stored(app, "invitations", user_id=space[-36:])) == 1
    assert refusal(await redeem(bob, text)) == INVITATION_NOT_FOUND


async def test_who_was_removed_needs_a_newer_invitation_and_gets_the_old_id(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    old = await invite(ann, space, uses=9)
    member = (await redeem(bob, old, name="Bob")).json()["member"]
    before = await invite(ann, space, uses=9)
    await remove(ann, space, member)

    for text in (old, before):
        assert refusal(await redeem(bob, text)) == INVITATION_NOT_FOUND
    assert refusal(await bob.http.get(space)) == SPACE_NOT_FOUND
    back = (await redeem(bob, await invite(ann, space, role="viewer"))).json()["member"]

    assert (back["id"], back["role"], back["name"]) == (member["id"], "viewer", "Bob")
    assert "left_at" not in back
    assert (await redeem(bob, old)).status_code == 200, "a member again"
    await bob.http.delete(f"{space}/members/me")
    assert refusal(await redeem(bob, old)) == INVITATION_NOT_FOUND, "the removal is not forgotten"


async def test_who_left_may_come_back_by_the_same_invitation(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    text = await invite(ann, space, uses=3)
    first = (await redeem(bob, text)).json()["member"]
    assert (await bob.http.delete(f"{space}/members/me")).status_code == 200
    assert refusal(await bob.http.delete(f"{space}/members/me")) == SPACE_NOT_FOUND

    back = (await redeem(bob, text)).json()["member"]

    assert back["id"] == first["id"]
    assert (await open_invitations(ann, space))[0]["used"] == 2


async def test_a_space_has_fifty_open_invitations(ann: Person) -> None:
    space = await new_space(ann)
    for _ in range(50):
        await invite(ann, space)

    answer = await ann.http.post(f"{space}/invitations", json={})
    assert problems(answer) == {"body": "A space has at most 50 open invitations"}
    await ann.http.delete(f"{space}/invitations/{(await open_invitations(ann, space))[0]['id']}")
    await invite(ann, space)


async def test_a_space_has_a_hundred_members(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    text = await invite(ann, space, uses=100)
    joined = [await redeem(Person(app), text) for _ in range(99)]
    assert {one.status_code for one in joined} == {200}

    assert problems(await redeem(bob, text)) == {"invitation": "A space has at most 100 members"}
    await remove(ann, space, joined[0].json()["member"])
    assert (await redeem(bob, text)).status_code == 200


async def test_a_person_is_in_a_hundred_spaces(ann: Person, bob: Person) -> None:
    spaces = [await new_space(ann) for _ in range(100)]
    text = await invite(bob, await new_space(bob))
    message = "A person is in at most 100 spaces"

    assert problems(await ann.http.post("/api/spaces", json={"title": "x"})) == {"body": message}
    assert problems(await redeem(ann, text)) == {"invitation": message}
    assert len((await ann.http.get("/api/spaces")).json()["spaces"]) == 100
    await ann.http.delete(spaces[0])
    assert (await redeem(ann, text)).status_code == 200


async def test_a_person_has_been_in_as_many_spaces_as_allowed_without_those_that_are_gone(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MAX_SPACES_EVER", 3)
    theirs = await new_space(bob)
    text = await invite(bob, theirs)
    assert (await redeem(ann, text)).status_code == 200
    assert (await ann.http.delete(f"{theirs}/members/me")).status_code == 200
    for _ in range(4):
        assert (await ann.http.delete(await new_space(ann))).status_code == 200
    cursor = (await ann.http.get("/api/changes?kinds=spaces")).json()["cursor"]
    await new_space(ann)
    await new_space(ann)
    others = await invite(bob, await new_space(bob))

    message = "A person has been in at most 3 spaces"
    assert problems(await ann.http.post("/api/spaces", json={"title": "x"})) == {"body": message}
    assert problems(await redeem(ann, others)) == {"invitation": message}
    changes = await ann.http.get("/api/changes", params={"kinds": "spaces", "since": cursor})
    assert {one["op"] for one in changes.json()["changes"]} == {"upsert"}
    assert (await redeem(ann, text)).status_code == 404, "it was used"


async def test_of_many_at_once_exactly_as_many_join_as_it_has_uses(
    two_apps: tuple[FastAPI, FastAPI],
) -> None:
    ann = Person(two_apps[0])
    space = await new_space(ann)
    text = await invite(ann, space, uses=USES)
    people = [Person(two_apps[n % 2]) for n in range(AT_ONCE)]

    answers = await asyncio.gather(*(until_answered(one, text) for one in people))

    assert Counter(one.status_code for one in answers) == {200: USES, 404: AT_ONCE - USES}
    assert {refusal(one) for one in answers if one.status_code == 404} == {INVITATION_NOT_FOUND}
    assert len((await ann.http.get(f"{space}/members")).json()["members"]) == USES + 1
    (row,) = await stored(two_apps[0], "invitations", user_id=space[-36:])
    assert (row["used"], row["uses"]) == (USES, USES)


async def test_one_person_at_once_joins_once(two_apps: tuple[FastAPI, FastAPI]) -> None:
    ann, sub = Person(two_apps[0]), str(uuid4())
    space = await new_space(ann)
    text = await invite(ann, space, uses=9)

    answers = await asyncio.gather(*(until_answered(Person(two_apps[n % 2], sub), text) for n in range(12)))

    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["member"]["id"] for one in answers}) == 1
    assert (await open_invitations(ann, space))[0]["used"] == 1


async def expire(app: FastAPI, space: str, seconds: int) -> None:
    """Lets the invitations of a space expire that much earlier."""
    earlier = earlier_by(app, "expires_at", seconds)
    where = f"user_id = '{space[-36:]}'"
    await execute(app, f"UPDATE invitations SET expires_at = {earlier} WHERE {where}")  # noqa: S608 - our own id


async def until_answered(person: Person, invitation: str) -> httpx.Response:
    """Redeems an invitation, again after a 503."""
    while True:
        answer = await redeem(person, invitation)
        if answer.status_code != 503:
            return answer
        assert answer.headers["retry-after"]
        await asyncio.sleep(0.05)


@pytest.mark.engines("disk")
async def test_the_secret_is_in_no_file_log_or_stored_response(new_database: MakeDatabase) -> None:
    url = await new_database("disk")
    with captured_log() as log:
        async with running(settings_for(url)) as app:
            ann, bob, eve = Person(app), Person(app), Person(app)
            space = await new_space(ann)
            headers = {"Idempotency-Key": "a-key"}
            made = await ann.http.post(f"{space}/invitations", json={"uses": 9}, headers=headers)
            text = made.json()["invitation"]
            body = {"invitation": text}
            joined = await bob.http.post("/api/invitations/redeem", json=body, headers=headers)
            assert joined.status_code == 200
            wrong = with_bytes(text, 32, uuid4().bytes)
            assert (await redeem(eve, wrong)).status_code == 404
            replayed = await ann.http.post(f"{space}/invitations", json={"uses": 9}, headers=headers)
            kept = str(await stored(app, "idempotency_keys"))
            files = content_of(url)
    files += content_of(url)
    assert "invitation" not in replayed.json()
    secret = secret_of(text)
    for trace in (text, text[-43:], secret.hex(), text[4:]):
        assert trace not in log.text
        assert trace not in kept
        assert trace.encode() not in files
    assert secret not in files
    assert made.json()["id"] in kept
    assert b"a-key" in files, "the files are those of the database"


def content_of(url: str) -> bytes:
    """Returns all bytes of the files of a SQLite database."""
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
