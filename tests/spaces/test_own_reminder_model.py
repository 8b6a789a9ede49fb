"""Own reminders beside a model: random work of two members, one at a time and by several requests at once."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from spaces.space_support import join, new_space, remove
from spaces.test_own_reminders import fire_times, mine, remind
from support import Person

STEPS = 60
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
ABSOLUTE = ("2035-01-01T10:00:00Z", "2036-02-02T11:30:00Z", "2020-01-01T10:00:00Z")

Json = dict[str, Any]


@dataclass
class Task:
    """A task of the model: its due date, its state, and what each member has set."""

    id: str
    due: Json | None = None
    is_completed: bool = False
    is_trashed: bool = False
    reminders: dict[str, list[Json]] = field(default_factory=dict)

    def pending(self, zone: str) -> list[datetime]:
        """Returns the times at which its reminders fire."""
        if self.is_completed or self.is_trashed:
            return []
        found = [self._time(one, zone) for each in self.reminders.values() for one in each]
        return [one for one in found if one is not None and one > datetime.now(UTC)]

    def _time(self, reminder: Json, zone: str) -> datetime | None:
        if "at" in reminder:
            return datetime.fromisoformat(reminder["at"])
        if self.due is None:
            return None
        local = datetime.fromisoformat(f"{self.due['date']}T{self.due['time']}")
        due = local.replace(tzinfo=ZoneInfo(self.due["time_zone"] or zone)).astimezone(UTC)
        return due + timedelta(minutes=reminder["offset_minutes"])


@dataclass
class Model:
    """A space with two members, and what it should contain."""

    chance: random.Random
    path: str
    people: dict[str, Person]
    tasks: list[Task] = field(default_factory=list)
    zone: str = ZONES[0]

    async def step(self) -> None:
        """Does one thing, as a member does."""
        actions = [self.remind] * 4 + [self.reschedule] * 3 + [self.switch] * 2
        action = self.chance.choice([*actions, self.create, self.trash, self.restore, self.travel])
        await action(self.chance.choice(self.tasks), self.chance.choice(list(self.people)))

    async def create(self, _: Task, name: str) -> None:
        due = self._due()
        task_id = await self._send(name, "POST", "/tasks", {"title": "x", "due": due})
        self.tasks.append(Task(task_id, due))

    async def remind(self, task: Task, name: str) -> None:
        if task.is_trashed:
            return
        offsets = self.chance.sample([-60, -30, 0, 15], self.chance.randrange(3))
        given: list[Json] = [{"offset_minutes": one} for one in offsets]
        given += [{"at": one} for one in self.chance.sample(ABSOLUTE, self.chance.randrange(3))]
        await remind(self.people[name], self.path, {"id": task.id}, *given)
        task.reminders[name] = given

    async def reschedule(self, task: Task, name: str) -> None:
        if not task.is_trashed:
            task.due = self._due()
            await self._send(name, "PATCH", f"/tasks/{task.id}", {"due": task.due})

    async def switch(self, task: Task, name: str) -> None:
        if not task.is_trashed:
            task.is_completed = not task.is_completed
            title = self.chance.choice([{}, {"title": uuid4().hex}])
            body = {"is_completed": task.is_completed, **title}
            await self._send(name, "PATCH", f"/tasks/{task.id}", body)

    async def trash(self, task: Task, name: str) -> None:
        if not task.is_trashed:
            task.is_trashed = True
            await self._send(name, "DELETE", f"/tasks/{task.id}?to=trash")

    async def restore(self, task: Task, name: str) -> None:
        if task.is_trashed:
            task.is_trashed = False
            await self._send(name, "POST", f"/trash/{task.id}/restore", {})

    async def travel(self, _: Task, name: str) -> None:
        self.zone = self.chance.choice(ZONES)
        answer = await self.people["ann"].http.patch(self.path, json={"time_zone": self.zone})
        assert answer.status_code == 200, (name, answer.text)

    async def check(self, app: FastAPI) -> None:
        """Compares what is stored, and what each member sees, with the model."""
        expected = [one for task in self.tasks for one in task.pending(self.zone)]
        assert await fire_times(app, self.path) == sorted(one.strftime("%F %R") for one in expected)
        for name, person in self.people.items():
            for task in self.tasks:
                if not task.is_trashed:
                    given = task.reminders.get(name, [])
                    assert by_text(await mine(person, self.path, {"id": task.id})) == by_text(given)

    def _due(self) -> Json | None:
        day, hour = self.chance.randrange(1, 28), self.chance.randrange(24)
        due = {"date": f"2035-{self.chance.randrange(1, 13):02}-{day:02}", "time": f"{hour:02}:30"}
        floating = {**due, "time_zone": None}
        return self.chance.choice([None, floating, {**due, "time_zone": self.chance.choice(ZONES)}])

    async def _send(self, name: str, method: str, path: str, body: Json | None = None) -> str:
        answer = await self.people[name].http.request(method, self.path + path, json=body)
        assert answer.status_code < 300, (name, method, path, body, answer.text)
        return str(answer.json().get("id"))


def by_text(reminders: list[Json]) -> list[str]:
    return sorted(map(str, reminders))


async def new_model(seed: int, ann: Person, bob: Person) -> tuple[Model, Json]:
    """Returns the model of a new space with three tasks, and the second member."""
    space = await new_space(ann, time_zone=ZONES[0])
    member = await join(ann, space, bob)
    model = Model(random.Random(seed), space, {"ann": ann, "bob": bob})  # noqa: S311 - not for secrets
    for _ in range(3):
        await model.create(Task(""), "ann")
    return model, member


@pytest.mark.parametrize("seed", range(4))
async def test_random_work_leaves_the_reminders_of_the_model(
    app: FastAPI, ann: Person, bob: Person, seed: int
) -> None:
    model, _ = await new_model(seed, ann, bob)
    for number in range(STEPS):
        await model.step()
        if number % 10 == 9:
            await model.check(app)


async def test_requests_at_once_leave_what_some_order_of_them_leaves(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    """A change of the task and one of the reminders: the pending ones fit both in the end."""
    model, _ = await new_model(0, ann, bob)
    for _ in range(15):
        task, other = model.chance.sample(model.tasks, 2)
        await asyncio.gather(
            model.remind(task, "ann"),
            model.remind(task, "bob"),
            model.reschedule(task, "bob"),
            model.switch(other, "ann"),
            model.remind(other, "bob"),
        )
        await model.check(app)


async def test_none_of_a_member_who_has_left_is_pending(app: FastAPI, ann: Person, bob: Person) -> None:
    model, member = await new_model(1, ann, bob)
    for _ in range(20):
        await model.step()
    await remove(ann, model.path, member)
    del model.people["bob"]
    for task in model.tasks:
        task.reminders.pop("bob", None)
    await model.check(app)
