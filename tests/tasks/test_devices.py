"""docs/contract.md#optional-fields: writes by several devices of a person, against a plain model."""

import random
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest
from support import Person, problems
from tasks.domain_model import Device, Fields, Model, content, key_of

from taskward.ids import new_id
from taskward.tasks.positions import key_between

STEPS = 160
LABELS = ["home", "work", "Straße", "later"]
CREATE = {"If-None-Match": "*"}


class Walk:
    """Random writes by three devices, each checked against the model before the next."""

    def __init__(self, person: Person, seed: int) -> None:
        self.model = Model()
        self.devices = [Device(person) for _ in range(3)]
        self.gone: list[str] = []
        self._chance = random.Random(seed)  # noqa: S311 - so that a failure comes again
        self._http = person.http

    async def step(self) -> None:
        act = self._chance.random()
        if act < 0.25 or not self.model.tasks:
            await self._create()
        elif act < 0.75:
            await self._update()
        elif act < 0.85:
            await self._delete()
        elif act < 0.92 or not self.model.lists:
            await self._create_list()
        elif act < 0.95:
            await self._delete_list()
        await self._check(self._chance.choice(self.devices))

    async def _create(self) -> None:
        repeated = bool(self.gone) and self._chance.random() < 0.15
        task_id = self._chance.choice(self.gone) if repeated else str(new_id())
        body = {"title": "created", **self._fields(task_id)}
        answer = await self._http.put(f"/api/tasks/{task_id}", json=body, headers=CREATE)
        if repeated:
            assert (answer.status_code, answer.json()["code"]) == (410, "GONE")
            return
        self._check_answer(answer, 201, self.model.create(task_id, body))
        if answer.status_code == 201 and self._chance.random() < 0.3:  # the answer was lost
            again = await self._http.put(f"/api/tasks/{task_id}", json=body, headers=CREATE)
            assert (again.status_code, again.json()["task"]) == (412, answer.json())

    async def _update(self) -> None:
        task_id = self._chance.choice(list(self.model.tasks))
        body = self._fields(task_id) or {"is_completed": self._chance.random() < 0.5}
        others = [one for one in self.model.siblings(task_id) if one != task_id]
        answer = await self._http.put(f"/api/tasks/{task_id}", json=body)
        self._check_answer(answer, 200, self.model.update(task_id, body))
        if answer.status_code == 200 and isinstance(body.get("position"), dict):
            await self.devices[0].follow()
            self._take_positions()
            self._check_place(task_id, body["position"], others)

    async def _delete(self) -> None:
        task_id, option = self._chance.choice(list(self.model.tasks)), self._chance.choice(["keep", "delete"])
        self.gone += [task_id, *(self.model.below(task_id) if option == "delete" else ())]
        self.model.delete(task_id, option)
        path = f"/api/tasks/{task_id}?subtasks={option}"
        assert (await self._http.delete(path)).status_code == 200
        assert (await self._http.delete(path)).status_code == 404

    async def _create_list(self) -> None:
        answer = await self._http.post("/api/lists", json={"title": "A list"})
        self.model.lists.add(answer.json()["id"])

    async def _delete_list(self) -> None:
        list_id, option = (
            self._chance.choice(sorted(self.model.lists)),
            self._chance.choice(["keep", "delete"]),
        )
        deleted = [one for one, task in self.model.tasks.items() if task.get("list_id") == list_id]
        self.gone += deleted if option == "delete" else []
        self.model.delete_list(list_id, option)
        assert (await self._http.delete(f"/api/lists/{list_id}?tasks={option}")).status_code == 200

    def _fields(self, task_id: str) -> Fields:
        """Returns some fields of a body, some of which are refused."""
        chance = self._chance
        ids = [*self.model.tasks, task_id, *self.gone[-2:]]
        lists = [None, *self.model.lists, str(new_id())]
        values: Fields = {
            "title": f"Title {chance.random()}",
            "parent_id": chance.choice([None, *ids]),
            "list_id": chance.choice(lists),
            "labels": sorted(chance.sample(LABELS, chance.randrange(3))),
            "add_labels": [chance.choice(LABELS)],
            "remove_labels": [chance.choice(LABELS)],
            "position": self._position(task_id),
        }
        names = chance.sample([*values], chance.choice([0, 1, 1, 2, 3]))
        if "labels" in names:
            names = [name for name in names if name not in {"add_labels", "remove_labels"}]
        return {name: values[name] for name in names}

    def _position(self, task_id: str) -> Any:
        """Returns a key, made as a device does that may be offline, or what the service is to compute."""
        others = [one for one in self.model.tasks if one != task_id]
        if not others or self._chance.random() < 0.2:
            return self._chance.choice([None, "a5", "a5", {"at": "first"}, {"at": "last"}])
        neighbour = self._chance.choice(others)
        if self._chance.random() < 0.3:
            return key_between(key_of(self.model.tasks[neighbour])[0], None)
        return {self._chance.choice(["after", "before"]): neighbour}

    def _check_answer(self, answer: httpx.Response, status: int, refused: dict[str, str]) -> None:
        if refused:
            assert problems(answer) == refused
            return
        assert answer.status_code == status, answer.text
        task = answer.json()
        self._position_of(task)
        assert content(task) == content(self.model.tasks[task["id"]])

    def _position_of(self, task: Fields) -> None:
        stored = self.model.tasks[task["id"]]
        stored.pop("position", None)
        stored |= {"position": task["position"]} if "position" in task else {}

    def _take_positions(self) -> None:
        for task in self.devices[0].held["task"].values():
            self._position_of(task)

    def _check_place(self, task_id: str, place: dict[str, str], others: list[str]) -> None:
        """Checks that a task is where it was put, and that its siblings kept their order."""
        siblings = self.model.siblings(task_id)
        assert [one for one in siblings if one in others] == [one for one in others if one in siblings]
        at = siblings.index(task_id)
        match place:
            case {"at": "first"}:
                assert at == 0
            case {"at": "last"}:
                assert at == len(siblings) - 1
            case {"after": neighbour} if neighbour in siblings:
                assert siblings[at - 1] == neighbour
            case {"before": neighbour} if neighbour in siblings:
                assert siblings[at + 1] == neighbour

    async def _check(self, device: Device) -> None:
        await device.follow()
        assert {one: content(task) for one, task in device.held["task"].items()} == {
            one: content(task) for one, task in self.model.tasks.items()
        }
        assert device.held["list"].keys() == self.model.lists

    async def check_end(self) -> None:
        """Checks that all devices have what the list has, and that nothing dangles."""
        for device in self.devices:
            await self._check(device)
        exported = (await self._http.get("/api/me/export")).json()["tasks"]
        for device in self.devices:
            assert device.held["task"] == {task["id"]: task for task in exported}
        for task in exported:
            assert task.get("list_id") in {None, *self.model.lists}
            parents = self.model.above(task["id"])
            assert len(parents) <= 5
            for below, above in pairwise(parents):
                assert self.model.tasks[below].get("list_id") == self.model.tasks[above].get("list_id")
        counted: dict[str, int] = {}
        for task in exported:
            for label in task.get("labels", ()):
                counted[label] = counted.get(label, 0) + 1
        labels = (await self._http.get("/api/labels")).json()["labels"]
        assert {one["label"]: one["tasks"] for one in labels} == counted


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 8))])
async def test_devices_agree_with_the_model_after_any_writes(ann: Person, seed: int) -> None:
    walk = Walk(ann, seed)

    for _ in range(STEPS):
        await walk.step()

    await walk.check_end()
    assert all(UUID(one).version == 7 for one in walk.model.tasks)
