"""A reference model of lists: the tasks that a query returns, in their order. With random tasks and queries.

It computes in a way of its own: with days and minutes, zones and instants, and no sort keys.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from support.paging import NOON
from support.task_rows import TaskRow
from taskward.ids import created_at

PRIORITIES: Final = ("low", "medium", "high", "urgent")
ZONES: Final = ("Europe/Berlin", "Pacific/Kiritimati", "America/New_York", "UTC")
LABELS: Final = ("home", "Work", "straße", "x")
FIRST_DAY: Final = date(2026, 10, 24)
"""The clocks of Berlin go back on the next day."""

Wall = tuple[date, float]
"""A day, and the minutes since it began; 1440 is its end, which is before the beginning of the next."""


def wall(when: Mapping[str, str], minutes_without_time: float) -> Wall:
    """Returns a date of a task as a day and minutes."""
    time = when.get("time")
    minutes = minutes_without_time if time is None else int(time[:2]) * 60 + int(time[3:])
    return date.fromisoformat(when["date"]), minutes


def instant(when: Mapping[str, str]) -> datetime | None:
    """Returns the instant of a date of a task with a zone."""
    if "time_zone" not in when:
        return None
    local = datetime.fromisoformat(f"{when['date']}T{when['time']}")
    return local.replace(tzinfo=ZoneInfo(when["time_zone"])).astimezone(UTC)


def parameter_wall(text: str, minutes_of_a_day: float = 0) -> Wall:
    """Returns the time of a parameter as its clock shows it."""
    if len(text) == len("2026-11-21"):
        return date.fromisoformat(text), minutes_of_a_day
    local = datetime.fromisoformat(text)
    return local.date(), local.hour * 60 + local.minute + (local.second + local.microsecond / 1e6) / 60


def parameter_instant(text: str) -> datetime | None:
    """Returns the instant of a parameter with an offset."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else None


def is_before(due: Mapping[str, str], text: str) -> bool:
    """Returns whether a due date is before a parameter: by instants if both have one, else by clocks."""
    one, other = instant(due), parameter_instant(text)
    if one is not None and other is not None:
        return one < other
    return wall(due, 24 * 60) < parameter_wall(text)


def has_started(start: Mapping[str, str] | None, text: str) -> bool:
    """Returns whether a start is not after a parameter."""
    if start is None:
        return True
    one, other = instant(start), parameter_instant(text)
    if one is not None and other is not None:
        return one <= other
    return wall(start, 0) <= parameter_wall(text, 24 * 60)


def expected(
    tasks: Iterable[TaskRow], archived: Mapping[UUID, bool], query: Mapping[str, str]
) -> list[TaskRow]:
    """Returns the tasks of a list with that query, in its order."""
    found = [task for task in tasks if all(passes(task, archived, *one) for one in query.items())]
    sort = query.get("sort", "-created_at")
    column = sort.removeprefix("-")
    having = [task for task in found if sort_value(task, column) is not None]
    return sorted(having, key=lambda task: (sort_value(task, column), str(task.id)), reverse=sort[0] == "-")


def sort_value(task: TaskRow, column: str) -> Any:
    match column:
        case "created_at":
            return created_at(task.id)
        case "position":
            return task.place
        case "due":
            return task.due and wall(task.due, 24 * 60)
        case "priority":
            return task.priority and PRIORITIES.index(task.priority)
        case _:
            return getattr(task, column)


def passes(task: TaskRow, archived: Mapping[UUID, bool], name: str, value: str) -> bool:  # noqa: C901, PLR0911, PLR0912 - a case for each parameter
    """Returns whether a task passes a filter; other parameters filter nothing."""
    match name:
        case "is_completed":
            return task.is_completed is (value == "true")
        case "q":
            return value.casefold() in task.title.casefold()
        case "list_id" | "parent_id":
            return str(getattr(task, name)).lower() == value.lower()
        case "series_id":
            return str(task.series_id) == value
        case "label":
            return value.strip().casefold() in {label.casefold() for label in task.labels}
        case "priority":
            return task.priority in value.split(",")
        case "due":
            return (task.due is not None) is (value == "any")
        case "due_from":
            return task.due is not None and not is_before(task.due, value)
        case "due_before":
            return task.due is not None and is_before(task.due, value)
        case "available_at":
            return has_started(task.start, value)
        case "completed_from":
            return task.completed_at is not None and task.completed_at >= datetime.fromisoformat(value)
        case "completed_before":
            return task.completed_at is not None and task.completed_at < datetime.fromisoformat(value)
        case "archived":
            return archived.get(task.list_id or uuid4(), False) is (value == "true")
        case _:
            return True


