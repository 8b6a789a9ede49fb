"""docs/contract.md#trash: any requests of several devices give what a plain model gives."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from typing import Any, ClassVar, Final, TypeVar

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy
from support import Person, database_of, execute, problems
from support.change_feed import Change
from tasks.domain_model import Device, Fields
from trash.trash_invariants import check_tables
from trash.trash_model import TrashModel, compared

from taskward.database.sqlite.database import SqliteDatabase
from taskward.ids import new_id
from taskward.me import import_tree
from taskward.tasks.steps import subtasks
from taskward.trash import restoring
from taskward.trash.expiry import TrashExpiry

MAX_BELOW: Final = 6
"""Tasks below one, fewer than the service allows, so that the limit is reached."""

FIRST_DAY: Final = date(2026, 11, 23)
DEVICES: Final = st.sampled_from([0, 0, 0, 1, 2])
"""The first device has always followed the feed; the others hold what was there when they last did."""
PLACES: Final = st.sampled_from(range(200))
"""Which of some objects, counted round."""
LABELS: Final = st.sampled_from([[], ["home"], ["Straße", "home"]])
NEW: Final = st.fixed_dictionaries(
    {"title": st.sampled_from(["a", "b", "c"])},
    optional={
        "labels": LABELS.filter(bool),
        "reminders": st.just([{"at": "2090-01-01T00:00:00Z"}]),
        "recurrence": st.sampled_from([{"rule": "FREQ=DAILY"}, {"rule": "FREQ=DAILY;COUNT=3"}]),
    },
)
GONE: Final = (410, "GONE")
NOT_FOUND: Final = (404, "NOT_FOUND")

Result = TypeVar("Result")
Method = TypeVar("Method", bound=Callable[..., None])


WEIGHTED: Final[list[str]] = []
"""The names of the requests, the more often the likelier; Hypothesis would leave some rules out."""
PARAMETERS: Final[dict[str, SearchStrategy[dict[str, Any]]]] = {}


def request(weight: int, **parameters: SearchStrategy[Any]) -> Callable[[Method], Method]:
    """Adds a method to the requests, with what its parameters may be."""

    def added(method: Method) -> Method:
        WEIGHTED.extend([method.__name__] * weight)
        PARAMETERS[method.__name__] = st.fixed_dictionaries(parameters)
        return method

    return added


def _with_parameters(name: str) -> SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.just(name), PARAMETERS[name])


class Replica(Device):
    """A device that also holds the entity tags."""

    def __init__(self, person: Person) -> None:
        super().__init__(person)
        self.tags: dict[str, str] = {}

    async def follow(self) -> list[Change]:
        changes = await super().follow()
        self.tags |= {change["task"]["id"]: change["etag"] for change in changes if "task" in change}
        return changes

    @property
    def tasks(self) -> dict[str, Fields]:
        return self.held["task"]


class Requests(RuleBasedStateMachine):
    """Each rule is a request of a device, done to the service and to the model."""

    app: ClassVar[FastAPI]
    loop: ClassVar[asyncio.AbstractEventLoop]
    """That of the service: the steps are plain functions in a thread of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.model = TrashModel(MAX_BELOW)
        self.person = Person(self.app)
        self.devices = [Replica(self.person) for _ in range(3)]
        self.exports: list[Fields] = []
        self.ids: list[str] = []
        """The ids that clients have made."""
        self.before: dict[str, Fields] = {}
        """All tasks as they were when the first device has last seen them."""

    @property
    def now(self) -> Replica:
        """Returns the device that has followed all changes."""
        return self.devices[0]

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.run(self.person.http.request(method, path, **options))

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    @initialize(bodies=st.lists(NEW, min_size=8, max_size=8))
    def begin(self, bodies: list[Fields]) -> None:
        """Begins with a chain of tasks in a list, a tree, and one in another list, and some in the trash."""
        for _ in range(2):
            self.create_list()
        home, work = sorted(self.model.lists)
        for n, body in enumerate(bodies):
            below = None if n in {0, 4, 7} else self.ids[n - 1 if n < 4 else 4]
            place = {"parent_id": below} if below else {"list_id": {0: home, 7: work}.get(n)}
            self.put_new(str(new_id()), {**body, **place})
        self.follow()
        for device in (1, 2):
            self.synchronize(device)
        self.export()
        for n in (3, 4, 7):
            self.send("DELETE", f"/api/tasks/{self.ids[n]}", params={"to": "trash", "subtasks": "delete"})
            self.model.remove(self.ids[n], with_subtasks=True, to_trash=True)

    @request(2, body=NEW, parent=st.one_of(st.none(), PLACES), in_list=st.one_of(st.none(), PLACES))
    def create(self, body: Fields, parent: int | None, in_list: int | None) -> None:
        if parent is not None and self.model.tasks:
            body = {**body, "parent_id": self.held_at(0, parent)}
        elif in_list is not None and self.model.lists:
            body = {**body, "list_id": _at(sorted(self.model.lists), in_list)}
        self.put_new(str(new_id()), body)

    @request(2, body=NEW, place=PLACES, parent=st.one_of(st.none(), PLACES), forgets=st.booleans())
    def create_again(self, body: Fields, place: int, parent: int | None, *, forgets: bool) -> None:
        """Creates a task at an id that a client has made before; after all tombstones have expired, maybe."""
        if forgets:
            self.expire_tombstones()
        if parent is not None and self.model.tasks:
            body = {**body, "parent_id": self.held_at(0, parent)}
        self.put_new(_at([*self.ids, *self.model.trash, *self.model.trash], place), body)

    def put_new(self, task_id: str, body: Fields) -> None:
        body = {**body, "due": {"date": str(FIRST_DAY)}}
        answer = self.send("PUT", f"/api/tasks/{task_id}", json=body, headers={"If-None-Match": "*"})

        if task_id in self.model.tasks:
            assert answer.status_code == 412
        elif task_id in self.model.trash.keys() | self.model.tombstones:
            assert _refusal(answer) == GONE
        elif not self.model.can_create(body):
            assert problems(answer).keys() <= {"parent_id", "list_id"}
        else:
            assert answer.status_code == 201, answer.text
            self.ids += [task_id] if task_id not in self.ids else []
            self.model.create(answer.json())

    @request(1, device=DEVICES, place=PLACES, labels=LABELS, conditional=st.booleans())
    def edit(self, device: int, place: int, labels: list[str], *, conditional: bool) -> None:
        task_id = self.held_at(device, place)
        if self.put(device, task_id, {"labels": labels}, conditional=conditional):
            self.model.change(task_id, labels=labels)

    @request(3, device=DEVICES, place=PLACES, to=st.one_of(st.none(), PLACES), conditional=st.booleans())
    def move_below(self, device: int, place: int, to: int | None, *, conditional: bool) -> None:
        task_id = self.held_at(device, place)
        self.move(device, task_id, {"parent_id": to if to is None else self.held_at(device, to)}, conditional)

    @request(2, device=DEVICES, place=PLACES, to=st.one_of(st.none(), PLACES), conditional=st.booleans())
    def move_to_list(self, device: int, place: int, to: int | None, *, conditional: bool) -> None:
        lists = [*self.devices[device].held["list"]]
        task_id = self.held_at(device, place)
        self.move(
            device, task_id, {"list_id": None if to is None or not lists else _at(lists, to)}, conditional
        )

    @request(3, device=DEVICES, place=PLACES, conditional=st.booleans())
    def complete(self, device: int, place: int, *, conditional: bool) -> None:
        task_id = self.held_at(device, place)
        body = {"is_completed": True, "completed_at": f"{FIRST_DAY}T12:00:00+01:00"}
        headers = self.condition(device, task_id, conditional=conditional)
        answer = self.send("PUT", f"/api/tasks/{task_id}", json=body, headers=headers)
        if not self.may_write(task_id, answer, headers):
            return
        has_next = answer.status_code != 200 or answer.json().get("next_id")
        if self.model.can_recur_below(task_id) or not has_next:
            assert answer.status_code == 200, answer.text
            self.model.complete(task_id, FIRST_DAY, answer.json().get("next_id"))
        else:
            assert problems(answer).keys() == {"parent_id"}

    @request(2, device=DEVICES, place=PLACES, conditional=st.booleans())
    def reopen(self, device: int, place: int, *, conditional: bool) -> None:
        done = [one for one, task in self.devices[device].tasks.items() if task["is_completed"]]
        if done and self.put(device, _at(done, place), {"is_completed": False}, conditional=conditional):
            self.model.reopen(_at(done, place))

    @request(
        6,
        device=DEVICES,
        place=PLACES,
        with_subtasks=st.booleans(),
        to=st.sampled_from(["trash", "trash", "trash", None]),
        conditional=st.booleans(),
    )
    def delete(
        self, device: int, place: int, to: str | None, *, with_subtasks: bool, conditional: bool
    ) -> None:
        task_id = self.held_at(device, place)
        headers = self.condition(device, task_id, conditional=conditional)
        query = {"subtasks": "delete" if with_subtasks else "keep"} | ({"to": to} if to else {})

        answer = self.send("DELETE", f"/api/tasks/{task_id}", params=query, headers=headers)

        if self.may_write(task_id, answer, headers):
            assert answer.status_code == 200
            self.model.remove(task_id, with_subtasks=with_subtasks, to_trash=to is not None)

    @request(
        1,
        places=st.lists(PLACES, min_size=2, max_size=3),
        path=st.sampled_from(["/api/batch", "/api/tasks/batch"]),
    )
    def delete_several(self, places: list[int], path: str) -> None:
        """Deletes tasks to the trash in one batch, some of them twice."""
        ids = [self.held_at(0, place) for place in places]
        operations = [{"op": "delete", "id": one, "to": "trash"} for one in ids]

        answer = self.send("POST", path, json={"operations": operations})

        for one, result in zip(ids, answer.json()["results"], strict=True):
            assert result["status"] == (200 if one in self.model.tasks else 404)
            if one in self.model.tasks:
                self.model.remove(one, with_subtasks=False, to_trash=True)

    def create_list(self) -> None:
        self.model.lists.add(self.send("POST", "/api/lists", json={"title": "A list"}).json()["id"])

    @request(2, place=PLACES, fate=st.sampled_from(["keep", "delete", "trash", "trash"]))
    def delete_list(self, place: int, fate: str) -> None:
        if len(self.model.lists) < 2:
            self.create_list()
        list_id = _at(sorted(self.model.lists), place)
        query = {"tasks": "delete", "to": "trash"} if fate == "trash" else {"tasks": fate}
        assert self.send("DELETE", f"/api/lists/{list_id}", params=query).status_code == 200
        self.model.remove_list(list_id, fate)

    @request(7, place=PLACES, roots=st.booleans())
    def restore(self, place: int, *, roots: bool) -> None:
        task_id, before = self.trashed_at(place, roots=roots), self.before

        answer = self.send("POST", f"/api/trash/{task_id}/restore", json={})

        if task_id not in self.model.trash:
            assert _refusal(answer) == NOT_FOUND
            return
        assert answer.status_code == 200, answer.text
        self.follow()
        group = self.model.group(task_id)
        restored = {one: self.now.tasks[one] for one in group}
        assert restored[task_id] == answer.json()
        assert self.now.tags[task_id] == answer.headers["ETag"]
        self.model.restore(task_id, {one: task.get("parent_id") for one, task in restored.items()})
        for one, task in restored.items():
            assert task["updated_at"] > before[one]["updated_at"]
            assert _kept(task) == _kept(before[one])

    @request(2, place=PLACES, roots=st.booleans())
    def purge(self, place: int, *, roots: bool) -> None:
        task_id = self.trashed_at(place, roots=roots)
        answer = self.send("DELETE", f"/api/trash/{task_id}")
        assert answer.status_code == (200 if task_id in self.model.trash else 404)
        if answer.status_code == 200:
            self.model.purge(self.model.group(task_id))

    @request(1)
    def empty(self) -> None:
        assert self.send("DELETE", "/api/trash").json() == {"deleted": len(self.model.trash)}
        self.model.purge([*self.model.trash])

    @request(1, count=st.integers(1, 3), by_a_deletion=st.booleans())
    def expire(self, count: int, *, by_a_deletion: bool) -> None:
        """Makes tasks in the trash too old; the hourly run deletes them, or a deletion up to two of them."""
        old = sorted(self.model.trash)[:count]
        moment = "0" if isinstance(database_of(self.app), SqliteDatabase) else "'1970-01-01T00:00:00Z'"
        for one in old:
            where = f"user_id = '{self.person.sub}' AND id = '{one}'"
            self.run(execute(self.app, f"UPDATE trash SET deleted_at = {moment} WHERE {where}"))  # noqa: S608 - our own ids
        self.model.age(old)
        childless = [one for one in self.model.tasks if not self.model.children(one)]
        if by_a_deletion and childless:
            assert (
                self.send("DELETE", f"/api/tasks/{childless[0]}", params={"to": "trash"}).status_code == 200
            )
            self.model.remove(childless[0], with_subtasks=False, to_trash=True)
            self.model.purge(old[:2])
            old = old[2:]
        self.run(TrashExpiry(database_of(self.app), timedelta(days=30)).run())
        self.model.purge(old)

    @request(1)
    def export(self) -> None:
        self.exports.append(self.send("GET", "/api/me/export").json())

    @request(2, place=PLACES)
    def import_earlier_export(self, place: int) -> None:
        if not self.exports:
            return
        document = self.without_second_recurrences(_at(self.exports, place))

        answer = self.send("POST", "/api/me/import", json=document)

        new = self.model.imported(document)
        if new is None:
            assert answer.status_code == 400, answer.text
            return
        count = len(document["tasks"])
        assert answer.json() == {"imported": len(new), "skipped": count - len(new)}
        self.model.take(new, [one["id"] for one in document.get("lists", ())])

    @request(2, device=st.sampled_from([1, 2]))
    def synchronize(self, device: int) -> None:
        self.run(self.devices[device].follow())
        assert self.devices[device].tasks == self.now.tasks

    @rule(sent=st.deferred(lambda: st.sampled_from(WEIGHTED).flatmap(_with_parameters)))
    def send_one(self, sent: tuple[str, dict[str, Any]]) -> None:
        name, parameters = sent
        getattr(self, name)(**parameters)

    @invariant()
    def the_first_device_has_what_the_model_has(self) -> None:
        self.follow()
        assert {one: compared(task) for one, task in self.now.tasks.items()} == self.model.tasks
        assert self.now.held["list"].keys() == self.model.lists

    @invariant()
    def the_trash_is_the_models_and_the_tables_are_whole(self) -> None:
        exported = self.run(check_tables(self.app, self.person, MAX_BELOW))
        assert {task["id"]: task for task in exported["tasks"]} == self.now.tasks
        page = self.send("GET", "/api/trash", params={"limit": 1000}).json()
        assert [one["task"]["id"] for one in page["tasks"]] == self.model.listed()
        for one in page["tasks"]:
            task_id = one["task"]["id"]
            trashed = self.model.trash[task_id]
            assert (compared(one["task"]), one.get("deleted_with")) == trashed[:2]
            assert _kept(one["task"]) == _kept(self.before[task_id])

    def expire_tombstones(self) -> None:
        """Drops all tombstones, once all devices have seen them."""
        for device in range(3):
            self.synchronize(device)
        self.run(execute(self.app, f"DELETE FROM tombstones WHERE user_id = '{self.person.sub}'"))  # noqa: S608 - our own id
        self.model.tombstones.clear()

    def follow(self) -> None:
        self.run(self.now.follow())
        self.before = self.before | self.now.tasks

    def put(self, device: int, task_id: str, body: Fields, *, conditional: bool) -> bool:
        headers = self.condition(device, task_id, conditional=conditional)
        answer = self.send("PUT", f"/api/tasks/{task_id}", json=body, headers=headers)
        if not self.may_write(task_id, answer, headers):
            return False
        assert answer.status_code == 200, answer.text
        return True

    def move(self, device: int, task_id: str, place: Fields, conditional: bool) -> None:  # noqa: FBT001 - it is passed on
        headers = self.condition(device, task_id, conditional=conditional)
        answer = self.send("PUT", f"/api/tasks/{task_id}", json=place, headers=headers)
        if not self.may_write(task_id, answer, headers):
            return
        if self.model.can_move(task_id, place):
            assert answer.status_code == 200, answer.text
            self.model.move(task_id, place)
        else:
            assert problems(answer).keys() <= {"parent_id", "list_id"}

    def condition(self, device: int, task_id: str, *, conditional: bool) -> dict[str, str]:
        tag = self.devices[device].tags.get(task_id)
        return {"If-Match": tag} if conditional and tag else {}

    def may_write(self, task_id: str, answer: httpx.Response, headers: dict[str, str]) -> bool:
        """Asserts that a write was refused if the task is gone or was changed; returns if it may be done."""
        if task_id not in self.model.tasks:
            assert _refusal(answer) == NOT_FOUND
            return False
        if headers.get("If-Match") not in {None, self.now.tags[task_id]}:
            assert answer.status_code == 412
            return False
        return True

    def held_at(self, device: int, place: int) -> str:
        """Returns a task that a device holds; if it has none, one that does not exist.

        Most often it is one that matters to those in the trash, or to a series.
        """
        held = self.devices[device].tasks
        parents = [trashed.task.get("parent_id") for trashed in self.model.trash.values()]
        parents += [task.get("parent_id") for task in self.model.tasks.values()]
        series = [one for one, task in held.items() if "recurrence" in task or "series_id" in task]
        chosen = [one for one in [*parents, *series] if one in held]
        return _at([*held, *chosen, *chosen] or [str(new_id())], place)

    def trashed_at(self, place: int, *, roots: bool) -> str:
        """Returns a task in the trash, now and then one that is not there."""
        found = [one for one, task in self.model.trash.items() if not roots or task.deleted_with is None]
        return _at([*found, self.ids[place % len(self.ids)]], place)

    def without_second_recurrences(self, document: Fields) -> Fields:
        """Leaves out tasks of whose series another one recurs: an import does not look for that."""
        series = {
            task.get("series_id", one) for one, task in self.model.tasks.items() if "recurrence" in task
        }
        taken = self.model.tasks.keys() | self.model.trash.keys()
        tasks = [
            task
            for task in document["tasks"]
            if task["id"] in taken
            or "recurrence" not in task
            or task.get("series_id", task["id"]) not in series
        ]
        return {**document, "tasks": tasks}


def _at(choices: list[Result], place: int) -> Result:
    return choices[place % len(choices)]


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _kept(task: Fields) -> Fields:
    """Returns the part of a task that a restoration does not change."""
    others = {"updated_at", "parent_id", "list_id", "recurrence"}
    return {name: value for name, value in task.items() if name not in others}


@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.timeout(600)
async def test_any_requests_of_several_devices_give_what_the_model_gives(
    app: FastAPI, examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (subtasks, restoring, import_tree):
        monkeypatch.setattr(module, "MAX_BELOW", MAX_BELOW)
    if not isinstance(database_of(app), SqliteDatabase):
        examples = examples // 2
    machine = type("Machine", (Requests,), {"app": app, "loop": asyncio.get_running_loop()})

    await asyncio.to_thread(
        run_state_machine_as_test,
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
