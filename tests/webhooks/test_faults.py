"""Random writes of fifty people, and a receiver with every fault: nothing is lost."""

import asyncio
import random

import pytest
from support import Person
from webhooks.conftest import StartApp
from webhooks.marks import until_idle
from webhooks.receiver import Receiver
from webhooks.receiver_faults import Faults, check_deliveries

from taskward.webhooks import attempts, retries, sender, worker


async def write_at_random(person: Person, chance: random.Random, writes: int) -> None:
    ids: list[str] = []
    for n in range(writes):
        kind = chance.choice(["create", "create", "update", "delete"])
        if kind == "create" or not ids:
            ids.append((await person.create(f"{n}"))["id"])
        elif kind == "update":
            await person.put(chance.choice(ids), title=f"changed {n}", is_completed=chance.random() < 0.5)
        else:
            await person.http.delete(f"/api/tasks/{ids.pop(chance.randrange(len(ids)))}")
        await asyncio.sleep(chance.random() * 0.05)


async def run_faults(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, seed: int, writes: int
) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "FIRST_RETRY_DELAY", 0.2)
        monkeypatch.setattr(module, "PROBE_INTERVAL", 0.4)
    monkeypatch.setattr(sender, "ATTEMPT_TIMEOUT", 1.5)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.05)
    chance = random.Random(seed)  # noqa: S311 - the same faults in every run
    receiver.answer = Faults(chance, 0.3)
    apps = [await start(), await start()]
    people = [Person(apps[n % 2]) for n in range(50)]
    await asyncio.gather(*(write_at_random(person, chance, writes) for person in people))
    await until_idle(apps[0], 90)

    for person in people:
        assert receiver.tasks.get(person.sub, {}) == {task["id"]: task for task in await person.tasks()}
    check_deliveries(receiver)


@pytest.mark.engines("disk", "postgres")
async def test_what_a_bad_receiver_has_applied_equals_the_lists(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_faults(start, receiver, monkeypatch, 1, 4)


@pytest.mark.soak
@pytest.mark.engines("disk", "postgres")
@pytest.mark.parametrize("seed", range(5))
async def test_what_a_bad_receiver_has_applied_equals_the_lists_after_many_writes(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await run_faults(start, receiver, monkeypatch, seed, 40)
