"""docs/operations.md#a-space-without-an-owner: `taskward spaces` and `taskward spaces owner`."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from fastapi import FastAPI
from spaces.space_support import join, me, new_space, remove
from support import Person, running, settings_for
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.settings import Settings

pytestmark = pytest.mark.engines("disk")


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in map(str.upper, Settings.model_fields):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'taskward.db'}")
    return f"sqlite:///{tmp_path / 'taskward.db'}"


@pytest_asyncio.fixture
async def app(url: str) -> AsyncIterator[FastAPI]:
    async with running(settings_for(url)) as app:
        yield app


async def taskward(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, cli.app, arguments)


async def test_spaces_are_listed_all_or_those_of_a_user(app: FastAPI, engine: str) -> None:
    ann, bob = Person(app), Person(app)
    home, work = await new_space(ann, "Home\x1b[2J"), await new_space(bob, "Work")
    member = await join(ann, home, bob)

    every = json.loads((await taskward("spaces", "--json")).stdout)
    assert {one["space_id"]: (one["members"], one["owners"]) for one in every} == {
        home[-36:]: (2, [ann.sub]),
        work[-36:]: (1, [bob.sub]),
    }, engine
    listed = await taskward("spaces", "--user", ann.sub)
    (line,) = listed.stdout.splitlines()
    created = next(one["created_at"] for one in every if one["space_id"] == home[-36:])
    assert line.split("\t") == [home[-36:], created, "2", ann.sub, "Home\ufffd[2J"]

    await remove(ann, home, member)
    left = (await taskward("spaces", "--user", bob.sub)).stdout.splitlines()
    assert [one.split("\t")[0] for one in left] == [work[-36:]]
    assert (await taskward("spaces", "--user", str(uuid4()))).stdout == ""


async def test_only_a_member_is_made_an_owner(
    app: FastAPI, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, carl = Person(app), Person(app), Person(app)
    space = await new_space(ann)
    await join(ann, space, bob, "viewer", name="Bob")
    removed = await join(ann, space, carl)
    await remove(ann, space, removed)
    before = (await ann.http.get(f"{space}/changes", params={"kinds": "members"})).json()["cursor"]

    with monkeypatch.context() as audited:
        audited.setenv("AUDIT_LOG", "on")
        audited.setattr(logging.getLogger(), "handlers", [])  # the command makes its own
        done = await taskward("spaces", "owner", space[-36:], bob.sub)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    told = [line for line in lines if line["logger"] == "taskward.audit"]
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "The member is an owner now."), engine
    assert [(one["action"], one["user_id"], one["owner_id"]) for one in told] == [
        ("member.role", None, space[-36:])
    ]
    member = await me(bob, space)
    assert (member["role"], member["name"]) == ("owner", "Bob")
    feed = (await ann.http.get(f"{space}/changes", params={"kinds": "members", "since": before})).json()
    assert [change["member"] for change in feed["changes"]] == [member]

    again = await taskward("spaces", "owner", space[-36:], bob.sub)
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "The member is an owner already.")
    for one, other, text in (
        (str(uuid4()), bob.sub, "Space not found"),
        (space[-36:], carl.sub, "Member not found"),
        (space[-36:], str(uuid4()), "Member not found"),
        (ann.sub, ann.sub, "Space not found"),
    ):
        refused = await taskward("spaces", "owner", one, other)
        assert (refused.exit_code, refused.stderr) == (1, f"taskward: {text}\n")
