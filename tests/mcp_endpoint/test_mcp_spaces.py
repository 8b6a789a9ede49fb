"""The tools in spaces: named by title or id, with members, and as the role of the user allows."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import pytest_asyncio
from changes.streams import InProcess, in_process_server
from mcp_endpoint.agents import Agent, agent
from support import settings_for, token_for

from taskward.mcp.results import MAX_RESULT
from taskward.mcp.tools import TOOLS
from taskward_client import AsyncClient


class Shared(NamedTuple):
    """A space with an owner and another member, each with a token."""

    id: str
    title: str
    owner: str
    guest: str
    members: Sequence[str]


@pytest_asyncio.fixture(scope="module")
async def service() -> AsyncIterator[InProcess]:
    async with in_process_server(settings_for("sqlite://")) as service:
        yield service


async def shared(service: InProcess, title: str, guest: str, role: Any = "editor") -> Shared:
    owner = token_for(str(uuid4()))
    async with AsyncClient(service.url, owner) as ann, AsyncClient(service.url, guest) as bob:
        space = (await ann.spaces.create({"title": title, "name": "Ann"})).value
        invited = await ann.space(space["id"]).invitations.create(role=role)
        joined = await bob.spaces.redeem(invited["invitation"], name="Bob")
        me = await ann.space(space["id"]).members.get("me")
    return Shared(space["id"], title, owner, guest, (me.value["id"], joined["member"]["id"]))


async def test_an_agent_works_in_the_spaces_of_its_user(service: InProcess) -> None:
    flat = await shared(service, "Flat", token_for(str(uuid4())))
    ann, bob = flat.members
    async with agent(service.url, flat.guest) as one:
        (found,) = (await one.ask("find_spaces"))["spaces"]
        described = {"id": flat.id, "title": "Flat", "is_archived": False, "role": "editor", "member_id": bob}
        assert found == described
        assert (await one.ask("find_spaces", cursor="9" * 5000))["spaces"] == [found]
        assert (await one.ask("find_spaces", space="flat"))["spaces"] == [
            described
            | {
                "members": [
                    {"id": ann, "name": "Ann", "role": "owner"},
                    {"id": bob, "name": "Bob", "role": "editor"},
                ]
            }
        ]
        await one.ask("add_lists", lists=[{"title": "Kitchen"}], idempotency_key="1", space="Flat")
        new = [
            {"title": "Milk", "list": "Kitchen", "assigned_to": "me"},
            {"title": "Bread", "assigned_to": ann},
        ]
        milk, bread = (await one.ask("add_tasks", tasks=new, idempotency_key="1", space=flat.id))["tasks"]
        assert (milk["list"], milk["assigned_to"], milk["created_by"]) == ("Kitchen", bob, bob)

        assert await one.ask("find_tasks") == {"tasks": []}, "without a space: the user's own"
        assert [task["title"] for task in (await one.ask("find_tasks", space="Flat"))["tasks"]] == [
            *("Bread", "Milk")
        ]
        assert (await one.ask("find_tasks", space="Flat", assigned_to="me"))["tasks"] == [milk]
        assert (await one.ask("get_overview", space="Flat"))["counts"]["open"] == 2
        whole = await one.ask("get_tasks", ids=[bread["id"]], space="Flat")
        assert whole["tasks"] == [bread]
        assert "Task not found" in await one.fail("get_tasks", ids=[bread["id"]])
        changes = [{"id": bread["id"], "assigned_to": None}]
        (changed,) = (await one.ask("update_tasks", tasks=changes, space="Flat"))["tasks"]
        assert "assigned_to" not in changed
        due = [{"id": task["id"], "due": {"date": "2026-11-21"}} for task in (milk, bread)]
        await one.ask("update_tasks", tasks=due, space="Flat")
        overview = await one.ask("get_overview", now="2026-11-21T12:00:00+01:00")
        assert [task["id"] for task in overview["today"]] == [milk["id"]], "assigned to the user"
        assert overview["counts"]["open"] == 0
        in_space = await one.ask("get_overview", now="2026-11-21T12:00:00+01:00", space="Flat")
        assert {task["id"] for task in in_space["today"]} == {milk["id"], bread["id"]}
        await one.ask("complete_tasks", ids=[milk["id"]], space="Flat")
        deleted = await one.ask("delete_tasks", ids=[milk["id"]], space="Flat")
        assert (deleted["deleted"], deleted["in_trash"]) == ([milk["id"]], True)
        assert [task["id"] for task in (await one.ask("find_trash", space="Flat"))["tasks"]] == [milk["id"]]
        await one.ask("restore_tasks", ids=[milk["id"]], space="Flat")
        wrong = [{"title": "x", "assigned_to": str(uuid4())}]
        assert await one.fail("add_tasks", tasks=wrong, idempotency_key="2", space="Flat") == (
            "Nothing was changed.\ntasks.0: assigned_to: Assignee must be a member of the space"
        )


async def test_errors_about_a_space_name_the_argument(service: InProcess) -> None:
    guest = token_for(str(uuid4()))
    spaces = [await shared(service, "Flat", guest), await shared(service, "Flat", guest)]
    viewed = await shared(service, "Read", guest, "viewer")
    async with agent(service.url, guest) as one:
        ambiguous = await one.fail("find_tasks", space="Flat")
        assert ambiguous.startswith("space: several spaces are called 'Flat': use one of the ids ")
        assert all(space.id in ambiguous for space in spaces)
        assert await one.fail("find_lists", space="Office") == (
            "space: no space is called 'Office'; there are: 'Flat', 'Flat', 'Read'."
        )
        assert await one.ask("find_tasks", space="Read") == {"tasks": []}
        assert await one.fail("add_tasks", tasks=[{"title": "x"}], idempotency_key="1", space="Read") == (
            "Your role in this space does not allow this"
        )
        async with AsyncClient(service.url, viewed.owner) as ann:
            await ann.space(viewed.id).members.remove(viewed.members[1])
        assert "space: no space is called 'Read'" in await one.fail("find_tasks", space="Read")
        assert f"no space is called '{viewed.id}'" in await one.fail("find_tasks", space=viewed.id)


async def test_spaces_and_members_are_shown_in_pages_that_fit(service: InProcess) -> None:
    """The texts are as long as JSON can make them: members have names, and spaces titles."""
    guest, name, title = token_for(str(uuid4())), "\x01" * 100, "\x01" * 200
    async with AsyncClient(service.url, guest) as ann:
        full = (await ann.spaces.create({"title": "Full", "name": name})).value
        for _ in range(40):
            await ann.spaces.create({"title": title})
        invited = await ann.space(full["id"]).invitations.create(uses=60)
    for _ in range(60):
        async with AsyncClient(service.url, token_for(str(uuid4()))) as other:
            await other.spaces.redeem(invited["invitation"], name=name)
    async with agent(service.url, guest) as one:
        listed = await pages(one, "spaces")
        found = [space for page in listed for space in page]
        assert len(listed) > 1
        assert [space["title"] for space in found] == ["Full", *(40 * [title])]
        parts = [page[0]["members"] for page in await pages(one, "spaces", space="Full")]
        members = [member["id"] for part in parts for member in part]
        assert (len(parts) > 1, len(set(members)), len(members)) == (True, 61, 61)


async def pages(one: Agent, name: str, **arguments: Any) -> list[Any]:
    """Returns the objects of each page of find_spaces."""
    found: list[Any] = []
    while True:
        page = await one.ask("find_spaces", **arguments)
        assert len(orjson.dumps(page)) <= MAX_RESULT
        found.append(page[name])
        if "cursor" not in page:
            return found
        arguments["cursor"] = page["cursor"]


async def test_a_service_without_spaces_says_so() -> None:
    async with (
        in_process_server(settings_for("sqlite://", spaces=False)) as service,
        agent(service.url, token_for("alone")) as one,
    ):
        assert await one.fail("find_tasks", space="Flat") == "space: this service has no spaces"
        assert await one.ask("find_tasks") == {"tasks": []}


def test_every_tool_takes_a_space() -> None:
    assert {tool.name for tool in TOOLS if "space" not in tool.schema["properties"]} == set()
