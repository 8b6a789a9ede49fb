"""docs/contract.md#concurrency-and-retries: ETag, If-None-Match, If-Match and PATCH (RFC 9110, RFC 7396)."""

import asyncio
import re
from itertools import cycle
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from support import (
    INVALID_REQUEST,
    NO_SUCH_TASK,
    MakeDatabase,
    Person,
    problems,
    refusal,
    running,
    settings_for,
)
from support.paging import SORTS, insert_tasks, some_tasks, statements_run
from support.people import same_person
from support.rows import locked_owners

PRECONDITION_FAILED = (412, "PRECONDITION_FAILED", "The task has been changed since it was read")
MALFORMED = {"If-Match": 'If-Match must be * or a list of entity tags, like "12"'}
STRONG = re.compile(r'"[\x21\x23-\x7e]+"')
WRITES = ("PUT", "PATCH", "DELETE")

Lines = list[str]
"""The lines of one header; `{}` stands for the task's own tag, `{n}` for what it quotes."""

FITTING: list[Lines] = [
    ["{}"],
    ["*"],
    [" * "],
    ['"other", {}'],
    ['{},"other"'],
    ['"a","b",{}\t, "c"'],
    [", ,{},,"],
    ['"a,b", {}'],
    ['W/"other", {}'],
    ['"other"', "{}"],
    ["{}", '"other"'],
    ["{}", "{}"],
]
NOT_FITTING: list[Lines] = [
    ['"other"'],
    ['"1"'],
    ['"0"'],
    ['""'],
    ['"*"'],
    ['"99999999999999999999999999"'],
    ['"%"'],
    ['"_"'],
    ['","'],
    ['"other", "another"'],
    ['"other"', '"another"'],
    ['"\xe9"'],
    ['"{n}0"'],
    ['"1{n}"'],
    ['"0{n}"'],
    ['"-{n}"'],
    ['"{n}.0"'],
    ['",{n},"'],
    ['"1,{n},1"'],
]


def lines(name: str, values: Lines, tag: str) -> list[tuple[bytes, bytes]]:
    given = [value.replace("{}", tag).replace("{n}", tag.strip('"')) for value in values]
    return [(name.encode(), value.encode("latin-1")) for value in given]


def body_of(method: str) -> dict[str, Any]:
    return {} if method == "DELETE" else {"json": {"title": "Changed"}}


@pytest.fixture
async def task(ann: Person) -> httpx.Response:
    """Returns the answer that a new task of Ann's was made with."""
    return await ann.http.post("/api/tasks", json={"title": "Buy milk"})


def path_of(task: httpx.Response) -> str:
    path: str = task.headers["location"]
    return path


class TestTags:
    async def test_every_answer_with_a_task_has_a_strong_tag(self, ann: Person, task: httpx.Response) -> None:
        path = path_of(task)
        answers = [
            task,
            await ann.http.get(path),
            await ann.http.head(path),
            await ann.http.put(path, json={"title": "a"}),
            await ann.http.patch(path, json={"title": "b"}),
        ]

        assert all(STRONG.fullmatch(answer.headers["etag"]) for answer in answers)

    async def test_reads_of_an_unchanged_task_have_the_tag_of_its_last_write(
        self, ann: Person, task: httpx.Response
    ) -> None:
        path = path_of(task)
        assert {(await ann.http.get(path)).headers["etag"] for _ in range(3)} == {task.headers["etag"]}

        written = await ann.http.put(path, json={"title": "a"})
        await ann.create("another task")

        assert (await ann.http.get(path)).headers["etag"] == written.headers["etag"]
        assert (await ann.http.head(path)).headers["etag"] == written.headers["etag"]

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_every_change_changes_the_tag(self, ann: Person, task: httpx.Response, method: str) -> None:
        bodies: list[dict[str, Any]] = [
            {"title": "a"},
            {"description": "b"},
            {"description": None},
            {"is_completed": True},
            {"is_completed": False},
            {"title": "a"},
            {"title": "a", "description": "c", "is_completed": True},
        ]
        tags = [task.headers["etag"]]
        for body in bodies:
            answer = await ann.http.request(method, path_of(task), json=body)
            tags.append(answer.headers["etag"])

        assert len(set(tags)) == len(bodies) + 1

    async def test_a_refused_write_changes_no_tag(self, ann: Person, task: httpx.Response) -> None:
        path, everything = path_of(task), (await ann.http.get("/api/tasks")).headers["etag"]

        await ann.http.put(path, json={"title": ""})
        await ann.http.put(path, json={"title": "a"}, headers={"If-Match": '"other"'})
        await ann.http.delete(path, headers={"If-Match": '"other"'})
        await ann.http.put(f"/api/tasks/{uuid4()}", json={"title": "a"})
        await ann.http.delete(f"/api/tasks/{uuid4()}")
        await ann.http.post("/api/tasks", json={})

        assert (await ann.http.get(path)).headers["etag"] == task.headers["etag"]
        assert (await ann.http.get("/api/tasks")).headers["etag"] == everything


