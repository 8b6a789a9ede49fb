"""docs/contract.md#pages-and-sorts: any sequence of requests gives what a plain model gives."""

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support import MakeDatabase, Person, running, settings_for
from support.paging import SORTS, in_order, walk

WORDS: Final = ["a", "A", "b", "ß", "SS", "É", "e\u0301", "%", "_", "😀", "\uffee", "\u03c2", "\u03a3"]
TEXTS: Final = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
TITLES: Final = st.one_of(TEXTS, TEXTS.map(" {}\u3000".format))
DESCRIPTIONS: Final = st.one_of(st.none(), st.just(" "), TEXTS)
NEW: Final = st.fixed_dictionaries(
    {"title": TITLES}, optional={"description": DESCRIPTIONS, "is_completed": st.booleans()}
)
CHANGES: Final = st.fixed_dictionaries(
    {}, optional={"title": TITLES, "description": DESCRIPTIONS, "is_completed": st.booleans()}
).filter(bool)
CONDITIONS: Final = st.sampled_from(["none", "right", "none", "any", "listed", "none", "stale", "weak"])
KEYS: Final = st.sampled_from(["k1", "k2", "k3"])
KEYED_BODIES: Final = st.sampled_from([{"title": "a"}, {"title": "a", "description": "b"}])
PLACES: Final = st.integers(0, 40)
"""Which of the tasks, counted round; one of those that are no more counts too."""
STATES: Final = st.sampled_from([None, None, None, True, False])
SEARCHES: Final = st.sampled_from(["", "", "", *WORDS, "a b", "SS a"])


