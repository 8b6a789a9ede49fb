"""The Python client against a real server: every operation, both halves, streams that break."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing

import client_sync
import client_types
import httpx
import pytest
import pytest_asyncio
from changes.streams import InProcess, in_process_server
from clients.python_session import session
from openapi_document import document
from support import settings_for, token_for

from taskward_client import (
    AsyncClient,
    Changed,
    Client,
    NotFound,
    PreconditionFailed,
    Unauthorized,
    ValidationFailed,
    _operations,
    new_id,
)

DOCUMENT = document()
NOT_CALLED = {"streamChanges", "streamSpaceChanges", "streamSpaces"}
"""Their tests follow them; they have no end."""

TYPED_QUERIES = {
    "getAgenda",
    "listSpaceActivity",
    "listSpaceReminders",
    *("listTasks", "listComments", "countComments", "listTrash", "listLabels", "listChanges"),
    *(
        "listSpaceTasks",
        "listSpaceComments",
        "countSpaceComments",
        "listSpaceTrash",
        "listSpaceLabels",
        "listSpaceChanges",
    ),
}
"""Their methods take every parameter of the generated type."""


@pytest_asyncio.fixture(scope="module")
async def service() -> AsyncIterator[InProcess]:
    async with in_process_server(settings_for("sqlite://")) as service:
        yield service


class Recorder(httpx.HTTPTransport):
    """Notes the requests that it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return super().handle_request(request)

    def operations(self) -> dict[str, set[str]]:
        """Returns the operations that it has sent, each with the names of its query parameters."""
        forms = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), method.upper(), one["operationId"])
            for path, methods in sorted(DOCUMENT["paths"].items(), key=lambda pair: pair[0].count("{"))
            for method, one in methods.items()
        ]
        operations: dict[str, set[str]] = {}
        for sent in self.requests:
            path, method = sent.url.path, sent.method
            name = next(name for form, of, name in forms if form.fullmatch(path) and of == method)
            operations.setdefault(name, set()).update(sent.url.params)
        return operations


@pytest.mark.processes  # the linter
def test_the_types_are_those_of_the_document() -> None:
    assert client_types.TARGET.read_text("utf-8") == client_types.types_of(DOCUMENT), "run: make clients"


@pytest.mark.processes  # the linter
def test_the_synchronous_half_is_that_of_the_asynchronous_one() -> None:
    for path, text in client_sync.sync_modules():
        assert path.read_text("utf-8") == text, f"{path.name}: run: make clients"


def test_every_operation_has_a_call_under_its_name() -> None:
    paths = DOCUMENT["paths"]
    # Those of a space that the user has, too, are the same with another prefix.
    counterparts = {path: path.replace("/api/spaces/{space_id}", "/api") for path in paths}
    ids = {
        paths[counterpart if method in paths.get(counterpart := counterparts[path], {}) else path][method][
            "operationId"
        ]
        for path, methods in paths.items()
        for method in methods
    }
    names = {re.sub(r"([A-Z])", r"_\1", one).lower() for one in ids - NOT_CALLED}
    assert {name for name in names if not hasattr(_operations, name)} == set()


@pytest.mark.timeout(60)
async def test_the_synchronous_client_carries_out_every_operation(service: InProcess) -> None:
    recorder = Recorder()
    with Client(service.url, token_for("sync"), transport=recorder) as client:
        await asyncio.to_thread(session, client)

    sent = recorder.operations()
    assert {one["operationId"] for one in client_types.operations(DOCUMENT)} - sent.keys() == NOT_CALLED
    for name, query in client_types.queries(DOCUMENT):
        operation = name[0].lower() + name.removesuffix("Query")[1:]
        if operation not in TYPED_QUERIES | NOT_CALLED:
            assert query["properties"].keys() == sent[operation]