class TestIfNoneMatch:
    @pytest.mark.parametrize("values", [*FITTING, ["W/{}"], ['"other", W/{}'], ['"other"', "W/{}"]])
    async def test_a_task_that_the_client_has_is_not_sent_again(
        self, ann: Person, task: httpx.Response, values: Lines
    ) -> None:
        whole = await ann.http.get(path_of(task))
        headers = lines("If-None-Match", values, task.headers["etag"])

        for method in ("GET", "HEAD"):
            answer = await ann.http.request(method, path_of(task), headers=headers)

            assert (answer.status_code, answer.content) == (304, b"")
            for name in ("etag", "cache-control", "vary"):
                assert answer.headers[name] == whole.headers[name]
            assert not {"content-type", "content-length", "last-modified"} & set(answer.headers)

    @pytest.mark.parametrize("values", [*NOT_FITTING, [""], ["nonsense"], ['"'], ["W/"], ["12"]])
    async def test_a_task_that_the_client_has_not_is_sent(
        self, ann: Person, task: httpx.Response, values: Lines
    ) -> None:
        headers = lines("If-None-Match", values, task.headers["etag"])

        answer = await ann.http.get(path_of(task), headers=headers)

        assert (answer.status_code, answer.content) == (200, task.content)

    async def test_a_changed_task_is_sent(self, ann: Person, task: httpx.Response) -> None:
        await ann.http.put(path_of(task), json={"is_completed": True})

        answer = await ann.http.get(path_of(task), headers={"If-None-Match": task.headers["etag"]})

        assert (answer.status_code, answer.json()["is_completed"]) == (200, True)

    async def test_a_missing_task_and_anothers_are_missing_for_every_tag(
        self, ann: Person, bob: Person, task: httpx.Response
    ) -> None:
        for known in ("*", task.headers["etag"]):
            headers = {"If-None-Match": known}
            assert refusal(await ann.http.get(f"/api/tasks/{uuid4()}", headers=headers)) == NO_SUCH_TASK
            assert refusal(await bob.http.get(path_of(task), headers=headers)) == NO_SUCH_TASK


