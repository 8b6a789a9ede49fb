"""Each document is accepted by an import, a second import changes nothing, and no file gives a traceback."""

import json
import random
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from convert.conversion import SAMPLE_FORMATS, SAMPLES, converted, problems, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Alarm, Calendar, Todo, vRecur
from support import Person
from support.import_documents import export

from taskward.convert.source import Unconvertible


@pytest.mark.engines("memory")
@pytest.mark.parametrize("name", SAMPLE_FORMATS)
async def test_a_document_is_imported_once(ann: Person, name: str) -> None:
    document = sample(name, "Europe/Berlin").document
    first = await ann.http.post("/api/me/import", json=document)
    exported = await export(ann)
    second = await ann.http.post("/api/me/import", json=sample(name, "Europe/Berlin").document)

    count = len(document["tasks"])
    assert (first.status_code, first.json()) == (200, {"imported": count, "skipped": 0})
    assert second.json() == {"imported": 0, "skipped": count}
    assert await export(ann) == exported
    assert {one["id"]: one["title"] for one in exported.get("lists", [])} == {
        one["id"]: one["title"] for one in document["lists"]
    }
    for task in exported["tasks"]:
        (given_task,) = [one for one in document["tasks"] if one["id"] == task["id"]]
        assert {**task, **given_task, "labels": sorted(given_task.get("labels", []))} == {
            "labels": [],
            **task,
        }


# Any VTODO


TEXTS = st.text(max_size=300)
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300)
ZONES = st.sampled_from([None, UTC, *map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Asia/Kolkata"))])
DAYS = st.dates(date(1, 1, 2), date(9999, 12, 30))
TIMES = st.builds(datetime.combine, DAYS, st.times(), ZONES)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
NUMBERS = st.integers(-400, 400)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "FREQ": st.sampled_from(["SECONDLY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    "INTERVAL": st.integers(0, 2000),
    "COUNT": st.integers(0, 2000),
    "UNTIL": DAYS | MOMENTS,
    "BYDAY": st.lists(st.sampled_from(["MO", "TU", "SU", "1MO", "-1FR", "53SA"]), min_size=1, max_size=9),
    "BYMONTHDAY": st.lists(st.integers(-31, 31), min_size=1, max_size=9),
    "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=4),
    "BYSETPOS": st.lists(NUMBERS, min_size=1, max_size=3),
    "BYWEEKNO": st.lists(st.integers(-53, 53), min_size=1, max_size=3),
    "BYHOUR": st.lists(st.integers(0, 23), min_size=1, max_size=3),
    "WKST": st.sampled_from(["MO", "SU"]),
}
RULES = st.fixed_dictionaries(
    {"FREQ": PARTS["FREQ"]}, optional={k: v for k, v in PARTS.items() if k != "FREQ"}
)
PROPERTIES: dict[str, st.SearchStrategy[Any]] = {
    "summary": TEXTS,
    "description": TEXTS,
    "due": DAYS | TIMES,
    "dtstart": DAYS | TIMES,
    "duration": st.timedeltas(),
    "created": MOMENTS,
    "last-modified": MOMENTS,
    "completed": MOMENTS,
    "status": st.sampled_from(["NEEDS-ACTION", "COMPLETED", "CANCELLED", "IN-PROCESS"]),
    "priority": NUMBERS,
    "percent-complete": NUMBERS,
    "categories": st.lists(TEXTS, max_size=30),
    "related-to": st.sampled_from("abcdefghij"),
    "rrule": RULES.map(vRecur),
    "x-apple-sort-order": st.integers(),
    "x-taskward-position": LINES,
    "x-taskward-metadata": LINES,
    "x-taskward-recurrence": LINES,
    "x-taskward-list": LINES,
}
TODOS = st.tuples(
    st.sampled_from("abcdefghij"),
    st.fixed_dictionaries({}, optional=PROPERTIES),
    st.lists(st.timedeltas() | MOMENTS, max_size=12),
)


def calendar_of(todos: list[tuple[str, dict[str, Any], list[Any]]]) -> bytes:
    calendar = Calendar()
    for uid, properties, triggers in todos:
        todo = Todo()
        todo.add("uid", uid)
        for name, value in properties.items():
            todo.add(name, value)
        for trigger in triggers:
            alarm = Alarm()
            alarm.add("trigger", trigger)
            todo.add_component(alarm)
        calendar.add_component(todo)
    return bytes(calendar.to_ical())


def check_calendar(todos: list[tuple[str, dict[str, Any], list[Any]]]) -> None:
    content = calendar_of(todos)
    done = converted("ical", content)

    assert len(done.tasks) == len(todos)
    assert problems(done.document) == []
    assert converted("ical", content) == done


@settings(max_examples=40, deadline=None)
@given(todos=st.lists(TODOS, min_size=1, max_size=6))
def test_any_task_of_icalendar_gives_a_document_that_is_accepted(todos: Any) -> None:
    check_calendar(todos)


@pytest.mark.soak
@pytest.mark.timeout(900)
@settings(max_examples=2000, deadline=None)
@given(todos=st.lists(TODOS, min_size=1, max_size=6))
def test_any_task_of_icalendar_at_length(todos: Any) -> None:
    check_calendar(todos)


# Damaged files


TOKENS = (
    b'"',
    b",",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"{",
    b"]",
    b"null",
    b"-1",
    b"1e999",
    b'{"a":[]}',
    b"BEGIN:VTODO\n",
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Returns a file with some pieces removed, repeated, exchanged or replaced."""
    for _ in range(rng.randint(1, 8)):
        begin = rng.randrange(len(content) + 1)
        end = min(len(content), begin + rng.choice((0, 1, 1, 4, 30, 400)))
        piece = content[begin:end]
        other = rng.randrange(len(content) + 1)
        replacement = rng.choice(
            (b"", piece * 2, piece[::-1], content[other : other + 20], rng.choice(TOKENS))
        )
        content = content[:begin] + replacement + content[end:]
    return content


def check_damaged(name: str, seeds: range) -> None:
    whole = (SAMPLES / name).read_bytes()
    accepted = 0
    for seed in seeds:
        try:
            done = converted(SAMPLE_FORMATS[name], mutated(whole, random.Random(seed)), name)  # noqa: S311 - repeatable
        except Unconvertible:
            continue
        accepted += 1
        assert problems(done.document) == []
    assert accepted


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_a_damaged_file_is_converted_or_refused(name: str) -> None:
    check_damaged(name, range(40))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_very_many_damaged_files(name: str) -> None:
    check_damaged(name, range(100, 5000))


# JSON with values of other types


OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**70,
    1.5,
    1e999,
    "",
    "x",
    "2026-03-01T11:00:00Z",
    [],
    {},
    [[]],
    [None],
    {"id": {}},
)


def retyped(value: Any, rng: random.Random) -> Any:
    """Returns a value of JSON in which some values are of other types."""
    if rng.random() < 0.05:
        return rng.choice(OTHERS)
    if isinstance(value, dict):
        return {key: retyped(inner, rng) for key, inner in value.items()}
    return [retyped(inner, rng) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", [name for name in SAMPLE_FORMATS if name.endswith(".json")])
def test_values_of_other_types_are_left_out_or_refused(name: str) -> None:
    whole = json.loads((SAMPLES / name).read_bytes())
    accepted = 0
    for seed in range(60):
        content = json.dumps(retyped(whole, random.Random(seed)))  # noqa: S311 - repeatable
        try:
            done = converted(SAMPLE_FORMATS[name], content, name)
        except Unconvertible:
            continue
        accepted += 1
        assert problems(done.document) == []
    assert accepted
