"""docs/operations.md#audit-log: what is done in spaces, by whom, and without a text of users."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from spaces.space_support import invite, join, new_space, redeem, remove, set_role, task_in
from support import MakeDatabase, Person, running, settings_for
from support.captured_log import CapturedLog, captured_log

CANARY = "canary-7c1f"


@pytest.fixture
def lines() -> Iterator[CapturedLog]:
    with captured_log() as captured:
        yield captured


@pytest_asyncio.fixture
async def audited(engine: str, new_database: MakeDatabase, lines: CapturedLog) -> AsyncIterator[FastAPI]:
    del lines
    async with running(settings_for(await new_database(engine), audit_log=True)) as app:
        yield app


def told(lines: CapturedLog) -> list[dict[str, Any]]:
    found = lines.of("taskward.audit")
    lines.texts.clear()
    return found


async def test_each_change_of_a_space_names_the_caller_and_the_space(
    audited: FastAPI, lines: CapturedLog
) -> None:
    ann, bob = Person(audited), Person(audited)
    space = await new_space(ann)
    member = await join(ann, space, bob)
    await task_in(bob, space)
    await bob.http.patch(f"{space}/members/me", json={"name": "Bob"})
    await set_role(ann, space, member, "viewer")
    await bob.http.post(f"{space}/tasks", json={"title": "x"})
    made = (await ann.http.post(f"{space}/invitations", json={})).json()
    await ann.http.delete(f"{space}/invitations/{made['id']}")
    await ann.http.patch(space, json={"title": "Other"})
    await remove(ann, space, member)
    await ann.http.get("/api/spaces")
    await ann.http.delete(space, params={"tasks": "delete"})

    found = told(lines)
    assert {line["owner_id"] for line in found} == {space[-36:]}
    assert [(line.get("action"), line["outcome"], line["user_id"]) for line in found] == [
        ("member.join", "done", ann.sub),
        ("space.create", "done", ann.sub),
        ("invitation.create", "done", ann.sub),
        ("member.join", "done", bob.sub),
        ("task.create", "done", bob.sub),
        ("member.update", "done", bob.sub),
        ("member.role", "done", ann.sub),
        (None, "refused", bob.sub),
        ("invitation.create", "done", ann.sub),
        ("invitation.revoke", "done", ann.sub),
        ("space.update", "done", ann.sub),
        ("member.remove", "done", ann.sub),
        ("space.delete", "done", ann.sub),
    ]
    assert [
        line["member_id"] for line in found if line.get("action") in {"member.role", "member.remove"}
    ] == [member["id"]] * 2
    assert [line["invitation_id"] for line in found if line.get("action") == "invitation.revoke"] == [
        made["id"]
    ]
    assert (found[10]["fields"], type(found[10]["version"])) == (["title"], int)


async def test_the_access_log_names_the_caller(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    space = await new_space(ann)
    lines.texts.clear()
    await ann.http.get(f"{space}/tasks")

    assert [line["user_id"] for line in lines.of("taskward.access")] == [ann.sub]


async def test_no_line_has_a_secret_a_name_or_a_text(audited: FastAPI, lines: CapturedLog) -> None:
    ann, bob = Person(audited, name=CANARY), Person(audited, name=CANARY + "2")
    space = await new_space(ann, CANARY, name=CANARY, metadata={CANARY: CANARY})
    invitation = await invite(ann, space)
    member = (await redeem(bob, invitation, name=CANARY)).json()["member"]
    await redeem(Person(audited), invitation, name=CANARY)
    await redeem(Person(audited), invitation[:-4] + "AAAA")
    await task_in(bob, space, CANARY, labels=[CANARY])
    await bob.http.patch(f"{space}/members/me", json={"name": CANARY + "3"})
    await ann.http.patch(space, json={"title": CANARY + "4"})
    await ann.http.patch(f"{space}/members/{member['id']}", json={"name": CANARY})
    await ann.http.get(f"{space}/export")
    await remove(ann, space, member)
    await ann.http.delete(space, params={"tasks": "delete"})

    text = "".join(lines.texts)
    assert text.count("taskward.audit") >= 12
    assert CANARY not in text
    assert invitation not in text
    assert invitation[-20:] not in text