class TestIfMatch:
    @pytest.mark.parametrize("values", FITTING)
    async def test_a_write_with_the_tag_is_done(self, ann: Person, values: Lines) -> None:
        for method in WRITES:
            task = await ann.http.post("/api/tasks", json={"title": "Buy milk"})
            headers = lines("If-Match", values, task.headers["etag"])

            answer = await ann.http.request(method, path_of(task), headers=headers, **body_of(method))

            assert answer.status_code == 200
        assert [one["title"] for one in await ann.tasks()] == ["Changed", "Changed"]

    @pytest.mark.parametrize("values", [*NOT_FITTING, ["W/{}"], ['W/{}, "other"'], ['"other"', "W/{}"]])
    async def test_a_write_with_an_old_tag_is_refused_with_the_current_one(
        self, ann: Person, task: httpx.Response, values: Lines
    ) -> None:
        headers = lines("If-Match", values, task.headers["etag"])
        for method in WRITES:
            answer = await ann.http.request(method, path_of(task), headers=headers, **body_of(method))

            assert refusal(answer) == PRECONDITION_FAILED
            assert answer.headers["etag"] == task.headers["etag"]
        assert await ann.tasks() == [task.json()]

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "values",
        [
            [""], [","], [" , "], ["12"], ['"12'], ['12"'], ["'12'"], ["\xab12\xbb"], ['w/"12"'],
            ['W"12"'], ["W/12"],
            ['W/ "12"'], ['W/"12'], ['*, "12"'], ['"12", *'], ["*", '"12"'], ["*", "*"], ["**"],
            ["*,*"], ['"12" "13"'], ['"12""13"'], ['"12"; "13"'], ['"12"x'], ['x"12"'], ['"1 2"'], ['"1\t2"'],
            ['"1\x7f2"'], ['"12", 13'], ['"12"', "13"], ["null"], ["{}{}"], ["{}."], ['{} "12"'],
            ['W/"1"W/"2"'],
        ],
    )  # fmt: skip
    async def test_a_malformed_header_is_refused(
        self, ann: Person, task: httpx.Response, values: Lines
    ) -> None:
        headers = lines("If-Match", values, task.headers["etag"])
        for method in WRITES:
            answer = await ann.http.request(method, path_of(task), headers=headers, **body_of(method))

            assert problems(answer) == MALFORMED
        assert await ann.tasks() == [task.json()]

    async def test_a_long_list_of_tags_is_read(self, ann: Person, task: httpx.Response) -> None:
        tags = ", ".join(f'"{n}"' for n in range(1, 1000))

        refused = await ann.http.put(path_of(task), json={"title": "a"}, headers={"If-Match": tags})
        done = await ann.http.put(
            path_of(task), json={"title": "a"}, headers={"If-Match": f"{tags}, {task.headers['etag']}"}
        )

        assert (refused.status_code, done.status_code) == (412, 200)

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("value", ['"a"' + " " * 20_000 + "b", "," * 20_000 + "b", '"",' * 7000 + "b"])
    async def test_a_long_malformed_header_is_refused_at_once(
        self, ann: Person, task: httpx.Response, value: str
    ) -> None:
        async with asyncio.timeout(2):
            answer = await ann.http.put(path_of(task), json={"title": "a"}, headers={"If-Match": value})

        assert problems(answer) == MALFORMED

    @pytest.mark.parametrize("method", WRITES)
    @pytest.mark.parametrize("wanted", ["*", '"12"', "{}"])
    async def test_a_missing_task_and_anothers_are_missing_before_anything_else(
        self, ann: Person, bob: Person, task: httpx.Response, method: str, wanted: str
    ) -> None:  # fmt: skip
        headers = {"If-Match": wanted.replace("{}", task.headers["etag"])}
        body = body_of(method)

        missing = await ann.http.request(method, f"/api/tasks/{uuid4()}", headers=headers, **body)
        foreign = await bob.http.request(method, path_of(task), headers=headers, **body)

        assert refusal(missing) == refusal(foreign) == NO_SUCH_TASK
        assert "etag" not in missing.headers
        assert "etag" not in foreign.headers
        assert await ann.tasks() == [task.json()]

    @pytest.mark.engines("memory")
    async def test_the_header_is_validated_together_with_the_body(
        self, ann: Person, task: httpx.Response
    ) -> None:
        answer = await ann.http.put(path_of(task), json={"title": ""}, headers={"If-Match": "12"})

        assert problems(answer) == MALFORMED | {"title": "Title cannot be empty"}

    async def test_the_tag_of_a_412_is_good_for_the_next_try(self, ann: Person, task: httpx.Response) -> None:
        path = path_of(task)
        await ann.http.put(path, json={"description": "by another device"})
        mine = {"If-Match": task.headers["etag"]}
        refused = await ann.http.put(path, json={"title": "mine"}, headers=mine)

        done = await ann.http.put(path, json={"title": "mine"}, headers={"If-Match": refused.headers["etag"]})

        assert (refused.status_code, done.status_code) == (412, 200)
        assert (done.json()["title"], done.json()["description"]) == ("mine", "by another device")

    async def test_a_tag_is_good_for_one_write(self, ann: Person, task: httpx.Response) -> None:
        headers = {"If-Match": task.headers["etag"]}
        statuses = [
            (await ann.http.patch(path_of(task), json={"title": "same"}, headers=headers)).status_code
            for _ in range(3)
        ]

        assert statuses == [200, 412, 412]

    async def test_a_tag_of_another_task_does_not_match(self, ann: Person, task: httpx.Response) -> None:
        other = await ann.http.post("/api/tasks", json={"title": "other"})

        answer = await ann.http.delete(path_of(task), headers={"If-Match": other.headers["etag"]})

        assert answer.status_code == 412


