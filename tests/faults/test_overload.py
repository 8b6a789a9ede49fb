"""Ten times more load than there is capacity, for 20 seconds; docs/overload.md has what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import pytest
from support import SECRET, token_for
from support.command import command
from support.load_generator import LoadClient, LoadStatistics, connect_clients, request_bytes
from support.process_memory import resident_bytes

pytestmark = [pytest.mark.soak, pytest.mark.timeout(400)]

BUSY: Final = 400
"""Clients, each a user, without a pause between requests: as many as can wait without rejections. Their
rate is the capacity. A tenth of them would get a quarter more, because the memory of fewer connections fits
into the processor's caches, which is not an effect of overload.
"""

FLOOD: Final = 1000
"""Clients that are too many by far."""

SECONDS: Final = 20.0
TASK: Final = '{"title": "Buy milk"}'
LIST: Final = "/api/tasks?limit=20"
HEALTH: Final = b"GET /health HTTP/1.1\r\nHost: taskward.test\r\n\r\n"


class Service:
    """`taskward serve` as a process, and who uses it."""

    def __init__(self, process: int, port: int, method: str) -> None:
        self.process, self.port, self._method = process, port, method
        self._tokens = [token_for(f"user-{number}") for number in range(400)]

    def requests(self, users: int, *, others: bool = False) -> list[bytes]:
        """Returns one request of each of that many users; `others` are those at the other end of the list."""
        path, body = ("/api/tasks", TASK) if self._method == "POST" else (LIST, "")
        tokens = self._tokens[-users:] if others else self._tokens[:users]
        return [request_bytes(token, self._method, path, body) for token in tokens]

    async def fill(self) -> None:
        """Creates 20 tasks for every user."""
        create = f'{{"op": "create", "task": {TASK}}}'
        batch = f'{{"operations": [{", ".join([create] * 20)}]}}'
        requests = [request_bytes(token, "POST", "/api/tasks/batch", batch) for token in self._tokens]
        for start in range(0, len(requests), 20):
            seen = LoadStatistics()
            made = await connect_clients(self.port, 20, requests[start : start + 20], seen, pause=1000)
            async with asyncio.timeout(60):
                while seen.statuses[200] < 20:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.01)
            for client in made:
                client.close()

    @asynccontextmanager
    async def used_by(
        self, number: int, users: int, *, others: bool = False, honours_retry_after: bool = False
    ) -> AsyncIterator[LoadStatistics]:
        """Runs that many clients of that many users, without pauses, while the block runs."""
        seen = LoadStatistics()
        requests = self.requests(users, others=others)
        made = await connect_clients(
            self.port, number, requests, seen, honours_retry_after=honours_retry_after
        )
        try:
            yield seen
        finally:
            assert not seen.disconnected
            await leave(made)

    async def good(self, seconds: float) -> float:
        """Measures the successful responses per second of as many clients as saturate it, without others."""
        async with self.used_by(BUSY, BUSY, others=True) as seen:
            await asyncio.sleep(1)
            seen.reset()
            begin = self.could_run()
            await asyncio.sleep(seconds)
            assert set(seen.statuses) <= {200, 201}
            return seen.successes / (self.could_run() - begin)

    async def recovered(self, enough: float) -> float:
        """Returns the rate once it is high enough again, or the best of a few seconds.

        The speed of a virtual machine drops for a second or two; what the flood has broken stays broken.
        """
        rate = 0.0
        for _ in range(4):
            rate = max(rate, await self.good(1.5))
            if rate >= enough:
                break
        return rate

    def could_run(self) -> float:
        """Returns the seconds for which it did not wait for a CPU, without the effect of other programs."""
        stood = int(Path(f"/proc/{self.process}/schedstat").read_text().split()[1]) / 1e9
        return time.monotonic() - stood

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process}/fd").iterdir()))


def in_ms(seen: LoadStatistics, percent: float, *statuses: int) -> str:
    return f"{seen.percentile(percent, *statuses) * 1000:.1f} ms"


class Moment(NamedTuple):
    """The resources of the process at one time."""

    resident: int
    descriptors: int


async def leave(made: list[LoadClient]) -> None:
    for client in made:
        client.close()
    await asyncio.sleep(0.5)


@pytest.fixture(params=["GET", "POST"])
async def service(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> AsyncIterator[Service]:
    settings = {"DATABASE_URL": url, "JWT_SECRET": SECRET, "PORT": "0"}
    with command(tmp_path, "serve", **settings) as taskward:
        service = Service(taskward.process.pid, await asyncio.to_thread(taskward.port), request.param)
        await service.fill()
        await service.good(1)  # now all code has run
        yield service


@pytest.mark.parametrize("users", [1, 400])
@pytest.mark.parametrize("honours_retry_after", [False, True], ids=["at once again", "after Retry-After"])
async def test_ten_times_the_capacity_for_twenty_seconds(
    service: Service,
    users: int,
    honours_retry_after: bool,  # noqa: FBT001 - a case
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = await service.good(4)
    health = LoadStatistics()
    watching = await connect_clients(service.port, 1, [HEALTH], health, pause=0.05)
    async with service.used_by(FLOOD, users, honours_retry_after=honours_retry_after) as seen:
        await asyncio.sleep(5)  # the first answers are of connecting
        first = Moment(resident_bytes(service.process), service.descriptors())
        seen.reset()
        health.reset()
        begin = service.could_run()
        await asyncio.sleep(SECONDS)
        good, statuses = seen.successes / (service.could_run() - begin), seen.statuses
        last = Moment(resident_bytes(service.process), service.descriptors())
    await asyncio.sleep(2)  # what has been asked is answered
    after = await service.recovered(0.8 * before)
    await leave(watching)

    with capsys.disabled():
        print(  # noqa: T201 - for the page
            f"\n{before:.0f}/s, then {good:.0f}/s ({good / before:.0%}) and {statuses[503] / SECONDS:.0f}"
            f" refused/s, then {after:.0f}/s; p50 {in_ms(seen, 50, 200, 201)}; refusals p50"
            f" {in_ms(seen, 50, 503)}, p99 {in_ms(seen, 99, 503)}; health p99 {in_ms(health, 99, 200)};"
            f" memory {first.resident >> 20} -> {last.resident >> 20} MiB"
        )
    assert set(statuses) <= {200, 201, 503}
    assert seen.retry_after.total() == statuses[503] > 0
    assert set(seen.retry_after) <= {1, 2, 3, 4, 5}
    assert good >= (0.8 if users > 1 else 0.6) * before  # one user alone has nine places on PostgreSQL
    assert last.resident - first.resident < 8 << 20
    assert last.descriptors <= first.descriptors
    assert set(health.statuses) == {200}
    assert health.percentile(99) < 0.5
    if honours_retry_after:
        assert seen.percentile(50, 503) < 0.2  # at once
    assert after >= 0.8 * before


async def test_one_user_s_flood_does_not_double_another_s_p99(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compares with the p99 while as many others, each asking for a little, keep the process as busy."""
    ann = LoadStatistics()
    asking = await connect_clients(service.port, 1, service.requests(1, others=True), ann, pause=0.05)
    usual: list[float] = []
    flooded: list[float] = []
    for _ in range(5):
        for number, users, p99 in ((8, 8, usual), (FLOOD, 1, flooded)):
            async with service.used_by(number, users):
                await asyncio.sleep(4 if number > BUSY else 1)
                ann.reset()
                await asyncio.sleep(8)
                assert set(ann.statuses) <= {200, 201}
                p99.append(ann.percentile(99))
    await leave(asking)

    ratio = median(one / other for one, other in zip(flooded, usual, strict=True))
    with capsys.disabled():
        seconds = f"{median(usual):.4f} s, in the flood {median(flooded):.4f} s"
        print(f"\np99 {seconds}, ratio {ratio:.2f}")  # noqa: T201 - for the page
    assert ratio <= 2
