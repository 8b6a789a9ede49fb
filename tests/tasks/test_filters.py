"""docs/contract.md#filters-and-summary: the filters and sorts of a list, one by one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from support import Person, problems
from support.paging import walk
from support.task_rows import TaskRow, insert_task_rows

from taskward.http.cursors import encode_cursor
from taskward.tasks.list_statements import MAX_FILTERED, filtered_list
from taskward.tasks.query import ListQuery

CLOCK_FORMS = (
    "must be a day like 2026-11-21, a local time like 2026-11-21T14:30, "
    "or a time with a numeric offset like 2026-11-21T14:30:00+01:00"
)
INSTANT_FORMS = "must be a time like 2026-11-21T14:30:00Z or 2026-11-21T14:30:00+01:00"
PRIORITY = "Priority must be one or several of low, medium, high, urgent, separated by commas"
MESSAGES = {
    "list_id": "List id must be a UUID or none",
    "parent_id": "Parent id must be a UUID or none",
    "series_id": "Series id must be a UUID",
    "label": "A label has 1 to 50 characters",
    "priority": PRIORITY,
    "due": "Due must be any or none",
    "due_from": f"Due from {CLOCK_FORMS}",
    "due_before": f"Due before {CLOCK_FORMS}",
    "available_at": f"Available at {CLOCK_FORMS}",
    "completed_from": f"Completed from {INSTANT_FORMS}",
    "completed_before": f"Completed before {INSTANT_FORMS}",
    "archived": "Archived must be true or false",
}
A_LIST = "5f9bd178-c338-44ce-bfa5-5f1950c66932"
NO_CLOCK_TIMES = [
    "", "today", "2026", "2026-11", "20261121", "2026-W47-6", "2026-13-01", "2026-02-30", "0000-01-01",
    "2026-11-21T", "2026-11-21T14", "2026-11-21T24:00", "2026-11-21T14:60", "2026-11-21 14:30",
    "2026-11-21T14:30:00", "2026-11-21T14:30Z", "2026-11-21T14:30:00Z", "2026-11-21T14:30+01:00",
    "2026-11-21T14:30:00-00:00", "2026-11-21T14:30:00+0100", "2026-11-21T14:30:00+01",
    "2026-11-21T14:30:00+24:00", "2026-11-21T14:30:60+01:00", "2026-11-21T14:30:00 01:00",
    "2026-11-21T14:30:00.+01:00", " 2026-11-21", "2026-11-21 ", "\u0662\u0660\u0662\u0666-11-21",
    "1969-06-01T00:00:00+01:00", "9999-06-01T00:00:00+01:00", "2026-11-21T14:30:00+01:00+01:00",
]  # fmt: skip
NO_INSTANTS = [
    "", "2026-11-21", "2026-11-21T14:30", "2026-11-21T14:30:00", "2026-11-21T14:30Z", "14:30:00Z",
    "2026-11-31T14:30:00Z", "2026-11-21T14:30:00+1:00", "2026-11-21T14:30:00 01:00",
]  # fmt: skip
MALFORMED = {
    "list_id": ["", "None", "null", "5f9bd178c33844cebfa55f1950c66932", f"{{{A_LIST}}}", f"{A_LIST},none"],
    "parent_id": ["", "None", f"urn:uuid:{A_LIST}"],
    "series_id": ["", "none", "x"],
    "label": ["", "  ", "x" * 51],
    "priority": ["", "none", "High", "4", "high,", ",high", "high, low", "high;low"],
    "due": ["", "Any", "true", "2026-11-21"],
    "due_from": NO_CLOCK_TIMES,
    "due_before": NO_CLOCK_TIMES,
    "available_at": NO_CLOCK_TIMES,
    "completed_from": NO_INSTANTS,
    "completed_before": NO_INSTANTS,
    "archived": ["", "1", "True", "any"],
}  # fmt: skip


@pytest.mark.engines("memory")
class TestStrictness:
    @pytest.mark.parametrize("name", MESSAGES)
    async def test_a_malformed_value_is_a_400_on_the_parameter(self, ann: Person, name: str) -> None:
        for value in MALFORMED[name]:
            answer = await ann.http.get("/api/tasks", params={name: value})

            assert problems(answer) == {name: MESSAGES[name]}, value

    async def test_all_that_is_wrong_is_said_at_once(self, ann: Person) -> None:
        query = dict.fromkeys(MESSAGES, "?" * 60) | {"sort": "due_key"}

        assert {*problems(await ann.http.get("/api/tasks", params=query))} == {*MESSAGES, "sort"}

    @pytest.mark.parametrize("name", MESSAGES)
    async def test_a_parameter_is_given_once(self, ann: Person, name: str) -> None:
        answer = await ann.http.get(f"/api/tasks?{name}=none&{name}=none")

        assert problems(answer)[name] in {"The query parameter is given more than once", MESSAGES[name]}
        assert answer.status_code == 400

    async def test_an_offset_needs_its_plus_encoded(self, ann: Person) -> None:
        path = "/api/tasks?due_before=2026-11-21T14:30:00"

        assert (await ann.http.get(f"{path}%2B01:00")).status_code == 200
        assert (await ann.http.get(f"{path}+01:00")).status_code == 400
        assert (await ann.http.get(f"{path}-01:00")).status_code == 200


class TestReferences:
    async def test_a_list_or_parent_that_is_missing_or_anothers_has_no_tasks(
        self, app: FastAPI, ann: Person, bob: Person
    ) -> None:
        of_bob, parent = uuid4(), TaskRow()
        await insert_task_rows(
            app, bob, [parent, TaskRow(list_id=of_bob, parent_id=parent.id)], {of_bob: False}
        )
        await ann.create()
        empty = b'{"tasks":[],"next_cursor":null}'

        for name, theirs in (("list_id", of_bob), ("parent_id", parent.id), ("series_id", of_bob)):
            for one in (theirs, uuid4()):
                answer = await ann.http.get("/api/tasks", params={name: str(one)})
                assert (answer.status_code, answer.content) == (200, empty)

    async def test_a_task_whose_list_is_archived_is_listed_unless_that_is_asked(
        self, app: FastAPI, ann: Person
    ) -> None:
        old, new = uuid4(), uuid4()
        tasks = [TaskRow(title="old", list_id=old), TaskRow(title="new", list_id=new), TaskRow(title="inbox")]
        await insert_task_rows(app, ann, tasks, {old: True, new: False})

        assert await titles(ann) == ["inbox", "new", "old"]
        assert await titles(ann, archived="true") == ["old"]
        assert await titles(ann, archived="false") == ["inbox", "new"]

    async def test_a_label_is_found_in_any_letter_case_and_by_its_whole_text(
        self, app: FastAPI, ann: Person
    ) -> None:
        await insert_task_rows(
            app, ann, [TaskRow(title="a", labels=("Straße", "x")), TaskRow(title="b", labels=("%",))]
        )

        for label in ("Straße", "STRASSE", " straße "):
            assert await titles(ann, label=label) == ["a"]
        for label in ("stra", "_", "%%"):
            assert await titles(ann, label=label) == []
        assert await titles(ann, label="%") == ["b"]


class TestDue:
    """A due day without a time is due by its end."""

    @pytest.mark.parametrize(
        ("now", "overdue"),
        [
            ("2026-11-21", ["yesterday", "yesterday 23:59"]),
            ("2026-11-21T00:00", ["yesterday", "yesterday 23:59"]),
            ("2026-11-21T14:30", ["yesterday", "yesterday 23:59"]),
            ("2026-11-21T14:31", ["yesterday", "yesterday 23:59", "14:30"]),
            ("2026-11-21T14:30:00+14:00", ["yesterday", "yesterday 23:59"]),
            ("2026-11-21T14:30:00.000001+14:00", ["yesterday", "yesterday 23:59", "14:30"]),
            ("2026-11-21T23:59:59+14:00", ["yesterday", "yesterday 23:59", "14:30"]),
            ("2026-11-21T23:59:59-12:00", ["yesterday", "yesterday 23:59", "14:30"]),
            ("2026-11-22T00:00:00-12:00", ["yesterday", "yesterday 23:59", "today", "14:30"]),
            ("2026-11-22", ["yesterday", "yesterday 23:59", "today", "14:30"]),
        ],
    )
    async def test_overdue_is_what_the_clients_clock_says(
        self, app: FastAPI, ann: Person, now: str, overdue: list[str]
    ) -> None:
        await insert_task_rows(
            app,
            ann,
            [
                TaskRow(title="yesterday", due={"date": "2026-11-20"}),
                TaskRow(title="yesterday 23:59", due={"date": "2026-11-20", "time": "23:59"}),
                TaskRow(title="today", due={"date": "2026-11-21"}),
                TaskRow(title="14:30", due={"date": "2026-11-21", "time": "14:30"}),
                TaskRow(title="tomorrow 00:00", due={"date": "2026-11-22", "time": "00:00"}),
                TaskRow(title="undated"),
            ],
        )

        assert sorted(await titles(ann, due_before=now)) == sorted(overdue)
        rest = {"yesterday", "yesterday 23:59", "today", "14:30", "tomorrow 00:00"} - {*overdue}
        assert {*await titles(ann, due_from=now)} == rest

    async def test_with_an_offset_a_due_time_in_a_zone_is_compared_by_its_instant(
        self, app: FastAPI, ann: Person
    ) -> None:
        def fixed(zone: str) -> TaskRow:
            return TaskRow(title=zone, due={"date": "2026-11-21", "time": "12:00", "time_zone": zone})

        await insert_task_rows(
            app, ann, [fixed("Pacific/Kiritimati"), fixed("UTC"), fixed("America/New_York")]
        )

        assert await titles(ann, due_before="2026-11-21T12:01") == [
            "America/New_York",
            "UTC",
            "Pacific/Kiritimati",
        ]
        assert await titles(ann, due_before="2026-11-20T22:00:01+00:00") == ["Pacific/Kiritimati"]
        assert await titles(ann, due_before="2026-11-20T22:00:00+00:00") == []
        assert await titles(ann, due_before="2026-11-22T07:00:01+14:00") == [
            "America/New_York",
            "UTC",
            "Pacific/Kiritimati",
        ]
        assert await titles(ann, due_from="2026-11-21T17:00:00+00:00") == ["America/New_York"]
        assert await titles(ann, due_from="2026-11-21T17:00:00.5+00:00") == []

    async def test_today_is_a_day_and_the_next(self, app: FastAPI, ann: Person) -> None:
        days = [{"date": f"2026-11-{day}"} for day in (20, 21, 22)]
        await insert_task_rows(app, ann, [TaskRow(title=day["date"], due=day) for day in days])

        assert await titles(ann, due_from="2026-11-21", due_before="2026-11-22") == ["2026-11-21"]


class TestAvailable:
    @pytest.mark.parametrize(
        ("at", "available"),
        [
            ("2026-11-20", ["no start"]),
            ("2026-11-20T23:59", ["no start"]),
            ("2026-11-21", ["no start", "all day", "14:30"]),
            ("2026-11-21T00:00", ["no start", "all day"]),
            ("2026-11-21T14:29", ["no start", "all day"]),
            ("2026-11-21T14:30", ["no start", "all day", "14:30"]),
            ("2026-11-21T14:29:59.9-05:00", ["no start", "all day"]),
            ("2026-11-21T14:30:00-05:00", ["no start", "all day", "14:30"]),
        ],
    )
    async def test_a_task_is_available_from_its_start_on(
        self, app: FastAPI, ann: Person, at: str, available: list[str]
    ) -> None:
        await insert_task_rows(
            app,
            ann,
            [
                TaskRow(title="no start"),
                TaskRow(title="all day", start={"date": "2026-11-21"}),
                TaskRow(title="14:30", start={"date": "2026-11-21", "time": "14:30"}),
            ],
        )

        assert await titles(ann, available_at=at, sort="created_at") == available


class TestCompleted:
    async def test_from_is_inclusive_and_before_is_exclusive(self, app: FastAPI, ann: Person) -> None:
        moments = [datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (8, 9, 10)]
        await insert_task_rows(
            app,
            ann,
            [
                *(TaskRow(title=f"{at.hour}", is_completed=True, completed_at=at) for at in moments),
                TaskRow(title="unknown", is_completed=True),
                TaskRow(title="open"),
            ],
        )

        query = {"completed_from": "2026-11-21T08:00:00Z", "completed_before": "2026-11-21T11:00:00+01:00"}
        assert await titles(ann, sort="completed_at", **query) == ["8", "9"]
        assert await titles(ann, sort="-completed_at") == ["10", "9", "8"]
        assert await titles(ann, completed_from="2026-11-21T08:00:00.000001-00:00") == ["10", "9"]


class TestSorts:
    async def test_a_sort_by_a_field_gives_the_tasks_that_have_it(self, app: FastAPI, ann: Person) -> None:
        await insert_task_rows(
            app,
            ann,
            [
                TaskRow(title="plain"),
                TaskRow(title="low", priority="low", due={"date": "2026-11-21"}),
                TaskRow(title="urgent", priority="urgent", due={"date": "2026-11-21", "time": "23:59"}),
            ],
        )

        assert await titles(ann, sort="-priority") == ["urgent", "low"]
        assert await titles(ann, sort="priority") == ["low", "urgent"]
        assert await titles(ann, sort="due") == ["urgent", "low"]
        assert await titles(ann, sort="-due") == ["low", "urgent"]
        assert await titles(ann, sort="completed_at") == []

    async def test_every_task_has_a_position_which_is_by_default_its_age(
        self, app: FastAPI, ann: Person
    ) -> None:
        tasks = [TaskRow(title=f"{n}") for n in range(3)]
        placed = [TaskRow(title="first", position="a0"), TaskRow(title="last", position="z")]
        between = TaskRow(title="0.5", position=f"m{tasks[0].id.hex}i")
        await insert_task_rows(app, ann, [*tasks, *placed, between])

        order = ["first", "0", "0.5", "1", "2", "last"]
        assert await titles(ann, sort="position", limit=2) == order
        assert await titles(ann, sort="-position", limit=2) == order[::-1]

    @pytest.mark.parametrize("sort", ["position", "due", "priority", "completed_at"])
    async def test_ties_are_by_id_in_the_sorts_direction(self, app: FastAPI, ann: Person, sort: str) -> None:
        same: dict[str, Any] = {
            "position": "m",
            "due": {"date": "2026-11-21"},
            "priority": "high",
            "completed_at": datetime(2026, 11, 21, tzinfo=UTC),
            "is_completed": True,
        }
        tasks = [TaskRow(**same) for _ in range(7)]
        await insert_task_rows(app, ann, tasks)
        ids = [str(task.id) for task in tasks]

        for limit in (1, 2, 3, 7):
            assert [task["id"] for task in await walk(ann, sort=sort, limit=limit)] == ids
            assert [task["id"] for task in await walk(ann, sort=f"-{sort}", limit=limit)] == ids[::-1]


class TestCursors:
    @pytest.mark.parametrize(
        "other",
        [
            {}, {"list_id": "none", "archived": "false"}, {"list_id": str(UUID(A_LIST))}, {"due": "none"},
            {"list_id": "none", "is_completed": "false"}, {"parent_id": "none"},
        ],
    )  # fmt: skip
    async def test_a_cursor_of_other_filters_is_refused(
        self, app: FastAPI, ann: Person, other: dict[str, str]
    ) -> None:
        await insert_task_rows(app, ann, [TaskRow() for _ in range(3)])
        first = (await ann.http.get("/api/tasks?list_id=none&limit=1")).json()
        query = {"cursor": first["next_cursor"], "limit": "1"}

        assert (await ann.http.get("/api/tasks", params={"list_id": "none"} | query)).status_code == 200
        refused = await ann.http.get("/api/tasks", params=other | query)
        assert problems(refused) == {"cursor": "Cursor is not valid for this list"}

    async def test_a_filter_is_the_same_however_it_is_written(self, app: FastAPI, ann: Person) -> None:
        at = "2026-11-21T14:30:00"
        await insert_task_rows(
            app, ann, [TaskRow(labels=("Home",), due={"date": "2026-11-20"}) for _ in range(3)]
        )
        for one, same in (
            ({"label": "home"}, {"label": " HOME "}),
            ({"due_before": f"{at}+01:00"}, {"due_before": f"{at}.000+01:00"}),
            ({"due_before": "2026-11-21"}, {"due_before": "2026-11-21T00:00"}),
        ):
            first = (await ann.http.get("/api/tasks", params={**one, "limit": "1"})).json()
            follow = await ann.http.get("/api/tasks", params={**same, "cursor": first["next_cursor"]})
            assert len(follow.json()["tasks"]) == 2

    @pytest.mark.engines("memory")
    @pytest.mark.parametrize("sort", ["due", "-priority", "position", "completed_at"])
    async def test_a_position_of_another_kind_is_refused(self, ann: Person, sort: str) -> None:
        keys: list[Any] = [None, 5, True, [], {}, "a\0b"]
        keys += {
            "-priority": ["", "0", "5", "-1", "1.0", "high", "\u0661", "9" * 400],
            "completed_at": ["", "now", "2026-11-21", "2026-11-21T12:00:00", "2026-11-21T12:00:00+01:00"],
        }.get(sort, [])
        for key in keys:
            answer = await ann.http.get(
                "/api/tasks", params={"sort": sort, "cursor": forged(ann, sort, [1, key, A_LIST])}
            )
            assert problems(answer) == {"cursor": "Cursor is not valid for this list"}, key

    @pytest.mark.parametrize(
        ("sort", "key"),
        [
            ("due", ""), ("-due", "\U0010ffff" * 99), ("due", "'; DROP TABLE tasks; --"), ("position", ""),
            ("-position", "\U0010ffff"), ("priority", "1"), ("-priority", "4"),
            ("completed_at", "0001-01-01T00:00:00+00:00"),
            ("-completed_at", "9999-12-31T23:59:59.999999+00:00"),
        ],
    )  # fmt: skip
    async def test_a_forged_position_gives_a_page_of_the_callers_own_list(
        self, app: FastAPI, ann: Person, bob: Person, sort: str, key: str
    ) -> None:
        for person in (ann, bob):
            await insert_task_rows(app, person, [TaskRow(priority="high", due={"date": "2026-11-21"})])

        cursor = forged(ann, sort, [1, key, A_LIST])
        answer = await ann.http.get("/api/tasks", params={"sort": sort, "cursor": cursor})

        assert answer.status_code == 200
        assert {task["user_id"] for task in answer.json()["tasks"]} <= {ann.sub}


class TestStatements:
    @pytest.mark.engines("memory")
    async def test_the_number_of_statements_that_are_kept_is_bounded(self, ann: Person) -> None:
        names = ["due=any", "label=x", "priority=low", "list_id=none", "parent_id=none", "archived=true"]
        names += ["is_completed=false", "due_from=2026-11-21", "available_at=2026-11-21"]
        for number in range(2 ** len(names)):
            chosen = [name for n, name in enumerate(names) if number >> n & 1]
            assert (await ann.http.get(f"/api/tasks?{'&'.join(chosen)}")).status_code == 200

        assert filtered_list.cache_info().currsize == MAX_FILTERED


class TestTags:
    async def test_each_query_has_a_tag_of_its_own_that_changes_with_every_change(
        self, app: FastAPI, ann: Person
    ) -> None:
        await insert_task_rows(app, ann, [TaskRow()])
        queries = [
            "list_id=none",
            "parent_id=none",
            "due=none",
            "sort=position",
            "archived=false",
            "sort=due",
        ]

        async def tags() -> set[str]:
            return {(await ann.http.get(f"/api/tasks?{query}")).headers["etag"] for query in queries}

        before = await tags()
        assert len(before) == len(queries)
        assert await tags() == before
        for query in queries:
            for tag in before:
                answer = await ann.http.get(f"/api/tasks?{query}", headers={"If-None-Match": tag})
                assert answer.status_code == (304 if answer.headers["etag"] == tag else 200)
        await ann.create()
        assert not await tags() & before

    async def test_a_list_with_filters_is_given_again_only_for_the_same_filters(
        self, app: FastAPI, ann: Person
    ) -> None:
        await insert_task_rows(
            app, ann, [TaskRow(title="a", priority="low"), TaskRow(title="b", priority="high")]
        )

        for _ in range(2):
            assert await titles(ann, priority="low") == ["a"]
            assert await titles(ann, priority="high") == ["b"]
            assert await titles(ann, priority="high,low") == ["b", "a"]
            assert await titles(ann) == ["b", "a"]


def forged(person: Person, sort: str, content: Any) -> str:
    """Returns a cursor of that content with the digest that it should have: the digest is no secret."""
    return encode_cursor(content, ListQuery.model_validate({"sort": sort}).cursor_scope(UUID(person.sub)))


async def titles(person: Person, **query: Any) -> list[str]:
    return [task["title"] for task in await walk(person, **query)]