async def test_the_stream_of_a_space_ends_for_who_is_removed_from_it(service: InProcess) -> None:
    async with (
        AsyncClient(service.url, token_for("space-owner")) as owner,
        AsyncClient(service.url, token_for("space-guest")) as guest,
        asyncio.timeout(30),
    ):
        space = (await owner.spaces.create({"title": "Flat"})).value
        invited = await owner.space(space["id"]).invitations.create()
        joined = await guest.spaces.redeem(invited["invitation"])
        async with aclosing(guest.space(space["id"]).changes.follow(kinds="members,space")) as events:
            seen = [await anext(events) for _ in range(3)]
            kinds = [set(one.change) & {"space", "member"} for one in seen if isinstance(one, Changed)]
            assert kinds == [{"space"}, {"member"}, {"member"}]
            await owner.space(space["id"]).members.remove(joined["member"]["id"])
            with pytest.raises(NotFound, match="Space not found"):
                await anext(events)
        async with aclosing(guest.changes.follow(kinds="spaces")) as own:
            deletion = await anext(own)
        assert isinstance(deletion, Changed)
        assert deletion.change == {"op": "delete", "kind": "membership", "id": space["id"]}


async def test_the_states_of_the_spaces_are_followed(service: InProcess) -> None:
    async with (
        AsyncClient(service.url, token_for("states-owner")) as owner,
        AsyncClient(service.url, token_for("states-guest")) as guest,
        asyncio.timeout(30),
    ):
        space_id = (await owner.spaces.create({"title": "Flat"})).value["id"]
        invited = await owner.space(space_id).invitations.create()
        joined = await guest.spaces.redeem(invited["invitation"])
        async with aclosing(guest.spaces.follow()) as states:
            [listed] = await guest.spaces.list()
            assert await anext(states) == {"space_id": space_id, "state": listed["state"]}
            await owner.space(space_id).tasks.create({"title": "Rent"})
            changed = await anext(states)
            assert changed.keys() == {"space_id", "state"}
            assert changed["state"] != listed["state"]
            await owner.space(space_id).members.remove(joined["member"]["id"])
            assert await anext(states) == {"space_id": space_id, "gone": True}


async def test_the_asynchronous_client_restores_what_is_in_the_trash(service: InProcess) -> None:
    async with AsyncClient(service.url, token_for("trash")) as client:
        made = [(await client.tasks.create({"title": title})).value["id"] for title in "abc"]
        for one in made:
            await client.tasks.delete(one, to="trash")
        assert [one["task"]["id"] async for one in client.trash.iterate(limit=2)] == made[::-1]
        await client.trash.restore(made[0])
        await client.trash.purge(made[1])
        assert await client.trash.empty() == 1
        assert [one["id"] for one in (await client.tasks.list())["tasks"]] == [made[0]]


async def test_the_asynchronous_client_reads_writes_and_edits(service: InProcess) -> None:
    async with AsyncClient(service.url, token_for("async")) as client:
        made = [await client.tasks.create({"title": title}) for title in "abc"]
        assert [task async for task in client.tasks.iterate(limit=2, sort="title")] == [
            one.value for one in made
        ]

        async def rename(suffix: str) -> None:
            await client.tasks.edit(made[0].value["id"], lambda task: {"title": task["title"] + suffix})

        await asyncio.gather(*(rename(suffix) for suffix in "123"))
        edited = await client.tasks.get(made[0].value["id"])
        assert sorted(edited.value["title"]) == list("123a"), "no edit overwrites another one"
        with pytest.raises(PreconditionFailed):
            await client.tasks.update(made[0].value["id"], {"title": "old"}, if_match=made[0].etag)
        assert b"".join([part async for part in client.me.export_parts()]).startswith(b'{"user"')


