"""docs/contract.md#optional-fields: the labels in use, and changes of a label of all tasks."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI
from support import Person, execute, problems, stored
from support.change_feed import changes

from taskward.labels import change

LABEL_MESSAGE = "A label has 1 to 50 characters"

Labelled = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def labelled(app: FastAPI) -> Labelled:
    """Returns a function that creates a task with labels."""

    async def create(person: Person, *labels: str, **fields: Any) -> dict[str, Any]:
        task = await person.create(**fields)
        mine = f"user_id = '{task['user_id']}' AND id = '{task['id']}'"
        extra = quoted(orjson.dumps({"labels": sorted(labels)}).decode())
        await execute(app, f"UPDATE tasks SET extra = {extra} WHERE {mine}")  # noqa: S608 - of a test
        for label in labels:
            values = (task["user_id"], task["id"], label.casefold(), label)
            await execute(
                app,
                "INSERT INTO task_labels (user_id, task_id, label_folded, label) "  # noqa: S608 - of a test
                f"VALUES ({', '.join(map(quoted, values))})",
            )
        return await person.get(task["id"])

    return create


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def labels_of(person: Person, **query: Any) -> list[tuple[str, int]]:
    answer = await person.http.get("/api/labels", params=query)
    assert answer.status_code == 200, answer.text
    return [(one["label"], one["tasks"]) for one in answer.json()["labels"]]


async def rename(person: Person, old: str, new: str, **headers: str) -> httpx.Response:
    return await person.http.post("/api/labels/rename", json={"from": old, "to": new}, headers=headers)


async def remove(person: Person, label: str) -> httpx.Response:
    return await person.http.post("/api/labels/remove", json={"label": label})


async def changed_tasks(person: Person, cursor: str | None) -> tuple[list[dict[str, Any]], str]:
    """Returns the tasks that have changed since a cursor, and the next cursor."""
    page = await changes(person, cursor)
    return [change["task"] for change in page["changes"]], page["cursor"]


class TestList:
    async def test_there_are_none_at_first(self, ann: Person) -> None:
        answer = await ann.http.get("/api/labels")

        assert answer.json() == {"labels": [], "next_cursor": None}

    async def test_each_has_its_number_of_tasks_by_code_points_of_the_folded_text(
        self, ann: Person, labelled: Labelled
    ) -> None:
        await labelled(ann, "home", "é")
        await labelled(ann, "Home", "Zoo", is_completed=True)
        await labelled(ann, "a b", "HOME")

        assert await labels_of(ann) == [("a b", 1), ("HOME", 3), ("Zoo", 1), ("é", 1)]

    async def test_an_unchanged_page_is_304_until_a_label_is_added(
        self, ann: Person, labelled: Labelled
    ) -> None:
        await labelled(ann, "home")
        first = await ann.http.get("/api/labels")
        known = {"If-None-Match": first.headers["ETag"]}

        assert (await ann.http.get("/api/labels", headers=known)).status_code == 304
        assert (await ann.http.get("/api/labels?limit=1", headers=known)).status_code == 200
        await labelled(ann, "work")
        assert len((await ann.http.get("/api/labels", headers=known)).json()["labels"]) == 2

    async def test_labels_of_other_users_are_invisible(
        self, ann: Person, bob: Person, labelled: Labelled
    ) -> None:
        await labelled(ann, "home")
        await labelled(bob, "home", "work")

        assert await labels_of(ann) == [("home", 1)]
        assert await labels_of(bob) == [("home", 1), ("work", 1)]

    async def test_a_deleted_task_has_no_labels(self, ann: Person, labelled: Labelled) -> None:
        task = await labelled(ann, "home")
        await ann.http.delete(f"/api/tasks/{task['id']}")

        assert await labels_of(ann) == []

    async def test_pages_follow_each_other(self, ann: Person, labelled: Labelled) -> None:
        names = [f"l{n}" for n in range(7)]
        await labelled(ann, *names)
        seen, cursor = [], None
        while True:
            query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            page = (await ann.http.get("/api/labels", params=query)).json()
            seen.append([one["label"] for one in page["labels"]])
            if (cursor := page["next_cursor"]) is None:
                break

        assert seen == [names[:3], names[3:6], names[6:]]

    async def test_a_cursor_is_valid_for_its_owner_only(
        self, ann: Person, bob: Person, labelled: Labelled
    ) -> None:
        await labelled(ann, "a", "b")
        cursor = (await ann.http.get("/api/labels?limit=1")).json()["next_cursor"]
        message = {"cursor": "Cursor is not valid for this list"}

        assert problems(await bob.http.get("/api/labels", params={"cursor": cursor})) == message
        for wrong in ("", "x", cursor + "x", cursor[:-1]):
            assert problems(await ann.http.get("/api/labels", params={"cursor": wrong})) == message

    @pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.0", " 1", "", "x"])
    async def test_a_limit_is_a_number_from_1_to_1000(self, ann: Person, limit: str) -> None:
        answer = await ann.http.get("/api/labels", params={"limit": limit})

        assert problems(answer) == {"limit": "Limit must be a whole number from 1 to 1000"}


class TestRename:
    async def test_all_tasks_that_have_it_get_the_new_one(self, ann: Person, labelled: Labelled) -> None:
        tasks = [
            await labelled(ann, "home", "work"),
            await labelled(ann, "HOME", is_completed=True),
            await labelled(ann, "work"),
        ]

        answer = await rename(ann, " Home ", " house ")

        assert (answer.status_code, answer.json()) == (200, {"tasks": 2})
        assert await labels_of(ann) == [("house", 2), ("work", 2)]
        now = [await ann.get(task["id"]) for task in tasks]
        assert [task["labels"] for task in now] == [["house", "work"], ["house"], ["work"]]
        assert now[2] == tasks[2]
        for before, after in zip(tasks[:2], now[:2], strict=True):
            moved = {"labels": after["labels"], "updated_at": after["updated_at"]}
            assert after == before | moved
            assert after["updated_at"] > before["updated_at"]

    async def test_each_changed_task_is_in_the_feed_with_a_number_of_its_own(
        self, app: FastAPI, ann: Person, labelled: Labelled
    ) -> None:
        tasks = [await labelled(ann, "home") for _ in range(3)]
        await labelled(ann, "work")
        _, cursor = await changed_tasks(ann, None)
        list_tag = (await ann.http.get("/api/tasks")).headers["etag"]

        await rename(ann, "home", "house")

        changed, _ = await changed_tasks(ann, cursor)
        assert [task["id"] for task in changed] == [task["id"] for task in tasks]
        assert all(task["labels"] == ["house"] for task in changed)
        rows = await stored(app, "tasks", user_id=ann.sub)
        assert len({row["version"] for row in rows}) == len(rows)
        assert (await ann.http.get("/api/tasks")).headers["etag"] != list_tag
        for row in rows:
            assert (await ann.http.get(f"/api/tasks/{row['id']}")).headers["etag"] == f'"{row["version"]}"'

    async def test_a_task_that_has_the_new_label_keeps_its_spelling(
        self, ann: Person, labelled: Labelled
    ) -> None:
        both, other = await labelled(ann, "home", "House"), await labelled(ann, "House")

        assert (await rename(ann, "home", "HOUSE")).json() == {"tasks": 1}

        assert (await ann.get(both["id"]))["labels"] == ["House"]
        assert await ann.get(other["id"]) == other
        assert await labels_of(ann) == [("House", 2)]

    async def test_a_label_can_get_another_spelling(self, ann: Person, labelled: Labelled) -> None:
        lower, upper = await labelled(ann, "home"), await labelled(ann, "HOME")

        assert (await rename(ann, "HOME", "HOME")).json() == {"tasks": 1}
        assert (await rename(ann, "HOME", "HOME")).json() == {"tasks": 0}

        assert (await ann.get(lower["id"]))["labels"] == ["HOME"]
        assert await ann.get(upper["id"]) == upper
        assert await labels_of(ann) == [("HOME", 2)]

    async def test_tasks_of_another_user_stay(self, ann: Person, bob: Person, labelled: Labelled) -> None:
        his = await labelled(bob, "home")
        await labelled(ann, "home")

        assert (await rename(ann, "home", "house")).json() == {"tasks": 1}

        assert await bob.get(his["id"]) == his
        assert await labels_of(bob) == [("home", 1)]

    async def test_a_foreign_label_is_answered_like_a_missing_one(
        self, app: FastAPI, ann: Person, bob: Person, labelled: Labelled
    ) -> None:
        hers = await labelled(ann, "home")
        _, cursor = await changed_tasks(ann, None)

        for person in (bob, Person(app)):
            for answer in (await rename(person, "home", "x"), await remove(person, "home")):
                assert (answer.status_code, answer.json()) == (200, {"tasks": 0})
            assert await stored(app, "users", id=person.sub) == []
        assert await ann.get(hers["id"]) == hers
        assert (await changed_tasks(ann, cursor))[0] == []

    async def test_what_changes_nothing_takes_no_number(
        self, app: FastAPI, ann: Person, labelled: Labelled
    ) -> None:
        await labelled(ann, "home")
        before = await stored(app, "users", id=ann.sub)

        assert (await rename(ann, "missing", "x")).json() == {"tasks": 0}

        assert await stored(app, "users", id=ann.sub) == before

    async def test_many_tasks_are_changed_in_parts(
        self, ann: Person, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(change, "MAX_ROWS", 2)
        tasks = [await labelled(ann, "home", f"l{n}") for n in range(5)]
        _, cursor = await changed_tasks(ann, None)

        assert (await rename(ann, "home", "house")).json() == {"tasks": 5}

        changed, _ = await changed_tasks(ann, cursor)
        assert [(task["id"], task["labels"]) for task in changed] == [
            (task["id"], ["house", f"l{n}"]) for n, task in enumerate(tasks)
        ]

    async def test_a_repeat_with_the_same_key_gets_the_same_response(
        self, ann: Person, labelled: Labelled
    ) -> None:
        await labelled(ann, "home")
        key = {"Idempotency-Key": str(uuid4())}
        first = await rename(ann, "home", "house", **key)
        await labelled(ann, "home")

        again = await rename(ann, "home", "house", **key)

        assert first.json() == again.json() == {"tasks": 1}
        assert again.headers["idempotent-replayed"] == "true"
        assert await labels_of(ann) == [("home", 1), ("house", 1)]

    async def test_labels_may_contain_any_text(self, ann: Person, labelled: Labelled) -> None:
        for text in ("it's", 'a "quoted" one', "\\u0041", "a\nb", "日本語", "👩‍👩‍👧", "%_"):
            task = await labelled(ann, text)
            assert (await rename(ann, text, text + "!")).json() == {"tasks": 1}
            assert (await ann.get(task["id"]))["labels"] == [text + "!"]


class TestRemove:
    async def test_no_task_has_it_any_more(self, ann: Person, labelled: Labelled) -> None:
        tasks = [
            await labelled(ann, "home", "work"),
            await labelled(ann, "HOME"),
            await labelled(ann, "work"),
        ]

        answer = await remove(ann, "hOME ")

        assert (answer.status_code, answer.json()) == (200, {"tasks": 2})
        assert await labels_of(ann) == [("work", 2)]
        now = [await ann.get(task["id"]) for task in tasks]
        assert [task.get("labels") for task in now] == [["work"], None, ["work"]]
        assert len(now[1]) == 7
        assert (await remove(ann, "home")).json() == {"tasks": 0}


@pytest.mark.engines("memory")
class TestMessages:
    @pytest.mark.parametrize("label", ["", " \t", "x" * 51, None, 5, [], {}])
    async def test_a_label_has_1_to_50_characters(self, ann: Person, label: Any) -> None:
        renamed = await ann.http.post("/api/labels/rename", json={"from": label, "to": label})
        removed = await ann.http.post("/api/labels/remove", json={"label": label})

        assert problems(renamed) == {"from": LABEL_MESSAGE, "to": LABEL_MESSAGE}
        assert problems(removed) == {"label": LABEL_MESSAGE}

    async def test_absent_and_unknown_fields_are_named(self, ann: Person) -> None:
        assert problems(await ann.http.post("/api/labels/rename", json={"old": "x"})) == {
            "from": "From is required and cannot be empty",
            "to": "To is required and cannot be empty",
            "old": "Unknown field",
        }
        assert problems(await ann.http.post("/api/labels/remove", json={})) == {
            "label": "Label is required and cannot be empty"
        }

    async def test_nul_is_refused(self, ann: Person) -> None:
        answer = await ann.http.post("/api/labels/remove", json={"label": "a\0b"})

        assert problems(answer) == {"label": "The character U+0000 is not allowed"}
