"""docs/contract.md#ids-batches-and-kinds: recurrences and reminders in an import."""

from typing import Any

import pytest
from support import Person, problems
from support.import_documents import a_task, export, import_tasks, send, without_owner

pytestmark = pytest.mark.engines("memory")

DUE = {"date": "2026-11-23", "time": "09:00", "time_zone": "Europe/Berlin"}


def open_task(**fields: Any) -> dict[str, Any]:
    return a_task(is_completed=False, due=DUE) | fields


async def test_a_recurrence_comes_back_and_goes_on(ann: Person, bob: Person) -> None:
    recurrence = {"rule": "FREQ=WEEKLY;BYDAY=MO", "missed": "keep", "occurrence": "2026-11-16"}
    task = await ann.create(due=DUE, recurrence=recurrence, reminders=[{"offset_minutes": -30}])
    document = await export(ann)
    await import_tasks(bob, *document["tasks"])

    assert without_owner((await export(bob))["tasks"]) == without_owner(document["tasks"])
    done = await bob.put(task["id"], is_completed=True)
    next_task = await bob.get(done["next_id"])
    assert (next_task["due"], next_task["recurrence"]["occurrence"]) == (
        {**DUE, "date": "2026-11-30"},
        "2026-11-30",
    )


async def test_a_rule_is_stored_in_its_canonical_spelling_from_the_due_day(ann: Person) -> None:
    await import_tasks(ann, open_task(recurrence={"rule": "freq=daily;interval=1"}))

    (task,) = await ann.tasks()
    assert task["recurrence"] == {"rule": "FREQ=DAILY", "occurrence": "2026-11-23"}


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"due": None}, "recurrence", "Recurrence needs a due date"),
        ({"is_completed": True}, "recurrence", "Recurrence needs an open task"),
        ({"recurrence": 1}, "recurrence", "Recurrence must be an object or null"),
        ({"recurrence": {}}, "recurrence.rule", "Rule must be like FREQ=WEEKLY;BYDAY=MO"),
        (
            {"recurrence": {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}},
            "recurrence.rule",
            "Rule gives no day within 30 years",
        ),
        ({"recurrence": {"rule": "FREQ=DAILY", "x": 1}}, "recurrence.x", "Unknown field"),
    ],
)
async def test_a_recurrence_that_cannot_be_is_refused(
    ann: Person, fields: dict[str, Any], field: str, message: str
) -> None:
    answer = await send(ann, open_task(), open_task(**{"recurrence": {"rule": "FREQ=DAILY"}, **fields}))

    assert problems(answer) == {f"tasks.1.{field}": message}
    assert (await export(ann))["tasks"] == []
