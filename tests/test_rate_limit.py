"""RATE_LIMIT: the rate of one user, and the headers about it."""

import asyncio
import math
import random
from pathlib import Path

import httpx
import pytest
from support import Person, client_of, refusal, running, settings_for

from taskward.http.rate_limit import TokenBuckets
from taskward.settings import SettingsError, load_settings
from taskward.settings.parsing import Rate

SECOND = 1_000_000_000


class Clock:
    """A clock that stands still unless it is set; in nanoseconds."""

    def __init__(self) -> None:
        self.now = 12_345_678_901

    def __call__(self) -> int:
        return self.now


def limits(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["ratelimit-policy"], answer.headers["ratelimit"]


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("100/10s", (100, 10)),
        ("1/s", (1, 1)),
        (" 600/m ", (600, 60)),
        ("5/2m", (5, 120)),
        ("1000/h", (1000, 3600)),
        ("1000000/1000000s", (1_000_000, 1_000_000)),
    ],
)
def test_a_rate_is_requests_in_a_time(written: str, rate: tuple[int, int]) -> None:
    assert settings_for("sqlite://", rate_limit=written).rate == rate


@pytest.mark.parametrize(
    "written",
    [
        "100",
        "100/10",
        "100/d",
        "0/s",
        "1/0s",
        "-1/s",
        "1.5/s",
        "1e3/s",
        "/s",
        "100/10 s",
        "1000001/s",
        "1/278h",
        "x",
    ],
)
def test_what_is_no_rate_stops_the_start_and_is_named(written: str) -> None:
    with pytest.raises(SettingsError, match="RATE_LIMIT: must be") as caught:
        load_settings(_env_file=None, rate_limit=written)
    assert written not in str(caught.value).replace("100/10s", "").split()


def test_there_is_no_limit_unless_one_is_set(tmp_path: Path) -> None:
    assert load_settings(_env_file=tmp_path / "none").rate is None


async def test_without_the_setting_nothing_is_said_of_limits(ann: Person) -> None:
    answer = await ann.http.get("/api/tasks")

    assert {"ratelimit", "ratelimit-policy", "retry-after"}.isdisjoint(answer.headers)


async def test_one_too_many_is_refused_and_says_when_to_come_again() -> None:
    async with running(settings_for("sqlite://", rate_limit="3/1h")) as app:
        ann = Person(app)
        told = [limits(await ann.http.get("/api/tasks")) for _ in range(3)]
        refused = await ann.http.get("/api/tasks")

    policy = '"user";q=3;w=3600'
    seconds = [int(limit.rpartition("=")[2]) for _, limit in [*told, limits(refused)]]
    assert told == [
        (policy, f'"user";r={left};t={t}') for left, t in zip((2, 1, 0), seconds[:3], strict=True)
    ]
    assert all(1190 <= t <= 1200 for t in seconds), "a third of the window, less what the requests took"
    assert refusal(refused) == (429, "RATE_LIMITED", "Too many requests")
    assert limits(refused) == (policy, f'"user";r=0;t={seconds[3]}')
    assert refused.headers["retry-after"] == str(seconds[3])


async def test_a_client_that_waits_for_retry_after_is_served() -> None:
    async with running(settings_for("sqlite://", rate_limit="2/2s")) as app:
        ann = Person(app)
        async with asyncio.timeout(10):
            while (answer := await ann.http.get("/api/tasks")).status_code != 429:
                pass  # on a busy machine some come back meanwhile
        await asyncio.sleep(int(answer.headers["retry-after"]))
        assert (await ann.http.get("/api/tasks")).status_code == 200


async def test_every_user_has_a_limit_of_their_own_and_all_their_tokens_share_it() -> None:
    async with running(settings_for("sqlite://", rate_limit="2/h")) as app:
        ann, bob = Person(app), Person(app)
        ann_elsewhere = Person(app, ann.sub, email="ann@example.com")
        statuses = [(await one.http.get("/api/tasks")).status_code for one in (ann, ann_elsewhere, ann, bob)]

    assert statuses == [200, 200, 429, 200]


