"""docs/contract.md#optional-fields: the fields, as read from a body and merged with a task."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from taskward.batch.operations import TaskOperation, ValidOperation
from taskward.http.errors import ServiceError, ValidationFailed
from taskward.http.validation import field_errors
from taskward.tasks import fields as fields_of_tasks
from taskward.tasks.fields import RULES, TaskFields
from taskward.tasks.fields.rule import FieldRule
from taskward.tasks.models import NewTask, Task, TaskChanges, TaskContent
from taskward.tasks.records import task_json
from taskward.tasks.tables import TASKS, TaskRecord

NEW = TypeAdapter(NewTask)
CHANGES = TypeAdapter(TaskChanges)
ID = UUID("01a1fbee-d15a-754f-9d5b-38797672c7a2")

DAY_MESSAGE = "{} date must be a day like 2026-01-31, of the years 1970 to 9998"
LABELS_MESSAGE = "Labels must be a list of at most 20 texts"
LABEL_MESSAGE = "A label has 1 to 50 characters"
VALUE_MESSAGE = "A value is a text of up to 500 characters, a number or a boolean"
KEY_MESSAGE = "A key has 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -"
POSITION_MESSAGE = "Position must be 1 to 100 letters and digits, or say before or after which task"
COMPLETED_MESSAGE = "Completed at must be a time like 2026-11-21T23:40:00-08:00, of the years 1970 to 9998"

FULL: dict[str, Any] = {
    "due": {"date": "2026-11-21", "time": "14:30", "time_zone": "Europe/Berlin"},
    "start": {"date": "2026-11-20"},
    "priority": "high",
    "labels": ["Home", "urgent"],
    "metadata": {"colour": "red", "weight": 1.5, "done": False, "n": 7, "empty": ""},
}

NO_OBJECTS: list[Any] = ["2026-11-21", 5, True, [], [{}]]
NO_DAYS: list[Any] = [
    *("", "2026-2-3", "2026-02-30", "2025-02-29", "1969-12-31", "9999-01-01", "20261121", " 2026-11-21"),
    *("2026-11-21 ", "2026-11-21T00:00", "2026-W47-6", "٢٠٢٦-11-21", "2026-11-21\n", "-2026-11-21"),
    *(5, True, [], {}),
]
NO_TIMES: list[Any] = [
    *("", "9:30", "24:00", "09:60", "09:30:00", "0930", " 09:30", "09:30Z", "٠٩:30", 5, []),
]
NO_ZONES: list[Any] = [
    *("", "Berlin", "europe/berlin", "Europe/Berlin ", "+01:00", "Europe", "zones", 5, []),
    *("../zones", "Europe/../UTC", "/etc/passwd", "UTC\0"),
]
TIMED = {"date": "2026-11-21", "time": "09:30"}
DATES: list[Any] = [
    *((value, "", "{} must be an object or null") for value in NO_OBJECTS),
    *(({"date": value}, ".date", DAY_MESSAGE) for value in NO_DAYS),
    ({"date": None}, ".date", "{} date is required"),
    *((TIMED | {"time": value}, ".time", "{} time must be a time like 09:30") for value in NO_TIMES),
    *(
        (TIMED | {"time_zone": value}, ".time_zone", "{} time zone must be a name like Europe/Berlin")
        for value in NO_ZONES
    ),
    (TIMED | {"time": None, "time_zone": "UTC"}, ".time_zone", "{} time zone needs a time"),
    (TIMED | {"datetime": "x"}, ".datetime", "Unknown field"),
]
"""A value of `due` or `start`, the field that is named, and the message."""


def new(**body: Any) -> dict[str, Any]:
    """Returns the given fields of a new task."""
    given: dict[str, Any] = NEW.validate_python({"title": "Buy milk", **body}).given()
    return given


def changes(**body: Any) -> dict[str, Any]:
    given: dict[str, Any] = CHANGES.validate_python(body).given()
    return given


def created(**body: Any) -> dict[str, Any]:
    """Returns the optional fields that a new task has."""
    return stored(TaskFields().merged(new(**body)))


def changed(task: dict[str, Any], **body: Any) -> dict[str, Any]:
    """Returns the optional fields that a task has after a change."""
    return stored(TaskFields.parse(orjson.dumps(task).decode()).merged(changes(**body)))


def stored(fields: TaskFields) -> dict[str, Any]:
    extra = fields.columns()["extra"]
    return {} if extra is None else dict(orjson.loads(extra))


def problems_of_new(**body: Any) -> dict[str, str]:
    return problems(NEW, {"title": "Buy milk", **body})


def problems_of_changes(**body: Any) -> dict[str, str]:
    return problems(CHANGES, body)


def problems(kind: TypeAdapter[Any], body: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as raised:
        kind.validate_python(body)
    return {problem.field: problem.message for problem in field_errors(raised.value)}


def conflicts(task: dict[str, Any], **body: Any) -> dict[str, str]:
    """Returns the problems of valid changes that do not fit the task."""
    with pytest.raises(ValidationFailed) as raised:
        changed(task, **body)
    return {problem.field: problem.message for problem in raised.value.details()}


class TestMessages:
    """Each row of the table of messages, in a new task and in a change."""

    @pytest.mark.parametrize(("name", "label"), [("due", "Due"), ("start", "Start")])
    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize(("value", "field", "message"), DATES)
    def test_of_due_and_start(
        self, of: Any, name: str, label: str, value: Any, field: str, message: str
    ) -> None:
        assert of(**{name: value}) == {f"{name}{field}": message.format(label)}

    @pytest.mark.parametrize(("name", "label"), [("due", "Due"), ("start", "Start")])
    def test_of_an_incomplete_date_in_a_new_task(self, name: str, label: str) -> None:
        assert problems_of_new(**{name: {}}) == {f"{name}.date": f"{label} date is required"}
        assert problems_of_new(**{name: {"date": "2026-11-21", "time_zone": "UTC"}}) == {
            f"{name}.time_zone": f"{label} time zone needs a time"
        }

    def test_all_parts_of_a_date_are_named_at_once(self) -> None:
        assert problems_of_new(due={"time": "9", "time_zone": "x", "day": 1}) == {
            "due.date": "Due date is required",
            "due.time": "Due time must be a time like 09:30",
            "due.time_zone": "Due time zone must be a name like Europe/Berlin",
            "due.day": "Unknown field",
        }

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize("value", ["", "High", "low ", "none", 1, True, [], ["low"], {}])
    def test_of_the_priority(self, of: Any, value: Any) -> None:
        assert of(priority=value) == {"priority": "Priority must be low, medium, high, urgent or null"}

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize("name", ["labels", "add_labels", "remove_labels"])
    def test_of_labels(self, of: Any, name: str) -> None:
        values: list[Any] = ["home", 5, True, {}, {"0": "home"}, [f"l{n}" for n in range(21)]]
        for value in values:
            assert of(**{name: value}) == {name: LABELS_MESSAGE}
        labels: list[Any] = ["", " \t", "x" * 51, 5, None, [], {}, True]
        for label in labels:
            assert of(**{name: ["home", "work", "x", label]}) == {f"{name}.3": LABEL_MESSAGE}

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize("name", ["add_labels", "remove_labels"])
    def test_of_labels_that_are_both_replaced_and_changed(self, of: Any, name: str) -> None:
        for labels in (["home"], [], None):
            assert of(labels=labels, **{name: ["work"]}) == {
                name: "Labels are either replaced, or added and removed"
            }
        assert of(**{name: None}) == {name: LABELS_MESSAGE}

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    def test_of_metadata(self, of: Any) -> None:
        values: list[Any] = ["x", 5, [], [{}], True]
        for value in values:
            assert of(metadata=value) == {"metadata": "Metadata must be an object or null"}
        inners: list[Any] = [{}, [], ["x"], {"a": 1}, "x" * 501]
        for inner in inners:
            assert of(metadata={"x": inner}) == {"metadata.x": VALUE_MESSAGE}
        for key in ("", "a b", "é", "x" * 41, "a/b", "a\n"):
            assert of(metadata={key: 1}) == {f"metadata.{key}": KEY_MESSAGE}
            assert of(metadata={key: None}) == {f"metadata.{key}": KEY_MESSAGE}

    def test_of_metadata_that_is_too_large_in_a_new_task(self) -> None:
        assert problems_of_new(metadata={f"k{n}": n for n in range(51)}) == {
            "metadata": "Metadata cannot have more than 50 keys"
        }
        assert problems_of_new(metadata={f"k{n}": "é" * 250 for n in range(9)}) == {
            "metadata": "Metadata cannot exceed 4096 bytes"
        }

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize(
        "value",
        [
            *("", "a b", "é", "x" * 101, "a\n", "-", 5, True, [], {}, {"at": "end"}, {"at": None}),
            *({"after": "x"}, {"after": None}, {"before": 5}, {"after": str(ID), "at": "last"}),
            *({"after": str(ID), "before": str(ID)}, {"between": str(ID)}, {"at": ["first"]}),
        ],
    )
    def test_of_the_position(self, of: Any, value: Any) -> None:
        assert of(position=value) == {"position": POSITION_MESSAGE}

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize("value", ["", "none", 5, True, [], {}, "{" + str(ID) + "}", ID.hex])
    def test_of_the_list_and_the_parent(self, of: Any, value: Any) -> None:
        assert of(list_id=value, parent_id=value) == {
            "list_id": "List id must be a UUID",
            "parent_id": "Parent id must be a UUID",
        }

    @pytest.mark.parametrize("of", [problems_of_new, problems_of_changes])
    @pytest.mark.parametrize(
        "value",
        [
            *("", "2026-11-21", "2026-11-21T23:40", "2026-11-21T23:40:00", "2026-02-30T00:00:00Z", 5, True),
            *("1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2026-11-21 23:40:00Z", {}, "now"),
        ],
    )
    def test_of_the_time_of_completion(self, of: Any, value: Any) -> None:
        assert of(is_completed=True, completed_at=value) == {"completed_at": COMPLETED_MESSAGE}

    def test_all_fields_are_named_at_once(self) -> None:
        assert problems_of_changes(title="", due=5, priority="x", labels=[""], metadata={"x": []}) == {
            "title": "Title cannot be empty",
            "due": "Due must be an object or null",
            "priority": "Priority must be low, medium, high, urgent or null",
            "labels.0": LABEL_MESSAGE,
            "metadata.x": VALUE_MESSAGE,
        }

    def test_other_keys_are_unknown(self) -> None:
        assert problems_of_new(deadline="2026-11-21") == {"deadline": "Unknown field"}

    def test_a_change_needs_a_writable_field(self) -> None:
        for body in ({}, {"id": "x", "series_id": None, "next_id": "y"}):
            assert problems(CHANGES, body) == {"body": "At least one writable field is required"}
        for name in ("due", "start", "priority", "labels", "list_id", "parent_id", "position", "metadata"):
            assert changes(**{name: None}).keys() == {name}

    def test_an_operation_of_a_batch_has_the_same(self) -> None:
        operation = TaskOperation(op="create", task={"title": "x", "due": {"time": "x"}, "labels": [""]})
        error = operation.validated()

        assert isinstance(error, ServiceError)
        assert {problem.field: problem.message for problem in error.details()} == {
            "due.date": "Due date is required",
            "due.time": "Due time must be a time like 09:30",
            "labels.0": LABEL_MESSAGE,
        }
        assert isinstance(TaskOperation(op="create", task={"title": "x", **FULL}).validated(), ValidOperation)


class TestGiven:
    """Which fields a body gives."""

    def test_the_base_fields_are_given_with_null(self) -> None:
        assert new(description=None, is_completed=True) == {
            "title": "Buy milk",
            "description": None,
            "is_completed": True,
        }

    @pytest.mark.parametrize("name", [*FULL, "list_id", "parent_id", "position"])
    def test_a_new_task_does_not_use_what_is_null_or_empty(self, name: str) -> None:
        assert new(**{name: None}) == {"title": "Buy milk"}
        assert changes(**{name: None}).keys() == {name}

    def test_a_new_task_does_not_use_empty_collections(self) -> None:
        assert new(labels=[], metadata={}) == {"title": "Buy milk"}
        assert new(add_labels=[], remove_labels=[], metadata={"x": None}) == {"title": "Buy milk"}

    def test_ids_are_taken_in_any_letter_case(self) -> None:
        assert changes(list_id=str(ID).upper(), parent_id=str(ID)) == {"list_id": ID, "parent_id": ID}
        assert changes(position={"after": str(ID).upper()}) == {"position": {"after": ID}}
        assert changes(position={"before": str(ID)}) == {"position": {"before": ID}}

    @pytest.mark.parametrize("value", ["a0", "x" * 100, "0", {"at": "first"}, {"at": "last"}])
    def test_a_position_is_taken_as_it_is(self, value: Any) -> None:
        assert changes(position=value) == {"position": value}

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-11-21T23:40:00-08:00", datetime(2026, 11, 22, 7, 40, tzinfo=UTC)),
            ("2026-11-21t23:40:00.123456z", datetime(2026, 11, 21, 23, 40, 0, 123456, UTC)),
            ("2026-11-21T23:40:00.1234567+00:00", datetime(2026, 11, 21, 23, 40, 0, 123456, UTC)),
        ],
    )
    def test_a_time_of_completion_has_an_offset(self, text: str, moment: datetime) -> None:
        assert changes(is_completed=True, completed_at=text) == {"is_completed": True, "completed_at": moment}
        assert new(is_completed=True, completed_at=text)["completed_at"] == moment

    @pytest.mark.parametrize("others", [{}, {"is_completed": False}])
    @pytest.mark.parametrize("value", ["2026-11-21T23:40:00Z", "yesterday", 5, None])
    def test_a_time_of_completion_has_no_effect_on_an_open_task(self, others: Any, value: Any) -> None:
        assert changes(completed_at=value, **others) == {"completed_at": None, **others}
        assert new(completed_at=value, **others)["completed_at"] is None


class TestMerging:
    """Objects merge as in RFC 7396; a whole task that is sent back changes nothing."""

    def test_a_new_task_has_what_was_given(self) -> None:
        assert created(**FULL) == FULL
        assert created() == {}

    def test_a_whole_task_sent_back_changes_nothing(self) -> None:
        server = dict.fromkeys(("id", "user_id", "created_at", "series_id", "next_id"), "anything")

        assert changed(FULL, **FULL, **server) == FULL
        assert created(**FULL, **server) == FULL

    def test_what_is_absent_stays(self) -> None:
        assert changed(FULL, title="x") == FULL
        for name, value in FULL.items():
            assert changed(FULL, **{name: value}) == FULL

    @pytest.mark.parametrize("name", FULL)
    def test_null_removes(self, name: str) -> None:
        assert changed(FULL, **{name: None}) == {other: FULL[other] for other in FULL if other != name}

    def test_nothing_is_left_of_a_task_without_values(self) -> None:
        fields = TaskFields.parse(orjson.dumps(FULL).decode()).merged(changes(**dict.fromkeys(FULL)))

        assert fields == TaskFields()
        assert set(fields.columns().values()) == {None}

    @pytest.mark.parametrize("name", ["due", "start"])
    @pytest.mark.parametrize(
        ("given", "date"),
        [
            ({"date": "2026-12-01"}, {"date": "2026-12-01", "time": "14:30", "time_zone": "Europe/Berlin"}),
            ({"time": "09:00"}, {"date": "2026-11-21", "time": "09:00", "time_zone": "Europe/Berlin"}),
            ({"time": None}, {"date": "2026-11-21"}),
            ({"time": None, "time_zone": None}, {"date": "2026-11-21"}),
            ({"time_zone": None}, {"date": "2026-11-21", "time": "14:30"}),
            ({"time_zone": "UTC"}, {"date": "2026-11-21", "time": "14:30", "time_zone": "UTC"}),
            ({}, FULL["due"]),
        ],
    )
    def test_the_parts_of_a_date_merge(self, name: str, given: dict[str, Any], date: dict[str, str]) -> None:
        assert changed({name: FULL["due"]}, **{name: given}) == {name: date}

    def test_a_date_of_two_parts_is_answered_in_order(self) -> None:
        due = changed({"due": {"date": "2026-11-21"}}, due={"time_zone": "UTC", "time": "09:30"})["due"]

        assert list(due) == ["date", "time", "time_zone"]

    @pytest.mark.parametrize(("name", "label"), [("due", "Due"), ("start", "Start")])
    def test_a_date_that_would_be_incomplete_is_refused(self, name: str, label: str) -> None:
        needs_date = {f"{name}.date": f"{label} date is required"}
        needs_time = {f"{name}.time_zone": f"{label} time zone needs a time"}

        assert conflicts({}, **{name: {}}) == needs_date
        assert conflicts({}, **{name: {"time": "09:30"}}) == needs_date
        assert conflicts({name: {"date": "2026-11-21"}}, **{name: {"time_zone": "UTC"}}) == needs_time
        assert conflicts({}, **{name: {"time_zone": "UTC"}}) == needs_date | needs_time

    def test_all_fields_that_do_not_fit_are_named_at_once(self) -> None:
        task = {"labels": [f"l{n:02}" for n in range(20)], "metadata": {f"k{n}": n for n in range(50)}}

        assert conflicts(task, due={}, start={}, add_labels=["x"], metadata={"more": 1}) == {
            "due.date": "Due date is required",
            "start.date": "Start date is required",
            "add_labels": LABELS_MESSAGE,
            "metadata": "Metadata cannot have more than 50 keys",
        }

    def test_metadata_merges_key_by_key(self) -> None:
        task = {"metadata": {"a": 1, "b": "two", "c": True}}

        assert changed(task, metadata={"b": None, "d": 2.5}) == {"metadata": {"a": 1, "c": True, "d": 2.5}}
        assert changed(task, metadata={}) == task
        assert changed(task, metadata={"a": None, "b": None, "c": None}) == {}
        assert changed({}, metadata={"a": None}) == {}

    def test_metadata_is_bounded_after_merging(self) -> None:
        full = {"metadata": {f"k{n}": n for n in range(50)}}
        assert len(changed(full, metadata={"k0": None, "more": 1})["metadata"]) == 50

        large = {"metadata": {f"k{n}": "x" * 500 for n in range(8)}}
        size = len(orjson.dumps(large["metadata"] | {"last": ""}))
        last = {"last": "x" * (4096 - size)}
        assert len(orjson.dumps(changed(large, metadata=last)["metadata"])) == 4096
        assert conflicts(large, metadata={"last": last["last"] + "x"}) == {
            "metadata": "Metadata cannot exceed 4096 bytes"
        }

    @pytest.mark.parametrize(
        "value", ["", " kept as given\t", "x" * 500, "漢" * 500, 0, -0.5, 1e300, 2**63, True, False]
    )
    def test_a_metadata_value_is_kept_as_given(self, value: Any) -> None:
        kept = created(metadata={"A-Za.z_0": value})["metadata"]["A-Za.z_0"]

        assert (kept, type(kept)) == (value, type(value))

    def test_labels_are_trimmed_distinct_and_in_code_point_order(self) -> None:
        given = [" é ", "z", "Home", "HOME", "home", "a", "Z", "straße", "STRASSE"]

        assert created(labels=given) == {"labels": ["Home", "a", "straße", "z", "é"]}
        assert created(labels=["x" * 50, "漢" * 50]) == {"labels": ["x" * 50, "漢" * 50]}
        assert created(add_labels=given) == created(labels=given)

    def test_labels_are_replaced_whole(self) -> None:
        task = {"labels": ["Home", "work"]}

        assert changed(task, labels=["HOME"]) == {"labels": ["HOME"]}
        assert changed(task, labels=[]) == changed(task, labels=None) == {}

    def test_single_labels_are_added_and_removed(self) -> None:
        task = {"labels": ["Home", "work"]}

        assert changed(task, add_labels=["HOME", "a"]) == {"labels": ["Home", "a", "work"]}
        assert changed(task, remove_labels=["hOmE", "missing"]) == {"labels": ["work"]}
        assert changed(task, remove_labels=["home"], add_labels=["HOME"]) == {"labels": ["HOME", "work"]}
        assert changed(task, remove_labels=["home", "WORK"]) == {}
        assert created(add_labels=["a", "b"], remove_labels=["a"]) == {"labels": ["a", "b"]}

    def test_twenty_labels_are_the_limit(self) -> None:
        task = {"labels": [f"l{n:02}" for n in range(20)]}

        assert changed(task, add_labels=["L00"]) == task
        assert len(changed(task, remove_labels=["l00"], add_labels=["x"])["labels"]) == 20
        assert conflicts(task, add_labels=["x"]) == {"add_labels": LABELS_MESSAGE}
        assert created(labels=task["labels"]) == task


class WithFalsyValues(NewTask):
    """A new task with fields of which zero and false are values."""

    number: int | None = None
    flag: bool | None = None
    text: str | None = None
    items: list[str] | None = None


@pytest.fixture
def falsy_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (*fields_of_tasks.RULES, *map(FieldRule, ("number", "flag", "text", "items")))
    monkeypatch.setattr(fields_of_tasks, "RULES", rules)


@pytest.mark.usefixtures("falsy_fields")
class TestFalsyValues:
    """Zero and false are values; null and what is empty are not."""

    GIVEN: Final = {"number": 0, "flag": False, "text": "", "items": []}

    def test_zero_and_false_are_given_and_stored(self) -> None:
        given = WithFalsyValues.model_validate({"title": "Buy milk", **self.GIVEN}).given()

        assert given == {"title": "Buy milk", "number": 0, "flag": False}
        assert stored(TaskFields().merged(given)) == {"number": 0, "flag": False}

    def test_a_change_to_zero_and_false_replaces_other_values(self) -> None:
        task = TaskFields.parse('{"number": 30, "flag": true, "text": "x", "items": ["x"]}')

        assert stored(task.merged(self.GIVEN)) == {"number": 0, "flag": False}

    def test_they_stay_when_another_field_changes(self) -> None:
        task = TaskFields.parse('{"number": 0, "flag": false}')

        assert stored(task.merged({"priority": "low"})) == {"priority": "low", "number": 0, "flag": False}
        assert stored(task.merged({"number": None, "flag": None})) == {}


class TestColumns:
    """What is filtered and sorted has columns of its own."""

    @pytest.mark.parametrize(
        ("date", "due_key", "start_key"),
        [
            ({"date": "2026-11-21"}, "2026-11-21T24:00", "2026-11-21T00:00"),
            ({"date": "2026-11-21", "time": "09:30"}, "2026-11-21T09:30", "2026-11-21T09:30"),
        ],
    )
    def test_a_date_is_a_sortable_text(self, date: dict[str, str], due_key: str, start_key: str) -> None:
        columns = TaskFields({"due": date, "start": date}).columns()

        assert (columns["due_key"], columns["start_key"]) == (due_key, start_key)
        assert (columns["due_utc"], columns["start_utc"]) == (None, None)

    @pytest.mark.parametrize(
        ("day", "time", "zone", "instant"),
        [
            ("2026-11-21", "14:30", "UTC", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
            ("2026-07-01", "14:30", "Europe/Berlin", datetime(2026, 7, 1, 12, 30, tzinfo=UTC)),
            ("2026-03-29", "02:30", "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # in a gap
            ("2026-10-25", "02:30", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice
            ("2007-11-04", "01:30", "America/New_York", datetime(2007, 11, 4, 5, 30, tzinfo=UTC)),
            ("2007-03-11", "02:30", "America/New_York", datetime(2007, 3, 11, 7, 30, tzinfo=UTC)),
            ("1970-01-01", "00:00", "Pacific/Kiritimati", datetime(1970, 1, 1, 10, 40, tzinfo=UTC)),
            ("9998-12-31", "23:59", "Pacific/Honolulu", datetime(9999, 1, 1, 9, 59, tzinfo=UTC)),
        ],
    )
    def test_a_fixed_time_has_an_instant(self, day: str, time: str, zone: str, instant: datetime) -> None:
        columns = created_columns(due={"date": day, "time": time, "time_zone": zone})

        assert columns["due_utc"] == instant

    @pytest.mark.parametrize(("word", "number"), [("low", 1), ("medium", 2), ("high", 3), ("urgent", 4)])
    def test_a_priority_is_a_number(self, word: str, number: int) -> None:
        assert created_columns(priority=word)["priority"] == number

    def test_the_stored_fields_are_the_answered_ones(self) -> None:
        extra = created_columns(**FULL)["extra"]
        moment = datetime(2026, 11, 21, tzinfo=UTC)
        task = TaskRecord(UUID(int=1), UUID(int=2), "x", None, is_completed=False, created_at=moment,
                          updated_at=moment, version=1, extra=extra)  # fmt: skip

        assert task_json(task).items() >= FULL.items()
        assert TaskFields.parse(extra).columns()["extra"] == extra


def created_columns(**body: Any) -> dict[str, Any]:
    return TaskFields().merged(new(**body)).columns()


def test_each_field_of_a_task_is_stored_and_shown() -> None:
    """A field without a rule and without a column would be taken and lost."""
    rules, columns = {rule.name for rule in RULES}, {column.name for column in TASKS.c}

    assert (Task.model_fields | TaskContent.model_fields).keys() <= rules | columns
    assert rules <= Task.model_fields.keys()
    assert rules - {"series_id", "next_id"} <= TaskContent.model_fields.keys()
