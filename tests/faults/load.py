"""Clients that write during faults, and record what was acknowledged."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
from support.waiting import TIMEOUT

SUCCESS = "success"
DATABASE_ERROR = "500 `DATABASE_ERROR`"
UNAVAILABLE = "503 `SERVICE_UNAVAILABLE`"
NO_ANSWER = "no answer"

RECOVERED = 40
"""Successes in a row, of requests sent after the fault, that make the service usable again."""

LOAD_TIMEOUT = 6 * TIMEOUT
"""Seconds after which a test under load fails."""

ClientOf = Callable[[str], httpx.AsyncClient]
"""Makes a client that speaks as the person of that `sub`."""

_ENVELOPES = {
    500: ({"error": "A database error occurred", "code": "DATABASE_ERROR"}, DATABASE_ERROR),
    503: (
        {"error": "The service is temporarily unavailable", "code": "SERVICE_UNAVAILABLE"},
        UNAVAILABLE,
    ),
}


class RequestResult(NamedTuple):
    """The result of one request; times are of `time.monotonic`, in seconds."""

    begun: float
    took: float
    what: str


class Audit(NamedTuple):
    """The comparison of the records with the database after the fault."""

    acknowledged: int
    unsure: int
    lost: list[str]

    def __str__(self) -> str:
        if self.lost:
            return f"{len(self.lost)} of {self.acknowledged} acknowledged"
        return f"nothing of {self.acknowledged} acknowledged writes"


class Ledger:
    """One person's requests, one after the other, and what must be stored because of them."""

    weights = (5, 3, 3, 1, 4, 1)
    """How often each kind of request is sent."""

    def __init__(
        self, client: httpx.AsyncClient, answers: list[RequestResult], chance: random.Random
    ) -> None:
        self.acknowledged = 0
        self._client = client
        self._answers = answers
        self._chance = chance
        self._tasks: dict[str, dict[str, Any]] = {}
        self._unsure: dict[str, tuple[str, str | None]] = {}
        self._attempts: dict[str, str] = {}
        self._numbers = 0

    async def act(self) -> None:
        """Do one thing that a person does, and write down what came of it."""
        kinds = [self._create, self._read, self._list, self._follow, self._update, self._delete]
        kind = self._chance.choices(kinds, self.weights)[0]
        if kind in {self._read, self._update, self._delete} and not self._tasks:
            kind = self._create
        await kind()

    async def audit(self) -> list[str]:
        """Returns what is wrong: the acknowledged must be there, anything else whole or not at all."""
        stored = {task["id"]: task async for task in self._stored()}
        wrong = [
            f"{task['title']} is lost" for id_, task in self._tasks.items() if stored.pop(id_, None) != task
        ]
        for id_, (before, after) in self._unsure.items():
            task = stored.pop(id_, None)
            title = task["title"] if task else None
            if title not in {before, after} or (task and task["description"] != _of(task["title"])):
                wrong.append(f"{before} became {title}")
        titles = Counter(task["title"] for task in stored.values())
        wrong += [
            f"{title} is there {n} times"
            for title, n in titles.items()
            if n > 1 or title not in self._attempts
        ]
        wrong += [
            f"{task['title']} is not whole"
            for task in stored.values()
            if task["description"] != _of(task["title"])
        ]
        return wrong + await self._audit_feed() + await self._audit_retries()

    @property
    def unsure(self) -> int:
        """The number of writes without a response, or with one that leaves the outcome unknown."""
        return len(self._unsure) + len(self._attempts)

    async def close(self) -> None:
        await self._client.aclose()

    async def _create(self) -> None:
        title = self._new_title()
        key = uuid4().hex
        body = {"title": title, "description": _of(title)}
        answer = await self._send("POST", "/api/tasks", 201, json=body, headers={"Idempotency-Key": key})
        if answer is None:
            self._attempts[title] = key
        else:
            self._acknowledge(answer.json())

    async def _update(self) -> None:
        id_, title = self._any(), self._new_title()
        body = {"title": title, "description": _of(title)}
        answer = await self._put(id_, body)
        if answer is None:
            self._unsure[id_] = (self._tasks.pop(id_)["title"], title)
        else:
            self._acknowledge(self._updated(answer))

    async def _put(self, id_: str, body: dict[str, Any]) -> httpx.Response | None:
        return await self._send("PUT", f"/api/tasks/{id_}", 200, json=body)

    def _updated(self, answer: httpx.Response) -> dict[str, Any]:
        task: dict[str, Any] = answer.json()
        return task

    async def _delete(self) -> None:
        id_ = self._any()
        answer = await self._send("DELETE", f"/api/tasks/{id_}", 200)
        task = self._tasks.pop(id_)
        if answer is None:
            self._unsure[id_] = (task["title"], None)
        else:
            self.acknowledged += 1

    async def _read(self) -> None:
        id_ = self._any()
        answer = await self._send("GET", f"/api/tasks/{id_}", 200)
        assert answer is None or answer.json() == self._tasks[id_], "what was acknowledged reads otherwise"

    async def _list(self) -> None:
        await self._send("GET", "/api/tasks?limit=20", 200)

    async def _follow(self) -> None:
        await self._send("GET", "/api/changes?limit=20", 200)

    async def _send(self, method: str, path: str, expected: int, **options: Any) -> httpx.Response | None:
        """Sends it; None if it failed in one of the ways that a fault of the database may show."""
        begun = monotonic()
        answer = None
        try:
            answer = await self._client.request(method, path, **options)
            what = SUCCESS if answer.status_code == expected else outcome(answer)
        except httpx.TransportError as error:
            what = NO_ANSWER if not isinstance(error, httpx.TimeoutException) else "no response in time"
        self._answers.append(RequestResult(begun, monotonic() - begun, what))
        return answer if what == SUCCESS else None

    def _acknowledge(self, task: dict[str, Any]) -> None:
        self.acknowledged += 1
        self._tasks[task["id"]] = task

    def _any(self) -> str:
        return self._chance.choice(list(self._tasks))

    def _new_title(self) -> str:
        self._numbers += 1
        return f"Task {self._numbers}"

    async def _stored(self) -> AsyncIterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        while True:
            page = (await self._get("/api/tasks", limit="1000", **cursor)).json()
            for task in page["tasks"]:
                yield task
            if not page["next_cursor"]:
                return
            cursor = {"cursor": page["next_cursor"]}

    async def _get(self, path: str, **query: str) -> httpx.Response:
        answer = await self._client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer

    async def _audit_feed(self) -> list[str]:
        """Asserts that the change feed leads to the tasks of the list: each write is complete."""
        followed: dict[str, Any] = {}
        since: dict[str, str] = {}
        more = True
        while more:
            found = (await self._get("/api/changes", **since)).json()
            for change in found["changes"]:
                if change["op"] == "upsert":
                    followed[change["task"]["id"]] = change["task"]
                else:
                    followed.pop(change["id"], None)
            since, more = {"since": found["cursor"]}, found["has_more"]
        listed = {task["id"]: task async for task in self._stored()}
        return [] if followed == listed else ["the feed leads elsewhere than the list"]

    async def _audit_retries(self) -> list[str]:
        """Asserts that a repeated create without a response has created one task, not two and not none."""
        for title, key in self._attempts.items():
            answer = await self._client.post(
                "/api/tasks",
                json={"title": title, "description": _of(title)},
                headers={"Idempotency-Key": key},
            )
            assert answer.status_code == 201, answer.text
        titles = Counter([task["title"] async for task in self._stored()])
        return [f"{title} is there {titles[title]} times" for title in self._attempts if titles[title] != 1]


