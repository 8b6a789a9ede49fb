"""docs/contract.md#pages-and-sorts: a cursor is good for the walk that it came from, and for nothing else."""

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import FastAPI
from support import Person, problems
from support.paging import SORTS, insert_tasks, some_tasks

from taskward.http.cursors import _digest
from taskward.tasks.query import ListQuery

NOT_OURS = {"cursor": "Cursor is not valid for this list"}
ALPHABET = string.ascii_letters + string.digits + "-_"


async def page(person: Person, **query: str) -> httpx.Response:
    return await person.http.get("/api/tasks", params=query)


async def cursor_of(app: FastAPI, person: Person, **query: str) -> str:
    """Returns the cursor after the first of a few tasks."""
    await insert_tasks(app, person, some_tasks(6))
    cursor: str = (await page(person, limit="1", **query)).json()["next_cursor"]
    return cursor


def forged(person: Person, content: Any, **query: Any) -> str:
    """Returns a cursor of that content with the digest that it should have: the digest is no secret."""
    walk = ListQuery.model_validate(query).cursor_scope(UUID(person.sub))
    encoded = content if isinstance(content, bytes) else orjson.dumps(content)
    return urlsafe_b64encode(_digest(encoded, walk) + encoded).decode().rstrip("=")


@pytest.mark.engines("memory")
class TestMalformed:
    @pytest.mark.parametrize(
        "cursor",
        [
            "", "a", "ab", "abc", "abcd", "0", "null", "-", "_", "=", "====", " ", "%", "..", "a" * 16,
            "A" * 17, "A" * 4000, "\u00e9", "\u0661", "🥛", "2", "1000", "AAAAAAAAAAAAAAAAW10",
            "AAAAAAAAAAAAAAAAe30",
            "AAAAAAAAAAAAAAAAbnVsbA", "AAAAAAAAAAAAAAAAWzEsbnVsbF0",
            "[1,null]", "5f9bd178-c338-44ce-bfa5-5f1950c66932", "2024-05-01T12:00:00Z",
        ],
    )  # fmt: skip
    async def test_what_is_no_cursor_is_refused(self, ann: Person, cursor: str) -> None:
        assert problems(await page(ann, cursor=cursor)) == NOT_OURS

    @pytest.mark.parametrize(
        ("path", "headers", "fields"),
        [
            ("/api/tasks?cursor=x&limit=0&sort=y", {}, {"cursor", "limit", "sort"}),
            ("/api/labels?cursor=x&limit=0", {}, {"cursor", "limit"}),
            ("/api/changes?since=x&limit=0&kinds=y", {}, {"since", "limit", "kinds"}),
            ("/api/events?kinds=y", {"Last-Event-ID": "x"}, {"kinds", "Last-Event-ID"}),
        ],
    )
    async def test_it_is_reported_with_the_other_problems(
        self, ann: Person, path: str, headers: dict[str, str], fields: set[str]
    ) -> None:
        assert problems(await ann.http.get(path, headers=headers)).keys() == fields

    async def test_one_changed_character_anywhere_spoils_it(self, app: FastAPI, ann: Person) -> None:
        cursor = await cursor_of(app, ann, sort="title")

        for place, character in enumerate(cursor):
            other = ALPHABET[(ALPHABET.index(character) + 1) % len(ALPHABET)]
            spoiled = cursor[:place] + other + cursor[place + 1 :]
            assert problems(await page(ann, sort="title", cursor=spoiled)) == NOT_OURS, place

    async def test_any_other_last_character_spoils_it(self, app: FastAPI, ann: Person) -> None:
        """If the last bits of base64 are unused, several characters would decode to the same."""
        cursor = await cursor_of(app, ann)

        for other in set(ALPHABET + "+/=%\n .") - {cursor[-1]}:
            assert problems(await page(ann, cursor=cursor[:-1] + other)) == NOT_OURS, other

    async def test_one_character_more_or_less_spoils_it(self, app: FastAPI, ann: Person) -> None:
        cursor = await cursor_of(app, ann)

        longer = [f"{cursor}{end}" for end in ("A", "=", "==", "\n", "\u00e9", cursor)]
        for spoiled in (cursor[1:], cursor[:-1], f" {cursor}", f"{cursor[:9]}.{cursor[9:]}", *longer):
            assert problems(await page(ann, cursor=spoiled)) == NOT_OURS, spoiled

    async def test_it_is_made_of_what_a_url_carries_unchanged(self, app: FastAPI, ann: Person) -> None:
        assert set(await cursor_of(app, ann, sort="title")) <= set(ALPHABET)