class LosesResponses(httpx.AsyncHTTPTransport):
    """Loses the first response to each creation at an id."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.method == "PUT" and request.url.path not in self.lost:
            await response.aclose()
            self.lost.add(request.url.path)
            raise httpx.ReadError("lost")
        return response


async def test_a_creation_whose_response_was_lost_returns_what_it_has_created(service: InProcess) -> None:
    transport, task_id, list_id = LosesResponses(), new_id(), new_id()
    async with AsyncClient(service.url, token_for("lost"), transport=transport) as client:
        task = await client.tasks.create_at(task_id, {"title": "Call"})
        assert task == await client.tasks.get(task_id)
        assert await client.lists.create_at(list_id, {"title": "Work"}) == await client.lists.get(list_id)
        assert len(transport.lost) == 2
        with pytest.raises(PreconditionFailed):
            await client.tasks.create_at(task_id, {"title": "Call"})


async def test_an_id_cannot_lead_to_another_path(service: InProcess) -> None:
    async with AsyncClient(service.url, token_for("paths")) as client:
        task = (await client.tasks.create({"title": "Buy milk"})).value["id"]
        await client.tasks.delete(task, to="trash")
        space = (await client.spaces.create({"title": "Flat"})).value["id"]
        for one in (".", f"{task}/restore"):
            with pytest.raises(ValidationFailed):
                await client.trash.purge(one)
        for one in ("..", "../me"):
            with pytest.raises(ValidationFailed):
                await client.space(space).members.remove(one)
        with pytest.raises(ValidationFailed):
            client.space("..")
        assert [one["task"]["id"] async for one in client.trash.iterate()] == [task]
        assert [one["space"]["id"] for one in await client.spaces.list()] == [space]


async def test_the_service_refuses_what_is_no_id_as_the_client_does(service: InProcess) -> None:
    async with AsyncClient(service.url, token_for("refused")) as client:
        with pytest.raises(ValidationFailed) as refused:
            await client.tasks.get("x")
    url, token = f"{service.url}/api/tasks/x", token_for("refused")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
        answer = (await http.get(url)).json()
    assert (refused.value.error, refused.value.code) == (answer["error"], answer["code"])
    assert refused.value.details == answer["details"]


async def test_a_read_that_has_not_changed_is_not_sent_again(service: InProcess) -> None:
    recorder = Recorder()

    def reads() -> None:
        with Client(service.url, token_for("kept"), transport=recorder) as client:
            task = client.tasks.create({"title": "Buy milk"})
            assert client.tasks.list() == client.tasks.list()
            client.tasks.update(task.value["id"], {"title": "Buy bread"})
            assert client.tasks.list()["tasks"][0]["title"] == "Buy bread"

    await asyncio.to_thread(reads)
    assert ["if-none-match" in one.headers for one in recorder.requests] == [False, False, True, False, True]


async def test_a_rejected_token_is_renewed_once_however_many_requests_it_fails(service: InProcess) -> None:
    tokens: list[str] = []

    async def provide() -> str:
        await asyncio.sleep(0.01)
        tokens.append(token_for("renewed", exp=1 if not tokens else 4_000_000_000))
        return tokens[-1]

    async with AsyncClient(service.url, provide) as client:
        await asyncio.gather(*(client.tasks.list() for _ in range(5)))
        assert len(tokens) == 2
        async with aclosing(client.changes.follow()) as events:
            await client.tasks.create({"title": "Buy milk"})
            assert isinstance(await anext(events), Changed)


async def test_a_token_that_stays_rejected_is_an_error(service: InProcess) -> None:
    calls: list[int] = []

    def provide() -> str:
        calls.append(1)
        return "no.token.atall"

    async with AsyncClient(service.url, provide) as client:
        with pytest.raises(Unauthorized):
            await client.tasks.list()
        with pytest.raises(Unauthorized):
            await anext(client.changes.follow())
    assert len(calls) == 3  # at first, and once for each of the two calls


async def test_a_stream_is_resumed_without_loss_or_repetition(service: InProcess) -> None:
    sent = bytearray()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes a request on, and breaks the connection in the middle of the response."""
        upstream, request = await asyncio.open_connection("127.0.0.1", service.port)
        request.write(await reader.readuntil(b"\r\n\r\n"))
        while part := await upstream.read(7):
            writer.write(part)
            await writer.drain()
            sent.extend(part)
            if len(sent) > 900:
                sent.clear()
                break
        request.close()
        writer.transport.abort()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AsyncClient(service.url, token_for("stream")) as writer:
        made = [(await writer.tasks.create({"title": f"{n}"})).value for n in range(12)]
    async with (
        AsyncClient(f"http://127.0.0.1:{port}", token_for("stream")) as reader,
        aclosing(reader.changes.follow()) as events,
        asyncio.timeout(30),
    ):
        seen = [await anext(events) for _ in made]
    server.close()
    assert [one.change for one in seen if isinstance(one, Changed)] == [
        {"op": "upsert", "task": task, "etag": seen[n].change["etag"]}  # type: ignore[union-attr,typeddict-item] # all upserts
        for n, task in enumerate(made)
    ]
