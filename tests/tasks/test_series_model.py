"""docs/contract.md#recurrence: writes on recurring tasks by several devices, against a plain model.

A device writes while it is offline, by what it has read last, and sends its writes later, some of them twice,
because the response was lost. So tasks that are completed, reopened or deleted by one device are completed
again by another.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from support import Person, problems
from tasks.domain_model import Device, Fields
from tasks.series_model import SeriesModel, compared, recurring_of

from taskward.ids import new_id

STEPS = 120
FIRST_DAY = date(2026, 11, 23)
CREATE = {"If-None-Match": "*"}
GOES_ON = {"recurrence": "The series goes on in another task"}
NO_PARENT = {"parent_id": "Parent task not found"}

Write = Callable[[], Awaitable[None]]


class SeriesWalk:
    """Random writes by three devices; after each time that one is online it must have what the model has."""

    def __init__(self, person: Person, seed: int) -> None:
        self.model = SeriesModel()
        self.devices = [Device(person) for _ in range(3)]
        self._waiting: list[list[Write]] = [[] for _ in self.devices]
        self._gone: set[str] = set()
        self._http = person.http
        self._chance = random.Random(seed)  # noqa: S311 - so that a failure comes again

    async def step(self) -> None:
        number = self._chance.randrange(len(self.devices))
        self._waiting[number].append(self._write_of(self.devices[number]))
        if self._chance.random() < 0.5:
            await self.synchronize(number)

    async def synchronize(self, number: int) -> None:
        """Sends what a device has waiting, and lets it follow."""
        for write in self._waiting[number]:
            for _ in range(self._chance.choice([1, 1, 2])):
                await write()
        self._waiting[number].clear()
        held = self.devices[number].held["task"]
        await self.devices[number].follow()
        assert {one: compared(task) for one, task in held.items()} == {
            one: compared(task) for one, task in self.model.tasks.items()
        }
        series = recurring_of(held)
        assert len(series) == len({*series})

    async def check_end(self) -> None:
        """Checks that all devices have what the list has."""
        for number in range(len(self.devices)):
            await self.synchronize(number)
        for number, device in enumerate(self.devices):
            await self.synchronize(number)
            answer = await self._http.get("/api/tasks?limit=1000")
            assert device.held["task"] == {task["id"]: task for task in answer.json()["tasks"]}

    def _write_of(self, device: Device) -> Write:
        """Returns a write that the device decides on by what it holds; out of date when it is sent, maybe."""
        held = device.held["task"]
        if not held:
            return self._create(None)
        task = held[self._chance.choice(list(held))]
        match self._chance.choices(["create", "complete", "reopen", "edit", "delete"], [2, 6, 4, 3, 1])[0]:
            case "create":
                tops = [one for one, top in held.items() if "parent_id" not in top]
                return self._create(self._chance.choice([None, *tops]))
            case "complete":
                day = date.fromisoformat(task["due"]["date"]) + timedelta(self._chance.choice([0, 0, 0, 2]))
                return lambda: self._complete(task["id"], day)
            case "reopen":
                return lambda: self._reopen(task["id"])
            case "edit":
                return self._edit(task)
            case _:
                return lambda: self._delete(task["id"])

    def _create(self, parent_id: str | None) -> Write:
        task_id = str(new_id())
        rule = self._chance.choice(["FREQ=DAILY", "FREQ=DAILY;COUNT=4", None])
        body: Fields = {"title": "New", "due": {"date": str(FIRST_DAY)}}
        if rule:
            body["recurrence"] = {"rule": rule}
        if parent_id:
            body["parent_id"] = parent_id

        async def create() -> None:
            answer = await self._http.put(f"/api/tasks/{task_id}", json=body, headers=CREATE)
            if task_id in self._gone:
                assert answer.status_code == 410
            elif task_id in self.model.tasks:
                assert answer.status_code == 412
            elif parent_id and parent_id not in self.model.tasks:
                assert problems(answer) == NO_PARENT
            else:
                self.model.tasks[task_id] = answer.json()
                assert compared(answer.json()) == compared({**body, **answer.json()})

        return create

    def _edit(self, task: Fields) -> Write:
        title = f"Title {self._chance.random()}"
        if self._chance.random() < 0.4:
            return lambda: self._change(task["id"], title=title)
        if self._chance.random() < 0.3:
            return lambda: self._change(task["id"], recurrence=None)
        day = str(FIRST_DAY + timedelta(days=self._chance.randrange(9)))
        recurrence = {"rule": "FREQ=DAILY", "occurrence": day}
        return lambda: self._change(task["id"], due={"date": day}, recurrence=recurrence)

    async def _complete(self, task_id: str, day: date) -> None:
        body = {"is_completed": True, "completed_at": f"{day}T12:00:00+01:00"}
        task = await self._put(task_id, body)
        if task is not None:
            self.model.complete(task_id, day, task.get("next_id"))

    async def _reopen(self, task_id: str) -> None:
        next_id = self.model.tasks.get(task_id, {}).get("next_id")
        if await self._put(task_id, {"is_completed": False}) is not None:
            self.model.reopen(task_id)
            if next_id is not None and next_id not in self.model.tasks:
                self._gone.add(next_id)

    async def _change(self, task_id: str, **body: Any) -> None:
        task = self.model.tasks.get(task_id)
        is_open = task is not None and not task["is_completed"]
        if is_open and body.get("recurrence") and not self.model.may_recur(task_id):
            answer = await self._http.put(f"/api/tasks/{task_id}", json=body)
            assert problems(answer) == GOES_ON
            return
        if await self._put(task_id, body) is None or task is None:
            return
        kept = {name: body[name] for name in body if name != "recurrence" or not task["is_completed"]}
        self.model.change(task_id, **kept)

    async def _delete(self, task_id: str) -> None:
        answer = await self._http.delete(f"/api/tasks/{task_id}")
        assert answer.status_code == (200 if task_id in self.model.tasks else 404)
        if answer.status_code == 200:
            self.model.delete(task_id)
            self._gone.add(task_id)

    async def _put(self, task_id: str, body: Fields) -> Fields | None:
        """Changes a task; returns it, or None if it is not there any more."""
        answer = await self._http.put(f"/api/tasks/{task_id}", json=body)
        assert answer.status_code == (200 if task_id in self.model.tasks else 404), answer.text
        return answer.json() if answer.status_code == 200 else None


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 20))])
async def test_devices_agree_with_the_model_of_series(ann: Person, seed: int) -> None:
    walk = SeriesWalk(ann, seed)

    for _ in range(STEPS):
        await walk.step()

    await walk.check_end()