class TestAnotherWalk:
    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("sort", SORTS)
    async def test_a_cursor_of_another_sort_is_refused(self, app: FastAPI, ann: Person, sort: str) -> None:
        cursor = await cursor_of(app, ann, sort=sort)

        for other in SORTS:
            answer = await page(ann, sort=other, cursor=cursor)
            if other == sort:
                assert len(answer.json()["tasks"]) == 5
            else:
                assert problems(answer) == NOT_OURS

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "other", [{"is_completed": "false"}, {}, {"is_completed": "true", "q": "task"}, {"q": "task"}]
    )
    async def test_a_cursor_of_another_filter_is_refused(
        self, app: FastAPI, ann: Person, other: dict[str, str]
    ) -> None:
        cursor = await cursor_of(app, ann, is_completed="true")

        assert (await page(ann, cursor=cursor, is_completed="true")).status_code == 200
        assert problems(await page(ann, cursor=cursor, **other)) == NOT_OURS

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("other", ["", "tasks", "tas", "task 1", "task description", "t ask"])
    async def test_a_cursor_of_another_search_is_refused(self, app: FastAPI, ann: Person, other: str) -> None:
        cursor = await cursor_of(app, ann, q="task")

        assert problems(await page(ann, cursor=cursor, q=other)) == NOT_OURS

    async def test_a_cursor_is_good_for_the_same_words_however_they_are_written(
        self, app: FastAPI, ann: Person
    ) -> None:
        cursor = await cursor_of(app, ann, q="task description")
        whole = (await page(ann)).json()["tasks"]

        for same in ("task description", "  DESCRIPTION\ttask", "task task description"):
            assert (await page(ann, cursor=cursor, q=same)).json()["tasks"] == whole[1:]

    async def test_another_persons_cursor_is_refused(self, app: FastAPI, ann: Person, bob: Person) -> None:
        cursor = await cursor_of(app, ann)
        await insert_tasks(app, bob, some_tasks(6))

        assert problems(await page(bob, cursor=cursor)) == NOT_OURS

    @pytest.mark.engines("memory")
    async def test_a_bad_cursor_is_rejected_with_if_none_match_too(self, ann: Person) -> None:
        answer = await ann.http.get("/api/tasks?cursor=nonsense", headers={"If-None-Match": "*"})

        assert problems(answer) == NOT_OURS


ID = "5f9bd178-c338-44ce-bfa5-5f1950c66932"
RAW_ID = ID.encode()