class TestPatch:
    """PUT and PATCH are one, but for the merge patch's own content type."""

    @pytest.mark.parametrize(
        "body",
        [
            b'{"title": " a "}',
            b'{"description": ""}',
            b'{"description": null}',
            b'{"is_completed": true}',
            b'{"title": "a", "id": 1}',
        ],
    )
    async def test_they_do_the_same(self, ann: Person, body: bytes) -> None:
        ways = [
            ("PUT", "application/json"),
            ("PATCH", "application/json"),
            ("PATCH", "application/merge-patch+json"),
            ("PATCH", 'Application/Merge-Patch+JSON; charset="UTF-8"'),
        ]
        results = []
        for method, content_type in ways:
            task = await ann.create("Before", description="kept unless given")
            headers = {"Content-Type": content_type}
            answer = await ann.http.request(method, f"/api/tasks/{task['id']}", content=body, headers=headers)
            assert answer.status_code == 200
            results.append([answer.json()[key] for key in ("title", "description", "is_completed")])

        assert results == results[:1] * 4

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"title": None},
            {"title": ""},
            {"is_completed": None},
            {"is_completed": 1},
            {"colour": 1},
            {"id": 1},
        ],
    )
    async def test_they_refuse_the_same(
        self, ann: Person, task: httpx.Response, body: dict[str, Any]
    ) -> None:
        put = await ann.http.put(path_of(task), json=body)
        patch = await ann.http.patch(path_of(task), json=body)

        assert problems(put) == problems(patch)
        assert put.content == patch.content

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("method", ["PUT", "POST"])
    async def test_a_merge_patch_is_for_patch_alone(
        self, ann: Person, task: httpx.Response, method: str
    ) -> None:
        path = "/api/tasks" if method == "POST" else path_of(task)
        headers = {"Content-Type": "application/merge-patch+json"}

        answer = await ann.http.request(method, path, content=b'{"title":"a"}', headers=headers)

        assert refusal(answer) == INVALID_REQUEST

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json-patch+json",
            "application/merge-patch",
            "text/merge-patch+json",
            "application/merge-patch+json; charset=latin-1",
        ],
    )
    async def test_no_other_patch_is_taken(
        self, ann: Person, task: httpx.Response, content_type: str
    ) -> None:
        headers = {"Content-Type": content_type}

        answer = await ann.http.patch(path_of(task), content=b'{"title":"a"}', headers=headers)

        assert refusal(answer) == INVALID_REQUEST


async def list_tag(person: Person, query: str = "") -> str:
    answer = await person.http.get(f"/api/tasks{query}")
    assert answer.status_code == 200
    assert STRONG.fullmatch(answer.headers["etag"])
    tag: str = answer.headers["etag"]
    return tag


