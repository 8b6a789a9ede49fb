"""docs/decisions/0072: how many statements a write of one task in a space takes."""

from typing import Any

import pytest
from fastapi import FastAPI
from spaces.counted_answers import CountedRows
from spaces.space_support import join, new_space, task_in
from support import Person, parts_of, replace_part

from taskward.database import OWNED_ROWS

ROLE = "role of the caller"


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("POST", {"title": "New", "labels": ["a"]}, [ROLE, "create task, by a member"]),
        ("PATCH", {"title": "Changed"}, [ROLE, "update task, by a member"]),
        ("PATCH", {"is_completed": True}, [ROLE, "complete or reopen task, by a member"]),
        (
            "PATCH",
            {"priority": "high", "labels": ["b"]},
            ["task to change, in a space", "change task, by a member"],
        ),
        (
            "PATCH",
            {"due": {"date": "2030-01-01"}},
            ["task to change, in a space", "reschedule task, by a member"],
        ),
        ("DELETE", None, [ROLE, "delete task, by a member"]),
    ],
)
async def test_a_write_of_one_task_takes_two_statements(
    app: FastAPI,
    ann: Person,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    body: dict[str, Any] | None,
    expected: list[str],
) -> None:
    """The read of a task that is then changed authorizes the change."""
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task = await task_in(ann, space)
    rows = CountedRows(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, rows)
    path = f"{space}/tasks" if method == "POST" else f"{space}/tasks/{task['id']}"

    answer = await bob.http.request(method, path, json=body)

    assert answer.is_success
    assert rows.names == expected
    if body is not None:
        assert answer.json()["updated_by"] == member["id"]