class TestForged:
    """The digest protects honest clients from mistakes. A client that computes it gets only its own list."""

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize(
        "content",
        [
            b"", b"x", b"\xff\xfe", b"[1,null", b"null", b"1", b'"abc"', b"{}", b"[]", b"[1]", b"[1,null]",
            b"[1,null,null,null]", b'[1,null,"%b"] ' % RAW_ID, b"[" * 2000, b"[" * 2000 + b"]" * 2000,
            [1, 5, ID], [1, 2**63, ID], [1, 2**64 - 1, ID], [1, -(2**63), ID], [1, 1.5, ID], [1, True, ID],
            [1, [], ID], [1, {}, ID], [1, ["2024-05-01T12:00:00+00:00"], ID], [1, {"a": {"b": []}}, ID],
            b'[1,%b%b,"%b"]' % (b"[" * 300, b"]" * 300, RAW_ID),
            b'[1,%b%b,"%b"]' % (b'{"a":' * 300, b"}" * 300, RAW_ID),
            b'[1,%b1%b,"%b"]' % (b'{"a":' * 300, b"}" * 300, RAW_ID),
            b'[1,%b,"%b"]' % (b"9" * 4000, RAW_ID), b'[1,1e999,"%b"]' % RAW_ID,
            b'[1,"\\ud800","%b"]' % RAW_ID, b'[1,"\xed\xa0\x80","%b"]' % RAW_ID,
            [0, None, ID], [2, None, ID], ["1", None, ID], [None, None, ID], [True, None, ID],
            [1.0, None, ID],
            [1, None, None], [1, None, 5], [1, None, []], [1, None, {}], [1, None, ""], [1, None, "x"],
            [1, None, ID.upper()], [1, None, ID.replace("-", "")], [1, None, "{" + ID + "}"],
            [1, None, f"urn:uuid:{ID}"], [1, None, f"{ID}\0"], [1, None, f" {ID}"], [1, None, 2**63],
            [1, "a\0b", ID], [1, "2024-05-01T12:00:00+00:00\0", ID],
        ],
        ids=lambda content: str(content)[:40],
    )  # fmt: skip
    async def test_a_content_that_no_page_has_is_refused(self, ann: Person, content: Any) -> None:
        for sort in SORTS:
            cursor = forged(ann, content, sort=sort)

            assert problems(await page(ann, sort=sort, cursor=cursor)) == NOT_OURS

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("sort", ["created_at", "-created_at"])
    @pytest.mark.parametrize("key", ["", "2024-05-01T12:00:00+00:00", "Title"])
    async def test_an_order_by_age_takes_no_other_key(self, ann: Person, sort: str, key: str) -> None:
        assert problems(await page(ann, sort=sort, cursor=forged(ann, [1, key, ID], sort=sort))) == NOT_OURS

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("sort", ["updated_at", "-updated_at"])
    @pytest.mark.parametrize(
        "key",
        [
            None, "", "now", "infinity", "-infinity", "2024", "2024-05-01", "12:00", "2024-05-01T12:00:00",
            "2024-13-01T12:00:00+00:00", "2024-02-30T12:00:00+00:00", "2024-05-01T25:00:00+00:00",
            "2024-05-01T12:00:60+00:00", "0000-01-01T00:00:00+00:00", "10000-01-01T00:00:00+00:00",
            "-0001-01-01T00:00:00+00:00", "2024-05-01T12:00:00+02:00", "2024-05-01T12:00:00-23:59",
            "2024-05-01T12:00:00+24:00", "1714564800", "1e9",
            "2024-05-01T12:00:00+00:00 ", "\u0662\u0660\u0662\u0664-05-01T12:00:00+00:00", "x" * 3000,
        ],
    )  # fmt: skip
    async def test_an_order_by_change_takes_a_time_in_utc(self, ann: Person, sort: str, key: Any) -> None:
        assert problems(await page(ann, sort=sort, cursor=forged(ann, [1, key, ID], sort=sort))) == NOT_OURS

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("sort", ["title", "-title"])
    async def test_an_order_by_title_takes_a_text(self, ann: Person, sort: str) -> None:
        assert problems(await page(ann, sort=sort, cursor=forged(ann, [1, None, ID], sort=sort))) == NOT_OURS

    @pytest.mark.parametrize(
        ("sort", "key"),
        [
            ("updated_at", "0001-01-01T00:00:00+00:00"), ("-updated_at", "0001-01-01T00:00:00+00:00"),
            ("updated_at", "9999-12-31T23:59:59.999999+00:00"),
            ("-updated_at", "9999-12-31T23:59:59.999999+00:00"),
            ("updated_at", "2024-05-01T12:00:00+00:00:00.000001"),
            ("updated_at", "2024-W18-3T12:00:00+00:00"), ("updated_at", "20240501T120000Z"),
            ("title", ""), ("-title", ""), ("title", "x" * 3000), ("title", "'; DROP TABLE tasks; --"),
            ("title", "\U0010ffff"), ("-title", "\U0010ffff"), ("title", "%"), ("title", "\ufffe"),
            ("created_at", None), ("-created_at", None),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("task_id", [str(UUID(int=0)), str(UUID(int=2**128 - 1)), ID])
    async def test_a_forged_position_gives_a_page_of_the_callers_own_list(
        self, app: FastAPI, ann: Person, sort: str, key: Any, task_id: str
    ) -> None:
        await insert_tasks(app, ann, some_tasks(6))
        cursor = forged(ann, [1, key, task_id], sort=sort)

        answer = await page(ann, sort=sort, cursor=cursor)

        assert answer.status_code == 200
        assert {task["user_id"] for task in answer.json()["tasks"]} <= {ann.sub}

    async def test_the_content_is_what_the_page_before_ended_with(self, app: FastAPI, ann: Person) -> None:
        cursor = await cursor_of(app, ann, sort="title")
        first = (await page(ann, sort="title", limit="1")).json()["tasks"][0]

        content = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[12:])

        assert content == [1, first["title"], first["id"]]
        assert forged(ann, content, sort="title") == cursor
