"""The limits of the service: what does not fit is shortened or left out, and reported."""

import io
import json
import random
from collections import Counter
from typing import Any

import pytest
from convert.conversion import converted

from taskward.convert import tree as tree_module
from taskward.convert.document import Document
from taskward.convert.draft import Draft, SourceList
from taskward.convert.limits import limited_task, without_invalid_fields
from taskward.convert.report import Report, printable
from taskward.convert.tree import CYCLE, TOO_DEEP, TOO_MANY, Tree
from taskward.lists.steps import MAX_LISTS
from taskward.tasks.steps.statements import MAX_LEVELS
from taskward.tasks.steps.subtasks import MAX_BELOW


def limited(**fields: Any) -> tuple[dict[str, Any], list[str]]:
    draft = Draft("1", **{"title": "Buy milk", **fields})
    return limited_task(draft), draft.notes


def test_a_long_title_is_cut_and_leads_the_description() -> None:
    task, notes = limited(title="é" * 201, description="more")

    assert task["title"] == "é" * 200
    assert task["description"] == "é" * 201 + "\n\nmore"
    assert notes == ["the title is cut at 200 characters; all of it is in the description"]
    assert limited(title="é" * 200)[1] == []


def test_a_long_description_is_cut() -> None:
    task, notes = limited(description="x" * 2001)

    assert (task["description"], notes) == ("x" * 2000, ["the description is cut at 2000 characters"])
    assert limited(description=" " + "x" * 2000 + "\n")[1] == []


@pytest.mark.parametrize("title", ["", " \n", "\0"])
def test_a_task_without_a_title_gets_one(title: str) -> None:
    task, notes = limited(title=title)

    assert (task["title"], len(notes)) == ("Untitled", 1)


def test_characters_that_cannot_be_stored_are_removed() -> None:
    task, _ = limited(title="a\0b\ud800c", description="1\r\n2")

    assert (task["title"], task["description"]) == ("ab\N{REPLACEMENT CHARACTER}c", "1\n2")


def test_labels_are_distinct_short_and_few() -> None:
    task, notes = limited(labels=["Home", "home", " ", "x" * 51, *(f"l{n:02}" for n in range(20))])

    assert task["labels"] == ["Home", "x" * 50, *(f"l{n:02}" for n in range(18))]
    assert notes == [
        f'the label "{"x" * 50}" is cut at 50 characters',
        "it has more than 20 labels; left out: l18, l19",
    ]


def test_reminders_are_distinct_near_and_few() -> None:
    due = {"date": "2026-01-01"}
    far, near = {"offset_minutes": 527041}, {"offset_minutes": -527040}
    task, notes = limited(due=due, reminders=[near, near, far, *({"offset_minutes": n} for n in range(10))])

    assert task["reminders"] == [near, *({"offset_minutes": n} for n in range(9))]
    assert len(notes) == 2
    assert "reminders" not in limited(reminders=[near])[0], "without a due date"
    assert limited(reminders=[{"at": "2026-01-01T00:00:00Z"}])[0]["reminders"]


def test_a_recurrence_needs_an_open_task_with_a_due_date() -> None:
    rule, due = {"rule": "FREQ=DAILY"}, {"date": "2026-01-01"}

    assert limited(recurrence=rule, due=due) == ({**limited(due=due)[0], "recurrence": rule}, [])
    assert "recurrence" not in limited(recurrence=rule)[0]
    assert "recurrence" not in limited(recurrence=rule, due=due, is_completed=True)[0]


def test_a_field_that_an_import_would_refuse_is_left_out_and_named() -> None:
    draft = Draft("1", "Buy milk", position="no key!", metadata={"bad key": 1}, priority="low")
    whole = {"id": "018cc4e5-2200-7000-a833-13cd37485c22", **limited_task(draft)}
    task = without_invalid_fields(whole, draft)

    assert task["priority"] == "low"
    assert not {"position", "metadata"} & task.keys()
    assert len(draft.notes) == 2
    assert draft.notes[0].startswith("position is left out: Position must be")


def test_names_in_the_report_are_one_line_without_control_characters() -> None:
    assert printable("a\nb\x1b[31mc\N{RIGHT-TO-LEFT OVERRIDE}") == "a b [31mc "
    assert printable("x" * 61) == "x" * 59 + "…"


# Subtasks


def chain(length: int) -> dict[int, int]:
    return {number: number - 1 for number in range(1, length)}


def levels(tree: Tree, count: int) -> list[int]:
    """Returns the level of each task; more than the number of tasks for a cycle."""
    found = []
    for task in range(count):
        level = 1
        while task in tree.parents and level <= count:
            task, level = tree.parents[task], level + 1  # noqa: PLW2901 - up to the top
        found.append(level)
    return found


def test_what_is_deeper_than_the_last_level_is_on_it() -> None:
    tree = Tree(chain(9))

    assert levels(tree, 9) == [1, 2, 3, 4, 5, 5, 5, 5, 5]
    assert {tree.parents[task] for task in range(4, 9)} == {3}
    assert tree.notes == dict.fromkeys(range(5, 9), TOO_DEEP)


