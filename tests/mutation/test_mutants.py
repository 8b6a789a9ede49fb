"""The results of the mutation run are correct, and its list fits the code."""

import ast
import keyword
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mutation.mutants import FOLDER, Mutant, MutantError, load, locate
from mutation.report import CAUGHT, ERROR, HUNG, SURVIVED, missed, table
from mutation.run import ROOT, Runner

MUTANTS = load()
QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
AREAS = {
    "ownership",
    "tokens",
    "trash",
    "writes",
    "feed",
    "idempotency",
    "activity",
    "admission",
    "comments",
    "callers",
    "citus",
    "fields",
    "mcp",
    "recurrence",
    "convert",
    "reminders",
    "web_app",
    "webhooks",
    "availability",
    "copy",
    "spaces",
    "moves",
}


def test_there_are_sixty_mutants_or_more_and_some_in_every_area() -> None:
    assert len(MUTANTS) >= 60
    assert {mutant.area for mutant in MUTANTS} == AREAS


def test_each_mutant_fits_the_code_changes_it_and_names_its_tests() -> None:
    problems = []
    for mutant in MUTANTS:
        source = (ROOT / mutant.file).read_text()
        try:
            if mutant.apply(source) == source:
                problems.append(f"{mutant.name}: it changes nothing")
        except MutantError as error:
            problems.append(str(error))
        problems += [f"{mutant.name}: {test}" for test in mutant.tests if not (ROOT / test).exists()]

    assert not problems, problems


def test_a_text_is_found_however_its_lines_are_wrapped() -> None:
    source = "x = call(\n    one,  # a comment\n    two,\n)\n"

    start, end, _ = locate(source, "call(one, two)", "wrapped")

    assert source[:start] + "None" + source[end:] == "x = None\n"


@pytest.mark.parametrize("text", ["three + 3", "one"])
def test_a_text_that_does_not_occur_exactly_once_is_an_error(text: str) -> None:
    with pytest.raises(MutantError, match=r"its text occurs [02] times"):
        locate("one = 1\nother = one\n", text, "name")


@pytest.mark.parametrize(
    ("source", "old", "new", "mutated"),
    [
        ("if user.old > end: go(user)", "owner.old > end", "owner.old", "if user.old: go(user)"),
        ("one_more = one > 1", "one > 1", "one", "one_more = one"),
        ("x = call(a, b, d)\ny = run(a, b, d)", "call(a, b, c)", "call(c)", "x = call(d)\ny = run(a, b, d)"),
    ],
    ids=["another name", "a part of a word", "the nearest of two"],
)
def test_a_mutant_fits_if_names_have_changed(source: str, old: str, new: str, mutated: str) -> None:
    assert mutant("renamed", new, old=old).apply(source) == mutated


@pytest.mark.parametrize(("name", "condition"), [("second", "is_end"), ("renamed", "is_last")])
def test_a_text_is_looked_for_in_the_function_that_is_named_if_there_is_one(
    name: str, condition: str
) -> None:
    function = "def {}(n):\n    if {}:\n        return n\n"
    source = function.format("first", "n") + function.format(name, "is_last")

    mutated = mutant("within", "if True:", old=f"if {condition}:", within="second").apply(source)

    assert mutated == source.replace("is_last", "True")


def test_a_name_that_changes_keeps_nearly_all_mutants() -> None:
    """The others look like another part of the same function then, which is an error and no wrong place."""
    problems = []
    some = MUTANTS[::8]
    for one in some:
        source = (ROOT / one.file).read_text()
        code = re.sub(r"""(['"]).*?\1""", "", one.old)
        names = [one for one in re.findall(r"[A-Za-z_]\w*", code) if not keyword.iskeyword(one)]
        name = max(names or ["unused"], key=len)
        renamed = partial(re.sub, rf"\b{name}\b", f"{name}_2")
        try:
            assert ast.dump(ast.parse(one.apply(renamed(source)))) == ast.dump(
                ast.parse(renamed(one.apply(source)))
            )
        except MutantError as error:
            problems.append(str(error))

    assert len(problems) <= len(some) // 10, problems


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Returns a project of one module and one test."""
    (tmp_path / "src").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "tests" / "conftest.py").write_text(
        'def pytest_addoption(parser):\n    parser.addoption("--engines")\n'
    )
    (tmp_path / "src" / "product.py").write_text("def double(n: int) -> int:\n    return n * 2\n")
    (tmp_path / "tests" / "test_product.py").write_text(
        "from product import double\n\n\ndef test_it() -> None:\n    assert double(2) == 4\n"
    )
    return tmp_path


def mutant(name: str, new: str, **others: Any) -> Mutant:
    fields = {"old": "return n * 2", "tests": ("tests/test_product.py",)} | others
    return Mutant("area", name, "src/product.py", "It breaks", new=new, **fields)


@pytest.mark.processes
def test_a_mutant_is_caught_if_a_test_fails_or_hangs_and_survives_otherwise(project: Path) -> None:
    mutants = [
        mutant("wrong", "return n * 3"),
        mutant("no-op", "return n * 2"),
        mutant("endless", "import time; time.sleep(60)"),
        mutant("gone", "return 0", old="return n * 5"),
        mutant("not-python", "return return"),
        mutant("not-importable", "pass\nraise ImportError"),
        mutant("no-tests", "return 0", tests=("tests/test_nothing.py",)),
    ]

    results = Runner(project, jobs=2, environment=QUICK, least_seconds=3.0).run(mutants)

    assert {one.mutant.name: one.outcome for one in results} == {
        "wrong": CAUGHT,
        "no-op": SURVIVED,
        "endless": HUNG,
        "gone": ERROR,
        "not-python": ERROR,
        "not-importable": ERROR,
        "no-tests": ERROR,
    }
    assert (project / "src" / "product.py").read_text().endswith("return n * 2\n")
    report = table(results)
    assert "| area | `no-op` | survived |" in report
    assert "7 mutants: 2 caught, 1 survived" in report
    assert "`gone`: gone: its text occurs 0 times" in report
    assert missed(results, report) == []
    assert missed(results, report.replace("| survived |", "| caught |")) == ["no-op"]


@pytest.mark.processes
def test_tests_that_fail_without_a_mutant_prove_nothing(project: Path) -> None:
    (project / "tests" / "test_product.py").write_text("def test_it() -> None:\n    assert False\n")

    [result] = Runner(project, environment=QUICK).run([mutant("wrong", "return n * 3")])

    assert result.outcome == ERROR
    assert result.note.startswith("its tests fail without it (1)")


def test_two_mutants_of_one_name_are_an_error(tmp_path: Path) -> None:
    text = (FOLDER / "feed.toml").read_text()
    (tmp_path / "feed.toml").write_text(text)
    (tmp_path / "other.toml").write_text(text)

    with pytest.raises(MutantError, match="more than one mutant has the name"):
        load(tmp_path)