class KeyedLedger(Ledger):
    """The requests of a client that can repeat each of them: a write has an `Idempotency-Key`."""

    weights = (5, 3, 3, 1, 4, 0)

    async def _put(self, id_: str, body: dict[str, Any]) -> httpx.Response | None:
        operations = {"operations": [{"op": "update", "id": id_, "task": body}]}
        headers = {"Idempotency-Key": uuid4().hex}
        return await self._send("POST", "/api/tasks/batch", 200, json=operations, headers=headers)

    def _updated(self, answer: httpx.Response) -> dict[str, Any]:
        task: dict[str, Any] = answer.json()["results"][0]["task"]
        return task


class Load:
    """Several people at once, each with a ledger; `answers` are all that they got, in order."""

    def __init__(self, client_of: ClientOf, people: int, pause: float, ledger: type[Ledger] = Ledger) -> None:
        self.answers: list[RequestResult] = []
        self.begun = self.ended = 0.0
        self._pause = pause
        self._ledgers = [
            ledger(client_of(str(uuid4())), self.answers, random.Random(n))  # noqa: S311 - to be repeatable
            for n in range(people)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work(ledger)) for ledger in self._ledgers]

    async def stop(self) -> None:
        """Waits for all requests in flight; fails on any result that is not allowed."""
        tasks, self._tasks = self._tasks, []
        self._pause = -1.0
        await asyncio.gather(*tasks)

    async def abandon(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for ledger in self._ledgers:
            await ledger.close()

    async def until_answered(self, more: int, what: str | None = None) -> None:
        """Waits for that many more responses, of that kind or of any."""
        start = len(self.answers)
        await self._until(lambda: sum(what in {None, one.what} for one in self.answers[start:]) >= more)

    async def until_settled(self) -> None:
        """Waits until each request that is under way has its answer."""
        now = monotonic()
        start = len(self.answers)
        await self._until(lambda: sum(one.begun >= now for one in self.answers[start:]) >= len(self._ledgers))

    def fault_begins(self) -> None:
        self.begun = monotonic()

    def fault_ends(self) -> None:
        self.ended = monotonic()

    async def until_recovered(self) -> None:
        """Waits until all goes well again with what was sent after the fault."""
        await self._until(self._healthy)

    @property
    def back_after(self) -> float:
        """Seconds from the end of the fault to the last request whose answer was no success."""
        failed = [one.begun for one in self.answers if one.begun >= self.ended and one.what != SUCCESS]
        return max(failed, default=self.ended) - self.ended

    def seen(self) -> Counter[str]:
        """Counts what was answered from the fault on, by kind."""
        return Counter(one.what for one in self.during())

    def longest(self) -> float:
        return max(one.took for one in self.during())

    def during(self) -> list[RequestResult]:
        """Returns the answers that the fault can have had to do with."""
        return [one for one in self.answers if one.begun + one.took >= self.begun]

    async def audit(self) -> Audit:
        """Compares the stored tasks with every ledger."""
        await self.stop()
        wrong = [line for ledger in self._ledgers for line in await ledger.audit()]
        return Audit(
            sum(ledger.acknowledged for ledger in self._ledgers),
            sum(ledger.unsure for ledger in self._ledgers),
            wrong,
        )

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LOAD_TIMEOUT):
            while not condition():
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.01)

    def _healthy(self) -> bool:
        latest = [one for one in self.answers[-4 * RECOVERED :] if one.begun >= self.ended][-RECOVERED:]
        return len(latest) == RECOVERED and all(one.what == SUCCESS for one in latest)

    async def _work(self, ledger: Ledger) -> None:
        while self._pause >= 0:
            await ledger.act()
            await asyncio.sleep(max(self._pause, 0))