QUERIES = [
    "",
    *(f"?sort={sort}" for sort in SORTS),
    "?limit=2",
    "?limit=3",
    "?q=task",
    "?q=task+1",
    "?q=nothing",
    "?is_completed=true",
    "?is_completed=false",
    "?is_completed=true&q=nothing",
    "?sort=title&limit=2",
]


class TestListTags:
    async def test_an_unchanged_list_costs_one_look_at_one_row(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await insert_tasks(app, ann, some_tasks(20))
        tags = {query: await list_tag(ann, query) for query in QUERIES}
        ran = statements_run(app, monkeypatch)

        for query, tag in tags.items():
            answer = await ann.http.get(f"/api/tasks{query}", headers={"If-None-Match": tag})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
            assert answer.headers["cache-control"] == "private, no-cache"

        assert ran == ["owner's counter"] * len(tags)

    async def test_each_page_of_each_query_has_a_tag_of_its_own(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(20))
        cursor = (await ann.http.get("/api/tasks?limit=2")).json()["next_cursor"]
        queries = [query for query in QUERIES if query != "?sort=-created_at"]

        tags = [await list_tag(ann, query) for query in [*queries, f"?limit=2&cursor={cursor}"]]

        assert len(set(tags)) == len(tags)

    @pytest.mark.parametrize("query", ["", "?q=milk", "?q=nothing", "?is_completed=true", "?limit=1"])
    async def test_every_write_of_the_owner_changes_the_tag(self, ann: Person, query: str) -> None:
        tags = [await list_tag(ann, query)]
        task = await ann.create("milk")
        tags.append(await list_tag(ann, query))
        path = f"/api/tasks/{task['id']}"
        for method, body in (("PUT", {"title": "milk"}), ("PATCH", {"title": "milk"}), ("DELETE", None)):
            await ann.http.request(method, path, json=body)
            tags.append(await list_tag(ann, query))
            stale = {"If-None-Match": ", ".join(tags[:-1])}
            assert (await ann.http.get(f"/api/tasks{query}", headers=stale)).status_code == 200

        assert len(set(tags)) == len(tags)

    async def test_the_writes_of_others_change_no_tag(self, ann: Person, bob: Person) -> None:
        await ann.create()
        before = await list_tag(ann)

        await bob.create()

        assert await list_tag(ann) == before
        assert await list_tag(bob) != before

    async def test_the_tag_of_anothers_list_does_not_match(self, ann: Person, bob: Person) -> None:
        """Both lists are empty, and of people who never wrote."""
        assert await list_tag(ann) != await list_tag(bob)

    @pytest.mark.parametrize("known", ["*", "W/{}", '"other", {}'])
    async def test_a_list_knows_the_same_forms_as_a_task(self, ann: Person, known: str) -> None:
        tag = await list_tag(ann)

        answer = await ann.http.get("/api/tasks", headers={"If-None-Match": known.replace("{}", tag)})

        assert (answer.status_code, answer.headers["etag"]) == (304, tag)

    async def test_head_tells_what_get_would(self, ann: Person) -> None:
        await ann.create()
        get, head = await ann.http.get("/api/tasks"), await ann.http.head("/api/tasks")

        assert head.content == b""
        for name in ("etag", "content-length", "content-type", "cache-control"):
            assert head.headers[name] == get.headers[name]
        known = {"If-None-Match": get.headers["etag"]}
        assert (await ann.http.head("/api/tasks", headers=known)).status_code == 304


async def race(writers: list[Person], path: str, tag: str) -> list[httpx.Response]:
    """Runs 50 concurrent writers of a task, all with the same tag."""
    return await asyncio.gather(
        *(
            person.http.patch(path, json={"title": f"Writer {n}"}, headers={"If-Match": tag})
            for n, person in zip(range(50), cycle(writers), strict=False)
        )
    )


async def assert_one_writer_wins(writers: list[Person]) -> None:
    task = await writers[0].http.post("/api/tasks", json={"title": "Before"})
    tag = task.headers["etag"]
    for _ in range(20):
        answers = await race(writers, path_of(task), tag)

        [won] = [answer for answer in answers if answer.status_code == 200]
        lost = [answer for answer in answers if answer is not won]
        assert [refusal(answer) for answer in lost] == [PRECONDITION_FAILED] * 49
        assert {answer.headers["etag"] for answer in lost} == {won.headers["etag"]}
        assert (await writers[0].http.get(path_of(task))).content == won.content
        tag = won.headers["etag"]


class TestRaces:
    async def test_of_50_writers_with_one_tag_one_succeeds(self, ann: Person) -> None:
        await assert_one_writer_wins([ann])

    async def test_of_50_writers_through_two_apps_one_succeeds(
        self, two_apps: tuple[FastAPI, FastAPI]
    ) -> None:
        await assert_one_writer_wins([*same_person(two_apps)])

    async def test_of_many_deletions_and_changes_with_one_tag_one_succeeds(
        self, two_apps: tuple[FastAPI, FastAPI]
    ) -> None:
        one, other = same_person(two_apps)
        for n in range(10):
            task = await one.http.post("/api/tasks", json={"title": "Before"})
            headers = {"If-Match": task.headers["etag"]}
            deletions = [one.http.delete(path_of(task), headers=headers) for _ in range(4)]
            changes = [other.http.put(path_of(task), json={"title": "a"}, headers=headers) for _ in range(4)]

            answers = await asyncio.gather(*(deletions + changes if n % 2 else changes + deletions))

            statuses = sorted(answer.status_code for answer in answers)
            assert statuses in ([200] + [404] * 7, [200] + [412] * 7)

    async def test_writes_without_a_tag_all_happen_and_keep_each_others_fields(
        self, two_apps: tuple[FastAPI, FastAPI]
    ) -> None:
        one, other = same_person(two_apps)
        for _ in range(10):
            task = await one.http.post("/api/tasks", json={"title": "Before"})

            answers = await asyncio.gather(
                *(one.http.put(path_of(task), json={"title": "After"}) for _ in range(5)),
                *(other.http.put(path_of(task), json={"description": "After"}) for _ in range(5)),
                one.http.patch(path_of(task), json={"is_completed": True}),
            )

            assert len({answer.headers["etag"] for answer in answers}) == 11
            assert len({answer.json()["updated_at"] for answer in answers}) == 11
            after = (await one.http.get(path_of(task))).json()
            assert [after[key] for key in ("title", "description", "is_completed")] == [
                "After",
                "After",
                True,
            ]

    @pytest.mark.processes
    @pytest.mark.parametrize(
        ("first", "second", "refused"),
        [("PUT", "PUT", 412), ("PUT", "DELETE", 412), ("DELETE", "PATCH", 404), ("DELETE", "DELETE", 404)],
    )
    async def test_a_write_that_had_to_wait_for_another_is_checked_against_what_that_one_left(
        self, new_database: MakeDatabase, first: str, second: str, refused: int
    ) -> None:
        """On PostgreSQL, in two processes: both began, and saw the old version, before either was done."""
        settings = settings_for(await new_database("postgres"))
        async with running(settings) as app, running(settings) as other_app:
            ann = Person(app)
            twin = Person(other_app, ann.sub)
            task = await ann.http.post("/api/tasks", json={"title": "Before"})
            headers = {"If-Match": task.headers["etag"]}

            async def write(person: Person, method: str) -> httpx.Response:
                return await person.http.request(method, path_of(task), headers=headers, **body_of(method))

            writes = []
            async with locked_owners(app) as until_waiting:
                for person, method in ((ann, first), (twin, second)):
                    writes.append(asyncio.create_task(write(person, method)))
                    await until_waiting(len(writes))
            statuses = [(await one).status_code for one in writes]

            assert statuses == [200, refused]
            assert len(await ann.tasks()) == (0 if first == "DELETE" else 1)