async def test_every_request_below_api_counts_and_no_other_does() -> None:
    async with running(settings_for("sqlite://", rate_limit="100/h")) as app:
        ann = Person(app)
        for _ in range(3):
            for path in ("/health", "/health/ready", "/docs", "/openapi.json", "/nowhere"):
                assert "ratelimit" not in (await ann.http.get(path)).headers
            assert "ratelimit" not in (await client_of(app).get("/api/tasks")).headers
        answers = [
            await ann.http.get("/api/tasks"),
            await ann.http.post("/api/tasks", json={}),
            await ann.http.post("/api/tasks", json={"title": "Buy milk"}),
            await ann.http.put("/api/tasks"),
            await ann.http.get("/api/nowhere"),
            await ann.http.get("/api/events"),
            await ann.http.get("/api/me/export"),
            await ann.http.head("/api/tasks"),
            await ann.http.delete("/api/me"),
        ]

    assert [answer.status_code for answer in answers] == [200, 400, 201, 405, 404, 200, 200, 200, 200]
    left = [int(answer.headers["ratelimit"].split(";")[1].removeprefix("r=")) for answer in answers]
    assert left == [99, 98, 97, 96, 95, 94, 93, 92, 91]


async def test_a_refused_request_does_nothing() -> None:
    async with running(settings_for("sqlite://", rate_limit="2/h")) as app:
        ann = Person(app)
        await ann.create()
        first, second = [await ann.http.post("/api/tasks", json={"title": "x" * 201}) for _ in range(2)]
        kept = await Person(app, "bob").http.get("/api/tasks")

    assert (first.status_code, second.status_code) == (400, 429)
    assert kept.json()["tasks"] == []


async def test_a_refusal_can_be_read_by_the_page_that_caused_it() -> None:
    origin = "http://localhost:3000"
    async with running(settings_for("sqlite://", rate_limit="1/h")) as limited:
        ann = Person(limited)
        for _ in range(2):
            answer = await ann.http.get("/api/tasks", headers={"Origin": origin})

    assert answer.status_code == 429
    assert answer.headers["access-control-allow-origin"] == origin
    exposed = answer.headers["access-control-expose-headers"]
    assert exposed == "Location, ETag, X-Request-ID, Retry-After, Idempotent-Replayed"


def test_a_bucket_gives_its_rate_to_the_nanosecond() -> None:
    clock = Clock()
    buckets = TokenBuckets(Rate(3, 10), clock)
    assert [buckets.take(1) for _ in range(4)] == [(True, 2, 4), (True, 1, 4), (True, 0, 4), (False, 0, 4)]

    clock.now += 3_333_333_333
    assert buckets.take(1) == (False, 0, 1)
    clock.now += 1
    assert buckets.take(1) == (True, 0, 4)
    assert not buckets.take(1)[0]


@pytest.mark.parametrize(
    "rate", [Rate(1, 1), Rate(100, 10), Rate(7, 3), Rate(1000, 3600), Rate(3, 1_000_000)]
)
def test_no_window_ever_sees_more_than_burst_and_rate_and_who_waits_is_served(rate: Rate) -> None:
    clock, chance = Clock(), random.Random(17)  # noqa: S311 - no secret
    buckets = TokenBuckets(rate, clock)
    served: list[int] = []
    for _ in range(3000):
        allowed, left, seconds = buckets.take(1)
        assert (left >= 0, seconds >= 1) == (True, True)
        if allowed:
            served.append(clock.now)
            clock.now += chance.randrange(2 * rate.seconds * SECOND // rate.requests)
        else:
            assert left == 0
            clock.now += seconds * SECOND
            assert buckets.take(1)[0]
            served.append(clock.now)
    for first in range(0, len(served), 50):
        for last in range(first, min(first + 2 * rate.requests, len(served)), 7):
            time = served[last] - served[first]
            assert (
                last - first + 1
                <= rate.requests + math.floor(time * rate.requests / (rate.seconds * SECOND)) + 1
            )


def test_what_is_forgotten_makes_no_difference_and_memory_is_bounded() -> None:
    clock, chance = Clock(), random.Random(17)  # noqa: S311 - no secret
    rate = Rate(5, 2)
    together = TokenBuckets(rate, clock)
    alone = {owner: TokenBuckets(Rate(5, 2), clock) for owner in range(20)}
    for buckets in alone.values():
        buckets._turn_over = lambda now: None  # type: ignore[method-assign]  # noqa: ARG005 # it never forgets
    most = 0
    for step in range(20_000):
        owner = chance.randrange(20)
        assert together.take(owner) == alone[owner].take(owner)
        together.take(1000 + step)  # a user who never returns
        clock.now += chance.randrange(SECOND // 100)
        most = max(most, len(together))

    assert most <= 2 * (2 * 2 * SECOND // (SECOND // 200)) + 40
