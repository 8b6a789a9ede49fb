"""Overload: which requests are admitted, wait or are rejected, and that no user blocks others."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from starlette.types import Message, Receive, Scope, Send
from support import (
    SERVICE_UNAVAILABLE,
    Broken,
    Person,
    an_empty_body,
    client_of,
    context_for,
    refusal,
    replace_part,
    running,
    settings_for,
)
from support.people import caller_of
from support.raw_http import read_all, read_until
from support.server import RunningServer, run_server
from support.waiting import TIMEOUT, until, wait_for

from taskward.database import DATABASE
from taskward.http import admission, fair_semaphore
from taskward.http.admission import ADMISSION, MAX_PAUSE, MAX_REJECTIONS_PER_SECOND, Admission, Capacity
from taskward.http.application import ResponseWriter
from taskward.http.context import RequestContext
from taskward.http.cors import CrossOrigin
from taskward.http.errors import ServiceUnavailable
from taskward.http.parts import Parts
from taskward.http.requests import ClientDisconnect, read_body
from taskward.http.responses import CommonHeaders

ANN, BOB, EVE = 1, 2, 3
STARTS = 4
NO_HEADERS = CommonHeaders(CrossOrigin(()), https_only=False)


class FakeApp:
    """An application with an `Admission`; its requests run until a test ends them."""

    def __init__(self, places: int, room: int) -> None:
        self.admission = Admission(Capacity(places, STARTS), room)
        self.begun: list[int] = []
        self.most = 0
        self.requests: list[asyncio.Task[None]] = []
        self._inside: list[tuple[int, asyncio.Future[None]]] = []

    async def __call__(
        self, context: RequestContext, scope: Scope, receive: Receive, response: ResponseWriter
    ) -> None:
        await read_body(context, receive)
        await context.admit()
        owner = context.caller.id.int
        this = (owner, asyncio.get_running_loop().create_future())
        self.begun.append(owner)
        self._inside.append(this)
        self.most = max(self.most, len(self._inside))
        try:
            await this[1]
        finally:
            if this in self._inside:
                self._inside.remove(this)
        await response.send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(scope.get("watches", 0)):  # for its client to leave
            await receive()
        await response.send({"type": "http.response.body"})

    def ask(self, owner: int, times: int = 1, **how: Any) -> list[asyncio.Task[None]]:
        asked = [asyncio.create_task(self.request(owner, **how)) for _ in range(times)]
        self.requests += asked
        return asked

    async def request(
        self, owner: int, receive: Receive | None = None, send: Send | None = None, **scope: Any
    ) -> None:
        context = request_of(owner, self.admission, scope)
        response = ResponseWriter(context, send or ignore, NO_HEADERS)
        try:
            await self(context, scope, receive or an_empty_body(), response)
        finally:
            response.close()

    async def end(self, owner: int | None = None) -> None:
        """Ends the oldest request in progress, and waits for the consequences."""
        this = next(one for one in self._inside if owner in {None, one[0]})
        self._inside.remove(this)
        this[1].set_result(None)
        await turns()

    @property
    def inside(self) -> Counter[int]:
        return Counter(owner for owner, _ in self._inside)

    @property
    def refused(self) -> int:
        ended = [task for task in self.requests if task.done() and not task.cancelled()]
        return sum(isinstance(task.exception(), ServiceUnavailable) for task in ended)

    async def close(self) -> None:
        for task in self.requests:
            task.cancel()
        await asyncio.gather(*self.requests, return_exceptions=True)
        await turns()
        assert holds_nothing(self.admission), "a slot is leaked"
        assert not self.inside


def request_of(owner: int, admission: Admission, scope: Scope | None = None) -> RequestContext:
    parts = Parts()
    parts.add(ADMISSION, admission)
    context = context_for(scope or {}, parts)
    context.known_caller = caller_of(UUID(int=owner))
    return context


def holds_nothing(admission: Admission) -> bool:
    return (admission._free, admission._held) == (admission._max_in_flight, {})


async def turns(number: int = 300) -> None:
    """Runs the event loop until nothing is left to do."""
    for _ in range(number):
        await asyncio.sleep(0)


async def ignore(_: Message) -> None:
    pass


@asynccontextmanager
async def a_desk(places: int, room: int = 1000) -> AsyncIterator[FakeApp]:
    fake = FakeApp(places, room)
    try:
        yield fake
    finally:
        await fake.close()


async def test_no_more_requests_than_slots_are_in_progress_and_each_gets_one() -> None:
    async with a_desk(places=8) as fake:
        for owner in range(100, 140):
            fake.ask(owner)
        await turns()
        assert fake.inside.total() == 8
        for _ in range(40):
            await fake.end()

    assert (fake.most, sorted(fake.begun), fake.refused) == (8, list(range(100, 140)), 0)


async def test_one_user_has_half_of_the_slots_and_the_next_one_gets_one_at_once() -> None:
    async with a_desk(places=10) as fake:
        fake.ask(ANN, 30)
        await turns()
        assert fake.inside == {ANN: 5}
        fake.ask(BOB)
        await turns()
        assert fake.inside == {ANN: 5, BOB: 1}
        fake.ask(BOB, 30)
        await turns()
        assert fake.inside == {ANN: 5, BOB: 3}  # Ann keeps her slots
        fake.ask(EVE, 2)
        await turns()
        assert fake.inside == {ANN: 5, BOB: 3, EVE: 1}


async def test_waiting_users_are_served_in_turn_in_any_order_of_arrival() -> None:
    async with a_desk(places=2) as fake:
        fake.ask(ANN)
        await turns()
        for owner, times in ((ANN, 6), (BOB, 3), (EVE, 1)):
            fake.ask(owner, times)
        await turns()
        while fake.inside:
            await fake.end()

    assert fake.begun[:6] == [ANN, BOB, ANN, BOB, EVE, ANN]
    assert Counter(fake.begun) == {ANN: 7, BOB: 3, EVE: 1}


async def test_the_requests_of_one_user_are_served_in_order() -> None:
    done: list[int] = []

    def note(number: int) -> Send:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                done.append(number)

        return send

    async with a_desk(places=2) as fake:
        for number in range(5):
            fake.ask(ANN, send=note(number))
        await turns()
        while fake.inside:
            await fake.end()

    assert done == [0, 1, 2, 3, 4]


async def test_the_next_request_of_a_user_does_not_overtake_waiting_users() -> None:
    async with a_desk(places=2) as fake:
        fake.ask(ANN, 3)
        fake.ask(BOB, 3)
        await turns()
        for _ in range(20):
            owner = next(iter(fake.inside))
            await fake.end(owner)
            fake.ask(owner)
            await turns()

    served = Counter(fake.begun)
    assert abs(served[ANN] - served[BOB]) <= 1


async def test_users_who_send_the_next_request_at_once_get_equal_shares() -> None:
    served: Counter[int] = Counter()
    admission = Admission(Capacity(1000, STARTS))

    async def ask(owner: int) -> None:
        while max(served.values(), default=0) < 50:
            context = request_of(owner, admission)
            await context.admit()
            served[owner] += 1
            context.response_started()
            await asyncio.sleep(0)  # the response is sent, and the next request arrives

    await asyncio.gather(*(ask(owner) for owner in range(8 * STARTS)))

    assert min(served[owner] for owner in range(8 * STARTS)) >= 48


async def test_an_iteration_of_the_loop_begins_few_requests_and_those_of_new_users_first() -> None:
    async with a_desk(places=1000) as fake:
        fake.ask(ANN, 50)
        await asyncio.sleep(0)
        begun = [len(fake.begun)]
        fake.ask(BOB)
        for _ in range(30):
            await asyncio.sleep(0)
            begun.append(len(fake.begun))

    steps = [after - before for before, after in pairwise(begun)]
    assert begun[0] == STARTS
    assert max(steps) <= 2 * STARTS
    assert begun[-1] == 51
    assert fake.begun.index(BOB) <= 2 * STARTS


async def test_single_requests_add_no_work_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    call_soon, calls = loop.call_soon, []

    def count(callback: Callable[..., object], *arguments: Any, **options: Any) -> asyncio.Handle:
        calls.append(callback)
        return call_soon(callback, *arguments, **options)

    desk = Admission(Capacity(1000, 16))
    monkeypatch.setattr(loop, "call_soon", count)
    for _ in range(7):
        context = request_of(ANN, desk)
        await context.admit()
        context.response_started()

    assert calls == []


async def test_requests_of_earlier_iterations_do_not_count_in_the_next() -> None:
    for before in range(1, STARTS + 1):
        async with a_desk(places=1000) as fake:
            for owner in range(before):
                fake.ask(owner + 10)
                await turns(3)
            begun = [len(fake.begun)]
            for owner in range(100, 150):
                fake.ask(owner)
            for _ in range(60):
                await asyncio.sleep(0)
                begun.append(len(fake.begun))

        assert begun[0] == before
        assert max(after - earlier for earlier, after in pairwise(begun)) <= 2 * STARTS
        assert begun[-1] == before + 50


async def test_the_queue_has_a_limit_and_the_rest_is_rejected_at_once() -> None:
    async with a_desk(places=2, room=20) as fake:
        for owner in range(100, 150):
            fake.ask(owner)
        await turns()

        assert fake.inside.total() == 2
        assert fake.refused == 50 - 2 - 20


async def test_one_user_has_half_of_the_queue_and_leaves_the_rest_to_others() -> None:
    async with a_desk(places=2, room=20) as fake:
        fake.ask(ANN, 100)
        await turns()
        assert fake.refused == 100 - 1 - 10
        asked = fake.ask(BOB, 100)
        await turns()
        assert sum(not task.done() for task in asked) == 1 + 5
        asked = fake.ask(EVE, 100)
        await turns()
        assert sum(not task.done() for task in asked) == 3  # and so on, always some


async def test_it_counts_the_running_the_waiting_and_the_rejected_requests() -> None:
    async with a_desk(places=2, room=20) as fake:
        fake.ask(ANN, 100)
        await turns()

        assert fake.admission.collect() == {
            "taskward_admission_requests": {("running",): 1, ("waiting",): 10},
            "taskward_admission_refusals_total": {(): fake.refused},
        }


async def test_a_request_that_waits_for_too_long_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_semaphore, "_EXPIRE_INTERVAL", 0.001)
    monkeypatch.setattr(admission, "QUEUE_TIMEOUT", 0.01)
    async with a_desk(places=2) as fake:
        fake.ask(ANN)
        await turns()
        waiting = fake.ask(ANN, 3)
        done, _ = await asyncio.wait(waiting, timeout=TIMEOUT)

        assert len(done) == fake.refused == 3
        assert fake.inside == {ANN: 1}
        fake.ask(BOB)
        await turns()
        assert fake.inside == {ANN: 1, BOB: 1}


async def test_a_slot_is_released_after_every_outcome() -> None:
    async with a_desk(places=2) as fake:
        (failing,) = fake.ask(ANN, send=broken)
        await turns()
        await fake.end()
        assert isinstance(failing.exception(), ConnectionError)

        (cancelled,) = fake.ask(ANN)
        await turns()
        (waiting,), (next_one,) = fake.ask(ANN), fake.ask(ANN)
        await turns()
        waiting.cancel()
        await turns()
        cancelled.cancel()
        await turns()
        assert fake.inside == {ANN: 1}
        assert not next_one.done()


async def broken(_: Message) -> None:
    raise ConnectionError


async def test_a_slow_request_body_holds_no_slot() -> None:
    pieces: asyncio.Queue[Message] = asyncio.Queue()
    async with a_desk(places=2) as fake:
        fake.ask(ANN, 5, receive=pieces.get, headers=[(b"content-length", b"4")])
        fake.ask(ANN, 5, receive=pieces.get, headers=[(b"transfer-encoding", b"chunked")])
        await turns()
        for _ in range(10):
            pieces.put_nowait({"type": "http.request", "body": b"12", "more_body": True})
        await turns()
        fake.ask(ANN)
        await turns()
        assert fake.begun == [ANN]  # the last one, which was complete
        await fake.end()

        for _ in range(9):
            pieces.put_nowait({"type": "http.request", "body": b"34", "more_body": False})
        pieces.put_nowait({"type": "http.disconnect"})
        await turns()
        while fake.inside:
            assert fake.inside == {ANN: 1}
            await fake.end()
        assert len(fake.begun) == 10
        assert sum(isinstance(task.exception(), ClientDisconnect) for task in fake.requests) == 1


async def test_a_slow_reader_or_a_stream_holds_no_slot() -> None:
    slow = asyncio.Event()

    async def take_slowly(_: Message) -> None:
        await slow.wait()

    async with a_desk(places=2) as fake:
        asked = fake.ask(ANN, 3, send=take_slowly)
        await turns()
        for _ in range(3):
            await fake.end()
        assert not any(task.done() for task in asked)
        fake.ask(ANN)
        await turns()
        assert fake.inside == {ANN: 1}
        slow.set()


async def test_a_request_is_admitted_once_although_more_is_received_after_its_response_has_started() -> None:
    async with a_desk(places=4) as fake:
        watching = fake.ask(ANN, 3, watches=1) + fake.ask(BOB, 3, watches=2)
        await turns()
        while fake.inside:
            await fake.end()

        assert [task.done() for task in watching] == [True] * 3 + [False] * 3
        assert fake.admission.collect()["taskward_admission_requests"] == {("running",): 0, ("waiting",): 0}


async def test_a_second_admission_of_a_request_returns_at_once_and_holds_no_slot() -> None:
    admission = Admission(Capacity(2, STARTS))
    context = request_of(ANN, admission)
    await context.admit()
    await asyncio.wait_for(context.admit(), 1)
    assert admission._held == {ANN: 1}
    context.response_started()
    assert holds_nothing(admission)


async def test_rejections_are_delayed_by_the_time_that_they_cost() -> None:
    async with a_desk(places=2, room=1) as fake:
        fake.ask(ANN, 2)
        await turns()
        contexts = [request_of(BOB, fake.admission) for _ in range(8 * MAX_REJECTIONS_PER_SECOND)]
        refusals = [context.rejection("a test") for context in contexts]

    told = [dict(refusal.headers())[b"retry-after"] for refusal in refusals]
    rests = [context.pause_reading_s for context in contexts]
    assert told[0] == b"1"
    assert rests[0] == 0.0
    assert all(rest <= int(seconds) for rest, seconds in zip(rests, told, strict=True))
    assert rests[MAX_REJECTIONS_PER_SECOND] == pytest.approx(1, abs=0.5)
    assert max(rests) == rests[-1] == MAX_PAUSE
    assert told[-1] == b"%d" % MAX_PAUSE


@pytest.mark.parametrize(("size", "places"), [(1, 2), (2, 2), (10, 18), (1000, 1998)])
def test_one_user_leaves_a_connection_to_postgresql_to_others(size: int, places: int) -> None:
    settings = settings_for("postgresql://db.example/tasks", database_pool_size=size)

    assert Capacity.of(settings).max_in_flight == places
    assert size == 1 or places // 2 < size


class Slow(Broken):
    """A database that responds only after a test has released it."""

    def __init__(self) -> None:
        super().__init__(AssertionError())
        self.asked = 0
        self.answers = asyncio.Event()

    async def rows(self, *_: object) -> list[Any]:  # type: ignore[override] # it does return
        self.asked += 1
        await self.answers.wait()
        return []


async def test_through_the_app_the_rest_is_rejected_and_health_never_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "MAX_IN_FLIGHT_SQLITE", 4)
    monkeypatch.setattr(admission.Admission.__init__, "__defaults__", (6,))
    async with running(settings_for("sqlite://")) as app:
        slow = Slow()
        replace_part(monkeypatch, app, DATABASE, slow)
        ann, bob = Person(app), Person(app)
        asked = [asyncio.create_task(ann.http.get("/api/tasks")) for _ in range(20)]
        await until(lambda: sum(task.done() for task in asked) == 20 - 2 - 3, pause=0)
        refused = [task.result() for task in asked if task.done()]
        bobs = asyncio.create_task(bob.http.get("/api/tasks"))
        health = [await client_of(app).get(path) for path in ("/health", "/docs", "/nowhere")]
        await until(lambda: slow.asked == 3, pause=0)
        slow.answers.set()
        answers = await asyncio.gather(*asked, bobs)

    assert [answer.status_code for answer in health] == [200, 200, 404]
    assert Counter(answer.status_code for answer in answers) == {200: 2 + 3 + 1, 503: 15}
    for answer in refused:
        assert refusal(answer) == SERVICE_UNAVAILABLE
        assert 1 <= int(answer.headers["retry-after"]) <= MAX_PAUSE


async def test_through_the_app_a_slow_request_body_holds_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_IN_FLIGHT_SQLITE", 2)
    rest = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"title":'
        await rest.wait()
        yield b'"Buy milk"}'

    async with running(settings_for("sqlite://")) as app:
        ann = Person(app)
        headers = {"Content-Type": "application/json"}
        uploads = [
            asyncio.create_task(ann.http.post("/api/tasks", content=slowly(), headers=headers))
            for _ in range(3)
        ]
        await turns()
        assert (await ann.http.get("/api/tasks")).json()["tasks"] == []
        rest.set()
        assert [answer.status_code for answer in await asyncio.gather(*uploads)] == [201] * 3


async def test_an_open_stream_holds_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_IN_FLIGHT_SQLITE", 2)
    async with running(settings_for("sqlite://")) as app:
        ann = Person(app)
        streams = [await open_stream(app, ann) for _ in range(3)]
        await turns()
        assert (await ann.http.get("/api/tasks")).status_code == 200
        for stream in streams:
            stream.cancel()
        await asyncio.wait(streams)


async def open_stream(app: Any, person: Person) -> asyncio.Task[None]:
    begun = asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            begun.set()

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/api/events",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {person.token}".encode())],
    }
    stream = asyncio.create_task(app(scope, an_empty_body(), send))
    async with asyncio.timeout(TIMEOUT):
        await begun.wait()
    return stream


GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with run_server() as one:
        yield one


def test_a_connection_with_a_rejected_request_is_not_read_until_retry_after_and_others_are(
    server: RunningServer,
) -> None:
    with server.connect() as told, server.connect() as other:
        begun = time.monotonic()
        told.sendall(GET % b"pause")
        read_until(told, b"later")
        told.sendall(GET % b"echo")
        other.sendall(GET % b"echo")
        read_until(other, b"[]")
        wait_for(lambda: "echo ended" in server.app.outcomes)  # noted after the response
        read_until(told, b"[]")

        assert time.monotonic() - begun >= 0.5
        wait_for(lambda: server.app.outcomes == ["pause ended", "echo ended", "echo ended"])


def test_pipelined_requests_wait_as_well(server: RunningServer) -> None:
    with server.connect() as told:
        begun = time.monotonic()
        told.sendall(GET % b"pause" + GET % b"echo")
        read_until(told, b"[]")

        assert time.monotonic() - begun >= 0.5


def test_a_client_that_disconnects_while_it_waits_is_forgotten(server: RunningServer) -> None:
    with server.connect() as told:
        told.sendall(GET % b"pause")
        read_until(told, b"later")
        told.sendall(GET % b"echo")
    wait_for(lambda: not server.server.server_state.connections)
    assert not server.server.server_state.paused_connections._until


def test_a_paused_connection_does_not_delay_the_end() -> None:
    with run_server(drain=10 * TIMEOUT) as server, server.connect() as told:
        told.sendall(GET % b"longpause")
        read_until(told, b"later")
        server.server.handle_exit(signal.SIGTERM, None)
        assert read_all(told) == b""
        assert server.ended()
