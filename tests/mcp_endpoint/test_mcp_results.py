"""The results of tools: bounded in size, as their schemas describe them, and complete by their cursors."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from changes.streams import HttpClient, InProcess, http_client
from jsonschema_rs import Draft202012Validator
from mcp_endpoint.agents import LEGACY, MODERN, Agent, agent, of_version, tool_call
from support import token_for

from taskward.mcp.arguments import MAX_ITEMS
from taskward.mcp.calls import MAX_ERROR
from taskward.mcp.results import MAX_RESULT
from taskward.mcp.tools import TOOLS

ON_THE_WIRE = 256 * 1024
"""Bytes of a response."""

DUE = {"date": "2026-11-21", "time": "09:00", "time_zone": "America/Argentina/ComodRivadavia"}
NOW = "2026-11-21T23:00:00+01:00"
LARGE_TASKS, LISTS, TRASHED = 30, 150, 150
"""Of each owner: several times as many as fit into a result."""

OWNERS = {"control": "\x01", "quotes": '"', "emoji": "\U0001f600", "letters": "ж", "plain": "x"}
"""The character of the texts of each owner: JSON escapes them in different ways."""


def largest_task(character: str, number: int = 0) -> dict[str, Any]:
    """Returns a task whose texts are as long as they may be."""
    labels = [f"{number:04}-{label:02}".ljust(50, character) for label in range(20)]
    return {
        "title": f"{number:04}".ljust(200, character),
        "description": 2000 * character,
        "labels": labels,
        "due": DUE,
        "start": DUE,
        "recurrence": {
            "rule": "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=1,2,3,4,5,6,7,8,9,10"
        },
        "reminders": [{"offset_minutes": -500_000 - one} for one in range(10)],
        "metadata": {f"key{key:02}": "x" * 70 for key in range(48)},
    }


async def create(one: HttpClient, objects: list[dict[str, Any]], kind: str = "task") -> None:
    for start in range(0, len(objects), 20):
        operations = [{"op": "create", "kind": kind, kind: new} for new in objects[start : start + 20]]
        answer = await one.http.post("/api/batch", json={"operations": operations})
        assert {result["status"] for result in answer.json()["results"]} == {201}, answer.text


async def fill_trash(one: HttpClient, tasks: list[dict[str, Any]]) -> None:
    for start in range(0, len(tasks), 50):
        new = [{"op": "create", "task": task} for task in tasks[start : start + 50]]
        made = (await one.http.post("/api/batch", json={"operations": new})).json()["results"]
        gone = [{"op": "delete", "id": result["task"]["id"], "to": "trash"} for result in made]
        answer = await one.http.post("/api/batch", json={"operations": gone})
        assert {result["status"] for result in answer.json()["results"]} == {200}, answer.text


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owners(service: InProcess) -> dict[str, str]:
    """Creates lists and the largest tasks of each owner, and returns their tokens."""
    for sub, character in OWNERS.items():
        async with http_client(service.url, sub) as one:
            lists = [{"title": f"{n:04}".ljust(200, character)} for n in range(LISTS)]
            await create(one, lists, "list")
            listed = (await one.http.get("/api/lists")).json()["lists"][0]["id"]
            tasks = [largest_task(character, n) | {"list_id": listed} for n in range(LARGE_TASKS)]
            await create(one, tasks)
            await fill_trash(one, [{"title": f"{n:04}".ljust(200, character)} for n in range(TRASHED)])
    return {sub: token_for(sub) for sub in OWNERS}


async def task_ids(service: InProcess, sub: str, number: int) -> list[str]:
    async with http_client(service.url, sub) as one:
        tasks = (await one.http.get("/api/tasks", params={"limit": number, "sort": "created_at"})).json()[
            "tasks"
        ]
    return [task["id"] for task in tasks]


async def response(
    service: InProcess, token: str, version: str, tool: str, arguments: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Returns the size of the response to a call in bytes, and the result."""
    call = of_version(version, tool_call(tool, arguments))
    call["headers"]["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
        answer = await http.post("/mcp", **call)
    assert answer.status_code == 200
    return len(answer.content), answer.json()["result"]


async def largest_calls(service: InProcess, sub: str) -> list[tuple[str, dict[str, Any]]]:
    """Returns for each tool calls whose results would be as large as possible."""
    ids = await task_ids(service, sub, MAX_ITEMS)
    titles = [{"title": 200 * OWNERS[sub]}] * MAX_ITEMS
    return [
        ("find_tasks", {}),
        ("find_tasks", {"limit": 200, "sort": "title"}),
        ("get_tasks", {"ids": ids}),
        ("get_overview", {"now": NOW}),
        ("find_lists", {}),
        ("find_labels", {}),
        ("find_trash", {}),
        ("find_spaces", {}),
        ("add_tasks", {"tasks": titles, "idempotency_key": "1"}),
        ("update_tasks", {"tasks": [{"id": one, "priority": "high"} for one in ids]}),
        ("complete_tasks", {"ids": ids, "reopen": True}),
        ("add_lists", {"lists": titles, "idempotency_key": "1"}),
    ]


@pytest.mark.parametrize("version", [MODERN, LEGACY])
@pytest.mark.parametrize("sub", OWNERS)
async def test_no_result_is_larger_than_promised(
    service: InProcess, owners: dict[str, str], sub: str, version: str
) -> None:
    sizes = {}
    for tool, arguments in await largest_calls(service, sub):
        size, result = await response(service, owners[sub], version, tool, arguments)
        (content,) = result["content"]
        sizes[tool, size] = len(content["text"].encode())
        assert json.loads(content["text"]) == result["structuredContent"]
    assert max(sizes.values()) <= MAX_RESULT, sizes
    assert max(size for _, size in sizes) <= ON_THE_WIRE, sizes


@pytest.mark.parametrize("sub", ["control", "plain"])
async def test_every_tool_has_a_schema_that_its_results_meet(
    service: InProcess, owners: dict[str, str], sub: str
) -> None:
    async with agent(service.url, owners[sub]) as one:
        schemas = {tool.name: tool.output_schema for tool in (await one.client.list_tools()).tools}
        met = set()
        new = await one.ask("add_tasks", tasks=[{"title": "Deleted"}], idempotency_key="deleted")
        deletion = {"ids": [new["tasks"][0]["id"], str(uuid4())]}
        last = [("delete_tasks", deletion), ("restore_tasks", deletion)]
        for tool, arguments in [*await largest_calls(service, sub), *last]:
            Draft202012Validator(schemas[tool] or False).validate(await one.ask(tool, **arguments))
            met.add(tool)
    assert met == schemas.keys() == {tool.name for tool in TOOLS}


async def every(one: Agent, tool: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
    """Returns the objects of all pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await one.ask(tool, **arguments, **cursor)
        assert page[key]
        found += page[key]
        if "cursor" not in page:
            return found
        cursor = {"cursor": page["cursor"]}


async def test_the_pages_have_each_task_list_label_and_deleted_task_once(
    service: InProcess, owners: dict[str, str]
) -> None:
    async with agent(service.url, owners["plain"]) as one, http_client(service.url, "plain") as api:
        for arguments in ({}, {"limit": 200}, {"limit": 7}, {"sort": "title"}):
            tasks = await every(
                one, "find_tasks", "tasks", **arguments, query="xxx", label="0001-00" + 43 * "x"
            )
            assert [task["title"][:4] for task in tasks] == ["0001"]
        tasks = await every(one, "find_tasks", "tasks", sort="created_at", state="all", query="xxx")
        everything = (await api.http.get("/api/tasks", params={"sort": "created_at", "q": "xxx"})).json()
        assert [task["id"] for task in tasks] == [task["id"] for task in everything["tasks"]]
        lists = await every(one, "find_lists", "lists")
        known = (await api.http.get("/api/lists")).json()["lists"]
        assert [one["id"] for one in lists] == [one["id"] for one in known]
        assert len(lists) >= LISTS
        trashed = await every(one, "find_trash", "tasks")
        assert sorted(task["title"][:4] for task in trashed) == [f"{n:04}" for n in range(TRASHED)]
        labels = await every(one, "find_labels", "labels")
        assert [label["label"][:7] for label in labels] == [
            f"{task:04}-{label:02}" for task in range(LARGE_TASKS) for label in range(20)
        ]


async def test_what_is_not_shown_is_named_and_can_be_read(service: InProcess, owners: dict[str, str]) -> None:
    wanted = await task_ids(service, "plain", MAX_ITEMS)
    async with agent(service.url, owners["plain"]) as one:
        changed = await one.ask("update_tasks", tasks=[{"id": task, "priority": "low"} for task in wanted])
        assert [task["id"] for task in changed["tasks"]] + changed["not_shown"] == wanted
        left, shown = wanted, []
        while left:
            page = await one.ask("get_tasks", ids=left)
            shown += page["tasks"]
            left = page.get("not_shown", [])
        assert [task["id"] for task in shown] == wanted
        assert {task["priority"] for task in shown} == {"low"}


async def test_a_short_task_lacks_what_get_tasks_returns(service: InProcess) -> None:
    texts = {"short": 200 * "s", "long": 201 * "l"}
    async with http_client(service.url, "forms") as api, agent(service.url, token_for("forms")) as one:
        for title, description in texts.items():
            await create(api, [{"title": title, "description": description}])
        await create(api, [{"title": "bare"}, {"title": "rich", "metadata": {"a": 1}}])
        found = {task["title"]: task for task in (await one.ask("find_tasks"))["tasks"]}
        assert "is_shortened" not in found["short"] | found["bare"]
        assert (found["short"]["description"], "description" in found["bare"]) == (texts["short"], False)
        assert (found["long"]["description"], found["long"]["is_shortened"]) == (199 * "l" + "…", True)
        assert ("metadata" in found["rich"], found["rich"]["is_shortened"]) == (False, True)
        whole = await one.ask("get_tasks", ids=[found["long"]["id"], found["rich"]["id"]])
        assert [task.get("description") for task in whole["tasks"]] == [texts["long"], None]
        assert whole["tasks"][1]["metadata"] == {"a": 1}
        assert not any("is_shortened" in task for task in whole["tasks"])


async def test_the_overview_takes_a_time_that_ends_in_z_and_says_that_there_is_more(
    service: InProcess,
) -> None:
    async with http_client(service.url, "overview") as api, agent(service.url, token_for("overview")) as one:
        await create(api, [{"title": "late", "due": {"date": "2026-11-20"}}] * 3)
        await create(api, [{"title": "now", "due": {"date": "2026-11-21"}}])
        for now in ("2026-11-21T14:30:00Z", "2026-11-21T14:30:00z", "2026-11-21T14:30:00+00:00"):
            overview = await one.ask("get_overview", now=now)
            assert overview["now"] == "2026-11-21T14:30:00+00:00"
            assert [task["title"] for task in overview["overdue"]] == ["late"] * 3
            assert [task["title"] for task in overview["today"]] == ["now"]
            assert overview["has_more"] is False
        await create(api, [{"title": "late", "due": {"date": "2026-11-20"}}] * 60)
        overview = await one.ask("get_overview", now=NOW)
        assert (len(overview["overdue"]), overview["counts"]["overdue"]) == (50, 63)
        assert overview["has_more"] is True


LONG = 40_000 * "é"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("find_tasks", {"list": "Nowhere"}),
        ("find_tasks", {"list": LONG}),
        ("find_tasks", {"query": LONG}),
        ("find_tasks", {"cursor": LONG}),
        ("find_tasks", {LONG: 1, "é": 2}),
        ("find_tasks", {"label": 15_000 * "é"}),
        ("find_tasks", {"state": LONG}),
        ("find_lists", {"cursor": 5}),
        ("find_labels", {"cursor": LONG}),
        ("get_tasks", {"ids": [LONG]}),
        ("get_overview", {"now": LONG}),
        ("add_tasks", {"tasks": [{"title": "x", "list": LONG}]}),
        ("add_tasks", {"tasks": [{"title": 5, **{f"{n}-" + 60 * "k": n for n in range(40)}}] * MAX_ITEMS}),
        ("update_tasks", {"tasks": [{"id": LONG, "title": "x"}]}),
        ("complete_tasks", {"ids": [f"{n}{1000 * 'é'}" for n in range(MAX_ITEMS)]}),
        ("delete_tasks", {"ids": [f"{n}{1000 * 'é'}" for n in range(MAX_ITEMS)]}),
        ("delete_tasks", {"ids": ["x"], "permanently": LONG}),
        ("restore_tasks", {"ids": [LONG]}),
        ("restore_tasks", {"ids": [f"{n}{20 * 'é'}" for n in range(MAX_ITEMS)]}),
        ("find_trash", {"cursor": LONG}),
        ("add_lists", {"lists": [{"title": ""}] * MAX_ITEMS}),
    ],
)
async def test_no_error_is_larger_than_promised(
    service: InProcess,
    owners: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    tool: str,
    arguments: dict[str, Any],
) -> None:
    async with agent(service.url, owners["plain"]) as one:
        text = await one.fail(tool, **arguments)
    assert len(text) <= MAX_ERROR
    assert "Unforeseen error in a tool" not in caplog.messages


async def test_several_lists_of_one_title_and_many_titles_are_named_in_part(
    service: InProcess, owners: dict[str, str]
) -> None:
    async with agent(service.url, owners["plain"]) as one:
        text = await one.fail("find_tasks", list="Nowhere")
        assert text.startswith("no list is called 'Nowhere'; there are: '0000xxx")
        assert text.endswith(" more, find_lists returns all. add_lists creates one.")
    async with agent(service.url, token_for("same-titles")) as one:
        for number in range(2):
            lists = [{"title": "Same"}] * 15
            await one.ask("add_lists", lists=lists, idempotency_key=str(number))
        text = await one.fail("find_tasks", list="same")
        assert text.endswith(" and 10 more, find_lists returns all lists")


@pytest.mark.parametrize(
    "arguments", [{"tasks": [[]] * 6000}, {"ids": ["x"] * 6000}, {f"{n}": {"a": [1] * 99} for n in range(60)}]
)
async def test_a_message_with_very_many_values_is_refused(
    service: InProcess, arguments: dict[str, Any]
) -> None:
    call = tool_call("add_tasks", arguments)
    headers = call["headers"] | {"Authorization": f"Bearer {token_for('values')}"}
    async with httpx.AsyncClient(base_url=service.url) as http:
        answer = await http.post("/mcp", json=call["json"], headers=headers)
    assert (answer.status_code, answer.json()["details"]) == (
        400,
        [{"field": "body", "message": "A message cannot have more than 5000 values"}],
    )


async def test_a_call_with_everything_that_is_allowed_is_accepted(service: InProcess) -> None:
    full = {
        "title": "x",
        "labels": [f"{n}" for n in range(20)],
        "metadata": {f"{n}": n for n in range(50)},
        "list": "inbox",
    }
    tasks = [largest_task("x") | full | {"description": "x"}] * MAX_ITEMS
    async with agent(service.url, token_for("everything")) as one:
        assert len((await one.ask("add_tasks", tasks=tasks, idempotency_key="1"))["tasks"]) > 10


@pytest.mark.parametrize("version", [MODERN, LEGACY])
@pytest.mark.parametrize("name", ["id", "method"])
async def test_a_message_with_a_long_id_or_method_is_refused(
    service: InProcess, name: str, version: str
) -> None:
    call = tool_call("find_lists")
    call["json"][name] = 257 * "x"
    headers = call["headers"] | {
        "Authorization": f"Bearer {token_for('ids')}",
        "MCP-Protocol-Version": version,
    }
    async with httpx.AsyncClient(base_url=service.url) as http:
        answer = await http.post("/mcp", json=call["json"], headers=headers)
    assert (answer.status_code, answer.json()["details"]) == (
        400,
        [{"field": name, "message": "It cannot exceed 256 characters"}],
    )
