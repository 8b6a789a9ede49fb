"""docs/contract.md#changes-and-batches: the feed, pushed."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, NoReturn
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from changes.streams import (
    HttpClient,
    InProcess,
    Stream,
    http_client,
    in_process_server,
    until_nobody_listens,
)
from support import MakeDatabase, parts_of, settings_for, upsert
from support.waiting import until

from taskward.changes import sse
from taskward.changes.feed import ChangeFeed, ChangePage, FeedPosition
from taskward.changes.streams import STREAM_REGISTRY, StreamRegistry
from taskward.http.errors import DatabaseError
from taskward.server.protocol import StrictProtocol
from taskward.server.response_cycle import StrictCycle


@pytest_asyncio.fixture(scope="session")
async def service(engine: str, new_database: MakeDatabase) -> AsyncIterator[InProcess]:
    """Yields a server on that engine, shared by the tests: each has people of its own."""
    async with in_process_server(settings_for(await new_database(engine))) as one:
        yield one


@pytest_asyncio.fixture
async def eve(service: InProcess) -> AsyncIterator[HttpClient]:
    async with http_client(service.url, str(uuid4())) as one:
        yield one


async def test_what_is_there_comes_first_and_then_each_change_as_it_is_made(eve: HttpClient) -> None:
    bread = await eve.create("Bread")
    milk = await eve.create("Milk")
    async with eve.stream() as stream:
        assert [event.change for event in await stream.events(2)] == [
            upsert(bread),
            upsert(milk),
        ]
        changed = (await eve.http.put(f"/api/tasks/{bread['id']}", json={"is_completed": True})).json()
        assert (await stream.next()).change == upsert(changed)
        await eve.http.delete(f"/api/tasks/{milk['id']}")
        assert (await stream.next()).change == {"op": "delete", "id": milk["id"]}


async def test_a_stream_has_its_content_type_and_is_not_cached(eve: HttpClient) -> None:
    async with eve.stream() as stream:
        headers = stream.answer.headers
        assert headers["content-type"] == "text/event-stream"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert "content-length" not in headers
        assert headers["x-request-id"]


async def test_the_id_of_an_event_is_a_cursor_of_the_changes_and_the_other_way_round(eve: HttpClient) -> None:
    await eve.create("One")
    two = await eve.create("Two")
    async with eve.stream() as stream:
        first, _ = await stream.events(2)
    pulled = (await eve.http.get("/api/changes", params={"since": first.id})).json()
    assert pulled["changes"] == [upsert(two)]
    three = await eve.create("Three")
    async with eve.stream(pulled["cursor"]) as stream:
        assert (await stream.next()).change == upsert(three)


async def test_a_stream_resumes_after_any_event_without_loss_or_repetition(eve: HttpClient) -> None:
    titles = [f"Task {n}" for n in range(250)]
    for start in range(0, 250, 50):
        operations = [{"op": "create", "task": {"title": title}} for title in titles[start : start + 50]]
        await eve.http.post("/api/tasks/batch", json={"operations": operations})
    async with eve.stream() as stream:
        whole = await stream.events(250)
    assert [event.change["task"]["title"] for event in whole] == titles
    for seen in (0, 98, 99, 100, 248):
        async with eve.stream(whole[seen].id) as stream:
            rest = await stream.events(249 - seen)
            assert [event.change for event in rest] == [event.change for event in whole[seen + 1 :]]
            with pytest.raises(TimeoutError):
                await stream.next(0.05)


async def test_a_stream_has_no_changes_of_others(service: InProcess, eve: HttpClient) -> None:
    async with http_client(service.url, str(uuid4())) as other, eve.stream() as stream:
        await other.create("Not hers")
        mine = await eve.create("Hers")
        assert (await stream.next()).change["task"] == mine


@pytest.mark.parametrize("verb", ["batch", "import", "replayed"])
async def test_every_kind_of_change_is_pushed(eve: HttpClient, verb: str) -> None:
    gone = await eve.create("Gone")
    document = (await eve.http.get("/api/me/export")).json()
    await eve.http.delete(f"/api/tasks/{gone['id']}")
    start = (await eve.http.get("/api/changes")).json()["cursor"]
    async with eve.stream(start) as stream:
        await asyncio.sleep(0.3)  # the initial polls are done
        if verb == "batch":
            operation = {"op": "create", "task": {"title": "New"}}
            await eve.http.post("/api/tasks/batch", json={"operations": [operation] * 2, "atomic": True})
            pushed = [await stream.next(2), await stream.next(2)]
            assert [event.change["task"]["title"] for event in pushed] == ["New", "New"]
        elif verb == "import":
            assert (await eve.http.post("/api/me/import", json=document)).json()["imported"] == 1
            assert (await stream.next(2)).change["task"]["id"] == gone["id"]
        else:
            for _ in range(2):
                await eve.http.post("/api/tasks", json={"title": "Once"}, headers={"Idempotency-Key": "1"})
            assert (await stream.next(2)).change["task"]["title"] == "Once"
            with pytest.raises(TimeoutError):
                await stream.next(0.7)


async def test_a_change_that_is_made_while_others_are_being_read_is_not_missed(
    eve: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, begun = ChangeFeed.since, asyncio.Event()

    async def read_slowly(feed: ChangeFeed, mark: FeedPosition, limit: int) -> ChangePage:
        found = await read(feed, mark, limit)
        begun.set()
        await asyncio.sleep(0.1)
        return found

    async with eve.stream() as stream:
        await asyncio.sleep(0.3)
        monkeypatch.setattr(ChangeFeed, "since", read_slowly)
        first = await eve.create("First")
        await begun.wait()
        second = await eve.create("Second")
        assert [(await stream.next(2)).change["task"] for _ in range(2)] == [first, second]


async def test_every_change_is_one_line_with_any_characters(eve: HttpClient) -> None:
    text = "a\nb\rc\r\nd\u2028e\u2029f\x85g\x0bh\x0ci\x1cj\x1ek"
    task = await eve.create("Lines", description=text)
    async with eve.stream() as stream:
        event = await stream.next()
    assert event.change["task"] == task
    assert task["description"] == text


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "malformed", [b"", b"abc", b"a b", b"=", b"\xc3\xa9", b"\xff\xfe", b"1,2", b"a" * 9000]
)
async def test_a_malformed_last_event_id_is_refused(eve: HttpClient, malformed: bytes) -> None:
    answer = await eve.http.get("/api/events", headers=[(b"Last-Event-ID", malformed)])
    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert [one["field"] for one in answer.json()["details"]] == ["Last-Event-ID"]


@pytest.mark.engines("memory")
async def test_the_id_of_another_user_and_a_repeated_one_are_malformed(
    service: InProcess, eve: HttpClient
) -> None:
    async with http_client(service.url, str(uuid4())) as other:
        theirs = (await other.http.get("/api/changes")).json()["cursor"]
    mine = (await eve.http.get("/api/changes")).json()["cursor"]
    for ids in ([theirs], [mine, mine]):
        answer = await eve.http.get("/api/events", headers=[("Last-Event-ID", one) for one in ids])
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "Last-Event-ID")


@pytest.mark.engines("memory")
async def test_query_parameters_are_unknown(eve: HttpClient) -> None:
    cursor = (await eve.http.get("/api/changes")).json()["cursor"]
    for name, value in {"since": cursor, "limit": "1", "token": "x", "lastEventId": cursor}.items():
        answer = await eve.http.get("/api/events", params={name: value})
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, name)


async def test_head_is_answered_at_once_and_checks_alike(eve: HttpClient) -> None:
    await eve.create()
    answer = await eve.http.head("/api/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream"
    answer = await eve.http.head("/api/events", headers={"Last-Event-ID": "abc"})
    assert (answer.status_code, answer.content) == (400, b"")


async def test_an_id_from_before_an_erasure_is_too_old_before_the_stream_begins(eve: HttpClient) -> None:
    await eve.create()
    async with eve.stream() as stream:
        seen = await stream.next()
    await eve.http.delete("/api/me")
    for _ in range(2):
        answer = await eve.http.get("/api/events", headers={"Last-Event-ID": seen.id})
        assert (answer.status_code, answer.json()["code"]) == (410, "CURSOR_EXPIRED")
        assert answer.headers["content-type"] == "application/json"
        await eve.create("New life")


async def test_an_erasure_ends_the_stream(eve: HttpClient) -> None:
    await eve.create()
    async with eve.stream() as stream:
        await stream.next()
        await eve.http.delete("/api/me")
        assert await stream.ends(2)


async def test_a_stream_ends_when_its_token_expires(service: InProcess) -> None:
    now = time.time()
    async with http_client(service.url, str(uuid4()), exp=now + 1.2) as one, one.stream() as stream:
        assert await stream.ends(5)
        assert 1.0 < time.time() - now < 3


async def test_a_silent_stream_is_kept_alive_by_comments(
    eve: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE", 0.05)
    async with eve.stream() as stream:
        with pytest.raises(TimeoutError):
            await stream.next(0.5)
        assert 2 <= stream.comments <= 11


async def test_a_comment_is_due_every_fifteen_seconds() -> None:
    assert sse.KEEP_ALIVE == 15


# What a process has room for


async def test_no_user_has_more_streams_than_the_process_may(new_database: MakeDatabase) -> None:
    settings = settings_for(await new_database("memory"), max_streams_per_user=2, max_streams=3)
    async with (
        in_process_server(settings) as service,
        http_client(service.url, str(uuid4())) as greedy,
        http_client(service.url, str(uuid4())) as other,
    ):
        async with greedy.stream(), greedy.stream():
            answer = await greedy.http.get("/api/events")
            assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
            assert int(answer.headers["retry-after"]) > 0
            async with other.stream():
                answer = await other.http.get("/api/events")
                assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
                assert int(answer.headers["retry-after"]) > 0
        await until_nobody_listens(service)
        async with greedy.stream(), greedy.stream() as stream:
            task = await greedy.create()
            assert (await stream.next()).change["task"] == task
        await until_nobody_listens(service)


async def test_a_refused_stream_takes_no_room(new_database: MakeDatabase) -> None:
    settings = settings_for(await new_database("memory"), max_streams_per_user=1)
    async with in_process_server(settings) as service, http_client(service.url, str(uuid4())) as one:
        await one.create()
        async with one.stream() as stream:
            seen = await stream.next()
        await until_nobody_listens(service)
        await one.http.delete("/api/me")
        for _ in range(3):
            answer = await one.http.get("/api/events", headers={"Last-Event-ID": seen.id})
            assert answer.status_code == 410
            assert (await one.http.head("/api/events")).status_code == 200
        async with one.stream():
            pass


async def test_a_client_that_goes_is_noticed_without_a_change(service: InProcess, eve: HttpClient) -> None:
    async with eve.stream():
        assert parts_of(service.app)[STREAM_REGISTRY]._open == 1
    await until_nobody_listens(service)
    assert parts_of(service.app)[STREAM_REGISTRY]._subscriptions == {}


async def test_a_stream_whose_client_cannot_be_watched_ends_and_says_why(
    eve: HttpClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: object) -> NoReturn:
        raise LookupError

    monkeypatch.setattr(StrictCycle, "receive", fail)
    async with eve.stream() as stream:
        assert await stream.ends(3)
    (record,) = (one for one in caplog.records if one.name == sse.log.name)
    assert record.levelname == "ERROR"
    assert record.exc_info is not None


async def test_a_client_that_takes_nothing_is_dropped_and_nothing_is_queued_for_it(
    new_database: MakeDatabase,
) -> None:
    class Hasty(StrictProtocol):
        stall_seconds = 0.5

    async with (
        in_process_server(settings_for(await new_database("memory")), Hasty) as service,
        http_client(service.url, str(uuid4())) as one,
    ):
        operation = {"op": "create", "task": {"title": "x", "description": "\U0001f600" * 2000}}
        for _ in range(20):
            answer = await one.http.post("/api/tasks/batch", json={"operations": [operation] * 80})
            assert answer.status_code == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=1024)
        request = f"GET /api/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {one.token}\r\n\r\n"
        writer.write(request.encode())
        await reader.readuntil(b"\r\n\r\n")
        connections = service.server.server_state.connections

        def waiting() -> int:
            return max((one.transport.get_write_buffer_size() for one in connections), default=0)

        await until(waiting)
        await asyncio.sleep(0.2)
        assert waiting() < 2_000_000, "of the 13 MB that are there"
        await until_nobody_listens(service)
        writer.close()


# The end


@pytest.mark.parametrize("streams", [1, 20])
async def test_a_drain_is_not_held_up_by_open_streams(new_database: MakeDatabase, streams: int) -> None:
    settings = settings_for(await new_database("disk"), max_streams_per_user=streams)
    async with in_process_server(settings) as service, http_client(service.url, str(uuid4())) as one:
        opened: list[Stream] = []

        async def hold() -> None:
            async with one.stream() as stream:
                opened.append(stream)
                assert await stream.ends()

        async with asyncio.TaskGroup() as all_of_them:
            for _ in range(streams):
                all_of_them.create_task(hold())
            while len(opened) < streams:  # noqa: ASYNC110 - it takes a moment
                await asyncio.sleep(0.01)
            begun = time.monotonic()
            await service.end()
        assert time.monotonic() - begun < 3


async def test_while_it_drains_no_new_stream_begins(new_database: MakeDatabase) -> None:
    async with in_process_server(settings_for(await new_database("memory"))) as service:
        service.server.lame_duck_seconds = 0.5
        async with http_client(service.url, str(uuid4())) as one:
            async with one.stream() as stream:
                service.server.should_exit = True
                assert await stream.ends(3)
            answer = await one.http.get("/api/events")
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert int(answer.headers["retry-after"]) > 0


async def test_without_open_streams_nothing_polls_for_changes(service: InProcess, eve: HttpClient) -> None:
    await until_nothing_polls(service)
    async with eve.stream():
        assert attends(service)
    await until_nothing_polls(service)


async def until_nothing_polls(service: InProcess) -> None:
    """Waits for the end of all streams, and for that of the polling, which takes a moment more."""
    await until_nobody_listens(service)
    async with asyncio.timeout(5):
        while attends(service):  # noqa: ASYNC110 - it offers nothing to wait for
            await asyncio.sleep(0.01)


def attends(service: InProcess) -> bool:
    """Returns whether there is any activity that only open streams need."""
    bell = parts_of(service.app)[STREAM_REGISTRY]
    return bell._polling is not None or bool(bell._stopping)


@pytest.mark.engines("memory")
async def test_without_a_token_there_is_no_stream(service: InProcess) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        answer = await http.get("/api/events")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


# When it cannot look


async def test_a_look_that_fails_is_made_up_for_by_the_next(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(await new_database("disk"))
    async with in_process_server(settings) as service, in_process_server(settings) as other:
        sub = str(uuid4())
        async with http_client(service.url, sub) as here, http_client(other.url, sub) as there:
            look, failures = StreamRegistry._poll_once, iter([DatabaseError(reason="out of order")])

            async def look_in_vain(bell: StreamRegistry, before: dict[UUID, Any]) -> dict[UUID, Any]:
                for failure in failures:
                    raise failure
                return await look(bell, before)

            monkeypatch.setattr(StreamRegistry, "_poll_once", look_in_vain)
            async with here.stream() as stream:
                for n in range(2):
                    task = await there.create(str(n))
                    assert (await stream.next(3)).change["task"] == task
    assert caplog.messages.count("Polling change counters failed") == 1


async def test_a_process_that_cannot_look_at_all_ends_its_streams_and_is_well_for_the_next(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(*_: object) -> None:
        raise LookupError

    async with (
        in_process_server(settings_for(await new_database("disk"))) as service,
        http_client(service.url, str(uuid4())) as one,
    ):
        with monkeypatch.context() as broken:
            broken.setattr(StreamRegistry, "_poll_once", crash)
            async with one.stream() as stream:
                assert await stream.ends(3)
        assert "Change polling crashed; closing event streams" in caplog.messages
        async with one.stream() as stream:
            task = await one.create()
            assert (await stream.next(3)).change["task"] == task


async def test_a_stream_that_can_read_no_further_ends_and_resumes_elsewhere(
    eve: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> ChangePage:
        raise DatabaseError(reason="gone away")

    first = await eve.create("First")
    async with eve.stream() as stream:
        seen = await stream.next()
        assert seen.change["task"] == first
        with monkeypatch.context() as broken:
            broken.setattr(ChangeFeed, "since", fail)
            second = await eve.create("Second")
            assert await stream.ends(3)
            answer = await eve.http.get("/api/events", headers={"Last-Event-ID": seen.id})
            assert (answer.status_code, answer.json()["code"]) == (500, "DATABASE_ERROR")
    async with eve.stream(seen.id) as stream:
        assert (await stream.next()).change["task"] == second