class Model:
    """One person's tasks, as a dictionary: what the service is meant to be."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, str] = {}
        self.stale_tags: dict[str, list[str]] = {}
        self.answers: dict[str, tuple[dict[str, Any], httpx.Response]] = {}
        self.writes = 0

    def listed(self, sort: str, state: bool | None = None, q: str = "") -> list[dict[str, Any]]:  # noqa: FBT001 - None is its third value
        words = [word.casefold() for word in q.split()]
        found = [
            task
            for task in self.tasks.values()
            if state in {None, task["is_completed"]} and all(_occurs(word, task) for word in words)
        ]
        return in_order(found, sort)


class Sequence(RuleBasedStateMachine):
    """Each rule is a request, done to the service and to the model."""

    app: ClassVar[FastAPI]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.person = Person(self.app)
        self.list_tags: dict[str, int] = {}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.person.http.request(method, path, **options))

    @initialize(bodies=st.lists(NEW, min_size=4, max_size=8))
    def begin(self, bodies: list[dict[str, Any]]) -> None:
        for body in bodies:
            self.create(body)

    @rule(body=NEW)
    def create(self, body: dict[str, Any]) -> None:
        self.created(body, self.send("POST", "/api/tasks", json=body))

    @rule(key=KEYS, body=KEYED_BODIES)
    def create_with_a_key(self, key: str, body: dict[str, Any]) -> None:
        answer = self.send("POST", "/api/tasks", json=body, headers={"Idempotency-Key": key})

        if key not in self.model.answers:
            self.model.answers[key] = body, answer
            self.created(body, answer)
            return
        first_body, first = self.model.answers[key]
        if first_body != body:
            assert answer.status_code == 422
            return
        assert answer.headers["idempotent-replayed"] == "true"
        assert (answer.status_code, answer.content) == (201, first.content)
        assert answer.headers["etag"] == first.headers["etag"]

    @rule(place=PLACES, method=st.sampled_from(["PUT", "PATCH"]), changes=CHANGES, condition=CONDITIONS)
    def update(self, place: int, method: str, changes: dict[str, Any], condition: str) -> None:
        task_id = self.task_at(place)
        headers, matches = self.conditional(task_id, condition)

        answer = self.send(method, f"/api/tasks/{task_id}", json=changes, headers=headers)

        if not self.may_write(task_id, answer, matches=matches):
            return
        before = self.model.tasks[task_id]
        after = answer.json()
        assert after == _changed(before, _stored(changes), after)
        assert after["updated_at"] > before["updated_at"]
        self.written(after, answer)

    @rule(place=PLACES, condition=CONDITIONS)
    def delete(self, place: int, condition: str) -> None:
        task_id = self.task_at(place)
        headers, matches = self.conditional(task_id, condition)

        answer = self.send("DELETE", f"/api/tasks/{task_id}", headers=headers)

        if self.may_write(task_id, answer, matches=matches):
            assert answer.json() == {"message": "Task deleted successfully", "id": task_id}
            del self.model.tasks[task_id]
            self.model.writes += 1

    @rule(place=PLACES, known=st.sampled_from(["nothing", "right", "stale"]))
    def read(self, place: int, known: str) -> None:
        task_id = self.task_at(place)
        tags = {"right": self.model.tags[task_id], "stale": ", ".join(self.model.stale_tags[task_id])}
        headers = {"If-None-Match": tags[known]} if known in tags else {}

        answer = self.send("GET", f"/api/tasks/{task_id}", headers=headers)

        if task_id not in self.model.tasks:
            assert answer.status_code == 404
            return
        assert answer.headers["etag"] == self.model.tags[task_id]
        if known == "right":
            assert answer.status_code == 304
        else:
            assert answer.json() == self.model.tasks[task_id]

    @rule(limit=st.integers(2, 5), state=STATES, q=SEARCHES)
    def walk(self, limit: int, state: bool | None, q: str) -> None:  # noqa: FBT001 - as above
        query: dict[str, Any] = {"limit": limit, "q": q}
        if state is not None:
            query["is_completed"] = str(state).lower()

        for sort in SORTS:
            walked = self.runner.run(walk(self.person, sort=sort, **query))
            assert walked == self.model.listed(sort, state, q)

    @invariant()
    def the_list_is_the_models(self) -> None:
        answer = self.send("GET", "/api/tasks")

        assert answer.json() == {"tasks": self.model.listed("-created_at"), "next_cursor": None}
        assert self.list_tags.setdefault(answer.headers["etag"], self.model.writes) == self.model.writes
        assert len(self.list_tags) <= self.model.writes + 1

    def created(self, body: dict[str, Any], answer: httpx.Response) -> None:
        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers
        task = answer.json()
        given = {key: task[key] for key in ("title", "description", "is_completed")}
        assert given == {"description": None, "is_completed": False} | _stored(body)
        assert task["id"] not in self.model.tags
        assert all(task["created_at"] >= other["created_at"] for other in self.model.tasks.values())
        self.written(task, answer)

    def written(self, task: dict[str, Any], answer: httpx.Response) -> None:
        tag = answer.headers["etag"]
        stale = self.model.stale_tags.setdefault(task["id"], ['"0"'])
        if task["id"] in self.model.tags:
            stale.append(self.model.tags[task["id"]])
        assert tag not in self.model.tags.values()
        assert tag not in stale
        self.model.tasks[task["id"]] = task
        self.model.tags[task["id"]] = tag
        self.model.writes += 1

    def task_at(self, place: int) -> str:
        gone = [task_id for task_id in self.model.tags if task_id not in self.model.tasks]
        ids = [*self.model.tasks, *gone[-1:]]
        return ids[place % len(ids)]

    def conditional(self, task_id: str, condition: str) -> tuple[dict[str, str], bool]:
        """Returns the headers of a condition, and whether it holds of a task that is there."""
        tag, stale = self.model.tags[task_id], ", ".join(self.model.stale_tags[task_id])
        value, matches = {
            "none": (None, True),
            "right": (tag, True),
            "any": ("*", True),
            "stale": (stale, False),
            "weak": (f"W/{tag}", False),
            "listed": (f"{stale}, {tag}", True),
        }[condition]
        return ({} if value is None else {"If-Match": value}), matches

    def may_write(self, task_id: str, answer: httpx.Response, *, matches: bool) -> bool:
        """Asserts that a write was refused exactly where it must be; returns whether it was done."""
        if task_id not in self.model.tasks:
            assert answer.status_code == 404
            return False
        if not matches:
            assert answer.status_code == 412
            assert answer.headers["etag"] == self.model.tags[task_id]
            return False
        assert answer.status_code == 200
        return True


def _stored(body: dict[str, Any]) -> dict[str, Any]:
    """Returns what becomes of the fields that were sent: trimmed, and no description where none is left."""
    stored = {key: value.strip() if isinstance(value, str) else value for key, value in body.items()}
    return stored | ({"description": stored["description"] or None} if "description" in stored else {})


def _changed(before: dict[str, Any], changes: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Returns a task after changes; the service chooses the times of the change and of the completion."""
    changed = before | changes | {"updated_at": after["updated_at"]}
    if not changed["is_completed"]:
        changed.pop("completed_at", None)
    elif not before["is_completed"]:
        changed["completed_at"] = after["completed_at"]
        assert before["updated_at"] <= after["completed_at"] <= after["updated_at"]
    return changed


def _occurs(word: str, task: dict[str, Any]) -> bool:
    return any(word in (task[key] or "").casefold() for key in ("title", "description"))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Yields a loop of the test's own: the machine's steps are plain functions."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as one:
        yield one


@pytest.mark.parametrize(("engine", "examples"), [("memory", 15), ("postgres", 8)])
def test_any_sequence_of_requests_gives_what_the_model_gives(
    engine: str, examples: int, runner: asyncio.Runner, new_database: MakeDatabase
) -> None:
    async def url() -> str:
        return await new_database(engine)

    service = running(settings_for(runner.run(url())))
    app = runner.run(service.__aenter__())
    try:
        machine = type("Machine", (Sequence,), {"app": app, "runner": runner})
        run_state_machine_as_test(
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
    finally:
        runner.run(service.__aexit__(None, None, None))