@pytest.mark.parametrize("order", [1, -1])
def test_a_chain_of_very_many_is_flattened(order: int) -> None:
    count = 20_000
    tree = Tree(dict(list(chain(count).items())[::order]))
    tops = [task for task in range(count) if task not in tree.parents]

    assert max(levels(tree, count)) == MAX_LEVELS
    assert len(tops) == -(-count // (MAX_BELOW + 1))
    for top in tops:
        assert list(tree.tops.values()).count(top) <= MAX_BELOW


def test_more_than_the_largest_number_below_one_begin_anew() -> None:
    tree = Tree({**dict.fromkeys(range(1, 600), 0), 600: 599})

    assert sum(top == 0 for top in tree.tops.values()) == MAX_BELOW
    assert tree.notes[501] == TOO_MANY
    assert tree.parents[600] == 599


def test_a_cycle_is_opened() -> None:
    tree = Tree({0: 2, 1: 0, 2: 1, 3: 3, 4: 2})

    assert levels(tree, 5) == [1, 2, 3, 1, 4]
    assert tree.notes == {0: CYCLE, 3: CYCLE}


def test_tasks_below_a_cycle_stay_below_it() -> None:
    tree = Tree({0: 2, 1: 0, 2: 2})

    assert (tree.parents, tree.tops, tree.notes) == ({0: 2, 1: 0}, {0: 2, 1: 2}, {2: CYCLE})


def test_any_parents_give_a_tree_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_BELOW", 6)
    for seed in range(300):
        rng = random.Random(seed)  # noqa: S311 - repeatable
        count = rng.randint(1, 30)
        check_tree({task: rng.randrange(count) for task in range(count) if rng.random() < 0.9}, count)


def check_tree(parents: dict[int, int], count: int) -> None:
    tree = Tree(parents)

    assert max(levels(tree, count)) <= MAX_LEVELS
    assert max(Counter(tree.tops.values()).values(), default=0) <= 6
    assert tree.parents.keys() == tree.tops.keys()
    for task, parent in tree.parents.items():
        assert tree.tops.get(parent, parent) == tree.tops[task]
    assert {task for task in parents if tree.parents.get(task) != parents[task]} == tree.notes.keys()


# Documents


def document(*given: Draft | SourceList, name: str = "ical") -> tuple[dict[str, Any], list[str]]:
    output = io.BytesIO()
    with Report() as report, Document(name, report) as done:
        for one in given:
            done.add(one)
        done.write(output, lambda _: None)
        return json.loads(output.getvalue()), list(report.lines())


def test_a_subtask_is_in_the_list_of_its_parent() -> None:
    home, work = SourceList("h", "Home"), SourceList("w", "Work")
    done, notes = document(
        Draft("p", "Parent", in_list=home),
        Draft("c", "Child", in_list=work, parent="p"),
        Draft("d", "Other", parent="p"),
    )

    assert {task["list_id"] for task in done["tasks"]} == {done["lists"][0]["id"]}
    assert notes == ['task "Child": it is in the list of its parent now']


def test_a_parent_that_is_not_in_the_file_is_left_out() -> None:
    done, notes = document(Draft("c", "Child", parent="p"))

    assert "parent_id" not in done["tasks"][0]
    assert notes == ['task "Child": its parent is not in the file: it is below none now']


def test_two_tasks_with_one_id_are_both_kept() -> None:
    done, notes = document(Draft("1", "One"), Draft("1", "Two"), Draft("1", "Three"))

    assert len({task["id"] for task in done["tasks"]}) == 3
    assert len(notes) == 2


def test_the_same_id_in_another_format_is_another_task() -> None:
    first, _ = document(Draft("1", "One"), name="ical")
    second, _ = document(Draft("1", "One"), name="google")

    assert first["tasks"][0]["id"] != second["tasks"][0]["id"]


def test_more_lists_than_a_person_can_have() -> None:
    done, notes = document(
        *(SourceList(str(n), f"List {n}") for n in range(MAX_LISTS)),
        Draft("1", "x", in_list=SourceList("y", "Y")),
    )

    assert len(done["lists"]) == MAX_LISTS
    assert "list_id" not in done["tasks"][0]
    assert notes == ["the tasks of lists after the first 1000 are in no list"]


def test_a_long_title_of_a_list_is_cut_and_reported() -> None:
    done, notes = document(SourceList("1", "x" * 201), SourceList("2", " "))

    assert [one["title"] for one in done["lists"]] == ["x" * 200, "Untitled"]
    assert len(notes) == 2


def test_positions_follow_the_order_of_the_source() -> None:
    numbers = [3.5, -1099511627776, 0, 1e300, 7]
    done, _ = document(
        *(Draft(str(n), f"{n}", order=order) for n, order in enumerate(numbers)), Draft("x", "x")
    )
    keys = [task.get("position") for task in done["tasks"]]

    assert sorted(range(5), key=lambda n: str(keys[n])) == sorted(range(5), key=lambda n: numbers[n])
    assert keys[5] is None
    assert all(key < "m" for key in keys[:5]), "before the tasks that are made later"


def test_a_time_out_of_range_is_not_kept() -> None:
    content = "BEGIN:VTODO\nUID:1\nCREATED:19600101T000000Z\nSUMMARY:x\nEND:VTODO\n"

    assert converted("ical", content).tasks[0]["created_at"] == "2000-01-01T00:00:00.000000Z"