class RandomTasks:
    """Random tasks in a few lists, with many ties, and random queries of them."""

    def __init__(self, seed: int, count: int = 150) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same in every run
        self.archived = {uuid4(): archived for archived in (False, False, True)}
        self._series = [uuid4(), uuid4()]
        self.tasks: list[TaskRow] = []
        for _ in range(count):
            self.tasks.append(self._task())

    def query(self) -> dict[str, str]:
        """Returns a query with some filters and a sort."""
        chance = self._chance
        values = {
            "is_completed": chance.choice(["true", "false"]),
            "q": chance.choice(["task", "1"]),
            "list_id": self._reference(list(self.archived)),
            "parent_id": self._reference([task.id for task in self.tasks[:3]]),
            "label": chance.choice([*LABELS, "HOME", "STRASSE", " work "]),
            "priority": ",".join(chance.sample(PRIORITIES, chance.randrange(1, 4))),
            "due": chance.choice(["any", "none"]),
            "due_from": self._time(),
            "due_before": self._time(),
            "available_at": self._time(),
            "completed_from": self._moment().isoformat(),
            "completed_before": self._moment().isoformat().replace("+00:00", "Z"),
            "series_id": str(chance.choice(self._series)),
            "archived": chance.choice(["true", "false"]),
        }
        names = chance.sample(list(values), chance.choice([0, 1, 1, 1, 2, 2, 2, 3, 4]))
        query = {name: values[name] for name in names}
        if chance.random() < 0.85:
            query["sort"] = chance.choice(["", "-"]) + chance.choice(
                ["created_at", "updated_at", "title", "position", "due", "priority", "completed_at"]
            )
        return query

    def _task(self) -> TaskRow:
        chance = self._chance
        is_completed = chance.random() < 0.4
        return TaskRow(
            title=f"Task {chance.randrange(20)}",
            is_completed=is_completed,
            list_id=chance.choice([None, *self.archived]),
            parent_id=chance.choice([None, None, *(task.id for task in self.tasks[:3])]),
            position=chance.choice([None, "a0", "m", "mZ", "Zz", "m0198"]),
            completed_at=self._moment() if is_completed and chance.random() < 0.8 else None,
            due=self._date(),
            start=self._date(),
            priority=chance.choice([None, *PRIORITIES]),
            labels=tuple(sorted(chance.sample(LABELS, chance.randrange(3)))),
            series_id=chance.choice([None, None, *self._series]),
            updated_at=NOON + timedelta(seconds=chance.randrange(20)),
        )

    def _date(self) -> dict[str, str] | None:
        chance = self._chance
        if chance.random() < 0.25:
            return None
        day = {"date": self._day().isoformat()}
        if chance.random() < 0.35:
            return day
        timed = day | {"time": self._clock()}
        return timed if chance.random() < 0.4 else timed | {"time_zone": chance.choice(ZONES)}

    def _time(self) -> str:
        """Returns a parameter: a day, a local time, or a time with an offset."""
        chance = self._chance
        form = chance.randrange(3)
        if form == 0:
            return self._day().isoformat()
        local = f"{self._day()}T{self._clock()}"
        if form == 1:
            return local
        seconds = chance.choice([":00", ":00", ":59", ":00.5", ":00.000000"])
        offset = chance.choice(
            ["+00:00", "+01:00", "+02:00", "+14:00", "-05:00", "-12:00", "+23:59", "-23:59"]
        )
        return local + seconds + offset

    def _day(self) -> date:
        return FIRST_DAY + timedelta(days=self._chance.randrange(4))

    def _clock(self) -> str:
        return self._chance.choice(
            ["00:00", "02:30", "12:00", "23:59", f"{self._chance.randrange(24):02}:30"]
        )

    def _moment(self) -> datetime:
        return NOON + timedelta(hours=self._chance.randrange(8))

    def _reference(self, ids: Sequence[UUID]) -> str:
        found = str(self._chance.choice([*ids, "none", "none", uuid4()]))
        return found.upper() if found != "none" and self._chance.random() < 0.3 else found
