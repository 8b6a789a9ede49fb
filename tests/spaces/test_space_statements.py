"""The form of a read for a space returns rows to a member of the needed role only."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from spaces.space_support import invite, join, new_space, redeem, remove, task_in
from sqlalchemy import BigInteger, BindParameter, BooleanClauseList, ClauseElement, Integer, Select, Text
from sqlalchemy.sql.visitors import iterate
from support import Person, database_of, parts_of, replace_part
from support.owner_filter_check import unowned

from taskward.app import ROUTERS
from taskward.database import OWNED_ROWS, OwnedRows
from taskward.database.postgres.compiled import DIALECT
from taskward.database.statements import STATEMENTS, Read, Row, Values
from taskward.database.types import Flag, Id, Ids, Instant, Words
from taskward.http.roles import Role
from taskward.spaces.agenda.statements import MEMBER_AND_COUNTER
from taskward.spaces.forms import IS_MEMBER, MY_ROLE, PRESENCES, READS
from taskward.spaces.statements import GET_SPACE, SPACE_OF_MEMBER

assert ROUTERS  # with them every feature is imported, and so is every statement

MEMBERSHIPS = {MEMBER_AND_COUNTER, MY_ROLE, SPACE_OF_MEMBER}
"""They return rows of the caller as a member, and no others."""

EXAMPLES: dict[type, Any] = {
    Id: uuid4(),
    Ids: [uuid4()],
    Words: ["milk"],
    Flag: True,
    Instant: datetime(2035, 6, 15, tzinfo=UTC),
    Text: "x",
    Integer: 1,
    BigInteger: 1,
}
"""A value of each type of a parameter."""


def test_every_declared_read_has_a_form_unless_it_is_known_to_need_none() -> None:
    forms = {*READS.values(), *PRESENCES.values()}
    declared = [one for one in STATEMENTS if isinstance(one, Read) and one not in forms]
    without = {one for one in declared if not one.cross_owner and one not in READS}
    assert without == MEMBERSHIPS


@pytest.mark.parametrize("form", READS.values(), ids=lambda form: form.name)
def test_a_form_names_the_owner_and_the_membership(form: Read) -> None:
    assert list(unowned(form.statement)) == []
    of_rows = [one_line(one) for one in conditions(form.statement)]
    in_groups = f"HAVING {one_line(IS_MEMBER)}" in one_line(form.statement)
    assert in_groups or one_line(IS_MEMBER) in of_rows
    assert one_line(IS_MEMBER) in one_line(form.statement), "in its context, too"


async def test_who_is_no_member_gets_no_row_of_any_form(app: FastAPI, ann: Person, bob: Person) -> None:
    """Not even a count."""
    space = await new_space(ann)
    await task_in(ann, space, labels=["x"])
    owner, found = UUID(space[-36:]), set[str]()
    for read, form in READS.items():
        for person, least in ((bob, Role.VIEWER), (ann, Role.OWNER)):
            own = {"owner": owner, "caller": UUID(person.sub), "least_role": least}
            values = {**example_values(form.statement), **own}
            rows = await database_of(app).rows(form, values)
            presence = await database_of(app).rows(PRESENCES[read], values)
            if person is bob:
                assert not rows, read.name
                assert not presence, read.name
            else:
                assert presence[0][-1] == len(rows), read.name
                found |= {read.name} if rows else set()
    assert len(found) > 10, "a member gets rows of the same forms"


async def test_a_form_returns_rows_to_a_member_of_that_role_only(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    await join(ann, space, bob, "viewer")
    form, owner = READS[GET_SPACE], UUID(space[-36:])
    for person, least, count in (
        (ann, Role.OWNER, 1),
        (bob, Role.VIEWER, 1),
        (bob, Role.EDITOR, 0),
        (Person(app), Role.VIEWER, 0),
    ):
        values = {"owner": owner, "caller": UUID(person.sub), "least_role": least}
        assert len(await database_of(app).rows(form, values)) == count


class RemovedMeanwhile:
    """The rows of an app, whose reader is no member of the space while a read runs, some times."""

    def __init__(self, rows: OwnedRows, ann: Person, bob: Person, space: str) -> None:
        self._rows = rows
        self._people = (ann, bob)
        self._space = space
        self.member: dict[str, Any] = {}
        self.times = 0

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        if not self.times or not read.name.endswith("in a space"):
            return await self._rows.rows(read, values)
        self.times, left = 0, self.times - 1
        ann, bob = self._people
        await remove(ann, self._space, self.member)
        rows = await self._rows.rows(read, values)
        self.member = (await redeem(bob, await invite(ann, self._space))).json()["member"]
        self.times = left
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_who_was_no_member_during_a_read_and_is_one_again_gets_what_is_there(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    space = await new_space(ann)
    task = await task_in(ann, space)
    rows = RemovedMeanwhile(parts_of(app)[OWNED_ROWS], ann, bob, space)
    rows.member = await join(ann, space, bob)
    replace_part(monkeypatch, app, OWNED_ROWS, rows)
    for path in ("/tasks?is_completed=false", f"/tasks/{task['id']}", "/changes"):
        rows.times = times
        answer = await bob.http.get(space + path)
        assert answer.status_code == 200, answer.text
        assert task["id"] in answer.text, path
        assert not rows.times


def conditions(statement: Select[Any]) -> Sequence[ClauseElement]:
    """Returns the conditions that each row of a statement has to meet."""
    where = statement.whereclause
    return where.clauses if isinstance(where, BooleanClauseList) else [where] if where is not None else []


def one_line(element: ClauseElement) -> str:
    """Returns the SQL on one line; its parameters are numbered in each statement, so it has no numbers."""
    return " ".join(re.sub(r"\$\d+", "$", str(element.compile(dialect=DIALECT))).split())


def example_values(statement: Select[Any]) -> dict[str, Any]:
    """Returns a value of each parameter, of its type."""
    found = {}
    for part in iterate(statement):
        if isinstance(part, BindParameter) and part.value is None:
            found[part.key] = EXAMPLES[type(part.type)]
    return found