@asynccontextmanager
async def under_load(
    client_of: ClientOf, people: int = 6, pause: float = 0.05, ledger: type[Ledger] = Ledger
) -> AsyncIterator[Load]:
    """Runs clients while the block runs, which starts once all succeed."""
    load = Load(client_of, people, pause, ledger)
    await load.start()
    try:
        await load.until_answered(RECOVERED, SUCCESS)
        yield load
    finally:
        await load.abandon()


def outcome(answer: httpx.Response) -> str:
    """Returns the kind of an unsuccessful response; one that a fault may cause is checked in each detail."""
    body, name = _ENVELOPES.get(answer.status_code, (None, ""))
    with suppress(ValueError):
        if answer.json() == body and (answer.status_code == 500 or "retry-after" in answer.headers):
            return name
    return f"unexpected: {answer.status_code} {answer.text[:200]}"


def describe_results(seen: Counter[str]) -> str:
    """Returns the results, the most frequent first."""
    return ", ".join(f"{n} \N{MULTIPLICATION SIGN} {what}" for what, n in seen.most_common())


def has_only(seen: Iterable[str], *allowed: str) -> bool:
    """Returns whether there were no other results."""
    return set(seen) <= {SUCCESS, *allowed}


def _of(title: str) -> str:
    return f"What there is to say of {title}"
